//! Laws that hold for any condition and any deadline: an unknown never suppresses, a due date never precedes its
//! clock, and every considered rule ends in exactly one state.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should stop")]

mod common;

use duty::{Answer, Facts, Law, Truth};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const LONG_AFTER: &str = "2100-01-01T00:00:00Z";
const NAMES: [&str; 4] = ["fact_one", "fact_two", "fact_three", "fact_four"];

/// A condition over four yes-no facts, as written in a regime.
#[derive(Debug, Clone)]
enum Condition {
    Fact(usize, bool),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Condition {
    fn toml(&self) -> String {
        let list = |parts: &[Self]| parts.iter().map(Self::toml).collect::<Vec<_>>().join(", ");
        match self {
            Self::Fact(which, is) => format!("{{ fact = \"{}\", is = {is} }}", NAMES[*which]),
            Self::Not(part) => format!("{{ not = {} }}", part.toml()),
            Self::All(parts) => format!("{{ all = [{}] }}", list(parts)),
            Self::Any(parts) => format!("{{ any = [{}] }}", list(parts)),
        }
    }

    fn holds(&self, facts: &[bool; 4]) -> bool {
        match self {
            Self::Fact(which, is) => facts[*which] == *is,
            Self::Not(part) => !part.holds(facts),
            Self::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts)),
        }
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = (0..4_usize, any::<bool>()).prop_map(|(which, is)| Condition::Fact(which, is));
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Condition::Not(Box::new(part))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Condition::All),
            prop::collection::vec(inner, 1..4).prop_map(Condition::Any),
        ]
    })
}

fn law(trigger: &str, deadline: &str, tz: &str) -> Law {
    let text = format!(
        "schema = \"watertight-law/1\"\n[jurisdiction]\ncode = \"XX\"\nlayer = \"national\"\ntz = \"{tz}\"\nserved_by = \"residence\"\n\
         [[statute]]\nid = \"s\"\ntitle = \"s\"\nstatus = \"in_force\"\n[calendar.C]\nholidays = [\"01-01\", \"12-25\", \"easter+1\"]\nobserved = \"nearest_weekday\"\n\
         [[rule]]\nid = \"R\"\nkind = \"notify\"\nrole = [\"owner\"]\nrecipient = \"r\"\ntrigger = {trigger}\nclock = {{ event = \"discovery\" }}\n\
         deadline = {deadline}\ncitations = [\"s\"]\nconfidence = \"verified\"\n"
    );
    let (law, errors) = Law::load([("t.toml".to_owned(), text)]);
    assert!(errors.is_empty(), "{errors:?}");
    law
}

fn ask(law: &Law, known: &[Option<bool>; 4], discovered: &str) -> Answer {
    let mut facts = Map::new();
    facts.insert("role".to_owned(), json!("owner"));
    facts.insert("subjects".to_owned(), json!({"XX-A": 1}));
    facts.insert("times".to_owned(), json!({ "discovered": discovered }));
    for (name, value) in NAMES.iter().zip(known) {
        if let Some(value) = value {
            facts.insert((*name).to_owned(), json!(value));
        }
    }
    let facts = Facts::from_value(json!({ "facts": Value::Object(facts) })).unwrap();
    law.evaluate(&facts, LONG_AFTER.parse().unwrap())
}

fn completions(known: &[Option<bool>; 4]) -> Vec<[bool; 4]> {
    (0..16_u8)
        .map(|bits| [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0, bits & 8 != 0])
        .filter(|whole| whole.iter().zip(known).all(|(whole, known)| known.is_none_or(|known| known == *whole)))
        .collect()
}

fn entries(answer: &Answer) -> usize {
    answer.required.len()
        + answer.not_required.len()
        + answer.pending.len()
        + answer.suspended.len()
        + answer.satisfied.len()
        + answer.not_in_force.len()
        + answer.review.iter().filter(|review| review.rule_id == "R").count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_unknown_never_suppresses(condition in condition(), known in prop::array::uniform4(prop::option::of(any::<bool>()))) {
        let law = law(&condition.toml(), "{ qualitative = \"x\" }", "UTC");
        let answer = ask(&law, &known, "2026-03-02");
        prop_assert_eq!(entries(&answer), 1, "exactly one state");
        let truths: Vec<bool> = completions(&known).iter().map(|whole| condition.holds(whole)).collect();
        if !answer.not_required.is_empty() {
            prop_assert!(truths.iter().all(|truth| !truth), "not required, yet some facts would require it");
        }
        if answer.required.iter().any(|owed| owed.status.is_none()) {
            prop_assert!(truths.iter().all(|truth| *truth), "required without reservation, yet some facts would not");
        }
    }

    #[test]
    fn a_due_date_never_precedes_its_clock(
        seconds in 1_600_000_000_i64..2_500_000_000,
        amount in 0_i64..2_000,
        unit in prop::sample::select(vec!["hour", "calendar_day", "business_day", "month"]),
        tz in prop::sample::select(vec!["UTC", "America/New_York", "Pacific/Apia", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Cairo"]),
    ) {
        let start = jiff::Timestamp::from_second(seconds).unwrap();
        let calendar = if unit == "business_day" { ", calendar = \"C\"" } else { "" };
        let law = law("{ fact = \"fact_one\", is = true }", &format!("{{ after = \"clock\", amount = {amount}, unit = \"{unit}\"{calendar} }}"), tz);
        let answer = ask(&law, &[Some(true); 4], &start.to_string());
        let due = answer.required[0].due_by.clone().unwrap();
        let due: jiff::Timestamp = due.parse().unwrap();
        prop_assert!(start.as_second() <= due.as_second(), "{} is before {}", due, start);
        if unit == "hour" {
            prop_assert_eq!(due.as_second() - start.as_second(), amount * 3600, "hours are elapsed hours");
        }
    }

    #[test]
    fn kleene(a in truth(), b in truth(), c in truth()) {
        prop_assert_eq!(a.and(b), b.and(a));
        prop_assert_eq!(a.or(b), b.or(a));
        prop_assert_eq!(a.and(b).and(c), a.and(b.and(c)));
        prop_assert_eq!(a.or(b.and(c)), a.or(b).and(a.or(c)));
        prop_assert_eq!(a.and(b).negate(), a.negate().or(b.negate()));
        prop_assert_eq!(a.negate().negate(), a);
        prop_assert_eq!(a.and(Truth::Yes), a);
        prop_assert_eq!(a.and(Truth::No), Truth::No);
        prop_assert_eq!(a.or(Truth::Yes), Truth::Yes);
    }

    #[test]
    fn the_real_law_is_total(facts in real_facts()) {
        let (law, _) = shared();
        let answer = law.evaluate(&Facts::from_value(json!({ "facts": facts })).unwrap(), LONG_AFTER.parse().unwrap());
        // One rule at one place for one recipient ends in one list only.
        let mut seen = std::collections::BTreeSet::new();
        let owed = answer.required.iter().chain(&answer.suspended).chain(&answer.satisfied).map(|o| (&o.rule_id, &o.jurisdiction, &o.recipient));
        let not = answer.not_required.iter().map(|n| (&n.rule_id, &n.jurisdiction, &n.recipient));
        let pending = answer.pending.iter().map(|p| (&p.rule_id, &p.jurisdiction, &p.recipient));
        let absent = answer.not_in_force.iter().map(|n| (&n.rule_id, &n.jurisdiction, &n.recipient));
        for entry in owed.chain(not).chain(pending).chain(absent) {
            prop_assert!(seen.insert(entry), "{:?} twice", entry);
        }
        prop_assert!(answer.required.iter().all(|owed| !owed.citation.is_empty() && !owed.because.is_empty()));
        prop_assert!(answer.not_required.iter().all(|not| !not.citation.is_empty() && !not.reason.is_empty()));
    }

    #[test]
    fn more_people_never_mean_fewer_duties(few in 0_u64..1_200, more in 0_u64..1_200, state in prop::sample::select(vec!["US-CA", "US-TX", "US-FL", "US-CO", "US-WA", "US-OR", "US-UT"])) {
        let (law, _) = shared();
        let owed = |people: u64| -> Vec<String> {
            let facts = json!({"facts": {"role": "owner", "elements": ["NAME", "SSN"], "subjects": {state: people}, "risk": {"us_harm": "likely"}, "encryption": {"encrypted": false}, "times": {"discovered": "2026-03-02"}}});
            law.evaluate(&Facts::from_value(facts).unwrap(), LONG_AFTER.parse().unwrap()).required.into_iter().map(|owed| owed.rule_id).collect()
        };
        let (fewer, greater) = (owed(few), owed(few + more));
        prop_assert!(fewer.iter().all(|rule| greater.contains(rule)), "{:?} lost of {:?}", greater, fewer);
    }
}

fn truth() -> impl Strategy<Value = Truth> {
    prop::sample::select(vec![Truth::Yes, Truth::No, Truth::Unknown])
}

fn shared() -> &'static (Law, Vec<duty::LawError>) {
    static LAW: std::sync::OnceLock<(Law, Vec<duty::LawError>)> = std::sync::OnceLock::new();
    LAW.get_or_init(common::load)
}

/// Facts of every shape over the real law: known, ranged, absent, contradictory.
fn real_facts() -> impl Strategy<Value = Value> {
    let roles = prop::sample::select(vec![
        "owner",
        "controller",
        "processor",
        "vendor",
        "operator+school",
        "third_party_contractor+educational_agency",
        "hipaa_covered_entity",
        "financial_entity",
        "important_entity",
        "telecom_provider",
        "DFS covered_entity",
        "body_corporate",
        "somebody_else",
    ]);
    let words = vec![
        "NAME",
        "SSN",
        "DL",
        "EMAIL",
        "PASSWORD_PLAINTEXT",
        "PASSWORD_HASHED",
        "MED",
        "PHI",
        "CARD",
        "STUDENT_NAME",
        "GRADES",
        "IBAN",
    ];
    let elements = prop::option::of(prop::sample::subsequence(words, 0..6));
    let codes = vec![
        "US-CA", "US-NY", "US-TX", "US-IL", "US-MA", "US", "DE", "FR", "UK", "BR", "IN", "KR", "AU", "CA-QC",
        "unknown", "ZW",
    ];
    let people = prop_oneof![
        (0_u64..20_000).prop_map(|n| json!(n)),
        (0_u64..600).prop_map(|n| json!([n, n + 400])),
        Just(Value::Null)
    ];
    let subjects = prop::collection::btree_map(prop::sample::select(codes), people, 0..6);
    let risk = prop::sample::select(vec![
        json!({}),
        json!({"gdpr": "high", "us_harm": "likely"}),
        json!({"gdpr": "unlikely", "us_harm": "unlikely", "documented": true}),
        json!({"gdpr": "unknown"}),
    ]);
    let times = prop::sample::select(vec![
        json!({}),
        json!({"discovered": "2026-03-02T09:00:00-05:00"}),
        json!({"aware": "2019-03-02T09:00:00Z", "determined": "2030-01-01"}),
        json!({"processor_aware": "2026-03-02", "vendor_discovered": "2026-03-01", "consumer_notice_sent": "2026-02-01"}),
    ]);
    let hold = prop::sample::select(vec![
        json!({}),
        json!({"active": true, "from": "2026-03-05"}),
        json!({"active": false, "released": "2026-04-01", "from": "2026-03-05"}),
    ]);
    let encryption = prop::sample::select(vec![
        json!({}),
        json!({"encrypted": true}),
        json!({"encrypted": true, "key_compromised": false}),
        json!({"encrypted": false}),
    ]);
    let establishment = prop::sample::select(vec![Value::Null, json!("FR"), json!("US"), json!("BR")]);
    (roles, elements, subjects, risk, times, hold, encryption, establishment).prop_map(
        |(role, elements, subjects, risk, times, le_hold, encryption, establishment)| {
            json!({"role": role, "elements": elements, "subjects": subjects, "risk": risk, "times": times, "le_hold": le_hold,
                   "encryption": encryption, "establishment": establishment, "customers": ["shop-a", "shop-b"], "contract": {"notify_hours": 24}})
        },
    )
}
