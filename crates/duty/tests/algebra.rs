//! The deadline algebra by table: one small law, one clock, one expected date a line. Dates by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should stop")]

use duty::{Answer, Facts, Law};
use serde_json::json;

const LONG_AFTER: &str = "2100-01-01T00:00:00Z";

/// A law with one rule, `R`, in New York, and a second, `PARENT`, thirty days from discovery.
fn law(deadline: &str, more: &str) -> Law {
    let text = format!(
        r#"
schema = "watertight-law/1"
[jurisdiction]
code = "US-NY"
layer = "state"
tz = "America/New_York"
[[statute]]
id = "s"
title = "Statute"
status = "in_force"
[calendar.US]
holidays = ["07-04", "11-thu-4"]
observed = "nearest_weekday"
[[rule]]
id = "PARENT"
kind = "notify"
role = ["owner"]
recipient = "residents"
trigger = {{ count = "residents", op = "ge", value = 1 }}
clock = {{ event = "discovery" }}
deadline = {{ after = "clock", amount = 30, unit = "calendar_day" }}
citations = ["s. 1"]
confidence = "verified"
[[rule]]
id = "R"
kind = "notify"
role = ["owner"]
recipient = "regulator"
trigger = {{ count = "residents", op = "ge", value = 1 }}
clock = {{ event = "discovery" }}
deadline = {deadline}
{more}
citations = ["s. 2"]
confidence = "verified"
"#
    );
    let (law, errors) = Law::load([("t.toml".to_owned(), text)]);
    assert!(errors.is_empty(), "{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    law
}

fn ask(law: &Law, facts: &serde_json::Value) -> Answer {
    let mut whole = json!({"role": "owner", "subjects": {"US-NY": 3}});
    whole.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    law.evaluate(&Facts::from_value(json!({ "facts": whole })).unwrap(), LONG_AFTER.parse().unwrap())
}

fn due(deadline: &str, times: &serde_json::Value) -> (Option<String>, &'static str) {
    let answer = ask(&law(deadline, ""), &json!({ "times": times }));
    let owed = answer.required.iter().find(|owed| owed.rule_id == "R").expect("R is required");
    (owed.due_by.clone(), owed.due_kind)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn dates_are_what_a_person_computes() {
    let table = [
        // Elapsed hours over the spring change (8 March 2026, 02:00 → 03:00): wall clock moves on by one hour.
        (
            r#"{ after = "clock", amount = 24, unit = "hour" }"#,
            "2026-03-07T12:00:00-05:00",
            Some("2026-03-08T13:00:00-04:00"),
            "instant",
        ),
        // … and over the autumn one (1 November 2026, 02:00 → 01:00): back by one.
        (
            r#"{ after = "clock", amount = 24, unit = "hour" }"#,
            "2026-10-31T12:00:00-04:00",
            Some("2026-11-01T11:00:00-05:00"),
            "instant",
        ),
        // The trigger day does not count; the day ends with its last second in the zone of that day.
        (
            r#"{ after = "clock", amount = 1, unit = "calendar_day" }"#,
            "2026-03-07T00:00:01-05:00",
            Some("2026-03-08T23:59:59-04:00"),
            "end_of_day",
        ),
        // 23:30 in New York is the next day in UTC: the local day counts.
        (
            r#"{ after = "clock", amount = 10, unit = "calendar_day" }"#,
            "2026-06-02T03:30:00Z",
            Some("2026-06-11T23:59:59-04:00"),
            "end_of_day",
        ),
        // A leap day is a day: 28 February 2028 + 2 = 1 March.
        (
            r#"{ after = "clock", amount = 2, unit = "calendar_day" }"#,
            "2028-02-28",
            Some("2028-03-01T23:59:59-05:00"),
            "end_of_day",
        ),
        (
            r#"{ after = "clock", amount = 2, unit = "calendar_day" }"#,
            "2027-02-27",
            Some("2027-03-01T23:59:59-05:00"),
            "end_of_day",
        ),
        // Months keep the day number or take the last day.
        (
            r#"{ after = "clock", amount = 1, unit = "month" }"#,
            "2026-01-31",
            Some("2026-02-28T23:59:59-05:00"),
            "end_of_day",
        ),
        (
            r#"{ after = "clock", amount = 1, unit = "month" }"#,
            "2028-01-31",
            Some("2028-02-29T23:59:59-05:00"),
            "end_of_day",
        ),
        (
            r#"{ after = "clock", amount = 13, unit = "month" }"#,
            "2026-03-31",
            Some("2027-04-30T23:59:59-04:00"),
            "end_of_day",
        ),
        // Thursday 2 July 2026: the 3rd is kept for Saturday the 4th; 6, 7 July are the first two business days.
        (
            r#"{ after = "clock", amount = 2, unit = "business_day", calendar = "US" }"#,
            "2026-07-02",
            Some("2026-07-07T23:59:59-04:00"),
            "end_of_day",
        ),
        // A bare day and hours: from its first moment, the strict reading.
        (
            r#"{ after = "clock", amount = 6, unit = "hour" }"#,
            "2026-06-02",
            Some("2026-06-02T06:00:00-04:00"),
            "instant",
        ),
        (
            r#"{ min = [{ after = "clock", amount = 9, unit = "calendar_day" }, { after = "clock", amount = 1, unit = "month" }] }"#,
            "2026-06-02",
            Some("2026-06-11T23:59:59-04:00"),
            "end_of_day",
        ),
        (
            r#"{ max = [{ after = "clock", amount = 9, unit = "calendar_day" }, { after = "clock", amount = 1, unit = "month" }] }"#,
            "2026-06-02",
            Some("2026-07-02T23:59:59-04:00"),
            "end_of_day",
        ),
        (
            r#"{ annual = { anchor = "year_end", amount = 60, unit = "calendar_day" } }"#,
            "2027-06-02",
            Some("2028-02-29T23:59:59-05:00"),
            "end_of_day",
        ),
        (r#"{ qualitative = "at_once" }"#, "2026-06-02", None, "qualitative"),
        (r#"{ relative = "PARENT", order = "before" }"#, "2026-06-02", None, "before"),
        // 2 June + 30 = 2 July; + 3 = 5 July.
        (
            r#"{ after = "due:PARENT", amount = 3, unit = "calendar_day" }"#,
            "2026-06-02",
            Some("2026-07-05T23:59:59-04:00"),
            "end_of_day",
        ),
        // Saturday 6 June rolls to Monday where the law itself says so.
        (
            r#"{ after = "clock", amount = 4, unit = "calendar_day", roll = "next_business_day" }"#,
            "2026-06-02",
            Some("2026-06-08T23:59:59-04:00"),
            "end_of_day",
        ),
        (
            r#"{ after = "clock", amount = 4, unit = "calendar_day", roll = "none" }"#,
            "2026-06-02",
            Some("2026-06-06T23:59:59-04:00"),
            "end_of_day",
        ),
        // Amounts at the ends.
        (
            r#"{ after = "clock", amount = 0, unit = "calendar_day" }"#,
            "2026-06-02",
            Some("2026-06-02T23:59:59-04:00"),
            "end_of_day",
        ),
    ];
    for (deadline, start, expected, kind) in table {
        assert_eq!(
            due(deadline, &json!({ "discovered": start })),
            (expected.map(str::to_owned), kind),
            "{deadline} from {start}"
        );
    }
}

#[test]
fn the_earlier_of_a_date_and_another_duty_keeps_both() {
    let law = law(
        r#"{ min = [{ after = "clock", amount = 14, unit = "calendar_day" }, { relative = "PARENT", order = "not_later_than" }] }"#,
        "",
    );
    let answer = ask(&law, &json!({"times": {"discovered": "2026-06-02"}}));
    let owed = answer.required.iter().find(|owed| owed.rule_id == "R").unwrap();
    assert_eq!(owed.due_by.as_deref(), Some("2026-06-16T23:59:59-04:00"));
    assert_eq!(owed.constraints[0].order, "not_later_than");
    assert_eq!(owed.constraints[0].rule_id, "PARENT");
}

#[test]
fn a_clock_nobody_attested_gives_no_date() {
    let answer = ask(&law(r#"{ after = "clock", amount = 14, unit = "calendar_day" }"#, ""), &json!({}));
    let owed = answer.required.iter().find(|owed| owed.rule_id == "R").unwrap();
    assert_eq!((owed.due_by.as_deref(), owed.due_kind), (None, "undetermined"));
    assert_eq!(owed.missing, ["times.discovered"]);
}

#[test]
fn a_stand_in_is_named() {
    let law = law(r#"{ after = "determination", amount = 14, unit = "calendar_day" }"#, "");
    let answer = ask(&law, &json!({"times": {"aware": "2026-06-02"}}));
    let owed = answer.required.iter().find(|owed| owed.rule_id == "R").unwrap();
    assert_eq!(owed.anchor.as_deref(), Some("aware"));
    assert!(
        owed.because.iter().any(|line| line.contains("times.determined") && line.contains("stands in")),
        "{:?}",
        owed.because
    );
}

#[test]
fn alternatives_are_shown_and_never_used() {
    let law = law(
        r#"{ after = "clock", amount = 72, unit = "hour", alt = [{ id = "full-hour", start = "next_full_hour" }, { id = "two-days", min_working_days = 2, default = false }] }"#,
        "",
    );
    let answer = ask(&law, &json!({"times": {"discovered": "2026-06-05T10:20:00-04:00"}}));
    let owed = answer.required.iter().find(|owed| owed.rule_id == "R").unwrap();
    assert_eq!(owed.due_by.as_deref(), Some("2026-06-08T10:20:00-04:00"));
    assert_eq!(owed.alt_due_by.as_deref(), Some("2026-06-08T11:00:00-04:00"));
    assert_eq!(owed.alt_basis.as_deref(), Some("full-hour"));
}

#[test]
fn a_hold_suspends_ends_and_is_refused_without_its_evidence() {
    let delay = r#"delays = [{ kind = "law_enforcement", effect = "suspend", needs = ["le_hold.written"] }]"#;
    let law = law(r#"{ after = "clock", amount = 30, unit = "calendar_day" }"#, delay);
    let times = json!({"discovered": "2026-06-02"});
    let held = ask(&law, &json!({"times": times, "le_hold": {"active": true, "from": "2026-06-05", "written": true}}));
    assert_eq!(held.suspended[0].rule_id, "R");
    assert_eq!(held.suspended[0].due_by, None);
    assert_eq!(held.suspended[0].base_due_by.as_deref(), Some("2026-07-02T23:59:59-04:00"));
    let oral = ask(&law, &json!({"times": times, "le_hold": {"active": true, "from": "2026-06-05"}}));
    assert!(oral.suspended.is_empty());
    let ended = ask(
        &law,
        &json!({"times": times, "le_hold": {"active": false, "from": "2026-06-05", "released": "2026-06-15", "written": true}}),
    );
    let owed = ended.required.iter().find(|owed| owed.rule_id == "R").unwrap();
    // Ten days held: 2 July + 10.
    assert_eq!(owed.due_by.as_deref(), Some("2026-07-12T23:59:59-04:00"));
    assert_eq!(owed.base_due_by.as_deref(), Some("2026-07-02T23:59:59-04:00"));
}

#[test]
fn a_hold_asked_for_after_the_date_changes_nothing() {
    let delay = r#"delays = [{ kind = "law_enforcement", effect = "suspend" }]"#;
    let law = law(r#"{ after = "clock", amount = 5, unit = "calendar_day" }"#, delay);
    let answer = ask(
        &law,
        &json!({"times": {"discovered": "2026-06-02"}, "le_hold": {"active": false, "from": "2026-06-20", "released": "2026-06-25"}}),
    );
    let owed = answer.required.iter().find(|owed| owed.rule_id == "R").unwrap();
    assert_eq!(owed.due_by.as_deref(), Some("2026-06-07T23:59:59-04:00"));
}

#[test]
fn what_was_done_is_satisfied_by_its_evidence() {
    let law = law(r#"{ after = "clock", amount = 5, unit = "calendar_day" }"#, "");
    let answer = ask(&law, &json!({"times": {"discovered": "2026-06-02"}, "done": {"R": "portal receipt 4711"}}));
    assert_eq!(answer.satisfied[0].rule_id, "R");
    assert_eq!(answer.satisfied[0].evidence.as_deref(), Some("portal receipt 4711"));
    assert!(answer.required.iter().all(|owed| owed.rule_id != "R"));
}
