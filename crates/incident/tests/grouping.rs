//! Which finding goes into which incident: windows, thresholds, links, tenants, hostile sizes.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{at, finding, findings, hour, numbered, only, run};
use incident::{Command, Config, LinkReason, State, Verdict};
use jiff::Timestamp;
use ocsf::{Finding, Severity};

const ACTOR: &str = "aws:user:111122223333/alice";

#[test]
fn findings_of_one_actor_within_the_window_are_one_incident() {
    let mut state = State::default();
    let first = findings(&mut state, &[finding("a", hour(0), Severity::High, &[ACTOR])], hour(1));
    assert_eq!(first, ["incident.opened"]);
    // Exactly at the edge joins; one second later does not.
    assert_eq!(
        findings(&mut state, &[finding("b", hour(72), Severity::High, &[ACTOR])], hour(73)),
        ["incident.joined"]
    );
    assert_eq!(only(&state).finding_count, 2);
    let late = at("2026-03-08T00:00:01Z");
    let kinds = findings(&mut state, &[finding("c", late, Severity::High, &[ACTOR])], late);
    assert_eq!(kinds, ["incident.opened"], "72 h and a second after `b`");
}

#[test]
fn late_findings_from_before_join_too_and_move_the_first_event() {
    let mut state = State::default();
    findings(&mut state, &[finding("a", hour(10), Severity::High, &[ACTOR])], hour(10));
    assert_eq!(findings(&mut state, &[finding("b", hour(2), Severity::High, &[ACTOR])], hour(12)), ["incident.joined"]);
    assert_eq!(only(&state).events.first, hour(2));
    assert_eq!(only(&state).discovered, hour(2));
}

#[test]
fn mild_findings_attach_but_never_open_whatever_their_order_in_the_batch() {
    let mut state = State::default();
    assert!(findings(&mut state, &[finding("low", hour(0), Severity::Low, &[ACTOR])], hour(0)).is_empty());
    let batch = [
        finding("info", hour(1), Severity::Informational, &[ACTOR]),
        finding("high", hour(2), Severity::High, &[ACTOR]),
        finding("other", hour(2), Severity::Low, &["ip:203.0.113.9"]),
    ];
    assert_eq!(findings(&mut state, &batch, hour(3)), ["incident.opened", "incident.joined"]);
    assert_eq!(only(&state).finding_count, 2);
    assert!(!state.findings.contains_key("other"), "a lone mild finding is no case");
    assert_eq!(only(&state).severity(), Severity::High);
    // The low one of the first batch joins when somebody hands it in again, because its case exists now.
    assert_eq!(findings(&mut state, &[finding("low", hour(0), Severity::Low, &[ACTOR])], hour(4)), ["incident.joined"]);
}

#[test]
fn deciding_a_batch_again_yields_nothing() {
    let mut state = State::default();
    let batch = [
        finding("low", hour(0), Severity::Low, &["k1"]),
        finding("a", hour(1), Severity::High, &["k2", "k1"]),
        finding("b", hour(2), Severity::Critical, &["k3"]),
        finding("c", hour(3), Severity::Medium, &["k2", "k3"]),
        finding("alone", hour(3), Severity::Low, &["k9"]),
        finding("a", hour(1), Severity::High, &["k2", "k1"]),
    ];
    findings(&mut state, &batch, hour(4));
    let before = state.clone();
    assert!(findings(&mut state, &batch, hour(9)).is_empty());
    assert_eq!(state, before);
}

#[test]
fn one_finding_that_connects_two_incidents_links_and_does_not_merge() {
    let mut state = State::default();
    findings(&mut state, &[finding("a", hour(0), Severity::High, &["user"])], hour(0));
    findings(&mut state, &[finding("b", hour(1), Severity::High, &["bucket"])], hour(1));
    let kinds = findings(&mut state, &[finding("c", hour(2), Severity::High, &["bucket", "user"])], hour(2));
    assert_eq!(kinds, ["incident.linked", "incident.joined"]);
    let (one, two) = (numbered(&state, 1), numbered(&state, 2));
    assert_eq!((one.finding_count, two.finding_count), (2, 1), "the older one takes it");
    assert_eq!(one.links.get(&two.id), Some(&LinkReason::SharedFinding));
    assert_eq!(two.links.get(&one.id), Some(&LinkReason::SharedFinding));
    let again = findings(&mut state, &[finding("d", hour(3), Severity::High, &["bucket", "user"])], hour(3));
    assert_eq!(again, ["incident.joined"], "linked once");
}

#[test]
fn a_closed_incident_stays_closed_and_the_new_one_is_linked() {
    let mut state = State::default();
    findings(&mut state, &[finding("a", hour(0), Severity::High, &[ACTOR])], hour(0));
    let id = only(&state).id.clone();
    let close = Command::Close {
        incident: id.clone(),
        verdict: Verdict::Benign,
        reason: "nightly backup".to_owned(),
        by: "p1".to_owned(),
        duplicate_of: None,
        expected: None,
    };
    run(&mut state, close, hour(1));
    assert_eq!(
        findings(&mut state, &[finding("b", hour(2), Severity::High, &[ACTOR])], hour(2)),
        ["incident.opened", "incident.linked"]
    );
    assert_eq!(numbered(&state, 2).links.get(&id), Some(&LinkReason::Recurrence));
    assert_eq!(numbered(&state, 1).finding_count, 1);
}

#[test]
fn a_chain_of_findings_cannot_grow_one_incident_without_end() {
    let mut state = State::default();
    for step in 0..20 {
        let uid = format!("f{step}");
        findings(&mut state, &[finding(&uid, hour(step * 70), Severity::High, &[ACTOR])], hour(step * 70));
    }
    assert_eq!(state.incidents.len(), 2, "30 days at most");
    let second = numbered(&state, 2);
    assert_eq!(second.links.get(&numbered(&state, 1).id), Some(&LinkReason::Continuation));
    for incident in state.incidents.values() {
        assert!(incident.events.last.duration_since(incident.events.first) <= state.config.span_max);
    }
}

#[test]
fn a_key_connects_only_near_the_time_it_was_seen() {
    let mut state = State::default();
    findings(&mut state, &[finding("a", hour(0), Severity::High, &["user", "ip:192.0.2.1"])], hour(0));
    findings(&mut state, &[finding("b", hour(60), Severity::High, &["user"])], hour(60));
    let kinds = findings(&mut state, &[finding("c", hour(110), Severity::High, &["ip:192.0.2.1"])], hour(110));
    assert_eq!(kinds, ["incident.opened"], "the address was last seen 110 h ago, whatever the user did since");
}

#[test]
fn tenants_never_share_an_incident_and_number_their_own() {
    let mut state = State::default();
    let mut other = finding("b", hour(0), Severity::High, &[ACTOR]);
    other.tenant = "campus".to_owned();
    findings(&mut state, &[finding("a", hour(0), Severity::High, &[ACTOR]), other], hour(0));
    let numbers: Vec<(String, u64)> =
        state.incidents.values().map(|incident| (incident.tenant.clone(), incident.number)).collect();
    assert_eq!(state.incidents.len(), 2);
    assert!(numbers.contains(&("campus".to_owned(), 1)) && numbers.contains(&("larkfield".to_owned(), 1)));
}

#[test]
fn a_finding_without_keys_opens_its_own_incident() {
    let mut state = State::default();
    findings(
        &mut state,
        &[finding("a", hour(0), Severity::High, &[]), finding("b", hour(0), Severity::High, &[])],
        hour(0),
    );
    assert_eq!(state.incidents.len(), 2);
}

#[test]
fn repeats_of_a_rule_on_an_entity_are_one_signal_per_window() {
    let mut state = State::default();
    let batch: Vec<_> = (0..10)
        .map(|step| finding(&format!("f{step}"), at(&format!("2026-03-02T00:0{step}:00Z")), Severity::High, &[ACTOR]))
        .collect();
    findings(&mut state, &batch, hour(1));
    findings(&mut state, &[finding("later", hour(2), Severity::Critical, &[ACTOR])], hour(2));
    let incident = only(&state);
    let counts: Vec<u64> = incident.signals.values().map(|signal| signal.count).collect();
    assert_eq!(incident.signals.len(), 2, "one per hour of event time");
    assert_eq!(counts.iter().sum::<u64>(), 11);
    assert_eq!(incident.severity(), Severity::Critical);
}

#[test]
fn no_entry_reaches_the_size_of_a_log_line_and_no_name_stands_in_the_clear() {
    let mut state = State::new(Config { pepper: b"secret".to_vec(), ..Config::default() });
    let batch: Vec<_> = (0..600)
        .map(|step| {
            let own: Vec<String> =
                (0..50).map(|key| format!("ip:198.51.100.{key}/{step}/{}", "x".repeat(500))).collect();
            let keys: Vec<&str> = std::iter::once(ACTOR).chain(own.iter().map(String::as_str)).collect();
            let mut finding = finding(&format!("{step:032}"), hour(1), Severity::High, &keys);
            finding.rule.id = format!("rule-{}", step % 100);
            finding.rule.title = "t".repeat(10_000);
            finding.resources = (0..50).map(|number| format!("arn:{step}:{number}:{}", "y".repeat(2000))).collect();
            finding
        })
        .collect();
    let entries = run(&mut state, Command::Findings(batch), hour(2));
    assert_eq!(only(&state).finding_count, 600);
    for entry in &entries {
        let line = serde_json::to_string(entry).unwrap();
        assert!(line.len() < 64 * 1024, "{} of {} bytes", entry.kind, line.len());
        let clear = entry.clear.to_string();
        assert!(!clear.contains("alice") && !clear.contains("198.51.100"), "{clear}");
    }
}

#[test]
fn an_office_address_does_not_link_a_hundred_cases() {
    let mut state = State::default();
    for step in 0..40_i64 {
        let opened = findings(
            &mut state,
            &[finding(&format!("f{step}"), hour(0), Severity::High, &["ip:198.51.100.1"])],
            hour(step),
        );
        assert!(opened.len() <= 1 + 5, "{opened:?}");
        let id = numbered(&state, u64::try_from(step).unwrap() + 1).id.clone();
        let close = Command::Close {
            incident: id,
            verdict: Verdict::FalsePositive,
            reason: "office".to_owned(),
            by: "p1".to_owned(),
            duplicate_of: None,
            expected: None,
        };
        run(&mut state, close, hour(step));
    }
    assert_eq!(state.incidents.len(), 40);
}

fn linked(uid: &str, time: Timestamp, keys: &[&str], linked: &[&str]) -> Finding {
    let linked_keys = linked.iter().map(|key| (*key).to_owned()).collect();
    Finding { linked_keys, ..finding(uid, time, Severity::High, keys) }
}

#[test]
fn what_a_finding_is_linked_to_meets_the_thing_itself_in_either_order() {
    let group = || linked("group", hour(1), &["resource:sg-1"], &[]);
    let host = || linked("host", hour(2), &["actor:eni:1"], &["resource:sg-1"]);
    for batch in [[group(), host()], [host(), group()]] {
        let mut state = State::default();
        for finding in &batch {
            findings(&mut state, std::slice::from_ref(finding), hour(3));
        }
        assert_eq!(only(&state).finding_count, 2);
    }
}

#[test]
fn two_findings_linked_to_one_thing_do_not_belong_together_for_that() {
    let mut state = State::default();
    let hosts = ["1", "2"].map(|n| linked(n, hour(1), &[&format!("actor:eni:{n}")], &["resource:sg-1"]));
    findings(&mut state, &hosts, hour(2));
    assert_eq!(state.incidents.len(), 2);
}

#[test]
fn what_is_learned_later_links_the_incidents_of_one_actor_once() {
    let mut state = State::default();
    findings(&mut state, &[finding("group", hour(1), Severity::High, &["resource:sg-1"])], hour(2));
    let host = || finding("host", hour(2), Severity::High, &["actor:eni:1"]);
    findings(&mut state, &[host()], hour(3));
    assert_eq!(state.incidents.len(), 2);
    let learned = || Command::Relate(vec![linked("host", hour(2), &["actor:eni:1"], &["resource:sg-1"])]);
    let kinds: Vec<String> = run(&mut state, learned(), hour(4)).into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["incident.joined", "incident.linked"], "a key and a link, and no finding twice");
    assert_eq!(numbered(&state, 2).finding_count, 1);
    assert_eq!(numbered(&state, 1).links.values().collect::<Vec<_>>(), [&LinkReason::SharedFinding]);
    assert_eq!(numbered(&state, 2).links.len(), 1);
    assert_eq!(run(&mut state, learned(), hour(4)).len(), 0, "said once");
    assert_eq!(run(&mut state, Command::Relate(vec![host()]), hour(4)).len(), 0, "nothing was learned");
}

#[test]
fn what_is_learned_between_two_deeds_joins_the_second() {
    let mut state = State::default();
    findings(&mut state, &[finding("session", hour(1), Severity::High, &["actor:session"])], hour(2));
    let learned = finding("session", hour(1), Severity::High, &["actor:session", "actor:ann"]);
    run(&mut state, Command::Relate(vec![learned]), hour(3));
    findings(&mut state, &[finding("ann", hour(4), Severity::High, &["actor:ann"])], hour(5));
    assert_eq!(only(&state).finding_count, 2);
}
