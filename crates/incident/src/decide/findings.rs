//! Findings into incidents: join an open one, open a new one, or (below the threshold) attach or stay alone.
//!
//! A batch is decided in two passes, severe findings first, so that a mild finding joins what a severe one of the same
//! batch opens, whatever their order. A mild finding attaches and connects nothing further: its keys do not group and it
//! links nothing. Otherwise noise would chain cases together, and deciding a batch again could find more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ocsf::{Anomaly, ChainStep, Finding};
use serde_json::{Value, json};

use super::people::link_event;
use crate::apply::{Line, apply_event};
use crate::command::Refusal;
use crate::entry::{Entry, Event, Joined, KeySeen, LinkReason, Opened, Origin, Seen, SignalSeen};
use crate::grouping::{Fit, dedup_key, fits, incident_id, kept_keys, sought_keys};
use crate::state::State;

/// Bounds of one `incident.joined` entry, so that it stays below 64 KiB: 300 × 35 B of uids, 100 × 110 B of keys,
/// 40 × 600 B of signals.
const FINDINGS_PER_ENTRY_MAX: usize = 300;
const KEYS_PER_ENTRY_MAX: usize = 100;
const SIGNALS_PER_ENTRY_MAX: usize = 40;
/// The longest rule id or title kept in an entry, in characters.
const LABEL_CHARS_MAX: usize = 120;
/// Links that one finding may make: an office address can stand in a hundred closed cases, and the newest say enough.
const LINKS_PER_FINDING_MAX: usize = 5;
/// Names kept in a body; the lake has them all.
const NAMES_PER_BODY_MAX: usize = 20;
const NAME_CHARS_MAX: usize = 300;

pub(super) fn decide(
    state: &State,
    batch: &[Finding],
    held_back: &[Finding],
    now: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let mut work = Work::new(state, batch, held_back, now);
    let threshold = state.config.open_at;
    for finding in work.fresh(batch) {
        if threshold <= finding.severity {
            work.join_or_open(finding)?;
        }
    }
    for finding in work.fresh(batch) {
        if finding.severity < threshold {
            work.join_if_open(finding)?;
        }
    }
    for finding in work.fresh(held_back) {
        work.join_if_open(finding)?;
    }
    Ok(work.into_entries())
}

/// Gives the homes of findings the keys that were learned since, and links them to other open incidents that fit by these.
pub(super) fn relate(state: &State, findings: &[Finding], now: Timestamp) -> Result<Vec<Entry>, Refusal> {
    let mut work = Work::new(state, findings, &[], now);
    for finding in findings.iter().filter(|finding| state.config.open_at <= finding.severity) {
        let home = state.findings.get(&finding.uid).and_then(|record| record.incident.clone());
        let Some(home) = home.filter(|home| state.incidents.get(home).is_some_and(|it| it.closed.is_none())) else {
            continue;
        };
        let keys = sought_keys(&state.config, finding);
        let others: Vec<String> = fits(&work.state, finding, &keys)
            .into_iter()
            .filter(|(incident, fit)| *fit == Fit::Joins && incident.id != home)
            .map(|(incident, _)| incident.id.clone())
            .collect();
        work.hold(state, &home);
        work.learn(&home, finding)?;
        for other in others.iter().rev().take(LINKS_PER_FINDING_MAX) {
            work.link(&home, other, LinkReason::SharedFinding, &finding.uid)?;
        }
    }
    Ok(work.into_entries())
}

/// The decision in the making: a small copy of the state that moves with it, and what was decided.
struct Work<'batch> {
    state: State,
    now: Timestamp,
    opened_or_linked: Vec<Entry>,
    joins: BTreeMap<String, Vec<&'batch Finding>>,
    order: Vec<String>,
    /// Uids of findings that only attach, however grave they say they are.
    held_back: BTreeSet<&'batch str>,
}

impl<'batch> Work<'batch> {
    fn new(state: &State, batch: &'batch [Finding], held_back: &'batch [Finding], now: Timestamp) -> Self {
        let all = || batch.iter().chain(held_back);
        let keys = all().flat_map(|finding| sought_keys(&state.config, finding)).collect();
        let uids = all().map(|finding| finding.uid.clone()).collect();
        let tenants = all().map(|finding| finding.tenant.clone()).collect();
        Self {
            state: state.slice(&keys, &uids, &tenants),
            now,
            opened_or_linked: Vec::new(),
            joins: BTreeMap::new(),
            order: Vec::new(),
            held_back: held_back.iter().map(|finding| finding.uid.as_str()).collect(),
        }
    }

    /// Has an incident in the working copy although no key led to it.
    fn hold(&mut self, state: &State, id: &str) {
        if let (false, Some(incident)) = (self.state.incidents.contains_key(id), state.incidents.get(id)) {
            self.state.incidents.insert(id.to_owned(), incident.clone());
        }
    }

    /// The incident gets the keys of the finding that it does not have.
    fn learn(&mut self, home: &str, finding: &Finding) -> Result<(), Refusal> {
        let held =
            |key: &String| self.state.incidents.get(home).is_some_and(|incident| incident.keys.contains_key(key));
        let (first, last) = (finding.time, finding.time);
        let keys = kept_keys(&self.state.config, finding).into_iter().filter(|key| !held(key));
        let keys: Vec<KeySeen> = keys.map(|key| KeySeen { key, first, last }).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let seen = Seen { findings: Vec::new(), keys, signals: Vec::new(), ..seen(&self.state, &[finding], |_| false) };
        let event = Event::Joined(Joined { incident: home.to_owned(), seen });
        self.opened_or_linked.push(event.to_parts(self.now, body(&[finding])));
        self.advance(event)
    }

    /// Findings that no incident has yet, by event time: the order of arrival must not matter.
    fn fresh(&self, batch: &'batch [Finding]) -> Vec<&'batch Finding> {
        let known = |uid: &str| self.state.findings.get(uid).is_some_and(|record| record.incident.is_some());
        let mut list: Vec<&Finding> = batch.iter().filter(|finding| !known(&finding.uid)).collect();
        list.sort_by(|left, right| (left.time, &left.uid).cmp(&(right.time, &right.uid)));
        let mut seen = BTreeSet::new();
        list.retain(|finding| seen.insert(finding.uid.as_str()));
        list
    }

    fn join_or_open(&mut self, finding: &'batch Finding) -> Result<(), Refusal> {
        if !self.join_if_open(finding)? {
            self.open(finding)?;
        }
        Ok(())
    }

    /// Joins the oldest open incident that fits and links the others to it. False when none fits.
    fn join_if_open(&mut self, finding: &'batch Finding) -> Result<bool, Refusal> {
        let keys = sought_keys(&self.state.config, finding);
        let found = fits(&self.state, finding, &keys);
        let open: Vec<String> =
            found.iter().filter(|(_, fit)| *fit == Fit::Joins).map(|(incident, _)| incident.id.clone()).collect();
        let Some(home) = open.first() else { return Ok(false) };
        let joined = Joined { incident: home.clone(), seen: self.seen(&[finding]) };
        self.advance(Event::Joined(joined))?;
        if !self.joins.contains_key(home) {
            self.order.push(home.clone());
        }
        self.joins.entry(home.clone()).or_default().push(finding);
        let links = self.connects(finding);
        for other in open.iter().skip(1).rev().take(LINKS_PER_FINDING_MAX).filter(|_| links) {
            self.link(home, other, LinkReason::SharedFinding, &finding.uid)?;
        }
        Ok(true)
    }

    fn open(&mut self, finding: &'batch Finding) -> Result<(), Refusal> {
        let keys = sought_keys(&self.state.config, finding);
        let before: Vec<(String, Fit)> =
            fits(&self.state, finding, &keys).into_iter().map(|(incident, fit)| (incident.id.clone(), fit)).collect();
        let incident = incident_id(finding);
        let event = Opened {
            incident: incident.clone(),
            tenant: finding.tenant.clone(),
            number: self.state.next_number.get(&finding.tenant).copied().unwrap_or(1),
            title: label(&finding.rule.title),
            origin: Origin::Finding,
            seen: self.seen(&[finding]),
        };
        let event = Event::Opened(event);
        self.opened_or_linked.push(event.to_parts(self.now, body(&[finding])));
        self.advance(event)?;
        for (other, fit) in before.into_iter().rev().take(LINKS_PER_FINDING_MAX) {
            let reason = if fit == Fit::TooLong { LinkReason::Continuation } else { LinkReason::Recurrence };
            self.link(&incident, &other, reason, &finding.uid)?;
        }
        Ok(())
    }

    fn link(&mut self, incident: &str, other: &str, reason: LinkReason, uid: &str) -> Result<(), Refusal> {
        let Some(held) = self.state.incidents.get(incident) else { return Ok(()) };
        let Some(event) = link_event(held, other, reason, uid.to_owned()) else { return Ok(()) };
        self.opened_or_linked.push(event.to_parts(self.now, None));
        self.advance(event)?;
        Ok(())
    }

    /// Only a finding that may open an incident connects: its keys group, and it links.
    fn connects(&self, finding: &Finding) -> bool {
        self.state.config.open_at <= finding.severity && !self.held_back.contains(finding.uid.as_str())
    }

    fn seen(&self, findings: &[&Finding]) -> Seen {
        seen(&self.state, findings, |finding| self.connects(finding))
    }

    /// The working copy moves by the same code as the real state, so the two cannot disagree.
    fn advance(&mut self, event: Event) -> Result<(), Refusal> {
        let line = Line { id: "", at: self.now };
        apply_event(&mut self.state, line, event).map_err(|error| Refusal::Inconsistent(error.to_string()))
    }

    /// Openings and links as they came, then one `incident.joined` per incident (in pieces when it would be too large).
    fn into_entries(mut self) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut self.opened_or_linked);
        for incident in &self.order {
            let findings = self.joins.get(incident).map(Vec::as_slice).unwrap_or_default();
            for piece in pieces(&self.state, findings) {
                let event = Joined { incident: incident.clone(), seen: self.seen(&piece) };
                entries.push(Event::Joined(event).to_parts(self.now, body(&piece)));
            }
        }
        entries
    }
}

/// Cuts a list of findings so that each piece fits into one entry.
fn pieces<'batch>(state: &State, findings: &[&'batch Finding]) -> Vec<Vec<&'batch Finding>> {
    let mut list: Vec<Vec<&Finding>> = Vec::new();
    let (mut keys, mut signals) = (BTreeSet::new(), BTreeSet::new());
    for finding in findings {
        keys.extend(kept_keys(&state.config, finding));
        signals.insert(dedup_key(&state.config, finding));
        let full = list.last().is_none_or(|piece| {
            FINDINGS_PER_ENTRY_MAX <= piece.len()
                || KEYS_PER_ENTRY_MAX < keys.len()
                || SIGNALS_PER_ENTRY_MAX < signals.len()
        });
        if full {
            list.push(Vec::new());
            keys = kept_keys(&state.config, finding);
            signals = BTreeSet::from([dedup_key(&state.config, finding)]);
        }
        if let Some(piece) = list.last_mut() {
            piece.push(finding);
        }
    }
    list
}

/// What these findings bring, summed up. INVARIANT: not empty; callers pass at least one finding.
fn seen(state: &State, findings: &[&Finding], connects: impl Fn(&Finding) -> bool) -> Seen {
    let mut keys: BTreeMap<String, (Timestamp, Timestamp)> = BTreeMap::new();
    let mut signals: BTreeMap<String, SignalSeen> = BTreeMap::new();
    for finding in findings {
        let groups = connects(finding);
        for key in kept_keys(&state.config, finding).into_iter().filter(|_| groups) {
            let span = keys.entry(key).or_insert((finding.time, finding.time));
            *span = (span.0.min(finding.time), span.1.max(finding.time));
        }
        let dedup = dedup_key(&state.config, finding);
        let signal = signals.entry(dedup.clone()).or_insert_with(|| signal_of(dedup, finding));
        signal.count += 1;
        signal.severity = signal.severity.max(finding.severity);
        signal.first = signal.first.min(finding.time);
        signal.last = signal.last.max(finding.time);
    }
    let times = || findings.iter().map(|finding| finding.time);
    Seen {
        findings: findings.iter().map(|finding| finding.uid.clone()).collect(),
        severity: findings.iter().map(|finding| finding.severity).max().unwrap_or(ocsf::Severity::Unknown),
        confidence: findings.iter().map(|finding| finding.confidence).max(),
        first_event: times().min().unwrap_or(Timestamp::MAX),
        last_event: times().max().unwrap_or(Timestamp::MIN),
        discovered: findings.iter().map(|finding| finding.discovered).min().unwrap_or(Timestamp::MAX),
        keys: keys.into_iter().map(|(key, (first, last))| KeySeen { key, first, last }).collect(),
        signals: signals.into_values().collect(),
    }
}

fn signal_of(dedup: String, finding: &Finding) -> SignalSeen {
    SignalSeen {
        dedup,
        rule_id: label(&finding.rule.id),
        rule_title: label(&finding.rule.title),
        surface: label(&finding.rule.surface),
        severity: finding.severity,
        count: 0,
        first: finding.time,
        last: finding.time,
    }
}

/// Who and what, for the reader of the timeline; personal, so it goes to the encrypted part.
fn body(findings: &[&Finding]) -> Option<Value> {
    let cut = |name: &str| name.chars().take(NAME_CHARS_MAX).collect::<String>();
    let actors: BTreeSet<String> = findings.iter().filter_map(|finding| finding.actor.as_deref()).map(cut).collect();
    let resources: BTreeSet<String> =
        findings.iter().flat_map(|finding| &finding.resources).map(|name| cut(name)).collect();
    let short = |step: &ChainStep| ChainStep {
        from: cut(&step.from),
        to: cut(&step.to),
        event_uid: cut(&step.event_uid),
        ..step.clone()
    };
    let chain: BTreeSet<ChainStep> = findings.iter().flat_map(|finding| &finding.chain).map(short).collect();
    let unusual: BTreeSet<String> = findings.iter().filter_map(|finding| finding.anomaly.as_ref()).map(said).collect();
    if actors.is_empty() && resources.is_empty() && unusual.is_empty() {
        return None;
    }
    let some = |names: &BTreeSet<String>| names.iter().take(NAMES_PER_BODY_MAX).cloned().collect::<Vec<_>>();
    Some(json!({
        "actors": some(&actors),
        "actors_in_all": actors.len(),
        "resources": some(&resources),
        "resources_in_all": resources.len(),
        "chain": chain.iter().take(NAMES_PER_BODY_MAX).collect::<Vec<_>>(),
        "chain_in_all": chain.len(),
        "unusual": some(&unusual),
        "unusual_in_all": unusual.len(),
    }))
}

/// What a baseline saw and expected, with whose normal it is.
fn said(anomaly: &Anomaly) -> String {
    format!("{}: {}", anomaly.entity, anomaly.text).chars().take(NAME_CHARS_MAX).collect()
}

fn label(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LABEL_CHARS_MAX).collect()
}
