//! How many somebody must reach to have done a duty to tell: one office, or the people concerned.
//!
//! Regimes name recipients in words. Words that are not plainly one office or the people are `Unknown`: then a person says
//! when the duty is done, and no count does.

use serde_json::{Value, json};

/// Who has to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concerned {
    /// An authority or a customer: one message tells it.
    Office,
    /// The people concerned, at most so many.
    AtMost(u64),
    /// Nobody knows how many, or there are several kinds of recipients in one.
    Unknown,
}

impl Concerned {
    /// Whether the duty is done when so many were reached, and everybody on the list or not.
    pub(crate) fn is_reached_by(self, reached: u64, whole_list: bool) -> bool {
        match self {
            // An office may have asked for several desks to be told.
            Self::Office => whole_list && 1 <= reached,
            Self::AtMost(people) => people <= reached,
            Self::Unknown => false,
        }
    }

    /// As documents keep it; null is unknown.
    pub(crate) fn shown(self) -> Value {
        match self {
            Self::Office => json!(1),
            Self::AtMost(people) => json!(people),
            Self::Unknown => Value::Null,
        }
    }

    /// Whether more are concerned than a document says were, when its duty was done.
    pub(crate) fn outgrows(self, document: &Value) -> bool {
        let then = document["concerned"].as_u64().max(document["reached"].as_u64());
        match self {
            Self::AtMost(people) => then.is_some_and(|then| then < people),
            Self::Office | Self::Unknown => false,
        }
    }
}

/// What a recipient's words say before any customer's own name, which may hold any word.
enum Kind {
    Office,
    People,
    Several,
}

/// One customer or owner each; its name follows.
const ONE_BY_NAME: &[&str] =
    &["customer", "controller", "data_owner", "covered_entity", "lea", "customer/lea", "information broker"];
/// More than one kind of recipient, or more than one office.
const SEVERAL: &[&str] = &[" and ", ";", ",", "cras", "recipients", " or "];
/// People rather than an office.
const PEOPLE: &[&str] = &[
    "resident",
    "individual",
    "data_subject",
    "data subject",
    "parent",
    "student",
    "titular",
    "principal",
    "patient",
    "subscriber",
    "person",
    "customers",
];

fn kind(recipient: &str) -> Kind {
    let recipient = recipient.to_lowercase();
    let named =
        |prefix: &&&str| recipient.strip_prefix(**prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let holds = |words: &[&str]| words.iter().any(|word| recipient.contains(word));
    if ONE_BY_NAME.iter().any(|prefix| named(&prefix)) {
        Kind::Office
    } else if holds(&["students and parents", "parents for minors"]) {
        Kind::People
    } else if holds(SEVERAL) {
        Kind::Several
    } else if holds(PEOPLE) {
        Kind::People
    } else {
        Kind::Office
    }
}

/// Who has to be reached for an obligation, by the facts as they stand.
pub(crate) fn concerned(obligation: &Value, facts: &Value) -> Concerned {
    match kind(obligation["recipient"].as_str().unwrap_or_default()) {
        Kind::Office => Concerned::Office,
        Kind::Several => Concerned::Unknown,
        Kind::People => people(obligation["jurisdiction"].as_str().unwrap_or_default(), &facts["subjects"])
            .map_or(Concerned::Unknown, Concerned::AtMost),
    }
}

/// People who live there, at most. For a law of several places (`EU`), the people of every place: that errs on the side of
/// telling more.
fn people(jurisdiction: &str, subjects: &Value) -> Option<u64> {
    let at_most = |value: &Value| value.as_u64().or_else(|| value[1].as_u64());
    if let Some(here) = subjects.get(jurisdiction) {
        return at_most(here);
    }
    let places = subjects.as_object().filter(|places| !places.is_empty())?;
    places.values().map(at_most).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn people_are_counted_and_offices_are_told_once() {
        let facts = json!({"subjects": {"US-CA": 12, "DE": [3, 40], "FR": null}});
        let of =
            |recipient: &str, place: &str| concerned(&json!({"recipient": recipient, "jurisdiction": place}), &facts);
        for (recipient, place, expected) in [
            ("residents", "US-CA", Concerned::AtMost(12)),
            ("residents (parents for minors)", "US-CA", Concerned::AtMost(12)),
            ("data_subjects", "DE", Concerned::AtMost(40)),
            ("data_subjects", "FR", Concerned::Unknown),
            ("data_subjects", "EU", Concerned::Unknown),
            ("students and parents", "US-CA", Concerned::AtMost(12)),
            ("Attorney General", "US-CA", Concerned::Office),
            ("CRAs", "US-CA", Concerned::Unknown),
            ("Attorney General and OCABR", "US-MA", Concerned::Unknown),
            ("CDPH and patients", "US-CA", Concerned::Unknown),
            ("customer Students' Union of Parents", "", Concerned::Office),
            ("data_owner Person & Sons", "US-TX", Concerned::Office),
        ] {
            assert_eq!(of(recipient, place), expected, "{recipient} in {place}");
        }
        let known = json!({"subjects": {"DE": 3, "FR": 4}});
        let eu = json!({"recipient": "data_subjects", "jurisdiction": "EU"});
        assert_eq!(concerned(&eu, &known), Concerned::AtMost(7));
        assert_eq!(concerned(&eu, &json!({"subjects": {}})), Concerned::Unknown);
    }

    #[test]
    fn a_duty_done_for_few_is_outgrown_by_many() {
        let done = json!({"concerned": 12, "reached": 12});
        assert!(Concerned::AtMost(13).outgrows(&done));
        assert!(!Concerned::AtMost(12).outgrows(&done));
        assert!(!Concerned::Office.outgrows(&done) && !Concerned::Unknown.outgrows(&done));
        assert!(!Concerned::AtMost(5).outgrows(&json!({})));
    }

    /// Every recipient in the regimes that is told once by being reached once. A new one is added here by somebody who looked.
    #[test]
    fn every_office_in_the_regimes_was_looked_at() {
        let content = crate::content::Content::embedded();
        let mut offices = BTreeSet::new();
        for (_, text) in content.below("regimes").filter(|(name, _)| name.ends_with(".toml")) {
            let regime: toml::Value = toml::from_str(text).unwrap();
            for rule in regime.get("rule").and_then(toml::Value::as_array).into_iter().flatten() {
                let recipient = rule.get("recipient").and_then(toml::Value::as_str).unwrap_or_default();
                if matches!(kind(recipient), Kind::Office) {
                    offices.insert(recipient.to_owned());
                }
            }
        }
        let people = ["resident", "people", "affected", "individuals", "subjects", "consumers", "users"];
        let doubtful: Vec<&String> =
            offices.iter().filter(|office| people.iter().any(|word| office.to_lowercase().contains(word))).collect();
        assert!(doubtful.is_empty(), "these would be told by one message: {doubtful:?}");
        assert!(20 < offices.len(), "{offices:?}");
    }
}
