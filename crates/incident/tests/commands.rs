//! Commands of people and of the clock: facts, severities, escalation, closing; refusals by table.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{at, finding, findings, hour, only, run};
use incident::{
    Asserter, BreachInputs, BreachLevel, CircumstanceScore, Command, DataCategory, DataContext, Fact, FactFault,
    FactValue, Identification, LevelOverride, LinkReason, Malice, Priority, Refusal, State, Status, ThreeValued,
    TimerKind, Verdict, breach_facts, decide, due_timers, incident_finding, notice_facts, setters, timers,
};
use ocsf::Severity;
use serde_json::json;

fn human(id: &str) -> Asserter {
    Asserter::Human(id.to_owned())
}

fn opened() -> (State, String) {
    let mut state = State::default();
    findings(&mut state, &[finding("a", hour(0), Severity::High, &["k"])], hour(0));
    let id = only(&state).id.clone();
    (state, id)
}

fn set(incident: &str, fact: Fact) -> Command {
    Command::SetFact { incident: incident.to_owned(), fact, expected: None }
}

fn inputs(category: DataCategory, level_override: Option<LevelOverride>) -> Box<BreachInputs> {
    Box::new(BreachInputs {
        data: vec![DataContext { category, adjustment: 0, reason: String::new() }],
        identification: Identification::Maximum,
        confidentiality: CircumstanceScore::Full,
        integrity: CircumstanceScore::None,
        availability: CircumstanceScore::None,
        malice: Malice::Intended,
        people_min: Some(200),
        people_max: Some(300),
        unintelligible: ThreeValued::No,
        level_override,
    })
}

#[test]
fn facts_become_the_object_that_the_law_engine_reads() {
    let (mut state, id) = opened();
    let facts = [
        setters::role(&["controller"], human("dpo")),
        setters::elements(&["FIRST_LAST", "SSN"], Asserter::System("scope".to_owned())),
        setters::subjects("US-CA", setters::Count::Exactly(1204), human("ic")),
        setters::subjects("US-TX", setters::Count::Between(200, 300), human("ic")),
        setters::subjects("DE", setters::Count::Unknown, human("ic")),
        setters::encrypted(false, human("ic")),
        setters::gdpr_risk(setters::GdprRisk::High, human("dpo")),
        setters::aware(at("2026-03-01T22:00:00Z"), "dpo"),
        setters::records(setters::Count::Exactly(5000), human("ic")),
        setters::narrative("nature", "Alice's bucket was open.", human("ic")),
    ];
    for fact in facts {
        assert_eq!(run(&mut state, set(&id, fact), hour(1)).len(), 1);
    }
    let expected = json!({
        "role": ["controller"],
        "elements": ["FIRST_LAST", "SSN"],
        "subjects": {"US-CA": 1204, "US-TX": [200, 300], "DE": null},
        "encryption": {"encrypted": false},
        "risk": {"gdpr": "high"},
        "times": {"aware": "2026-03-01T22:00:00Z"},
    });
    assert_eq!(breach_facts(only(&state)), expected, "unknown stays absent, what only notices need is left out");
    let with_text = notice_facts(only(&state), |_| Some("Alice's bucket was open.".to_owned()));
    assert_eq!(with_text["narrative"]["nature"], "Alice's bucket was open.");
    assert_eq!(with_text["records"], 5000);
    let erased = notice_facts(only(&state), |_| None);
    assert_eq!(erased.get("narrative"), None, "an erased text is absent, not empty");
}

#[test]
fn texts_stand_in_the_body_only_and_every_version_is_kept() {
    let (mut state, id) = opened();
    let first = run(&mut state, set(&id, setters::narrative("nature", "Alice did it.", human("ic"))), hour(1));
    assert!(!first[0].clear.to_string().contains("Alice"));
    assert_eq!(first[0].body, Some(json!({"text": "Alice did it."})));
    assert!(run(&mut state, set(&id, setters::narrative("nature", "Alice did it.", human("ic"))), hour(2)).is_empty());
    run(&mut state, set(&id, setters::narrative("nature", "Bob did it.", human("ic"))), hour(3));
    assert_eq!(only(&state).facts["narrative.nature"].len(), 2);
    let latest: Vec<(&str, &str)> = only(&state).narratives().collect();
    assert_eq!(latest.len(), 1);
    assert_ne!(latest[0].1, first[0].id, "the body of the newest entry counts");
    // Taking it back is a version too.
    run(&mut state, set(&id, Fact::new("narrative.nature", FactValue::Unknown, human("ic"))), hour(4));
    assert_eq!(only(&state).narratives().count(), 0);
}

#[test]
fn facts_are_refused_by_name_type_time_and_asserter() {
    let (state, id) = opened();
    let try_set = |fact: Fact| decide(&state, set(&id, fact), hour(1)).map(|entries| entries.len());
    let suggestion = |name: &str| match try_set(Fact::known(name, json!(true), human("x"))) {
        Err(Refusal::Fact(FactFault::NoSuchFact { suggestion, .. })) => suggestion,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(suggestion("times.awrae"), Some("times.aware".to_owned()));
    assert_eq!(suggestion("encryption.encrypte"), Some("encryption.encrypted".to_owned()));
    assert_eq!(suggestion("shoe_size_of_the_king"), None);
    assert_eq!(suggestion(&"x".repeat(1_000_000)), None);
    for name in ["subjects.ca", "subjects.US-", "subjects.US-CALI", "narrative.UPPER", "narrative.", "times.", "."] {
        suggestion(name);
    }
    let wrong = [
        ("minors", json!("yes")),
        ("subjects.DE", json!(-1)),
        ("subjects.DE", json!(1.5)),
        ("elements", json!("SSN")),
        ("elements", json!(["a\nb"])),
        ("times.aware", json!("2026-03-01 noon")),
        ("times.aware", json!("2026-13-01")),
        ("times.aware", json!("2026-03-01T10:00:00")),
        ("narrative.nature", json!("  ")),
        ("sector", json!("x".repeat(200))),
    ];
    for (name, value) in wrong {
        let refused = try_set(Fact::known(name, value.clone(), human("x")));
        assert!(matches!(refused, Err(Refusal::Fact(FactFault::WrongType { .. }))), "{name} {value}: {refused:?}");
    }
    let range = Fact::new("subjects.DE", FactValue::Range(5, 4), human("x"));
    assert!(matches!(try_set(range), Err(Refusal::Fact(FactFault::EmptyRange { .. }))));
    let future = setters::clock("discovered", hour(2), human("x"));
    assert!(matches!(try_set(future), Err(Refusal::Fact(FactFault::InFuture { .. }))));
    let alert = Fact::known("times.aware", json!("2026-03-01T00:00:00Z"), Asserter::System("sigma".to_owned()));
    assert!(matches!(try_set(alert), Err(Refusal::Fact(FactFault::OnlyHuman { .. }))), "an alert time is no awareness");
    let stored = Fact::known("times.discovered", json!("2026-03-01T00:00:00Z"), Asserter::System("flow".to_owned()));
    assert_eq!(try_set(stored), Ok(1));
    assert_eq!(try_set(Fact::known("times.aware", json!("2026-03-01"), human("x"))), Ok(1), "a local date is a time");
}

#[test]
fn changing_the_awareness_time_takes_a_third_person() {
    let (mut state, id) = opened();
    run(&mut state, set(&id, setters::aware(hour(0), "dpo")), hour(1));
    let later = |person: &str, approver: Option<&str>| {
        let fact = setters::aware(hour(1), person);
        approver.map_or(fact.clone(), |approver| fact.approved_by(approver))
    };
    for (person, approver) in
        [("dpo", None), ("ic", None), ("ic", Some("ic")), ("ic", Some("dpo")), ("dpo", Some("dpo"))]
    {
        let refused = decide(&state, set(&id, later(person, approver)), hour(2));
        assert!(matches!(refused, Err(Refusal::AwarenessNeedsApprover { .. })), "{person} {approver:?}");
    }
    assert_eq!(run(&mut state, set(&id, later("ic", Some("counsel"))), hour(2)).len(), 1);
}

#[test]
fn a_command_of_somebody_who_saw_an_older_version_is_refused() {
    let (mut state, id) = opened();
    let seen = only(&state).version;
    run(&mut state, set(&id, setters::encrypted(true, human("a"))), hour(1));
    let stale =
        Command::SetFact { incident: id.clone(), fact: setters::encrypted(false, human("b")), expected: Some(seen) };
    assert_eq!(
        decide(&state, stale, hour(1)),
        Err(Refusal::Conflict { incident: id, expected: seen, actual: seen + 1 })
    );
}

#[test]
fn both_severities_move_the_priority_and_the_override_needs_two_people() {
    let (mut state, id) = opened();
    assert_eq!((only(&state).severity(), only(&state).priority), (Severity::High, Priority::P2));
    let breach = |inputs| Command::AssessBreach {
        incident: id.clone(),
        inputs,
        by: "dpo".to_owned(),
        reason: "first look".to_owned(),
        expected: None,
    };
    run(&mut state, breach(inputs(DataCategory::Sensitive, None)), hour(1));
    let assessment = only(&state).breach.clone().unwrap();
    assert_eq!((assessment.level, assessment.over_100_people), (BreachLevel::VeryHigh, ThreeValued::Yes));
    assert_eq!(
        assessment.arithmetic,
        "SE = DPC 4 × EI 1.00 + CB 1.00 (confidentiality 0.50, integrity 0.00, availability 0.00, malicious intent 0.50) = 5.00"
    );
    assert_eq!(only(&state).priority, Priority::P1);
    assert!(run(&mut state, breach(inputs(DataCategory::Sensitive, None)), hour(2)).is_empty());
    let chosen = |by: &str| {
        Some(LevelOverride { level: BreachLevel::Low, requested_by: "dpo".to_owned(), approved_by: by.to_owned() })
    };
    assert_eq!(
        decide(&state, breach(inputs(DataCategory::Sensitive, chosen("dpo"))), hour(2)),
        Err(Refusal::OverrideNeedsApprover)
    );
    run(&mut state, breach(inputs(DataCategory::Sensitive, chosen("counsel"))), hour(2));
    let overridden = only(&state).breach.clone().unwrap();
    assert_eq!(
        (overridden.level, overridden.computed_level),
        (BreachLevel::Low, BreachLevel::VeryHigh),
        "both are shown"
    );
    assert_eq!(only(&state).priority, Priority::P2, "the technical severity still asks for haste");
    let lower = Command::SetTechnicalSeverity {
        incident: id.clone(),
        severity: Some(Severity::Low),
        by: "ic".to_owned(),
        reason: "test data".to_owned(),
        expected: None,
    };
    run(&mut state, lower, hour(3));
    assert_eq!(
        (only(&state).severity(), only(&state).technical, only(&state).priority),
        (Severity::Low, Severity::High, Priority::P4)
    );
}

#[test]
fn nobody_is_called_twice_and_acknowledging_ends_the_chain_until_it_gets_worse() {
    let (mut state, id) = opened();
    let due = |state: &State, now| due_timers(state, now).iter().map(|timer| timer.to.clone()).collect::<Vec<_>>();
    assert_eq!(due(&state, hour(0)), ["on_call"]);
    assert_eq!(run(&mut state, Command::Tick, hour(0)).len(), 1);
    assert!(run(&mut state, Command::Tick, hour(0)).is_empty());
    assert_eq!(due(&state, hour(1)), ["incident_commander"]);
    run(&mut state, Command::Tick, hour(1));
    run(&mut state, Command::Acknowledge { incident: id.clone(), by: "p1".to_owned() }, hour(1));
    assert_eq!(only(&state).status(), Status::InProgress);
    assert!(due(&state, hour(20)).is_empty(), "acknowledged");
    // Worse: the chain of the new priority starts over, and wants a new acknowledgement.
    findings(&mut state, &[finding("b", hour(2), Severity::Critical, &["k"])], hour(2));
    assert_eq!(due(&state, hour(2)), ["on_call"]);
    run(&mut state, Command::Acknowledge { incident: id.clone(), by: "p1".to_owned() }, hour(2));
    assert!(due(&state, hour(20)).is_empty());
    assert!(run(&mut state, Command::Acknowledge { incident: id, by: "p2".to_owned() }, hour(3)).is_empty());
}

#[test]
fn a_fall_in_priority_calls_nobody_anew() {
    let (mut state, id) = opened();
    run(&mut state, Command::Tick, hour(3));
    let lower = Command::SetTechnicalSeverity {
        incident: id,
        severity: Some(Severity::Medium),
        by: "ic".to_owned(),
        reason: "r".to_owned(),
        expected: None,
    };
    run(&mut state, lower, hour(3));
    assert_eq!(only(&state).priority, Priority::P3);
    assert!(run(&mut state, Command::Tick, hour(12)).is_empty());
}

#[test]
fn the_internal_rule_asks_for_awareness_within_a_day_and_late_clocks_fire_at_once() {
    let (mut state, id) = opened();
    run(&mut state, Command::Acknowledge { incident: id.clone(), by: "p1".to_owned() }, hour(0));
    let waiting = timers(&state);
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].kind, waiting[0].due, waiting[0].to.as_str()),
        (TimerKind::AssessBreach, hour(24), "privacy_officer")
    );
    assert!(due_timers(&state, hour(23)).is_empty());
    assert_eq!(due_timers(&state, hour(1000)).len(), 1, "a server that slept fires it at start");
    run(&mut state, set(&id, setters::aware(hour(1), "dpo")), hour(2));
    assert!(due_timers(&state, hour(1000)).is_empty());
}

#[test]
fn closing_ends_timers_and_refuses_change() {
    let (mut state, id) = opened();
    let close = |verdict, duplicate_of| Command::Close {
        incident: id.clone(),
        verdict,
        reason: "r".to_owned(),
        by: "p".to_owned(),
        duplicate_of,
        expected: None,
    };
    assert_eq!(decide(&state, close(Verdict::Duplicate, None), hour(1)), Err(Refusal::DuplicateOfWhat));
    assert_eq!(decide(&state, close(Verdict::Duplicate, Some(id.clone())), hour(1)), Err(Refusal::DuplicateOfWhat));
    assert!(matches!(
        decide(&state, close(Verdict::Duplicate, Some("zz".to_owned())), hour(1)),
        Err(Refusal::NoSuchIncident(_))
    ));
    run(&mut state, close(Verdict::FalsePositive, None), hour(1));
    assert_eq!(only(&state).status(), Status::Closed);
    assert!(timers(&state).is_empty());
    assert!(matches!(
        decide(&state, set(&id, setters::encrypted(true, human("x"))), hour(2)),
        Err(Refusal::IncidentClosed { .. })
    ));
    let note = Command::Note { incident: id.clone(), text: "lesson learnt".to_owned(), by: "p".to_owned() };
    assert_eq!(run(&mut state, note, hour(2)).len(), 1, "notes may follow");
}

#[test]
fn opening_by_hand_twice_is_one_incident_and_links_are_kept_on_both_sides() {
    let (mut state, id) = opened();
    let open = Command::Open {
        tenant: "larkfield".to_owned(),
        reference: "ticket-7".to_owned(),
        title: "Customer reports a stranger's order".to_owned(),
        severity: Severity::High,
        first_event: hour(0),
        by: "p1".to_owned(),
        description: Some("Mr Example called.".to_owned()),
    };
    let entries = run(&mut state, open.clone(), hour(1));
    assert!(!entries[0].clear.to_string().contains("Mr Example"));
    assert!(run(&mut state, open, hour(2)).is_empty());
    let other = entries[0].subject.clone();
    assert_eq!(state.find("#2").map(|incident| incident.id.clone()), Some(other.clone()));
    let link =
        Command::Link { incident: id.clone(), other: other.clone(), reason: LinkReason::Manual, by: "p1".to_owned() };
    assert_eq!(run(&mut state, link.clone(), hour(2)).len(), 1);
    assert!(run(&mut state, link, hour(2)).is_empty());
    let back =
        Command::Link { incident: other.clone(), other: id.clone(), reason: LinkReason::Manual, by: "p1".to_owned() };
    assert!(run(&mut state, back, hour(2)).is_empty(), "a pair is a pair in either order");
    assert!(state.incidents[&id].links.contains_key(&other) && state.incidents[&other].links.contains_key(&id));
    let same = Command::Link { incident: id.clone(), other: id, reason: LinkReason::Manual, by: "p1".to_owned() };
    assert_eq!(decide(&state, same, hour(2)), Err(Refusal::SelfLink));
}

#[test]
fn a_disposition_is_kept_with_its_rule_and_may_be_revised() {
    let (mut state, _) = opened();
    let judge = |verdict| Command::Disposition {
        finding: "a".to_owned(),
        verdict,
        rule_id: Some("s3-public".to_owned()),
        reason: "looked".to_owned(),
        by: "p1".to_owned(),
    };
    assert_eq!(run(&mut state, judge(Verdict::TruePositive), hour(1))[0].kind, "finding.dispositioned");
    assert!(run(&mut state, judge(Verdict::TruePositive), hour(1)).is_empty());
    run(&mut state, judge(Verdict::FalsePositive), hour(1));
    assert_eq!((state.findings["a"].verdict, state.findings["a"].revision), (Some(Verdict::FalsePositive), 2));
}

#[test]
fn long_and_empty_texts_are_refused() {
    let (state, id) = opened();
    let note = |text: String| decide(&state, Command::Note { incident: id.clone(), text, by: "p".to_owned() }, hour(1));
    assert!(matches!(note(" \n".to_owned()), Err(Refusal::Empty { .. })));
    assert!(matches!(note("x".repeat(40_000)), Err(Refusal::TooLong { .. })));
}

#[test]
fn other_systems_get_an_ocsf_incident_finding_without_names() {
    let (mut state, id) = opened();
    let object = incident_finding(only(&state));
    assert_eq!(object["class_uid"], 2005);
    assert_eq!((object["severity_id"].clone(), object["status_id"].clone()), (json!(4), json!(1)));
    assert_eq!(object["is_suspected_breach"], false, "an alert is no awareness");
    assert_eq!(object["finding_info_list"].as_array().unwrap().len(), 1);
    run(&mut state, set(&id, setters::aware(hour(0), "dpo")), hour(1));
    assert_eq!(incident_finding(only(&state))["is_suspected_breach"], true);
    let close = Command::Close {
        incident: id,
        verdict: Verdict::Test,
        reason: "drill".to_owned(),
        by: "p".to_owned(),
        duplicate_of: None,
        expected: None,
    };
    run(&mut state, close, hour(2));
    let object = incident_finding(only(&state));
    assert_eq!((object["type_uid"].clone(), object["verdict_id"].clone()), (json!(200_503), json!(6)));
    for text in [object.to_string(), serde_json::to_string(only(&state)).unwrap()] {
        assert!(!text.contains("alice") && !text.contains("larkfield-exports"), "{text}");
    }
}

#[test]
fn a_command_that_no_log_line_could_hold_is_refused() {
    let (state, id) = opened();
    let names: Vec<String> = (0..900).map(|number| format!("{number}-{}", "x".repeat(100))).collect();
    let many = Fact::known("customers", json!(names), human("ic"));
    assert!(matches!(decide(&state, set(&id, many), hour(1)), Err(Refusal::TooLong { .. })));
    let evidence = setters::encrypted(true, human("ic")).with_evidence(&vec!["e"; 50_000]);
    assert!(matches!(decide(&state, set(&id, evidence), hour(1)), Err(Refusal::TooLong { .. })));
    let long = Command::Open {
        tenant: "larkfield".to_owned(),
        reference: "r".repeat(32_000),
        title: "t".to_owned(),
        severity: Severity::High,
        first_event: hour(0),
        by: "p1".to_owned(),
        description: Some("d".repeat(32_000)),
    };
    assert!(matches!(decide(&state, long, hour(1)), Err(Refusal::TooLong { .. })));
}
