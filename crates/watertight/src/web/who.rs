//! Who stands behind an incident, as the bodies of its entries tell: names, and the links that lead from one to the next.
//!
//! Shown on the incident page alone. Once the incident's key is destroyed, there is nothing to show but that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{WebError, shown};
use crate::store::{Body, Store, Stored};

/// Entries whose bodies are opened for one page.
const BODIES_READ_MAX: usize = 100;
/// Names shown; the timeline on the command line has them all.
const NAMES_SHOWN_MAX: usize = 20;

/// What the page shows of it.
#[derive(Debug, Default)]
pub(super) struct Who {
    pub(super) actors: Vec<String>,
    pub(super) chain: Vec<Step>,
    /// What was unusual, in the words of the baselines.
    pub(super) unusual: Vec<String>,
    pub(super) erased: bool,
}

/// One link: `from` stands behind `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: String,
    pub(super) from: String,
    pub(super) how: &'static str,
    pub(super) to: String,
    pub(super) event: String,
}

pub(super) async fn read(store: &Store, entries: &[Stored]) -> Result<Who, WebError> {
    let (mut actors, mut chain, mut unusual) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
    let mut erased = false;
    let telling = entries.iter().filter(|stored| TELLING.contains(&stored.entry.kind.as_str()));
    for stored in telling.take(BODIES_READ_MAX) {
        match store.body(&stored.entry).await? {
            Body::Readable(body) => {
                actors.extend(texts(&body["actors"]));
                unusual.extend(texts(&body["unusual"]));
                chain.extend(body["chain"].as_array().into_iter().flatten().map(|link| (key(link), step(link))));
            }
            Body::Erased(_) => erased = true,
            Body::None => {}
        }
    }
    Ok(Who {
        actors: actors.into_iter().take(NAMES_SHOWN_MAX).collect(),
        chain: chain.into_values().take(NAMES_SHOWN_MAX).collect(),
        unusual: unusual.into_iter().take(NAMES_SHOWN_MAX).collect(),
        erased,
    })
}

/// The kinds of entries whose bodies name actors.
const TELLING: &[&str] = &["incident.opened", "incident.joined"];

fn texts(list: &Value) -> impl Iterator<Item = String> + '_ {
    list.as_array().into_iter().flatten().map(shown::text)
}

/// In order of time, each link once however many findings it leads from.
fn key(link: &Value) -> (String, String, String) {
    (shown::text(&link["time"]), shown::text(&link["from"]), shown::text(&link["to"]))
}

fn step(link: &Value) -> Step {
    let how = match link["kind"].as_str() {
        Some("assumed") => "took the session",
        Some("runs") => "acts as",
        Some("credentialed") => "made a credential for",
        Some("guards") => "is the filter before",
        _ => "is linked to",
    };
    Step {
        at: shown::time(&link["time"]),
        from: shown::text(&link["from"]),
        how,
        to: shown::text(&link["to"]),
        event: shown::text(&link["event_uid"]),
    }
}
