//! The law in `content/regimes` loads without a fault and every worked case in it holds.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should stop")]

mod common;

#[test]
fn every_regime_loads() {
    let (law, errors) = common::load();
    for error in &errors {
        println!("{error}");
    }
    assert!(errors.is_empty(), "{} faults", errors.len());
    assert!(!law.rules().is_empty());
}

#[test]
fn every_worked_case_holds() {
    let (law, _) = common::load();
    let outcomes = duty::check_cases(&law);
    for outcome in outcomes.iter().filter(|outcome| !outcome.holds()) {
        println!("{} · {}", outcome.regime, outcome.title);
        outcome.faults.iter().for_each(|fault| println!("    {fault}"));
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.holds()).count();
    assert!(failed == 0, "{failed} of {} cases failed", outcomes.len());
}

#[test]
fn every_rule_cites_its_text_and_says_how_sure_it_is() {
    let (law, _) = common::load();
    for card in law.rules() {
        assert!(!card.citations.is_empty(), "{}", card.rule_id);
        let sure = format!("{:?}", card.confidence);
        assert!(
            sure == "Recalled" || !card.sources.is_empty() || card.status != Some(duty::Status::InForce),
            "{} is verified by nothing",
            card.rule_id
        );
    }
}
