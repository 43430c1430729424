//! Reads a pipeline. Every key must be known and every step must have a meaning here: a pipeline that is half understood
//! would make rules quiet without a word. Mistakes are placed at the author's own words.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::item::Item;
use super::{Gate, Link, Pipeline, steps};
use crate::error::RuleError;
use crate::language::{self, Mapping, Yaml};
use crate::rule::{Place, Source, sha256};

/// Steps of one pipeline, those inside others counted.
const ITEMS_MAX: usize = 10_000;
/// Steps inside steps.
const NESTED_MAX: usize = 8;

pub(super) fn read(file: &str, text: &str) -> Result<Pipeline, Vec<RuleError>> {
    let document: Arc<str> = Arc::from(text);
    let source = Source { file: Arc::from(file), meaning: Arc::clone(&document), document, first_line: 1 };
    let mut reader = Reader { source: &source, lines: item_lines(text), line: 0, items: 0, faults: Vec::new() };
    let pipeline = reader.pipeline();
    let faults = reader.faults;
    match pipeline {
        Some(pipeline) if faults.is_empty() => Ok(pipeline),
        _ => Err(faults),
    }
}

pub(super) struct Reader<'d> {
    source: &'d Source,
    /// 0-based lines at which the steps begin, where they are written one below the other.
    lines: Vec<usize>,
    /// Where the present step begins.
    line: usize,
    items: usize,
    pub(super) faults: Vec<RuleError>,
}

impl Reader<'_> {
    fn pipeline(&mut self) -> Option<Pipeline> {
        let value = match language::values(&self.source.document).into_iter().next() {
            Some(Ok(value)) => value,
            Some(Err(problem)) => {
                self.faults.push(crate::rule::explain(self.source, &problem));
                return None;
            }
            None => Yaml::Null,
        };
        let Some(fields) = value.as_mapping() else {
            self.fault("", "a pipeline is a mapping with `name`, `priority` and `transformations`", "");
            return None;
        };
        self.keys(
            fields,
            &[],
            &["name", "priority", "vars", "transformations", "allowed_backends", "finalizers", "postprocessing"],
        );
        for key in ["finalizers", "postprocessing"] {
            if fields.get(key).is_some_and(|value| value.as_sequence().is_none_or(|items| !items.is_empty())) {
                self.fault(
                    key,
                    &format!("`{key}` is not supported"),
                    "it changes the text of a query; rules are evaluated here, not translated",
                );
            }
        }
        let backends = fields.get("allowed_backends").and_then(Yaml::as_sequence);
        if backends.is_some_and(|backends| !backends.is_empty()) {
            self.fault(
                "allowed_backends",
                "the pipeline is meant for other tools only",
                "take out `allowed_backends` if it fits here too",
            );
        }
        let priority = self.priority(fields);
        let vars = self.vars(fields);
        let items = self.items(fields.get("transformations"));
        let name = fields.get("name").and_then(Yaml::as_str).unwrap_or(&self.source.file).to_owned();
        Some(Pipeline {
            name,
            priority,
            file: self.source.file.to_string(),
            version: sha256(self.source.document.as_bytes()),
            vars,
            items,
            source: self.source.clone(),
        })
    }

    fn priority(&mut self, fields: &Mapping) -> i64 {
        match fields.get("priority") {
            None | Some(Yaml::Null) => 0,
            Some(value) => value.as_i64().unwrap_or_else(|| {
                self.fault("priority", "`priority` must be a whole number", "");
                0
            }),
        }
    }

    fn vars(&mut self, fields: &Mapping) -> BTreeMap<String, Vec<String>> {
        let mut vars = BTreeMap::new();
        let Some(value) = fields.get("vars").filter(|value| !value.is_null()) else { return vars };
        let Some(mapping) = value.as_mapping() else {
            self.fault("vars", "`vars` must be a mapping of names to values", "");
            return vars;
        };
        for (name, values) in mapping {
            match (name.as_str(), texts(values)) {
                (Some(name), Some(values)) => vars.extend([(name.to_owned(), values)]),
                _ => self.fault("vars", "a variable has a text, a number or a list of them", ""),
            }
        }
        vars
    }

    fn items(&mut self, value: Option<&Yaml>) -> Vec<Item> {
        let Some(value) = value.filter(|value| !value.is_null()) else { return Vec::new() };
        let Some(items) = value.as_sequence() else {
            self.fault("transformations", "`transformations` must be a list", "");
            return Vec::new();
        };
        let mut read = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let section = Place::of_key(&self.source.document, "transformations").line;
            self.line = self.lines.get(number).copied().unwrap_or(section);
            read.extend(self.item(item, 0));
        }
        read
    }

    /// One step. `None` if something in it was complained about.
    pub(super) fn item(&mut self, value: &Yaml, depth: usize) -> Option<Item> {
        self.items += 1;
        if ITEMS_MAX < self.items || NESTED_MAX < depth {
            self.fault(
                "",
                &format!("there are more than {ITEMS_MAX} steps, or steps nested deeper than {NESTED_MAX}"),
                "",
            );
            return None;
        }
        let Some(fields) = value.as_mapping() else {
            self.fault("", "a transformation is a mapping with a `type`", "");
            return None;
        };
        let faults_before = self.faults.len();
        let place = self.place("");
        let action = steps::action(self, fields, depth);
        let rule = self.gate(fields, "rule", &mut |reader, fields| steps::rule_condition(reader, fields));
        let detection =
            self.gate(fields, "detection_item", &mut |reader, fields| steps::item_condition(reader, fields));
        let field = self.gate(fields, "field_name", &mut |reader, fields| steps::field_condition(reader, fields));
        let id = self.optional_text(fields, "id");
        let action = action.filter(|_| self.faults.len() == faults_before)?;
        Some(Item { id, place, action, rule, detection, field })
    }

    /// `<kind>_conditions` and how they are linked.
    fn gate<C>(
        &mut self,
        fields: &Mapping,
        kind: &str,
        read: &mut dyn FnMut(&mut Self, &Mapping) -> Option<C>,
    ) -> Gate<C> {
        let key = format!("{kind}_conditions");
        let mut conditions = Vec::new();
        let listed: Vec<(Option<String>, &Yaml)> = match fields.get(key.as_str()) {
            None | Some(Yaml::Null) => Vec::new(),
            Some(Yaml::Sequence(items)) => items.iter().map(|item| (None, item)).collect(),
            Some(Yaml::Mapping(named)) => {
                named.iter().map(|(name, item)| (name.as_str().map(str::to_owned), item)).collect()
            }
            Some(_) => {
                self.fault(&key, &format!("`{key}` must be a list"), "");
                Vec::new()
            }
        };
        for (number, (name, item)) in listed.into_iter().enumerate() {
            let Some(item) = item.as_mapping() else {
                self.fault(&key, "a condition is a mapping with a `type`", "");
                continue;
            };
            let name = name.or_else(|| self.optional_text(item, "id")).unwrap_or_else(|| format!("cond_{number}"));
            conditions.extend(read(self, item).map(|condition| (name, condition)));
        }
        let is_negated = self.flag(fields, &format!("{kind}_cond_not"));
        Gate { link: self.link(fields, kind, &conditions), conditions, is_negated }
    }

    fn link<C>(&mut self, fields: &Mapping, kind: &str, conditions: &[(String, C)]) -> Link {
        let spelled = [format!("{kind}_cond_expr"), format!("{kind}_cond_expression")];
        for key in &spelled {
            let Some(text) = self.optional_text(fields, key) else { continue };
            match language::parse_condition(&text) {
                Ok(expression) => {
                    let unknown = steps::names_in(&expression)
                        .into_iter()
                        .find(|name| !conditions.iter().any(|(known, _)| known == name));
                    if let Some(unknown) = unknown {
                        self.fault(
                            &unknown,
                            &format!("no condition is called `{unknown}`"),
                            "give conditions an `id`, or write them as a mapping of names to conditions",
                        );
                    }
                    return Link::Expression(expression);
                }
                Err(problem) => {
                    let last = problem.lines().last().unwrap_or_default().trim().trim_start_matches("= ").to_owned();
                    self.fault(
                        key,
                        &format!("`{key}` cannot be read: {last}"),
                        "join the conditions' names with `and`, `or` and `not`",
                    );
                }
            }
        }
        let key = format!("{kind}_cond_op");
        match self.optional_text(fields, &key).as_deref() {
            None | Some("and") => Link::All,
            Some("or") => Link::Any,
            Some(other) => {
                self.fault(&key, &format!("`{other}` links nothing"), "write `and` or `or`");
                Link::All
            }
        }
    }

    /// Complains about keys that are neither among the own ones nor among those that all have.
    pub(super) fn keys(&mut self, fields: &Mapping, common: &[&str], own: &[&str]) {
        for key in fields.keys() {
            let spelled = key.as_str().unwrap_or("…");
            if !common.contains(&spelled) && !own.contains(&spelled) {
                self.fault(
                    spelled,
                    &format!("`{spelled}` is not known here"),
                    &format!("the keys are {}", own.iter().chain(common).copied().collect::<Vec<_>>().join(", ")),
                );
            }
        }
    }

    pub(super) fn optional_text(&mut self, fields: &Mapping, key: &str) -> Option<String> {
        let value = fields.get(key).filter(|value| !value.is_null())?;
        let text = scalar(value);
        if text.is_none() {
            self.fault(key, &format!("`{key}` must be a text"), "");
        }
        text
    }

    pub(super) fn text(&mut self, fields: &Mapping, key: &str) -> Option<String> {
        if fields.get(key).is_none_or(Yaml::is_null) {
            self.fault("type:", &format!("`{key}` is missing"), "");
            return None;
        }
        self.optional_text(fields, key)
    }

    pub(super) fn flag(&mut self, fields: &Mapping, key: &str) -> bool {
        match fields.get(key) {
            None | Some(Yaml::Null) => false,
            Some(Yaml::Bool(value)) => *value,
            Some(_) => {
                self.fault(key, &format!("`{key}` must be true or false"), "");
                false
            }
        }
    }

    /// A mapping of texts to one text or several.
    pub(super) fn mapping(&mut self, fields: &Mapping, key: &str) -> BTreeMap<String, Vec<String>> {
        let mut read = BTreeMap::new();
        let Some(mapping) = fields.get(key).and_then(Yaml::as_mapping) else {
            self.fault("type:", &format!("`{key}` must be a mapping of names to names"), "");
            return read;
        };
        for (from, to) in mapping {
            let name = scalar(from);
            let near = name.clone().unwrap_or_else(|| key.to_owned());
            match (name, texts(to).filter(|to| !to.is_empty())) {
                (Some(from), Some(to)) => read.extend([(from, to)]),
                _ => self.fault(
                    &near,
                    "a name becomes a text or a list of texts",
                    "to drop an item use `drop_detection_item`",
                ),
            }
        }
        read
    }

    pub(super) fn list(&mut self, fields: &Mapping, key: &str) -> Option<Vec<String>> {
        let value = fields.get(key).filter(|value| !value.is_null())?;
        let read = texts(value);
        if read.is_none() {
            self.fault(key, &format!("`{key}` must be a list of texts"), "");
        }
        read
    }

    pub(super) fn fault(&mut self, near: &str, message: &str, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        let place = self.place(near);
        self.faults.push(self.source.error(place, message, help));
    }

    /// The author's words in the present step, or where it begins.
    fn place(&self, near: &str) -> Place {
        let document = &self.source.document;
        let end = self.lines.iter().find(|line| self.line < **line).copied().unwrap_or(usize::MAX);
        Place::find_after(document, self.line, near).filter(|place| place.line < end).unwrap_or_else(|| {
            let text = document.lines().nth(self.line).unwrap_or_default();
            let indent = text.chars().take_while(|character| character.is_whitespace()).count();
            let length = text.trim().chars().count().max(1);
            Place { line: self.line, column: indent, length }
        })
    }
}

/// A text, or what YAML reads as something else but stands for its spelling.
pub(super) fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn texts(value: &Yaml) -> Option<Vec<String>> {
    match value {
        Yaml::Sequence(items) => items.iter().map(scalar).collect(),
        other => Some(vec![scalar(other)?]),
    }
}

/// The lines at which the members of `transformations:` begin: those with a dash at the indentation of the first.
fn item_lines(document: &str) -> Vec<usize> {
    let section = Place::of_key(document, "transformations").line;
    let mut lines = Vec::new();
    let mut indent = None;
    for (number, text) in document.lines().enumerate().skip(section + 1) {
        let trimmed = text.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let own = text.chars().count() - trimmed.chars().count();
        let is_member = trimmed.starts_with("- ") || trimmed == "-";
        match indent {
            None if is_member => indent = Some(own),
            None => break,
            Some(indent) if own < indent || (own == indent && !is_member) => break,
            Some(_) => {}
        }
        if is_member && indent == Some(own) {
            lines.push(number);
        }
    }
    lines
}
