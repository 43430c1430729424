//! Who or what stands behind many false findings of a rule and behind no true one.
//!
//! Actors and resources can be answered for by a suppression; addresses and programs cannot stand alone there and are only
//! pointed out.

use std::collections::{BTreeMap, BTreeSet};

use ocsf::Finding;
use serde::Serialize;

use crate::backtest::{Label, Labels, Told};

/// Fewer false findings than this may be chance.
const FALSE_MIN: u64 = 3;
/// Proposals for one rule, the widest first.
const PROPOSED_MAX: usize = 10;

/// A value that would keep false findings quiet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Exclusion {
    pub(crate) field: &'static str,
    pub(crate) value: String,
    /// False findings that show it.
    #[serde(rename = "false")]
    pub(crate) wrong: u64,
    /// Findings that nobody has judged and that would be quiet too.
    pub(crate) unlabelled: u64,
    /// What to run, for those that a suppression can name.
    pub(crate) propose: Option<String>,
}

/// What a finding shows that a proposal may name: field and value.
type Shown = (&'static str, String);

/// Values that are counted for one rule; a rule with more has no few causes.
const VALUES_MAX: usize = 100_000;

/// Counts the values behind one rule's findings.
#[derive(Debug)]
pub(crate) struct Exclusions<'l> {
    rule_id: &'l str,
    labels: &'l Labels,
    wrong: BTreeMap<Shown, u64>,
    unlabelled: BTreeMap<Shown, u64>,
    right: BTreeSet<Shown>,
}

impl<'l> Exclusions<'l> {
    pub(crate) fn new(rule_id: &'l str, labels: &'l Labels) -> Self {
        Self { rule_id, labels, wrong: BTreeMap::new(), unlabelled: BTreeMap::new(), right: BTreeSet::new() }
    }

    /// Takes one stored finding of the rule. What a true one shows is never proposed, whenever it was; only of the others it
    /// matters whether they are asked for.
    pub(crate) fn add(&mut self, finding: &Finding, is_asked_for: bool) {
        let count = |counts: &mut BTreeMap<Shown, u64>| {
            for value in shown(finding) {
                if counts.len() < VALUES_MAX || counts.contains_key(&value) {
                    *counts.entry(value).or_default() += 1;
                }
            }
        };
        match self.labels.of(self.rule_id, &told(finding)) {
            // Never cut: a value of a true finding that was forgotten would be proposed.
            Label::True(_) => self.right.extend(shown(finding)),
            _ if !is_asked_for => {}
            Label::False => count(&mut self.wrong),
            Label::Unlabelled => count(&mut self.unlabelled),
        }
    }

    /// The proposals, the widest first.
    pub(crate) fn propose(self) -> Vec<Exclusion> {
        let Self { rule_id, wrong, unlabelled, right, .. } = self;
        let mut found: Vec<Exclusion> = wrong
            .into_iter()
            .filter(|(shown, count)| FALSE_MIN <= *count && !right.contains(shown))
            .map(|(shown, wrong)| Exclusion {
                field: shown.0,
                unlabelled: unlabelled.get(&shown).copied().unwrap_or(0),
                propose: propose(rule_id, shown.0, &shown.1),
                value: shown.1,
                wrong,
            })
            .collect();
        found.sort_by(|a, b| b.wrong.cmp(&a.wrong).then_with(|| (a.field, &a.value).cmp(&(b.field, &b.value))));
        found.truncate(PROPOSED_MAX);
        found
    }
}

/// A resource counts where it is the only one.
fn shown(finding: &Finding) -> BTreeSet<Shown> {
    let mut shown = BTreeSet::new();
    shown.extend(finding.actor.iter().map(|actor| ("actor", actor.clone())));
    if let [resource] = finding.resources.as_slice() {
        shown.insert(("resource", resource.clone()));
    }
    if finding.correlation.is_none() {
        for (name, field) in [("src_endpoint.ip", "src_ip"), ("http_request.user_agent", "user_agent")] {
            let values = finding.observables.iter().filter(|observable| observable.name == name);
            shown.extend(values.map(|observable| (field, observable.value.clone())));
        }
    }
    shown
}

fn told(finding: &Finding) -> Told {
    Told {
        number: 0,
        time: finding.time,
        first: finding.time,
        event_uid: finding.event_uid.clone(),
        event_uids: finding.event_uids.iter().cloned().collect(),
        who: finding.actor.clone().unwrap_or_default(),
        resources: finding.resources.clone(),
    }
}

fn propose(rule_id: &str, field: &str, value: &str) -> Option<String> {
    let option = match field {
        "actor" => "--actor",
        "resource" => "--resource",
        _ => return None,
    };
    let (rule, value) = (shell_quoted(rule_id), shell_quoted(value));
    Some(format!(
        "watertight suppression request --rule {rule} {option} {value} --days 90 --owner OWNER --by YOU --reason WHY"
    ))
}

/// One word for a POSIX shell, whatever it holds: these are values from logs.
fn shell_quoted(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("'{}'", clean.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_quoted;

    #[test]
    fn a_hostile_value_stays_one_word() {
        assert_eq!(shell_quoted("a'; rm -rf / #"), r"'a'\''; rm -rf / #'");
        assert!(!shell_quoted("a\u{1b}[2J\n").contains(['\n', '\u{1b}']));
    }
}
