//! What a document says about itself, held against the specification: types, lengths, formats. The parser passes over much
//! of it; a rule whose `date` or `level` cannot be read is refused here, as the reference implementation does.

use super::documents::Document;
use super::{Place, Source};
use crate::error::RuleError;
use crate::language::{Mapping, Yaml, check_condition};

const TITLE_CHARACTERS_MAX: usize = 256;
const LEVELS: &str = "informational, low, medium, high, critical";
const STATUSES: &str = "stable, test, experimental, deprecated, unsupported";
const RELATIONS: &str = "derived, obsolete, merged, renamed, similar, correlation";

/// Everything that makes the document unusable before what it detects is looked at.
pub(super) fn check(document: &Document) -> Vec<RuleError> {
    let Some(fields) = document.value.as_mapping() else { return Vec::new() };
    let mut checker = Checker { source: &document.source, fields, faults: Vec::new() };
    checker.check();
    checker.faults
}

/// Lists that one name may lead through. The parser goes one call deeper for each, so that a name of many would end the
/// process.
const LISTS_MAX: usize = 8;

/// What the parser must not be given, at any depth: lists have conditions of their own. The depth of the document is bounded
/// by whoever read it.
fn problems_in<'y>(value: &'y Yaml, problems: &mut Vec<(&'y str, String, &'static str)>) {
    if let Some(list) = value.as_sequence() {
        return list.iter().for_each(|one| problems_in(one, problems));
    }
    let Some(fields) = value.as_mapping() else { return };
    for (key, value) in fields {
        let key = key.as_str().unwrap_or_default();
        if LISTS_MAX < key.matches('[').count() {
            let problem = format!("a name leads through more than {LISTS_MAX} lists");
            problems.push(("[", problem, "ask about a list nearer to the root"));
        }
        if key == "condition" {
            let listed = value.as_sequence().map_or(std::slice::from_ref(value), Vec::as_slice);
            for problem in listed.iter().filter_map(Yaml::as_str).filter_map(|text| check_condition(text).err()) {
                problems.push(("condition:", problem, "two of them cancel each other"));
            }
        }
        problems_in(value, problems);
    }
}

struct Checker<'d> {
    source: &'d Source,
    fields: &'d Mapping,
    faults: Vec<RuleError>,
}

impl<'d> Checker<'d> {
    fn check(&mut self) {
        self.title();
        for key in ["name", "taxonomy"] {
            self.text(key, true);
        }
        for key in ["description", "author", "license"] {
            self.text(key, false);
        }
        self.one_of("level", LEVELS);
        self.one_of("status", STATUSES);
        self.date("date");
        self.date("modified");
        self.list("falsepositives");
        for key in ["references", "tags", "fields", "scope"] {
            self.texts(key);
        }
        self.related();
        let is_filter = self.fields.contains_key("filter");
        let is_correlation = self.fields.contains_key("correlation");
        self.section("logsource", is_filter);
        self.section("filter", is_filter);
        self.section("correlation", is_correlation);
        self.conditions();
        let condition = self.fields.get("filter").and_then(|filter| filter.get("condition"));
        if is_filter && condition.is_some_and(|condition| !condition.is_string()) {
            let place = Place::inside(&self.source.document, "filter", "condition:");
            let help = "join its detections with `and`, `or` and `not`".to_owned();
            self.faults.push(self.source.error(place, "a filter has one condition, which is a text", help));
        }
    }

    fn conditions(&mut self) {
        for section in ["detection", "filter"] {
            let mut problems = Vec::new();
            self.fields.get(section).into_iter().for_each(|detections| problems_in(detections, &mut problems));
            for (near, problem, help) in problems {
                let place = Place::inside(&self.source.document, section, near);
                self.faults.push(self.source.error(place, problem, help.to_owned()));
            }
        }
    }

    fn fault(&mut self, key: &str, message: String, help: &str) {
        let place = Place::of_key(&self.source.document, key);
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.faults.push(self.source.error(place, message, help));
    }

    /// What the key holds, if it is there and not null.
    fn given(&self, key: &str) -> Option<&'d Yaml> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    fn title(&mut self) {
        // That it is missing is told by the parser.
        let Some(title) = self.given("title") else { return };
        let length = title.as_str().map(|title| title.chars().count());
        match length {
            None => self.fault("title", "`title` must be a text".to_owned(), "put it in quotes"),
            Some(length) if TITLE_CHARACTERS_MAX < length => {
                let message = format!("the title has {length} characters");
                let help = format!("the limit is {TITLE_CHARACTERS_MAX}; say the rest in `description`");
                self.fault("title", message, &help);
            }
            Some(_) => {}
        }
    }

    fn text(&mut self, key: &str, must_say_something: bool) {
        let Some(value) = self.given(key) else { return };
        match value.as_str() {
            None => self.fault(key, format!("`{key}` must be a text"), ""),
            Some("") if must_say_something => self.fault(key, format!("`{key}` is empty"), "leave it out"),
            Some(_) => {}
        }
    }

    fn one_of(&mut self, key: &str, known: &str) {
        let Some(value) = self.given(key) else { return };
        let word = value.as_str();
        if !word.is_some_and(|word| known.split(", ").any(|known| known == word)) {
            let spelled = spelled(value);
            self.fault(key, format!("`{spelled}` is not a {key}"), &format!("write one of {known}"));
        }
    }

    fn date(&mut self, key: &str) {
        let Some(value) = self.given(key) else { return };
        if !value.as_str().is_some_and(is_date) {
            let spelled = spelled(value);
            self.fault(key, format!("`{spelled}` is not a date"), "write it as year-month-day: `2026-03-31`");
        }
    }

    fn list(&mut self, key: &str) {
        if self.given(key).is_some_and(|value| !value.is_sequence()) {
            self.fault(key, format!("`{key}` must be a list"), "write `[one, other]`, also for a single one");
        }
    }

    /// One text or a list of them: the parser would leave out anything else without a word.
    fn texts(&mut self, key: &str) {
        let Some(value) = self.given(key) else { return };
        let are_texts = value.as_sequence().is_some_and(|items| items.iter().all(Yaml::is_string));
        if !are_texts && !value.is_string() {
            self.fault(key, format!("`{key}` must be a list of texts"), "put what is no text for YAML in quotes");
        }
    }

    fn section(&mut self, key: &str, is_needed: bool) {
        let value = self.fields.get(key);
        let is_absent = value.is_none_or(Yaml::is_null);
        let is_missing = is_needed && is_absent;
        if is_missing {
            self.fault(key, format!("`{key}` is missing"), "");
        } else if !is_absent && !value.is_some_and(Yaml::is_mapping) {
            self.fault(key, format!("`{key}` must be a mapping of keys to values"), "");
        }
    }

    fn related(&mut self) {
        let Some(value) = self.given("related") else { return };
        let help = format!("write `- {{id: <UUID of the other rule>, type: derived}}`; the types are {RELATIONS}");
        let Some(items) = value.as_sequence() else {
            return self.fault("related", "`related` must be a list".to_owned(), &help);
        };
        for item in items {
            let text = |key: &str| item.get(key).and_then(Yaml::as_str);
            let (near, message) = match (text("id"), text("type")) {
                (Some(id), _) if !is_uuid(id) => (id, format!("`{id}` is not a UUID")),
                (Some(_), Some(relation)) if !RELATIONS.split(", ").any(|known| known == relation) => {
                    (relation, format!("`{relation}` is not a kind of relation"))
                }
                (Some(_), Some(_)) => continue,
                _ => ("related", "a related rule needs an `id` and a `type`, which are texts".to_owned()),
            };
            let place = Place::inside(&self.source.document, "related", near);
            self.faults.push(self.source.error(place, message, help.clone()));
        }
    }
}

/// Year, month and day with dashes or slashes between them; the day must exist. YAML's own times are dates too.
fn is_date(text: &str) -> bool {
    if let Some(time) = text.contains('T').then(|| text.parse::<jiff::civil::DateTime>().ok()).flatten() {
        return (1_000..4_000).contains(&time.year());
    }
    let mark = if text.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = text.split(mark).collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_form = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
    if !has_form || !parts.iter().all(|part| is_number(part)) {
        return false;
    }
    let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else { return false };
    // Nobody wrote rules in another age; the reference has the same bounds.
    (1_000..4_000).contains(&year) && jiff::civil::Date::new(year, month, day).is_ok()
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.chars().all(|character| character == '-' || character.is_ascii_hexdigit())
}

fn spelled(value: &Yaml) -> String {
    match value {
        Yaml::String(text) => text.clone(),
        Yaml::Number(number) => number.to_string(),
        Yaml::Bool(value) => value.to_string(),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_date, is_uuid};

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2024-11-24", "2024/11/24", "2024-2-29", "3999-12-31", "3000-01-02T03:04:05"] {
            assert!(is_date(good), "{good}");
        }
        let wrong = ["", "bad", " 2024-11-24", "2024 11-24", "24-11-24", "4000-01-01", "10000-01-01", "2022-01/01"];
        for wrong in wrong.into_iter().chain(["2024-13-01", "2023-02-29", "2024-11-24-1", "2024--1", "2024-+1-01"]) {
            assert!(!is_date(wrong), "{wrong}");
        }
        assert!(is_uuid("929a690e-bef0-4204-a928-ef5e620d6fcc") && !is_uuid("929a690e-bef0-4204-a928-ef5e620d6fc"));
    }
}
