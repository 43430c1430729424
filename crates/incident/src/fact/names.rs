//! Which facts exist, of what type, and who may assert them.
//!
//! The table follows the facts format that regimes read. Names outside it are refused with a suggestion, because a
//! misspelt fact would be an unknown one for ever.

use jiff::{Timestamp, civil};
use serde_json::Value;

use super::{Asserter, Fact, FactValue};

/// The longest code, name or list item.
const CODE_CHARS_MAX: usize = 128;
/// The most items of a list fact.
const LIST_ITEMS_MAX: usize = 1000;
/// The longest free text: an entry stays below 64 KiB.
const TEXT_BYTES_MAX: usize = 32 * 1024;
/// A clock on the asserter's side may be ahead by so much.
const FUTURE_SECONDS_MAX: i64 = 300;

/// Type alias of a dotted name.
pub type FactName = String;

/// What values a fact takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    Bool,
    Code,
    CodeList,
    Integer,
    /// An integer, a range or unknown.
    Count,
    /// An RFC 3339 instant or a local date.
    Time,
    /// Free text for notices; kept in the body.
    Text,
}

/// What is wrong with a fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactFault {
    #[error("there is no fact `{name}`{}", .suggestion.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoSuchFact { name: String, suggestion: Option<String> },
    #[error("`{name}` wants {wanted}")]
    WrongType { name: String, wanted: &'static str },
    #[error("`{name}` is a range with its least ({min}) above its most ({max})")]
    EmptyRange { name: String, min: u64, max: u64 },
    #[error("`{name}` lies in the future of the clock ({now})")]
    InFuture { name: String, now: Timestamp },
    #[error("`{name}` is attested by a person, not by `{by}`; an alert time is no awareness")]
    OnlyHuman { name: String, by: String },
    #[error("`{name}` is longer than {max} bytes")]
    TooLong { name: String, max: usize },
}

/// Facts with a fixed name.
const FIXED: &[(&str, FactKind)] = &[
    ("role", FactKind::CodeList),
    ("sector", FactKind::Code),
    ("establishment", FactKind::Code),
    ("eu_representative", FactKind::Code),
    ("uk_establishment", FactKind::Bool),
    ("elements", FactKind::CodeList),
    ("name_present", FactKind::Bool),
    ("count_unknown", FactKind::Bool),
    ("customers", FactKind::CodeList),
    ("minors", FactKind::Bool),
    ("enrolment", FactKind::Integer),
    ("credential_scope", FactKind::Code),
    ("encryption.encrypted", FactKind::Bool),
    ("encryption.key_compromised", FactKind::Bool),
    ("encryption.alg", FactKind::Code),
    ("encryption.encrypted_by_attacker", FactKind::Bool),
    ("risk.gdpr", FactKind::Code),
    ("risk.gdpr_absent_encryption", FactKind::Code),
    ("risk.us_harm", FactKind::Code),
    ("risk.documented", FactKind::Bool),
    ("risk.le_consulted", FactKind::Bool),
    ("risk.ch", FactKind::Code),
    ("risk.br_significant", FactKind::Bool),
    ("risk.sg_significant_harm", FactKind::Bool),
    ("risk.my_significant_harm", FactKind::Bool),
    ("risk.au_serious_harm", FactKind::Bool),
    ("event.access", FactKind::Bool),
    ("event.acquisition", FactKind::Bool),
    ("event.confidentiality", FactKind::Bool),
    ("event.integrity", FactKind::Bool),
    ("event.availability", FactKind::Bool),
    ("event.external_intrusion", FactKind::Bool),
    ("event.availability_loss_hours", FactKind::Integer),
    ("event.misdirected_email", FactKind::Bool),
    ("event.recipient_trusted", FactKind::Bool),
    ("event.deleted_confirmed", FactKind::Bool),
    ("significant", FactKind::Bool),
    ("entity_class", FactKind::Code),
    ("small_agent", FactKind::Bool),
    ("small_processing_agent", FactKind::Bool),
    ("dfs_covered", FactKind::Bool),
    ("dfr_regulated", FactKind::Bool),
    ("ga_information_broker", FactKind::Bool),
    ("customer_is_ga_broker", FactKind::Bool),
    ("credit_bureau", FactKind::Bool),
    ("notifier_is_cra", FactKind::Bool),
    ("notifier_was_source", FactKind::Bool),
    ("covered_entity_notified_ag", FactKind::Bool),
    ("data_unintelligible", FactKind::Bool),
    ("large_scale", FactKind::Bool),
    ("disproportionate_effort", FactKind::Bool),
    ("high_risk_no_longer_likely", FactKind::Bool),
    ("le_hold.active", FactKind::Bool),
    ("le_hold.from", FactKind::Time),
    ("le_hold.released", FactKind::Time),
    ("le_hold.written", FactKind::Bool),
    ("le_hold.authority", FactKind::Code),
    ("delay.reason", FactKind::Code),
    ("delay.ended", FactKind::Time),
    ("extension.state", FactKind::Code),
    ("extension.filed", FactKind::Time),
    ("extension.good_cause", FactKind::Bool),
    ("contract.notify_hours", FactKind::Integer),
    ("contract.clock", FactKind::Code),
];

/// Facts that no regime asks for, but notices do.
const FOR_NOTICES: &[(&str, FactKind)] = &[
    ("records", FactKind::Count),
    ("exposure.from", FactKind::Time),
    ("exposure.to", FactKind::Time),
    ("law_enforcement.engaged", FactKind::Bool),
];

/// Clock events under `times.`. Whether one has come is a judgement about the case, so only people attest them.
const CLOCKS: &[&str] = &[
    "aware",
    "discovered",
    "determined",
    "suspected",
    "processor_aware",
    "vendor_discovered",
    "operator_determined",
    "agency_received_vendor_notice",
    "school_received",
    "scope_identified",
    "classified_major",
    "materiality_determined",
    "assessed_notifiable",
    "sa_notified",
    "incident_notification_submitted",
    "consumer_notice_sent",
    "extortion_payment",
];

/// Clocks that the system itself can know: when it stored the first finding, when it sent.
const SYSTEM_CLOCKS: &[&str] =
    &["times.discovered", "times.sa_notified", "times.incident_notification_submitted", "times.consumer_notice_sent"];

/// The type of a fact, `None` when there is no such fact.
#[must_use]
pub fn fact_kind(name: &str) -> Option<FactKind> {
    if let Some((_, kind)) = FIXED.iter().chain(FOR_NOTICES).find(|(fixed, _)| *fixed == name) {
        return Some(*kind);
    }
    let (family, member) = name.split_once('.')?;
    match family {
        "times" => CLOCKS.contains(&member).then_some(FactKind::Time),
        // People whose residence nobody knows are counted under `unknown`.
        "subjects" => (is_residence(member) || member == "unknown").then_some(FactKind::Count),
        // How many have been told so far.
        "notified" => is_residence(member).then_some(FactKind::Count),
        "narrative" => is_word(member).then_some(FactKind::Text),
        _ => None,
    }
}

/// True for facts that `duty` does not read.
pub(crate) fn is_for_notices(name: &str) -> bool {
    let family = name.split_once('.').map_or(name, |(family, _)| family);
    matches!(family, "narrative" | "notified") || FOR_NOTICES.iter().any(|(fixed, _)| *fixed == name)
}

/// Checks name, type, bounds and who asserts. `now` bounds times of the past.
pub(crate) fn check(fact: &Fact, now: Timestamp) -> Result<FactKind, FactFault> {
    let name = fact.name.as_str();
    let Some(kind) = fact_kind(name) else {
        return Err(FactFault::NoSuchFact { name: name.to_owned(), suggestion: nearest(name) });
    };
    if let (FactKind::Time, Asserter::System(by)) = (kind, &fact.asserted_by)
        && name.starts_with("times.")
        && !SYSTEM_CLOCKS.contains(&name)
    {
        return Err(FactFault::OnlyHuman { name: name.to_owned(), by: by.clone() });
    }
    match &fact.value {
        FactValue::Unknown => Ok(kind),
        FactValue::Range(min, max) => check_range(name, kind, *min, *max),
        FactValue::Known(value) => check_known(name, kind, value, now),
    }
}

fn check_range(name: &str, kind: FactKind, min: u64, max: u64) -> Result<FactKind, FactFault> {
    if kind != FactKind::Count {
        return Err(FactFault::WrongType { name: name.to_owned(), wanted: wanted(kind) });
    }
    if max < min {
        return Err(FactFault::EmptyRange { name: name.to_owned(), min, max });
    }
    Ok(kind)
}

fn check_known(name: &str, kind: FactKind, value: &Value, now: Timestamp) -> Result<FactKind, FactFault> {
    let fits = match kind {
        FactKind::Bool => value.is_boolean(),
        FactKind::Integer | FactKind::Count => value.is_u64(),
        FactKind::Code => value.as_str().is_some_and(is_code),
        FactKind::CodeList => value.as_array().is_some_and(|items| {
            items.len() <= LIST_ITEMS_MAX && items.iter().all(|item| item.as_str().is_some_and(is_code))
        }),
        FactKind::Time => match value.as_str().map(|text| read_time(text, now)) {
            Some(Some(true)) => true,
            Some(Some(false)) => return Err(FactFault::InFuture { name: name.to_owned(), now }),
            Some(None) | None => false,
        },
        FactKind::Text => match value.as_str() {
            Some(text) if TEXT_BYTES_MAX < text.len() => {
                return Err(FactFault::TooLong { name: name.to_owned(), max: TEXT_BYTES_MAX });
            }
            text => text.is_some_and(|text| !text.trim().is_empty()),
        },
    };
    if fits { Ok(kind) } else { Err(FactFault::WrongType { name: name.to_owned(), wanted: wanted(kind) }) }
}

/// `Some(true)` for a time that is not in the future, `None` for no time at all.
fn read_time(text: &str, now: Timestamp) -> Option<bool> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_second() <= now.as_second().saturating_add(FUTURE_SECONDS_MAX));
    }
    if 10 < text.len() {
        return None;
    }
    let date: civil::Date = text.parse().ok()?;
    // Somewhere on Earth it may already be tomorrow (UTC+14).
    let latest = now.checked_add(jiff::SignedDuration::from_hours(14)).unwrap_or(now);
    Some(date <= latest.to_zoned(jiff::tz::TimeZone::UTC).date())
}

fn wanted(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Bool => "true or false",
        FactKind::Code => "a short code",
        FactKind::CodeList => "a list of short codes",
        FactKind::Integer => "a whole number, zero or more",
        FactKind::Count => "a whole number, a range [min, max] or unknown",
        FactKind::Time => "an instant with offset (2026-03-02T10:00:00+01:00) or a date (2026-03-02)",
        FactKind::Text => "a text that is not empty",
    }
}

fn is_code(text: &str) -> bool {
    let length = text.chars().count();
    0 < length && length <= CODE_CHARS_MAX && !text.chars().any(char::is_control)
}

/// ISO 3166 alpha-2, with a subdivision for states: `DE`, `US-CA`.
fn is_residence(code: &str) -> bool {
    let (country, subdivision) = code.split_once('-').map_or((code, None), |(left, right)| (left, Some(right)));
    let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && subdivision.is_none_or(|part| (1..=3).contains(&part.len()) && upper(part))
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= CODE_CHARS_MAX
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The known name with the fewest edits, when it is close enough to be what was meant.
fn nearest(name: &str) -> Option<String> {
    let all = FIXED
        .iter()
        .chain(FOR_NOTICES)
        .map(|(fixed, _)| (*fixed).to_owned())
        .chain(CLOCKS.iter().map(|clock| format!("times.{clock}")));
    let wanted: Vec<char> = name.chars().take(CODE_CHARS_MAX).collect();
    let (edits, near) = all.map(|known| (distance(&wanted, &known), known)).min()?;
    (edits <= 3).then_some(near)
}

fn distance(left: &[char], right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_char) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, right_char) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(left_char != right_char);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
