//! From one file to the documents it stands for: split at their markers, with the collection actions `global`, `reset`
//! and `repeat` carried out. What a document means is not asked here.

use std::sync::Arc;

use super::explain::explain;
use super::{Place, Source};
use crate::error::{RuleError, Severity};
use crate::language::{self, Yaml};

/// Mappings nested deeper than this are replaced, not merged.
const MERGE_DEPTH_MAX: usize = 32;
/// What all merged documents of one file may come to, in bytes: a global part is repeated in every document after it.
const MERGED_BYTES_MAX: usize = 4 << 20;

/// One document, after actions.
pub(super) struct Document {
    pub(super) source: Source,
    pub(super) value: Yaml,
    /// The text to parse: the author's own, or the merged document written again.
    pub(super) text: Arc<str>,
}

/// What a file holds, and what of it could not be understood.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) list: Vec<Document>,
    pub(super) complaints: Vec<RuleError>,
    merged_bytes: usize,
}

pub(super) fn read(file: &Arc<str>, text: &str) -> Documents {
    let mut found = Documents::default();
    let mut collection = Collection::default();
    for (first_line, part) in parts(text) {
        let document: Arc<str> = Arc::from(part);
        let source = Source { file: Arc::clone(file), meaning: Arc::clone(&document), document, first_line };
        let values = language::values(part);
        let is_only = values.len() == 1;
        for value in values {
            match value {
                Ok(value) => collection.take(&source, value, is_only, &mut found),
                Err(problem) => found.complaints.push(explain(&source, &problem)),
            }
        }
    }
    found
}

/// What the documents so far mean for the following ones.
#[derive(Default)]
struct Collection {
    global: Option<Yaml>,
    previous: Option<Yaml>,
}

impl Collection {
    fn take(&mut self, source: &Source, mut value: Yaml, is_only: bool, found: &mut Documents) {
        let mut error = |message: String, help: &str| {
            let place = Place::of_key(&source.document, "action");
            found.complaints.push(source.error(place, message, help.to_owned()));
        };
        let Some(mapping) = value.as_mapping_mut() else {
            let place = Place::start(&source.document);
            let message = "this document is not a mapping of keys to values";
            found.complaints.push(source.error(place, message, None));
            return;
        };
        let Some(action) = mapping.remove("action") else {
            let is_merged = self.global.is_some() || !is_only;
            let value = merge(self.global.clone(), value, 0);
            return self.add(source, value, is_merged, found);
        };
        const ACTIONS: &str = "the actions are `global`, `reset` and `repeat`";
        match action.as_str() {
            Some("global") => self.global = Some(value),
            Some("reset") => {
                self.global = None;
                if value.as_mapping().is_some_and(|mapping| !mapping.is_empty()) {
                    let place = Place::of_key(&source.document, "action");
                    let message = "what stands beside `action: reset` is not used".to_owned();
                    let help = Some("begin a new document with `---` after it".to_owned());
                    found.complaints.push(source.problem(Severity::Warning, place, message, help));
                }
            }
            Some("repeat") => match self.previous.clone() {
                // What went before already holds the global part.
                Some(previous) => {
                    let value = merge(Some(previous), value, 0);
                    self.add(source, value, true, found);
                }
                None => error("there is no document to repeat".to_owned(), "put it behind the one that is repeated"),
            },
            Some(other) => error(format!("`{other}` is not an action"), ACTIONS),
            None => error("`action` must be a text".to_owned(), ACTIONS),
        }
    }

    fn add(&mut self, source: &Source, value: Yaml, is_merged: bool, found: &mut Documents) {
        if MERGED_BYTES_MAX < found.merged_bytes {
            let message = format!("the merged documents of this file are larger than {MERGED_BYTES_MAX} bytes");
            let help = "give the documents files of their own".to_owned();
            found.complaints.push(source.error(Place::start(&source.document), message, help));
            return;
        }
        let text: Result<Arc<str>, String> =
            if is_merged { language::spelled(&value).map(Arc::from) } else { Ok(Arc::clone(&source.document)) };
        found.merged_bytes += text.as_ref().map_or(0, |text| if is_merged { text.len() } else { 0 });
        self.previous = Some(value.clone());
        match text {
            Ok(text) => {
                let source = Source { meaning: Arc::clone(&text), ..source.clone() };
                found.list.push(Document { source, value, text });
            }
            Err(problem) => {
                let place = Place::start(&source.document);
                found.complaints.push(source.error(place, format!("the document cannot be merged: {problem}"), None));
            }
        }
    }
}

/// The second value laid over the first, mapping by mapping.
fn merge(under: Option<Yaml>, over: Yaml, depth: usize) -> Yaml {
    match (under, over) {
        (Some(Yaml::Mapping(mut under)), Yaml::Mapping(over)) if depth < MERGE_DEPTH_MAX => {
            for (key, value) in over {
                let merged = merge(under.remove(&key), value, depth + 1);
                under.insert(key, merged);
            }
            Yaml::Mapping(under)
        }
        (_, over) => over,
    }
}

/// The parts of a text between document markers, with the 1-based line that each starts at.
fn parts(text: &str) -> Vec<(usize, &str)> {
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
