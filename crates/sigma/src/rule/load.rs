//! Loading: texts in, rules out, with everything that was not understood listed beside them. One bad document never
//! costs a good one. No files are read here; the caller brings names and texts.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::attributes::{self, AttributeError, Attributes, RuleTest};
use super::{Level, LogSource, Place, Rule, Source, Status};
use crate::correlation::{Correlation, CorrelationTest, Reader, Section};
use crate::error::{RuleError, Severity};
use crate::language::{self, CorrelationRule, SigmaRule};

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

/// Reads Sigma documents from `(name, text)` pairs.
pub fn load<N: AsRef<str>, T: AsRef<str>>(files: impl IntoIterator<Item = (N, T)>) -> Loaded {
    let mut loaded = Loaded::default();
    for (name, text) in files {
        load_file(name.as_ref(), text.as_ref(), &mut loaded);
    }
    warn_of_shared_ids(&mut loaded);
    loaded
}

fn load_file(name: &str, text: &str, loaded: &mut Loaded) {
    let file: Arc<str> = Arc::from(name);
    let version = hex(&Sha256::digest(text.as_bytes()));
    for (first_line, document) in documents(text) {
        let source = Source { file: Arc::clone(&file), document: Arc::from(document), first_line };
        load_document(&source, &version, loaded);
    }
}

fn load_document(source: &Source, version: &str, loaded: &mut Loaded) {
    if let Some(document) = language::correlation_document(&source.document) {
        return load_correlation(source, version, &document, loaded);
    }
    let parsed = language::parse(&source.document);
    let is_understood = !parsed.rules.is_empty() || !parsed.correlations.is_empty() || !parsed.filters.is_empty();
    complain(source, &parsed.problems, is_understood, loaded);
    for rule in parsed.rules {
        match convert(rule, source, version) {
            Ok(rule) => loaded.rules.push(rule),
            Err(errors) => loaded.errors.extend(errors),
        }
    }
    for _ in parsed.correlations {
        let place = Place::of_key(&source.document, "correlation");
        let help = "give it a file, or a document, without `action:`".to_owned();
        loaded.errors.push(source.error(place, "a correlation cannot be part of a collection action", help));
    }
    for _ in parsed.filters {
        loaded.warnings.push(not_evaluated(source));
    }
}

fn complain(source: &Source, problems: &[String], is_understood: bool, loaded: &mut Loaded) {
    for problem in problems {
        let complaint = explain(source, problem);
        if is_understood && is_minor(problem) {
            loaded.warnings.push(RuleError { severity: Severity::Warning, ..complaint });
        } else {
            loaded.errors.push(complaint);
        }
    }
}

fn load_correlation(source: &Source, version: &str, document: &Map<String, Value>, loaded: &mut Loaded) {
    let frame = language::correlation_frame(document);
    complain(source, &frame.problems, !frame.correlations.is_empty(), loaded);
    let empty = Map::new();
    let section = document.get("correlation").and_then(Value::as_object).unwrap_or(&empty);
    let mut reader = Reader::new(source, section);
    let section = reader.read(document);
    let (warnings, errors): (Vec<_>, Vec<_>) =
        reader.complaints.into_iter().partition(|complaint| complaint.severity == Severity::Warning);
    loaded.warnings.extend(warnings);
    loaded.errors.extend(errors);
    let (Some(section), Some(frame)) = (section, frame.correlations.into_iter().next()) else { return };
    match convert_correlation(frame, section, source, version) {
        Ok(correlation) => loaded.correlations.push(correlation),
        Err(errors) => loaded.errors.extend(errors),
    }
}

fn not_evaluated(source: &Source) -> RuleError {
    let place = Place::of_key(&source.document, "filter");
    let message = "this filter document is not evaluated in this version".to_owned();
    let help = "the rules it refers to work by themselves; the filter adds nothing to them yet".to_owned();
    source.problem(Severity::Warning, place, message, Some(help))
}

fn convert(rule: SigmaRule, source: &Source, version: &str) -> Result<Rule, Vec<RuleError>> {
    let own: Attributes<RuleTest> = own_attributes(&rule.custom_attributes, source)?;
    Ok(Rule {
        id: rule.id.unwrap_or_else(|| unidentified(version)),
        name: rule.name,
        title: rule.title,
        level: rule.level.and_then(|level| level.as_str().parse::<Level>().ok()),
        status: rule.status.map(status),
        logsource: LogSource {
            category: rule.logsource.category,
            product: rule.logsource.product,
            service: rule.logsource.service,
        },
        attack: attack_ids(&rule.tags),
        tags: rule.tags,
        description: rule.description,
        author: rule.author,
        references: rule.references,
        falsepositives: rule.falsepositives,
        version: version.to_owned(),
        file: source.file.to_string(),
        line: source.start_line(),
        watertight: own.watertight,
        ads: own.ads,
        tests: own.tests,
        custom: own.rest,
        detection: rule.detection,
        source: source.clone(),
    })
}

fn convert_correlation(
    frame: CorrelationRule,
    section: Section,
    source: &Source,
    version: &str,
) -> Result<Correlation, Vec<RuleError>> {
    let own: Attributes<CorrelationTest> = own_attributes(&frame.custom_attributes, source)?;
    Ok(Correlation {
        id: frame.id.unwrap_or_else(|| unidentified(version)),
        name: frame.name,
        title: frame.title,
        level: frame.level.and_then(|level| level.as_str().parse::<Level>().ok()),
        status: frame.status.map(status),
        attack: attack_ids(&frame.tags),
        tags: frame.tags,
        description: frame.description,
        author: frame.author,
        references: frame.references,
        falsepositives: frame.falsepositives,
        version: version.to_owned(),
        file: source.file.to_string(),
        line: source.start_line(),
        watertight: own.watertight,
        ads: own.ads,
        tests: own.tests,
        custom: own.rest,
        kind: section.kind,
        rules: section.rules,
        group_by: section.group_by,
        aliases: section.aliases,
        timespan_us: section.timespan_us,
        generate: section.generate,
        condition: section.condition,
        source: source.clone(),
    })
}

fn unidentified(version: &str) -> String {
    format!("unidentified-{}", version.get(..16).unwrap_or(version))
}

/// What of a document Sigma does not define, read as far as we define it.
fn own_attributes<T: for<'de> Deserialize<'de>>(
    custom: &HashMap<String, yaml_serde::Value>,
    source: &Source,
) -> Result<Attributes<T>, Vec<RuleError>> {
    let (custom, unusable) = language::custom_attributes(custom);
    let unreadable = |key: &String| {
        let place = Place::of_key(&source.document, key);
        source.error(place, format!("`{key}` holds a map whose keys are not texts"), None)
    };
    let mut errors: Vec<RuleError> = unusable.iter().map(unreadable).collect();
    match attributes::read(custom) {
        Ok(own) if errors.is_empty() => Ok(own),
        Ok(_) => Err(errors),
        Err(found) => {
            errors.extend(found.into_iter().map(|error| attribute_error(source, &error)));
            Err(errors)
        }
    }
}

fn status(status: language::Status) -> Status {
    match status {
        language::Status::Stable => Status::Stable,
        language::Status::Test => Status::Test,
        language::Status::Experimental => Status::Experimental,
        language::Status::Deprecated => Status::Deprecated,
        language::Status::Unsupported => Status::Unsupported,
    }
}

fn attribute_error(source: &Source, error: &AttributeError) -> RuleError {
    let place = match &error.near {
        Some(near) => Place::inside(&source.document, &error.key, near),
        None => Place::of_key(&source.document, &error.key),
    };
    let help = match error.key.as_str() {
        "tests" if is_correlation(source) => {
            Some("each test is `name: …`, `fires: true|false` and `events: [{at: 0s, event: {…}}]`".to_owned())
        }
        "tests" => Some("each test is `name: …`, `fires: true|false` and `event: {…}`".to_owned()),
        "watertight" => Some("known keys are `surface`, `group_by` (`actor`, `resource`) and `owner`".to_owned()),
        _ => None,
    };
    source.error(place, error.message.clone(), help)
}

fn is_correlation(source: &Source) -> bool {
    source.document.lines().any(|line| line.starts_with("correlation:"))
}

/// `attack.t1537` → `T1537`, `attack.t1098.003` → `T1098.003`; tactics and other tags are left out.
fn attack_ids(tags: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for tag in tags {
        let Some(rest) = tag.to_ascii_lowercase().strip_prefix("attack.").map(str::to_ascii_uppercase) else {
            continue;
        };
        let digits = rest.strip_prefix('T').unwrap_or_default();
        let is_technique = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_technique && !ids.contains(&rest) {
            ids.push(rest);
        }
    }
    ids
}

/// The documents of a file with the 1-based line each starts at. A file that uses collection actions is one document,
/// because its parts only make sense together.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let uses_actions = text.lines().any(|line| line.starts_with("action:"));
    if uses_actions {
        return vec![(1, text)];
    }
    let mut parts: Vec<(usize, &str)> = Vec::new();
    let (mut part_start, mut part_line, mut offset) = (0, 1, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let is_marker = line.trim_end() == "---" || line.starts_with("--- ");
        if is_marker && 0 < offset {
            parts.push((part_line, text.get(part_start..offset).unwrap_or_default()));
            (part_start, part_line) = (offset, number + 1);
        }
        offset += line.len();
    }
    parts.push((part_line, text.get(part_start..).unwrap_or_default()));
    parts.retain(|(_, part)| !is_blank(part));
    parts
}

fn is_blank(document: &str) -> bool {
    document
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---" || line == "...")
}

/// Complaints that leave the rule as it is but for one attribute.
fn is_minor(problem: &str) -> bool {
    ["invalid level", "invalid status", "related", "'related'", "invalid sigma-version"]
        .iter()
        .any(|start| problem.starts_with(start))
}

/// Turns the parser's words into ours, with a place.
fn explain(source: &Source, problem: &str) -> RuleError {
    let document = &source.document;
    let between_quotes = problem.split('\'').nth(1).unwrap_or_default();
    if problem.starts_with("`not` is not a value modifier") {
        let place = Place::inside(document, "detection", "|not");
        let help = "negate in the condition: `selection and not filter`".to_owned();
        return source.error(place, "`not` is not a value modifier", help);
    }
    if problem.starts_with("Unknown modifier") {
        let place = Place::inside(document, "detection", &format!("|{between_quotes}"));
        let help = format!("the modifiers are {}", language::MODIFIERS);
        return source.error(place, format!("`{between_quotes}` is not a modifier"), help);
    }
    if problem.starts_with("Missing required field") {
        let section = if between_quotes == "condition" { "detection" } else { "title" };
        return source.error(Place::of_key(document, section), format!("`{between_quotes}` is missing"), None);
    }
    if problem.starts_with("Condition parse error") {
        return explain_condition(source, problem);
    }
    if let Some((line, column)) = yaml_position(problem) {
        let message = problem.strip_prefix("YAML parse error: ").unwrap_or(problem);
        return source.error(Place::at(line, column), format!("this is not valid YAML: {message}"), None);
    }
    let place = match problem.split_once(": '") {
        Some((before, _)) => Place::of_key(document, before.trim_start_matches("invalid ")),
        None => Place::start(document),
    };
    source.error(place, lower_first(problem), None)
}

fn explain_condition(source: &Source, problem: &str) -> RuleError {
    let key = Place::inside(&source.document, "detection", "condition:");
    let place = inside_condition(source, problem, key).unwrap_or(key);
    let last_line = problem.lines().last().unwrap_or_default().trim().trim_start_matches("= ");
    let is_aggregation = problem.contains("count(") || source.document.contains("| count");
    let help = if is_aggregation {
        "aggregations in conditions were removed from Sigma; write a correlation instead"
    } else {
        "a condition joins the names of detections with `and`, `or`, `not`, `1 of …` and `all of …`"
    };
    source.error(place, format!("the condition cannot be read: {last_line}"), help.to_owned())
}

/// The parser counts columns from the start of the condition, which stands behind its key if it is on one line.
fn inside_condition(source: &Source, problem: &str, key: Place) -> Option<Place> {
    let (line, rest) = problem.strip_prefix("Condition parse error at ")?.split_once(':')?;
    let column: usize = rest.split(':').next()?.parse().ok()?;
    let text: Vec<char> = source.document.lines().nth(key.line)?.chars().collect();
    let behind = key.column + key.length;
    let start = behind + text.iter().skip(behind).position(|character| !" '\"".contains(*character))?;
    let at = start + column.checked_sub(1)?;
    (line == "1" && at < text.len()).then_some(Place { line: key.line, column: at, length: 1 })
}

/// "… at line 7 column 3 …" → (7, 3).
fn yaml_position(problem: &str) -> Option<(usize, usize)> {
    let (_, rest) = problem.split_once("at line ")?;
    let mut numbers = rest.split(|character: char| !character.is_ascii_digit()).filter(|part| !part.is_empty());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
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

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
