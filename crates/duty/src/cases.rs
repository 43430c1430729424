//! Runs the worked cases inside the regime files: facts, and the answer a person computed by hand.
//!
//! A regime without cases proves nothing; the list says so.

use jiff::Timestamp;

use crate::answer::{Answer, Obligation};
use crate::facts::Facts;
use crate::law::Law;
use crate::regime::{ExpectedDue, WorkedCase};

/// One worked case, and every way in which the engine disagreed with it.
#[derive(Debug, Clone)]
pub struct CaseOutcome {
    pub regime: String,
    pub title: String,
    /// Empty when the case holds.
    pub faults: Vec<String>,
}

impl CaseOutcome {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

/// A case that names no moment is asked long after: every grace has run out.
const LONG_AFTER: &str = "2100-01-01T00:00:00Z";

/// Runs every worked case of every loaded regime. A regime with rules and no case is a fault of its own.
#[must_use]
pub fn check_cases(law: &Law) -> Vec<CaseOutcome> {
    let mut outcomes = Vec::new();
    for regime in law.regimes() {
        if regime.file.case.is_empty() && !regime.file.rule.is_empty() {
            let faults = vec!["has rules and no worked case".to_owned()];
            outcomes.push(CaseOutcome { regime: regime.name.clone(), title: "(none)".to_owned(), faults });
        }
        for case in &regime.file.case {
            let faults = check(law, case).unwrap_or_else(|fault| vec![fault]);
            outcomes.push(CaseOutcome { regime: regime.name.clone(), title: case.title.clone(), faults });
        }
    }
    outcomes
}

fn check(law: &Law, case: &WorkedCase) -> Result<Vec<String>, String> {
    let facts = serde_json::to_value(&case.facts).map_err(|error| error.to_string())?;
    let facts = Facts::from_value(serde_json::json!({ "facts": facts })).map_err(|error| error.to_string())?;
    let as_of = case.as_of.as_deref().unwrap_or(LONG_AFTER);
    let as_of: Timestamp = as_of.parse().map_err(|_| format!("as_of `{as_of}` is no instant"))?;
    let answer = law.evaluate(&facts, as_of);
    let mut faults: Vec<String> = case.required.iter().filter_map(|expected| check_due(&answer, expected)).collect();
    let lists = lists(&answer);
    let expected = [
        (&case.suspended, "suspended"),
        (&case.not_required, "not_required"),
        (&case.pending, "pending"),
        (&case.review, "review"),
        (&case.not_in_force, "not_in_force"),
        (&case.satisfied, "satisfied"),
    ];
    for (rules, state) in expected {
        faults.extend(rules.iter().filter_map(|rule| {
            let there = lists.iter().any(|(list, id)| *list == state && id == rule);
            (!there).then(|| format!("{rule}: expected {state}, found {}", found(&lists, rule)))
        }));
    }
    let not_silent = case.silent.iter().filter(|rule| lists.iter().any(|(_, id)| id == *rule));
    faults.extend(not_silent.map(|rule| format!("{rule}: expected no answer, found {}", found(&lists, rule))));
    Ok(faults)
}

fn check_due(answer: &Answer, expected: &ExpectedDue) -> Option<String> {
    let candidates: Vec<&Obligation> = answer.required.iter().filter(|owed| owed.rule_id == expected.rule).collect();
    if candidates.iter().any(|owed| agrees(owed, expected)) {
        return None;
    }
    let found = candidates.first().map_or_else(
        || format!("found {}", self::found(&lists(answer), &expected.rule)),
        |owed| {
            format!(
                "found {} {} {} {:?}",
                owed.recipient,
                owed.due_by.as_deref().unwrap_or("no date"),
                owed.due_kind,
                owed.standard
            )
        },
    );
    let date = expected.due_by.as_deref().unwrap_or("no date");
    Some(format!("{}: expected {} {date}, {found}", expected.rule, expected.recipient.as_deref().unwrap_or("required")))
}

fn agrees(owed: &Obligation, expected: &ExpectedDue) -> bool {
    let same = |expected: &Option<String>, held: Option<&str>| {
        expected.as_ref().is_none_or(|expected| Some(expected.as_str()) == held)
    };
    expected.due_by.as_deref() == owed.due_by.as_deref()
        && same(&expected.recipient, Some(&owed.recipient))
        && same(&expected.jurisdiction, Some(&owed.jurisdiction))
        && same(&expected.due_kind, Some(owed.due_kind))
        && same(&expected.standard, owed.standard.as_deref())
        && same(&expected.alt_due_by, owed.alt_due_by.as_deref())
}

fn lists(answer: &Answer) -> Vec<(&'static str, String)> {
    let mut lists = Vec::new();
    lists.extend(answer.required.iter().map(|owed| ("required", owed.rule_id.clone())));
    lists.extend(answer.suspended.iter().map(|owed| ("suspended", owed.rule_id.clone())));
    lists.extend(answer.satisfied.iter().map(|owed| ("satisfied", owed.rule_id.clone())));
    lists.extend(answer.not_required.iter().map(|not| ("not_required", not.rule_id.clone())));
    lists.extend(answer.pending.iter().map(|pending| ("pending", pending.rule_id.clone())));
    lists.extend(answer.review.iter().map(|review| ("review", review.rule_id.clone())));
    lists.extend(answer.not_in_force.iter().map(|absent| ("not_in_force", absent.rule_id.clone())));
    lists
}

fn found(lists: &[(&'static str, String)], rule: &str) -> String {
    let states: Vec<&str> = lists.iter().filter(|(_, id)| id == rule).map(|(list, _)| *list).collect();
    if states.is_empty() { "no answer".to_owned() } else { states.join(", ") }
}
