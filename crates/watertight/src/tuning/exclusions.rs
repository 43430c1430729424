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

/// Proposals for one rule, from its stored findings.
pub(crate) fn exclusions(rule_id: &str, findings: &[Finding], labels: &Labels) -> Vec<Exclusion> {
    let mut wrong: BTreeMap<(&'static str, String), u64> = BTreeMap::new();
    let mut unlabelled = wrong.clone();
    let mut right: BTreeSet<(&'static str, String)> = BTreeSet::new();
    for finding in findings {
        let shown = shown(finding);
        match labels.of(rule_id, &told(finding)) {
            Label::True(_) => right.extend(shown),
            Label::False => shown.into_iter().for_each(|value| *wrong.entry(value).or_default() += 1),
            Label::Unlabelled => shown.into_iter().for_each(|value| *unlabelled.entry(value).or_default() += 1),
        }
    }
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

/// What a finding shows that a proposal may name. A resource counts where it is the only one.
fn shown(finding: &Finding) -> BTreeSet<(&'static str, String)> {
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
