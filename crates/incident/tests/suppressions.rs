//! What a suppression covers, when it counts, what is refused; and findings that are held back.
#![allow(clippy::unwrap_used, reason = "tests say what must hold by unwrapping it")]

mod common;

use std::collections::BTreeSet;

use common::{finding, hour, only, run};
use incident::{Command, Condition, State, Suppression, SuppressionFault, SuppressionRequest, check_request};
use ocsf::{Correlated, Finding, Observable, Severity};

const ALICE: &str = "aws:user:111122223333/alice";
const EXPORTS: &str = "arn:aws:s3:::larkfield-exports";

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn seen(ip: &str, agent: &str) -> Finding {
    let observable =
        |name: &str, value: &str| Observable { name: name.to_owned(), type_id: 0, value: value.to_owned() };
    Finding {
        observables: vec![observable("src_endpoint.ip", ip), observable("http_request.user_agent", agent)],
        ..finding("f", hour(10), Severity::High, &["k"])
    }
}

#[test]
fn every_part_of_a_condition_must_hold() {
    let of = |actor: &[&str], resource: &[&str], src_ip: &[&str], user_agent: &[&str]| Condition {
        actor: set(actor),
        resource: set(resource),
        src_ip: set(src_ip),
        user_agent: set(user_agent),
    };
    let found = seen("192.0.2.10", "backup/1");
    for (condition, covers, why) in [
        (of(&[ALICE], &[], &[], &[]), true, "the actor"),
        (of(&["aws:user:111122223333/bob", ALICE], &[], &[], &[]), true, "one of two actors"),
        (of(&["aws:user:111122223333/bob"], &[], &[], &[]), false, "another actor"),
        (of(&[], &[EXPORTS], &[], &[]), true, "the resource"),
        (of(&[], &["arn:aws:s3:::larkfield"], &[], &[]), false, "the beginning of a name is another name"),
        (of(&[ALICE], &["arn:aws:s3:::other"], &[], &[]), false, "the actor at another resource"),
        (of(&[ALICE], &[], &["192.0.2.0/24"], &[]), true, "the actor from a network"),
        (of(&[ALICE], &[], &["192.0.2.10"], &["backup/1"]), true, "all four would do too"),
        (of(&[ALICE], &[], &["::ffff:192.0.2.10"], &[]), true, "the same address, written longer"),
        (of(&[ALICE], &[], &["198.51.100.0/24"], &[]), false, "the actor from elsewhere"),
        (of(&[ALICE], &[], &["::/0"], &[]), false, "every IPv6 address is no IPv4 address"),
        (of(&[ALICE], &[], &[], &["backup/2"]), false, "another program"),
    ] {
        assert_eq!(condition.covers(&found), covers, "{why}");
    }
}

#[test]
fn what_a_finding_does_not_say_is_not_covered() {
    let by_actor = Condition { actor: set(&[ALICE]), ..Condition::default() };
    let by_resource =
        Condition { resource: set(&[EXPORTS, "arn:aws:s3:::larkfield-exports/*"]), ..Condition::default() };
    let by_address = Condition { src_ip: set(&["0.0.0.0/0"]), ..by_actor.clone() };
    let found = seen("192.0.2.10", "x");
    let nobody = Finding { actor: None, ..found.clone() };
    assert!(by_actor.covers(&found) && !by_actor.covers(&nobody));
    let nothing = Finding { resources: Vec::new(), ..found.clone() };
    assert!(by_resource.covers(&found) && !by_resource.covers(&nothing));
    let below = Finding { resources: vec![EXPORTS.to_owned(), format!("{EXPORTS}/2026/a.csv")], ..found.clone() };
    assert!(by_resource.covers(&below), "the bucket and what lies in it");
    let beside = Finding { resources: vec![EXPORTS.to_owned(), "arn:aws:s3:::orders".to_owned()], ..found.clone() };
    assert!(!by_resource.covers(&beside), "one resource more than was answered for");
    let cut = Finding { resources: vec![EXPORTS.to_owned(); 64], ..found.clone() };
    assert!(!by_resource.covers(&cut), "a list this long may have been cut");
    let stretch = Correlated {
        kind: "event_count".to_owned(),
        group: Vec::new(),
        first: hour(9),
        timespan_seconds: 60,
        reached: "3".to_owned(),
        events: 3,
        supersedes: Vec::new(),
    };
    let stretch = Finding { correlation: Some(stretch), ..found.clone() };
    assert!(by_actor.covers(&stretch));
    assert!(by_address.covers(&found) && !by_address.covers(&stretch), "a stretch may have had several addresses");
    assert!(!by_address.covers(&Finding { observables: Vec::new(), ..found }));
}

#[test]
fn it_counts_from_approval_to_its_end_by_the_time_of_discovery() {
    let suppression = Suppression {
        id: "s".to_owned(),
        rule_id: "s3-public".to_owned(),
        condition: Condition { actor: set(&[ALICE]), ..Condition::default() },
        approved_at: Some(hour(10)),
        revoked_at: None,
        expires: hour(20),
    };
    let discovered = |at: i64| Finding { discovered: hour(at), ..finding("f", hour(1), Severity::High, &[]) };
    for (at, counts) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(suppression.withholds(&discovered(at)), counts, "hour {at}");
    }
    let revoked = Suppression { revoked_at: Some(hour(12)), ..suppression.clone() };
    assert!(revoked.withholds(&discovered(11)) && !revoked.withholds(&discovered(12)));
    let requested = Suppression { approved_at: None, ..suppression.clone() };
    assert!(!requested.withholds(&discovered(11)), "one person's wish is not enough");
    let other_rule = Suppression { rule_id: "another".to_owned(), ..suppression };
    assert!(!other_rule.withholds(&discovered(11)));
}

#[test]
fn requests_are_bounded_and_name_somebody() {
    let good = Condition { actor: set(&[ALICE]), ..Condition::default() };
    let ask = |condition: &Condition, days: i64, reason: &str| {
        check_request(&SuppressionRequest { rule_id: "r", condition, reason, expires: hour(24 * days) }, hour(0))
    };
    assert_eq!(ask(&good, 180, "nightly backup"), Ok(()));
    for days in [181, 0, -1] {
        assert_eq!(ask(&good, days, "x"), Err(SuppressionFault::Expiry { expires: hour(24 * days) }), "{days}");
    }
    assert_eq!(ask(&good, 1, " "), Err(SuppressionFault::NoReason));
    let nobody = Condition { src_ip: set(&["192.0.2.0/24"]), ..Condition::default() };
    assert_eq!(ask(&nobody, 1, "x"), Err(SuppressionFault::NamesNobody));
    let at = |resource: &str| Condition { resource: set(&[resource]), ..Condition::default() };
    for wide in [
        "*",
        "/*",
        "//*",
        "/subscriptions/*",
        "s3://*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::/*",
        "//storage.googleapis.com/*",
    ] {
        assert_eq!(ask(&at(wide), 1, "x"), Err(SuppressionFault::TooWide(wide.to_owned())), "{wide}");
    }
    for narrow in ["/subscriptions/0001/*", "s3://larkfield/*", "arn:aws:s3:::larkfield-exports/*", "log:checkout"] {
        assert_eq!(ask(&at(narrow), 1, "x"), Ok(()), "{narrow}");
    }
    for wide in ["0.0.0.0/0", "128.0.0.0/1", "::/0"] {
        let condition = Condition { actor: set(&[ALICE]), src_ip: set(&[wide]), ..Condition::default() };
        assert_eq!(ask(&condition, 1, "x"), Err(SuppressionFault::TooWide(wide.to_owned())), "{wide}");
    }
    let office = Condition { actor: set(&[ALICE]), src_ip: set(&["10.0.0.0/8"]), ..Condition::default() };
    assert_eq!(ask(&office, 1, "x"), Ok(()));
    for wrong in ["192.0.2.0/33", "example.org", "", "1.2.3.4/x"] {
        let condition = Condition { src_ip: set(&[wrong]), ..good.clone() };
        assert!(ask(&condition, 1, "x").is_err(), "`{wrong}` is no network");
    }
    let many: BTreeSet<String> = (0..33).map(|number| number.to_string()).collect();
    let condition = Condition { actor: many, ..Condition::default() };
    assert_eq!(ask(&condition, 1, "x"), Err(SuppressionFault::TooMuch { field: "actor" }));
}

#[test]
fn held_back_findings_join_and_neither_open_nor_connect() {
    let mut state = State::default();
    let grave = |uid: &str, keys: &[&str]| finding(uid, hour(1), Severity::High, keys);
    let alone = Command::Triaged { findings: Vec::new(), held_back: vec![grave("quiet", &["a"])] };
    assert!(run(&mut state, alone, hour(1)).is_empty(), "it opens nothing");
    let both = Command::Triaged { findings: vec![grave("loud", &["a"])], held_back: vec![grave("quiet", &["a", "b"])] };
    run(&mut state, both, hour(2));
    assert_eq!(only(&state).finding_count, 2, "it joins what the same batch opens");
    // Its other key connects nothing: a finding with it opens an incident of its own.
    run(&mut state, Command::Findings(vec![grave("other", &["b"])]), hour(3));
    assert_eq!(state.incidents.len(), 2);
    assert!(state.incidents.values().all(|incident| incident.links.is_empty()));
}
