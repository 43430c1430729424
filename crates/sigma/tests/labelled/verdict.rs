//! Holds labelled cases against the rules that should answer them: counts, prints the table and every miss, and
//! collects the faults of the labels themselves. What is expected stands in the data files beside this one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use sigma::Level;

use crate::bench::{Bench, Placeholders, WAKING};
use crate::shapes::Log;

/// How the reason begins where we should answer and have nothing to answer with.
const GAP: &str = "gap: ";

/// What we say about another project's rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    /// Values beyond those that the rules' own examples use, where the samples take something for their own.
    #[serde(default)]
    pub(crate) placeholders: Placeholders,
    /// Their rule → ours, of which one at least must answer. An empty list is a gap: in scope, and no rule of ours.
    rules: BTreeMap<String, Vec<String>>,
    /// Their rule → why ours need not answer.
    out_of_scope: BTreeMap<String, String>,
    /// `their rule / test` → why this case is answered otherwise than the label says.
    #[serde(default)]
    explained: BTreeMap<String, String>,
}

pub(crate) struct Case {
    pub(crate) log: Log,
    pub(crate) theirs: String,
    pub(crate) name: String,
    pub(crate) expected: bool,
    pub(crate) event: Value,
}

#[derive(Default)]
struct Tally {
    rules: BTreeSet<String>,
    found: usize,
    /// Of those found, at a level that opens an incident.
    waking: usize,
    missed: usize,
    fired: usize,
    quiet: usize,
}

/// Prints what there is to see and returns what is wrong.
pub(crate) fn judge(labels: &Labels, bench: &Bench, cases: &[Case]) -> Vec<String> {
    let mut faults = unknown_names(labels, bench, cases);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let (mut matcher, mut unjudged, mut gaps) = (bench.matcher(), 0, 0);
    for case in cases {
        let Some(ours) = labels.rules.get(&case.theirs) else {
            unjudged += 1;
            if !labels.out_of_scope.contains_key(&case.theirs) {
                faults.push(format!("`{}` is neither in scope nor out of it", case.theirs));
            }
            continue;
        };
        let matching = bench.matching(&mut matcher, case.log.source, &case.event);
        let answer = bench.answered(ours, &matching);
        tallies.entry(case.log.name).or_default().count(case, answer);
        if answer.is_some() == case.expected {
            continue;
        }
        let key = format!("{} / {}", case.theirs, case.name);
        let explained = labels.explained.get_key_value(&key);
        let kind = if case.expected { "missed" } else { "fired " };
        let reason = explained.map_or("UNEXPLAINED", |(_, reason)| reason.as_str());
        gaps += usize::from(reason.starts_with(GAP));
        println!("{kind}  {key}: {reason}  [{}]", bench.stems(&matching));
        match explained {
            Some((key, _)) => drop(used.insert(key)),
            None => faults.push(format!("{kind} without a reason: `{key}`")),
        }
    }
    for idle in labels.explained.keys().filter(|key| !used.contains(key.as_str())) {
        faults.push(format!("explained, but answered as labelled: `{idle}`"));
    }
    print(&tallies);
    println!("{gaps} missed cases are gaps of ours, the others are judged otherwise for the reasons above");
    println!("{unjudged} cases of {} rules are out of scope", labels.out_of_scope.len());
    faults.sort();
    faults.dedup();
    faults
}

fn unknown_names(labels: &Labels, bench: &Bench, cases: &[Case]) -> Vec<String> {
    let theirs: BTreeSet<&str> = cases.iter().map(|case| case.theirs.as_str()).collect();
    let ours = labels.rules.values().flatten().filter(|name| !bench.knows(name));
    let mut faults: Vec<String> = ours.map(|name| format!("no rule of ours is called `{name}`")).collect();
    let labelled = labels.rules.keys().chain(labels.out_of_scope.keys());
    faults
        .extend(labelled.filter(|name| !theirs.contains(name.as_str())).map(|name| format!("no case is of `{name}`")));
    let twice = labels.rules.keys().filter(|name| labels.out_of_scope.contains_key(*name));
    faults.extend(twice.map(|name| format!("`{name}` is in scope and out of it")));
    faults
}

impl Tally {
    fn count(&mut self, case: &Case, answer: Option<Level>) {
        self.rules.insert(case.theirs.clone());
        let counted = match (case.expected, answer.is_some()) {
            (true, true) => &mut self.found,
            (true, false) => &mut self.missed,
            (false, true) => &mut self.fired,
            (false, false) => &mut self.quiet,
        };
        *counted += 1;
        self.waking += usize::from(case.expected && answer.is_some_and(|level| WAKING <= level));
    }
}

fn print(tallies: &BTreeMap<&str, Tally>) {
    println!("log                              rules  true  found  waking  false  quiet  precision  recall");
    let mut total = Tally::default();
    for (name, tally) in tallies {
        row(name, tally);
        total.rules.extend(tally.rules.iter().cloned());
        total.found += tally.found;
        total.waking += tally.waking;
        total.missed += tally.missed;
        total.fired += tally.fired;
        total.quiet += tally.quiet;
    }
    row("all", &total);
}

fn row(name: &str, Tally { rules, found, waking, missed, fired, quiet }: &Tally) {
    let (truths, falsehoods) = (found + missed, fired + quiet);
    let (precision, recall) = (share(*found, found + fired), share(*found, truths));
    let rules = rules.len();
    println!(
        "{name:<32} {rules:>5} {truths:>5} {found:>6} {waking:>7} {falsehoods:>6} {quiet:>6} {precision:>10} {recall:>7}"
    );
}

/// In tenths of a percent, rounded.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = (part * 2000 / whole).div_ceil(2);
    format!("{}.{}%", tenths / 10, tenths % 10)
}
