//! One actor behind roles, sessions, keys, machines, addresses and accounts: a finding is followed to who stands behind it.
//!
//! After detection and before `incident`, which only compares keys. What events tell of entities (`ocsf::Link`) is a table of
//! the lake; here it is asked for the entities of a batch's findings, a few steps back. Nothing is kept between batches, so
//! a restart changes nothing. Names are the sender's word: what anybody can choose never makes two actors one.

mod addresses;
mod links;
mod names;
mod same_events;

use std::collections::BTreeSet;

use jiff::Timestamp;
use lake::Lake;
use ocsf::{ChainStep, Event, Finding};

use crate::config::Config;
use crate::exit::Failure;
use addresses::Addresses;
use links::Links;
use names::Names;

/// Steps from a finding to who stands behind it: person → role → role of another account → machine → interface.
const DEPTH_MAX: usize = 4;
/// Links one finding shows.
const CHAIN_MAX: usize = 16;
/// Group keys and linked keys that are added to one finding.
const KEYS_ADDED_MAX: usize = 16;

/// The links that the events of a batch tell, as rows.
pub(crate) fn link_rows<'e>(events: impl Iterator<Item = &'e Event>, tenant: &str, source: &str) -> Vec<lake::LinkRow> {
    let row = |event: &Event, link: &ocsf::Link| lake::LinkRow {
        tenant: tenant.to_owned(),
        source: source.to_owned(),
        time_us: event.time.as_microsecond(),
        event_uid: event.uid().to_owned(),
        from: link.from.clone(),
        to: link.to.clone(),
        kind: link.kind.as_str().to_owned(),
    };
    events.flat_map(|event| event.links.iter().map(move |link| row(event, link))).collect()
}

/// Gives each finding the keys of who stands behind it, and the links that lead there. The links of its batch are in the
/// lake already.
pub(crate) async fn resolve(lake: &Lake, config: &Config, findings: &mut [Finding]) -> Result<(), Failure> {
    if findings.is_empty() {
        return Ok(());
    }
    let links = links_of(lake, findings).await?;
    let addresses = Addresses::read(lake, config, findings).await?;
    let names = Names::new(&config.entities);
    for finding in &mut *findings {
        let mut behind = follow(&links, &names, finding);
        behind.own.extend(addresses.keys(finding));
        let known: BTreeSet<String> = finding.group_keys.iter().cloned().collect();
        let own = behind.own.difference(&known).take(KEYS_ADDED_MAX).cloned();
        // Before the finding's own: of very many keys only the first count.
        finding.group_keys = own.chain(finding.group_keys.iter().cloned()).collect();
        let linked = behind.linked.iter().filter(|key| !known.contains(*key) && !behind.own.contains(*key));
        finding.linked_keys.extend(linked.take(KEYS_ADDED_MAX).cloned());
        finding.chain = behind.chain;
    }
    same_events::share(lake, findings).await
}

/// Those findings that are followed through one of these entities.
pub(crate) async fn led_through(
    lake: &Lake,
    config: &Config,
    mut findings: Vec<Finding>,
    entities: &BTreeSet<&String>,
) -> Result<Vec<Finding>, Failure> {
    let (links, names) = (links_of(lake, &findings).await?, Names::new(&config.entities));
    findings.retain(|finding| follow(&links, &names, finding).chain.iter().any(|step| entities.contains(&step.to)));
    Ok(findings)
}

/// What stands behind the entities of these findings.
async fn links_of(lake: &Lake, findings: &[Finding]) -> Result<Links, Failure> {
    let times = || findings.iter().map(|finding| finding.time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(Links::default()) };
    let entities = findings.iter().flat_map(|finding| finding.group_keys.iter().filter_map(|key| entity_of(key)));
    Links::read(lake, entities.map(str::to_owned).collect(), (first, last)).await
}

/// What stands behind a finding.
#[derive(Debug, Default)]
struct Behind {
    /// Keys of the same actor.
    own: BTreeSet<String>,
    /// Keys of what it has to do with.
    linked: BTreeSet<String>,
    chain: Vec<ChainStep>,
}

fn follow(links: &Links, names: &Names, finding: &Finding) -> Behind {
    let mut behind = Behind::default();
    let mut now: Vec<String> = finding.group_keys.iter().filter_map(|key| entity_of(key)).map(str::to_owned).collect();
    let mut seen: BTreeSet<String> = now.iter().cloned().collect();
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for entity in &now {
            behind.own.extend(names.same_actor(entity));
            behind.linked.extend(names.linked(entity));
            for (step, is_same_actor) in links.behind(entity, finding.time) {
                let key = group_key(&step.from);
                if is_same_actor {
                    behind.own.insert(key);
                    if seen.insert(step.from.clone()) {
                        next.push(step.from.clone());
                    }
                } else {
                    behind.linked.insert(key);
                }
                behind.note(step);
            }
        }
        now = next;
    }
    behind.chain.sort();
    behind
}

impl Behind {
    fn note(&mut self, step: ChainStep) {
        if self.chain.len() < CHAIN_MAX && !self.chain.contains(&step) {
            self.chain.push(step);
        }
    }
}

/// The entity that a group key names.
fn entity_of(key: &str) -> Option<&str> {
    key.strip_prefix("actor:").or_else(|| key.strip_prefix("resource:"))
}

/// An entity as findings name it when they group by it: machines and security groups are resources, all else acts.
fn group_key(entity: &str) -> String {
    let is_resource = names::is_machine(entity) || entity.starts_with("sg-");
    format!("{}:{entity}", if is_resource { "resource" } else { "actor" })
}

/// A time some hours before another; the earliest there is when there is none.
fn hours_before(time: Timestamp, hours: i64) -> Timestamp {
    time.checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN)
}

fn hours_after(time: Timestamp, hours: i64) -> Timestamp {
    time.checked_add(jiff::SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
}
