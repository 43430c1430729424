//! Thirty thousand findings through decide and apply: the rate is printed, the sums are judged.

mod common;

use std::time::Instant;

use common::{finding, hour};
use incident::{Command, State, apply, decide};
use ocsf::Severity;

#[test]
fn thirty_thousand_findings_all_have_a_home() {
    let begun = Instant::now();
    let mut state = State::default();
    let mut entries = 0;
    for batch in 0..30_i64 {
        let list: Vec<_> = (0..1000_i64)
            .map(|number| {
                let user = format!("user-{}", (batch * 7 + number) % 500);
                finding(&format!("{batch}-{number}"), hour(batch), Severity::High, &[user.as_str()])
            })
            .collect();
        for entry in decide(&state, Command::Findings(list), hour(batch)).unwrap() {
            apply(&mut state, &entry).unwrap();
            entries += 1;
        }
    }
    println!("30000 findings, {} incidents, {entries} entries in {:?}", state.incidents.len(), begun.elapsed());
    let counted: u64 = state.incidents.values().map(|incident| incident.finding_count).sum();
    assert_eq!((counted, state.findings.len()), (30_000, 30_000));
    assert_eq!(state.incidents.len(), 500, "one for each user");
}
