//! One incident: what was seen, what is known, who must be told, and every entry that made it so.

use std::collections::BTreeMap;

use askama::Template as _;
use axum::extract::{Path, State};
use axum::response::Html;
use serde_json::Value;

use super::overview::{Obligation, obligations};
use super::who::{self, Who};
use super::{Page, Site, WebError, shown};
use crate::law::{self, Standing, Unowed};
use crate::store::Stored;

#[derive(askama::Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    number: String,
    title: String,
    severity: String,
    status: String,
    first_event: String,
    last_event: String,
    discovered: String,
    signals: Vec<Signal>,
    who: Who,
    facts: Vec<Fact>,
    obligations: Vec<Obligation>,
    /// What the law could not decide yet.
    questions: Vec<Answer>,
    not_required: Vec<Answer>,
    timeline: Vec<Line>,
}

struct Signal {
    rule: String,
    surface: String,
    severity: String,
    count: String,
    first: String,
    last: String,
}

struct Fact {
    name: String,
    value: String,
    by: String,
}

/// An answer of the law that is no obligation.
struct Answer {
    rule_id: String,
    jurisdiction: String,
    recipient: String,
    because: String,
    citation: String,
    /// When the question counts as a duty, answered or not.
    counts_from: String,
}

struct Line {
    at: String,
    kind: String,
    /// Which fact, rule, notice or message it is about.
    about: String,
    position: u64,
}

pub(super) async fn page(State(site): State<Site>, Path(id): Path<String>) -> Page {
    let document = site.store.document("incident", &id).await?.ok_or(WebError::NotFound)?;
    let duties: Vec<Value> =
        site.store.documents("obligation").await?.into_iter().filter(|duty| duty["incident"] == id.as_str()).collect();
    let numbers = BTreeMap::from([(id.as_str(), &document["number"])]);
    let (not_required, questions) = answers(&site, &id).await?;
    let entries = site.store.entries_about(&id).await?;
    let view = IncidentPage {
        number: shown::text(&document["number"]),
        title: shown::text(&document["title"]),
        severity: shown::text(&document["severity"]),
        status: shown::text(&document["status"]),
        first_event: shown::time(&document["first_event"]),
        last_event: shown::time(&document["last_event"]),
        discovered: shown::time(&document["discovered"]),
        signals: signals(&document),
        who: who::read(&site.store, &entries).await?,
        facts: facts(&document),
        obligations: obligations(&duties, &numbers, site.clock.now()),
        questions,
        not_required,
        timeline: timeline(entries),
    };
    Ok(Html(view.render()?))
}

/// One line a rule and surface, however many windows its repeats fall into.
fn signals(document: &Value) -> Vec<Signal> {
    let mut merged: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
    for signal in document["signals"].as_array().into_iter().flatten() {
        merged.entry((shown::text(&signal["rule_title"]), shown::text(&signal["surface"]))).or_default().push(signal);
    }
    let times = |signals: &[&Value], field: &str| -> Vec<String> {
        let mut times: Vec<String> = signals.iter().map(|signal| shown::text(&signal[field])).collect();
        times.sort();
        times
    };
    let time = |text: Option<String>| shown::time(&Value::String(text.unwrap_or_default()));
    merged
        .into_iter()
        .map(|((rule, surface), signals)| Signal {
            severity: signals.first().map_or_else(String::new, |signal| shown::text(&signal["severity"])),
            count: shown::count(signals.iter().filter_map(|signal| signal["count"].as_u64()).sum()),
            first: time(times(&signals, "first").into_iter().next()),
            last: time(times(&signals, "last").pop()),
            rule,
            surface,
        })
        .collect()
}

fn facts(document: &Value) -> Vec<Fact> {
    let facts = document["facts"].as_object();
    facts
        .into_iter()
        .flatten()
        .map(|(name, fact)| Fact {
            name: name.clone(),
            value: if fact["in_body"] == true { "in the encrypted body".to_owned() } else { value(&fact["value"]) },
            by: format!("said by {}", shown::text(&fact["asserted_by"]["id"])),
        })
        .collect()
}

fn value(value: &Value) -> String {
    match value["is"].as_str() {
        Some("known") => shown::text(&value["value"]),
        Some("range") => format!("between {}", shown::text(&value["value"]).replace(", ", " and ")),
        _ => "not known".to_owned(),
    }
}

/// What the law said no to, and what it left open.
async fn answers(site: &Site, id: &str) -> Result<(Vec<Answer>, Vec<Answer>), WebError> {
    let unowed = law::last_unowed(&site.store, id).await.map_err(|failure| WebError::Inside(failure.message))?;
    let (refused, open): (Vec<Unowed>, Vec<Unowed>) =
        unowed.unwrap_or_default().into_iter().partition(|unowed| unowed.state == Standing::NotRequired);
    let show = |list: Vec<Unowed>| list.into_iter().map(answer).collect();
    Ok((show(refused), show(open)))
}

fn answer(unowed: Unowed) -> Answer {
    let because = unowed.because.join(", ");
    Answer {
        because: if unowed.state == Standing::Pending { format!("not known: {because}") } else { because },
        counts_from: unowed.fail_safe_at.map_or_else(|| "-".to_owned(), |at| shown::time(&Value::String(at))),
        citation: unowed.citation.unwrap_or_default(),
        rule_id: unowed.rule_id,
        jurisdiction: unowed.jurisdiction,
        recipient: unowed.recipient,
    }
}

fn timeline(entries: Vec<Stored>) -> Vec<Line> {
    entries
        .into_iter()
        .map(|stored| Line {
            at: shown::time(&Value::String(stored.entry.at)),
            about: about(&stored.entry.clear),
            kind: stored.entry.kind,
            position: stored.position,
        })
        .collect()
}

/// What an entry is about, in the one or two clear fields that say so.
fn about(clear: &serde_json::Map<String, Value>) -> String {
    let text = |field: &str| clear.get(field).filter(|value| !value.is_null()).map(shown::text);
    let about = ["name", "rule_id", "recipient_id"].iter().find_map(|field| text(field));
    let state = text("state").or_else(|| text("verdict"));
    let state = state.or_else(|| text("subjects").map(|people| format!("{people} people")));
    [about, state].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
