//! What happened to the data: acquired, accessed, used, made unavailable.
//!
//! Without any `event` key a breach with acquisition was reported; that is the format's one default.
//! With the key, what it does not say is not known.

use crate::facts::Facts;
use crate::truth::Truth;

/// Whether the data were lost in the statute's sense: words joined by `_or_` and `_and_`.
pub(crate) fn in_sense(facts: &Facts, sense: &str) -> Truth {
    let sense = match sense {
        "either" => "access_or_acquisition",
        "both" => "access_and_acquisition",
        other => other,
    };
    sense.split("_or_").map(|side| conjunction(facts, side)).fold(Truth::No, Truth::or)
}

fn conjunction(facts: &Facts, words: &str) -> Truth {
    words.split("_and_").map(|word| happened(facts, word)).fold(Truth::Yes, Truth::and)
}

/// One kind of event.
pub(crate) fn happened(facts: &Facts, word: &str) -> Truth {
    let attested = facts.get("event").is_some();
    match word {
        "confidentiality" => confidentiality(facts),
        "acquisition" => acquisition(facts, attested),
        "access" => access(facts, attested),
        "availability" => Truth::from(
            facts
                .get("event.availability_loss_hours")
                .and_then(serde_json::Value::as_f64)
                .is_some_and(|hours| 0.0 < hours),
        ),
        "integrity" => Truth::from(facts.flag("event.integrity").is_yes()),
        "external_intrusion" => facts.flag("event.external_intrusion"),
        other => {
            let said = facts.flag(&format!("event.{other}"));
            if confidentiality(facts).is_no() { Truth::No } else { said }
        }
    }
}

fn acquisition(facts: &Facts, attested: bool) -> Truth {
    if !attested || facts.flag("event.misdirected_email").is_yes() {
        return Truth::Yes;
    }
    let said = facts.flag("event.acquisition");
    if said == Truth::Unknown && facts.flag("event.confidentiality").is_no() { Truth::No } else { said }
}

fn access(facts: &Facts, attested: bool) -> Truth {
    if acquisition(facts, attested).is_yes() {
        return Truth::Yes;
    }
    let said = facts.flag("event.access");
    if said == Truth::Unknown && facts.flag("event.confidentiality").is_no() { Truth::No } else { said }
}

fn confidentiality(facts: &Facts) -> Truth {
    const SAYS: &[&str] = &["confidentiality", "access", "acquisition", "availability_loss_hours", "integrity"];
    let says_nothing = SAYS.iter().all(|key| facts.get(&format!("event.{key}")).is_none());
    if says_nothing {
        // A breach was reported and nothing about the data was said against it.
        return Truth::Yes;
    }
    let said = facts.flag("event.confidentiality");
    if said != Truth::Unknown {
        return said;
    }
    let (access, acquisition) = (access(facts, true), acquisition(facts, true));
    if access.is_yes() || acquisition.is_yes() {
        Truth::Yes
    } else if access.is_no() && acquisition.is_no() {
        Truth::No
    } else {
        Truth::Unknown
    }
}
