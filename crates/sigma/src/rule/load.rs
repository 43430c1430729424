//! Loading: texts in, rules out, with everything that was not understood listed beside them. One bad document never
//! costs a good one. No files are read here; the caller brings names and texts.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::convert::{convert, convert_correlation};
use super::documents::{self, Document};
use super::explain::explain;
use super::filter::{self, Filter};
use super::{Place, Rule, lint, metadata, sha256};
use crate::correlation::{Correlation, Reader};
use crate::error::{RuleError, Severity};
use crate::language;
use crate::pipeline::{self, Pipeline};

/// Everything that a set of rule files holds.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The rules that can be compiled, in the order of the files.
    pub rules: Vec<Rule>,
    /// The correlations, in the order of the files. Whether the rules they are about exist is decided when compiling.
    pub correlations: Vec<Correlation>,
    /// Documents that are not rules: they are not used.
    pub errors: Vec<RuleError>,
    /// Things that load, but not as their author may expect.
    pub warnings: Vec<RuleError>,
}

/// Reads Sigma documents from `(name, text)` pairs: rules, correlations, and filters, which narrow the rules of all files.
pub fn load<N: AsRef<str>, T: AsRef<str>>(files: impl IntoIterator<Item = (N, T)>) -> Loaded {
    load_with(files, &[])
}

/// As [`load`], with processing pipelines that are applied to the rules, filters and correlations that were read, those of
/// lower priority first. A rule that a pipeline refuses is an error and is left out.
pub fn load_with<N: AsRef<str>, T: AsRef<str>>(
    files: impl IntoIterator<Item = (N, T)>,
    pipelines: &[Pipeline],
) -> Loaded {
    let mut loaded = Loaded::default();
    let mut filters = Vec::new();
    for (name, text) in files {
        load_file(name.as_ref(), text.as_ref(), &mut loaded, &mut filters);
    }
    loaded.warnings.extend(filter::apply(&filters, &mut loaded.rules));
    pipeline::apply(pipelines, &mut loaded);
    lint::field_paths(&loaded.rules, &mut loaded.warnings);
    warn_of_shared_ids(&mut loaded);
    loaded
}

fn load_file(name: &str, text: &str, loaded: &mut Loaded, filters: &mut Vec<Filter>) {
    let file: Arc<str> = Arc::from(name);
    let version = sha256(text.as_bytes());
    let documents = documents::read(&file, text);
    documents.complaints.into_iter().for_each(|complaint| take(complaint, loaded));
    for document in &documents.list {
        let errors_before = loaded.errors.len();
        load_document(document, &version, loaded, filters);
        if loaded.errors.len() == errors_before {
            loaded.warnings.extend(lint::document(document));
        }
    }
}

/// A complaint goes where its severity belongs.
fn take(complaint: RuleError, loaded: &mut Loaded) {
    match complaint.severity {
        Severity::Warning => loaded.warnings.push(complaint),
        Severity::Error => loaded.errors.push(complaint),
    }
}

fn load_document(document: &Document, version: &str, loaded: &mut Loaded, filters: &mut Vec<Filter>) {
    let faults = metadata::check(document);
    if !faults.is_empty() {
        return loaded.errors.extend(faults);
    }
    if let Some(fields) = language::correlation_document(&document.value) {
        return load_correlation(document, version, &fields, loaded);
    }
    let source = &document.source;
    let parsed = language::parse(&document.text);
    // A document with any complaint of the parser's is refused: what it passes over silently would be lost.
    if !parsed.problems.is_empty() {
        return loaded.errors.extend(parsed.problems.iter().map(|problem| explain(source, problem)));
    }
    if !parsed.correlations.is_empty() {
        let place = Place::of_key(&source.document, "correlation");
        loaded.errors.push(source.error(place, "the correlation holds keys that are not texts", None));
    }
    for rule in parsed.rules {
        match convert(rule, source, version) {
            Ok(rule) => loaded.rules.push(rule),
            Err(errors) => loaded.errors.extend(errors),
        }
    }
    filters.extend(parsed.filters.into_iter().map(|filter| Filter::new(filter, source, version)));
}

fn load_correlation(document: &Document, version: &str, fields: &Map<String, Value>, loaded: &mut Loaded) {
    let source = &document.source;
    let frame = language::correlation_frame(fields);
    loaded.errors.extend(frame.problems.iter().map(|problem| explain(source, problem)));
    let empty = Map::new();
    let section = fields.get("correlation").and_then(Value::as_object).unwrap_or(&empty);
    let mut reader = Reader::new(source, section);
    let section = reader.read(fields);
    reader.complaints.into_iter().for_each(|complaint| take(complaint, loaded));
    let (Some(section), Some(frame)) = (section, frame.correlations.into_iter().next()) else { return };
    match convert_correlation(frame, section, source, version) {
        Ok(correlation) => loaded.correlations.push(correlation),
        Err(errors) => loaded.errors.extend(errors),
    }
}

fn warn_of_shared_ids(loaded: &mut Loaded) {
    let mut first_seen: HashMap<&str, (&str, usize)> = HashMap::new();
    let mut warnings = Vec::new();
    let rules = loaded.rules.iter().map(|rule| (&rule.id, &rule.file, rule.line, &rule.source));
    let correlations = loaded.correlations.iter().map(|own| (&own.id, &own.file, own.line, &own.source));
    for (id, file, line, source) in rules.chain(correlations) {
        let Some((first_file, first_line)) = first_seen.insert(id, (file, line)) else { continue };
        let place = Place::of_key(&source.document, "id");
        let message = format!("the id `{id}` is also used in {first_file}:{first_line}");
        let help = Some("give one of them a new id: findings are named by it".to_owned());
        warnings.push(source.problem(Severity::Warning, place, message, help));
    }
    loaded.warnings.extend(warnings);
}
