//! The facts of a breach as attested: roles, elements, people by residence, times, holds.
//!
//! Reads the facts format and nothing else. An absent key stays absent; what absence means is for each
//! rule to say. Keys a regime invents are kept and can be asked for by their dotted path.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::elements::{self, Elements};
use crate::known::{Count, Known, NO_UPPER_BOUND};
use crate::moment::Moment;
use crate::suggest;
use crate::truth::Truth;

/// Attested facts, checked and typed where the format says so.
#[derive(Debug, Clone)]
pub struct Facts {
    pub id: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) elements: Option<Elements>,
    pub(crate) subjects: BTreeMap<String, Count>,
    pub(crate) customers: Vec<String>,
    pub(crate) times: BTreeMap<String, Moment>,
    pub(crate) raw: Map<String, Value>,
    /// Keys that are not in the format and were kept as attested facts.
    pub notes: Vec<String>,
}

/// What is wrong with a facts object, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    #[error("read facts: {message} (line {line}, column {column})")]
    NotJson { message: String, line: usize, column: usize },
    #[error("read facts: expected one JSON object with `facts` inside")]
    NotAnObject,
    #[error("read facts: `{key}` is not known; {help}")]
    UnknownKey { key: String, help: String },
    #[error("read facts: `{key}` is required; {help}")]
    Missing { key: &'static str, help: &'static str },
    #[error("read facts: `{key}` is {found}; {help}")]
    Wrong { key: String, found: String, help: String },
}

/// A facts object larger than this is no breach description.
pub const FACTS_BYTES_MAX: usize = 1024 * 1024;
/// More residences than there are countries and states together.
const RESIDENCES_MAX: usize = 2_000;

const KEYS: &[&str] = &[
    "role",
    "sector",
    "establishment",
    "eu_representative",
    "uk_establishment",
    "elements",
    "name_present",
    "subjects",
    "count_unknown",
    "customers",
    "minors",
    "enrolment",
    "credential_scope",
    "encryption",
    "risk",
    "event",
    "significant",
    "entity_class",
    "small_agent",
    "small_processing_agent",
    "dfs_covered",
    "dfr_regulated",
    "ga_information_broker",
    "customer_is_ga_broker",
    "credit_bureau",
    "notifier_is_cra",
    "covered_entity_notified_ag",
    "times",
    "le_hold",
    "delay",
    "extension",
    "contract",
    "assert_only",
    "notifier_was_source",
    "data_unintelligible",
    "large_scale",
    "disproportionate_effort",
    "high_risk_no_longer_likely",
    "done",
];

/// Names for one fact: either may be written, either may be asked.
const SAME: &[(&str, &str)] = &[("small_agent", "small_processing_agent"), ("credit_bureau", "notifier_is_cra")];

impl Facts {
    /// Reads `{"id", "facts": {…}}`, or the inner object alone.
    pub fn parse(text: &str) -> Result<Self, FactsError> {
        if FACTS_BYTES_MAX < text.len() {
            let found = format!("{} bytes long", text.len());
            return Err(FactsError::Wrong {
                key: "facts".into(),
                found,
                help: format!("at most {FACTS_BYTES_MAX} bytes are read"),
            });
        }
        let value: Value = serde_json::from_str(text).map_err(|error| FactsError::NotJson {
            message: error.to_string(),
            line: error.line(),
            column: error.column(),
        })?;
        Self::from_value(value)
    }

    pub fn from_value(value: Value) -> Result<Self, FactsError> {
        let Value::Object(mut outer) = value else { return Err(FactsError::NotAnObject) };
        let id = outer
            .get("id")
            .and_then(|id| id.as_str().map(str::to_owned).or_else(|| id.is_number().then(|| id.to_string())));
        match outer.remove("facts") {
            Some(Value::Object(facts)) => Self::from_object(id, facts),
            Some(_) => Err(FactsError::NotAnObject),
            None if outer.contains_key("role") => {
                outer.remove("id");
                Self::from_object(id, outer)
            }
            None => Err(FactsError::Missing { key: "facts", help: "write {\"id\": …, \"facts\": {…}}" }),
        }
    }

    fn from_object(id: Option<String>, raw: Map<String, Value>) -> Result<Self, FactsError> {
        let notes = strange_keys(&raw)?;
        Ok(Self {
            id,
            roles: roles(raw.get("role"))?,
            elements: elements(raw.get("elements"))?,
            subjects: subjects(raw.get("subjects"))?,
            customers: strings("customers", raw.get("customers"))?,
            times: times(raw.get("times"))?,
            raw,
            notes,
        })
    }

    /// The value at a dotted path. Absent, `null` and `"unknown"` are the same: not known yet.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        self.lookup(path).or_else(|| {
            let other = SAME.iter().find_map(|(left, right)| match path {
                p if p == *left => Some(*right),
                p if p == *right => Some(*left),
                _ => None,
            })?;
            self.lookup(other)
        })
    }

    fn lookup(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let mut value = self.raw.get(parts.next()?)?;
        for part in parts {
            value = value.as_object()?.get(part)?;
        }
        (!value.is_null() && value.as_str() != Some("unknown")).then_some(value)
    }

    pub(crate) fn flag(&self, path: &str) -> Truth {
        Truth::from(self.get(path).and_then(Value::as_bool))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.get(path).and_then(Value::as_str)
    }

    pub(crate) fn number(&self, path: &str) -> Option<i64> {
        self.get(path).and_then(Value::as_i64)
    }

    /// A date or instant anywhere in the facts, for holds and filings.
    pub(crate) fn moment(&self, path: &str) -> Option<Moment> {
        self.text(path).and_then(Moment::parse)
    }

    /// People who live in `code` or in a part of it; those of unknown residence may live there too.
    pub(crate) fn residents(&self, code: &str) -> Count {
        let inside = |residence: &str| {
            residence == code || residence.strip_prefix(code).is_some_and(|rest| rest.starts_with('-'))
        };
        let here = self.subjects.iter().filter(|(residence, _)| inside(residence)).map(|(_, count)| *count);
        let sure = here.fold(Known::Is(0), Count::plus);
        let (low, high) = sure.bounds();
        Count::from_bounds(low, high.saturating_add(self.unknown_residence().bounds().1))
    }

    /// People whose residence nobody knows.
    pub(crate) fn unknown_residence(&self) -> Count {
        self.subjects.get(UNKNOWN_RESIDENCE).copied().unwrap_or(Known::Is(0))
    }

    /// Somebody lives there, or may: zero people is nobody.
    pub(crate) fn someone_in(&self, code: &str) -> bool {
        0 < self.residents_surely(code)
    }

    fn residents_surely(&self, code: &str) -> u64 {
        let inside = |residence: &str| {
            residence == code || residence.strip_prefix(code).is_some_and(|rest| rest.starts_with('-'))
        };
        self.subjects
            .iter()
            .filter(|(residence, _)| inside(residence))
            .map(|(_, count)| count.bounds().1)
            .max()
            .unwrap_or(0)
    }

    /// Encrypted when it got out, key safe, and not merely encrypted by the attacker.
    pub(crate) fn unintelligible(&self) -> Truth {
        let key_lost = self.flag("encryption.key_compromised");
        if self.flag("data_unintelligible").is_yes() {
            return Truth::from(!key_lost.is_yes());
        }
        if self.flag("encryption.encrypted_by_attacker").is_yes() {
            return Truth::No;
        }
        match self.flag("encryption.encrypted") {
            // Nobody attested a safe harbour, so there is none.
            Truth::Unknown | Truth::No => Truth::No,
            Truth::Yes => key_lost.negate(),
        }
    }
}

/// The bucket for people who live nobody knows where.
pub(crate) const UNKNOWN_RESIDENCE: &str = "unknown";

fn strange_keys(raw: &Map<String, Value>) -> Result<Vec<String>, FactsError> {
    let mut notes = Vec::new();
    for key in raw.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        if let Some(meant) = suggest::nearest(key, KEYS.iter().copied()) {
            return Err(FactsError::UnknownKey { key: key.clone(), help: format!("did you mean `{meant}`?") });
        }
        notes.push(format!("`{key}` is not in the facts format; kept as an attested fact"));
    }
    Ok(notes)
}

fn roles(value: Option<&Value>) -> Result<Vec<String>, FactsError> {
    const HELP: &str =
        "write the legal role of the reporting person, for example \"owner\", \"controller\" or \"processor\"";
    let listed = strings("role", value)?;
    let roles: Vec<String> =
        listed.iter().flat_map(|role| role.split('+')).map(|role| role.trim().to_owned()).collect();
    if roles.iter().all(String::is_empty) {
        return Err(FactsError::Missing { key: "role", help: HELP });
    }
    Ok(roles)
}

fn elements(value: Option<&Value>) -> Result<Option<Elements>, FactsError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let words = strings("elements", Some(value))?;
    for word in &words {
        let class = elements::class_of(word);
        if elements::CLASSES.contains(&class) {
            continue;
        }
        if let Some(meant) = suggest::nearest(class, elements::CLASSES.iter().copied()) {
            return Err(FactsError::UnknownKey {
                key: format!("elements: {word}"),
                help: format!("did you mean `{meant}`?"),
            });
        }
    }
    Ok(Some(Elements::new(words)))
}

fn strings(key: &str, value: Option<&Value>) -> Result<Vec<String>, FactsError> {
    let wrong = |found: &Value| FactsError::Wrong {
        key: key.to_owned(),
        found: kind(found).to_owned(),
        help: "write a string or a list of strings".to_owned(),
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) => {
            many.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item))).collect()
        }
        Some(other) => Err(wrong(other)),
    }
}

fn subjects(value: Option<&Value>) -> Result<BTreeMap<String, Count>, FactsError> {
    const HELP: &str = "write people by residence, {\"US-CA\": 501}, or {} if the rules asked about count nobody";
    let Some(value) = value else { return Err(FactsError::Missing { key: "subjects", help: HELP }) };
    let Value::Object(map) = value else {
        return Err(FactsError::Wrong { key: "subjects".into(), found: kind(value).into(), help: HELP.into() });
    };
    if RESIDENCES_MAX < map.len() {
        let found = format!("a list of {} residences", map.len());
        return Err(FactsError::Wrong {
            key: "subjects".into(),
            found,
            help: format!("at most {RESIDENCES_MAX} are read"),
        });
    }
    map.iter().map(|(code, count)| Ok((residence(code), people(code, count)?))).collect()
}

fn residence(code: &str) -> String {
    match code {
        "GB" => "UK".to_owned(),
        "ZZ" | "XX" | "??" | "" => UNKNOWN_RESIDENCE.to_owned(),
        other => other.to_owned(),
    }
}

fn people(code: &str, value: &Value) -> Result<Count, FactsError> {
    let wrong = || FactsError::Wrong {
        key: format!("subjects.{code}"),
        found: format!("`{value}`"),
        help: "write a whole number of people, [min, max], or null for an unknown number".to_owned(),
    };
    match value {
        // Residence is attested, the number is not: one person at least.
        Value::Null => Ok(Known::Between(1, NO_UPPER_BOUND)),
        Value::String(word) if word == "unknown" => Ok(Known::Between(1, NO_UPPER_BOUND)),
        Value::Number(number) => number.as_u64().map(Known::Is).ok_or_else(wrong),
        Value::Array(bounds) => match bounds.as_slice() {
            [low, high] => {
                let low = low.as_u64().ok_or_else(wrong)?;
                let high = if high.is_null() { NO_UPPER_BOUND } else { high.as_u64().ok_or_else(wrong)? };
                if high < low { Err(wrong()) } else { Ok(Count::from_bounds(low, high)) }
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn times(value: Option<&Value>) -> Result<BTreeMap<String, Moment>, FactsError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(BTreeMap::new()) };
    let Value::Object(map) = value else {
        let help = "write {\"discovered\": \"2026-03-02T09:00:00-05:00\"}".to_owned();
        return Err(FactsError::Wrong { key: "times".into(), found: kind(value).into(), help });
    };
    let known = map.iter().filter(|(_, text)| !text.is_null() && text.as_str() != Some("unknown"));
    known.map(|(key, text)| Ok((key.clone(), time(key, text)?))).collect()
}

fn time(key: &str, value: &Value) -> Result<Moment, FactsError> {
    value.as_str().and_then(Moment::parse).ok_or_else(|| FactsError::Wrong {
        key: format!("times.{key}"),
        found: format!("`{value}`"),
        help: "write an RFC 3339 instant with its offset, or a local date".to_owned(),
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
