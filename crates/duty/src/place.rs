//! Residency: which laws the facts reach, and at how many places one rule gives an answer.
//!
//! One-stop-shop: a controller established in a member answers to that member's authority; one without
//! an establishment answers to every member's in which people are affected.

use crate::law::Regime;
use crate::regime::{Rule, Scope, ServedBy};
use crate::roles;
use crate::run::{Place, Run};
use crate::truth::Truth;

/// Whether a rule is worth an answer for these facts.
pub(crate) fn served(run: &Run<'_>, regime: &Regime, residence: bool, rule: &Rule) -> bool {
    let role = rule.role.iter().any(|role| roles::is_specific(role) && run.facts.roles.contains(role));
    match regime.file.jurisdiction.served_by {
        ServedBy::Residence => residence,
        ServedBy::Role => role,
        ServedBy::ResidenceOrRole => residence || role,
        ServedBy::ResidenceAndRole => residence && role,
        ServedBy::Contract => {
            let processor = roles::reaches(&["processor".to_owned()], &run.facts.roles).is_yes();
            processor && run.facts.get("contract").is_some()
        }
    }
}

/// Whether people live where this law holds, or the reporting person is established there.
pub(crate) fn residence_reached(run: &Run<'_>, regime: &Regime) -> bool {
    let facts = run.facts;
    let jurisdiction = &regime.file.jurisdiction;
    let establishment = facts.text("establishment");
    if let Some(group) = &jurisdiction.members {
        let member = |code: &str| run.law.member(group, code).is_some();
        let lives_there = facts.subjects.keys().any(|code| member(code) && facts.someone_in(code));
        return lives_there
            || facts.someone_in(&jurisdiction.code)
            || establishment.is_some_and(member)
            || facts.get("eu_representative").is_some();
    }
    let code = jurisdiction.code.as_str();
    let established = jurisdiction.layer != "state" && establishment == Some(code);
    let uk = code == "UK" && facts.flag("uk_establishment").is_yes();
    facts.someone_in(code) || established || uk
}

/// The places at which a rule answers. A duty that lies on somebody else is said once.
pub(crate) fn places(run: &Run<'_>, regime: &Regime, rule: &Rule, role: Truth) -> Vec<Place> {
    let own = Place { jurisdiction: regime.file.jurisdiction.code.clone(), ..Place::default() };
    if role.is_no() {
        return vec![own];
    }
    match rule.residency.scope {
        Scope::Own | Scope::AnyState => vec![own],
        Scope::LeadAuthority => vec![lead(run, regime, own)],
        Scope::EachMemberState => or_own(each_member(run, regime), own),
        Scope::EachState => or_own(each_state(run, &own), own),
        Scope::EachCustomer => or_own(each_customer(run, &own), own),
    }
}

fn or_own(places: Vec<Place>, own: Place) -> Vec<Place> {
    if places.is_empty() { vec![own] } else { places }
}

fn lead(run: &Run<'_>, regime: &Regime, own: Place) -> Place {
    let group = regime.file.jurisdiction.members.as_deref();
    let member = group.zip(run.facts.text("establishment")).and_then(|(group, code)| run.law.member(group, code));
    match member {
        Some(member) => member_place(regime, &member.code),
        None => own,
    }
}

fn each_member(run: &Run<'_>, regime: &Regime) -> Vec<Place> {
    let Some(group) = &regime.file.jurisdiction.members else { return Vec::new() };
    let affected =
        run.facts.subjects.keys().filter(|code| run.law.member(group, code).is_some() && run.facts.someone_in(code));
    affected.map(|code| member_place(regime, code)).collect()
}

fn member_place(regime: &Regime, code: &str) -> Place {
    Place {
        jurisdiction: format!("{}-{code}", regime.file.jurisdiction.code),
        member: Some(code.to_owned()),
        ..Place::default()
    }
}

fn each_state(run: &Run<'_>, own: &Place) -> Vec<Place> {
    let prefix = format!("{}-", own.jurisdiction);
    let states = run.facts.subjects.keys().filter(|code| code.starts_with(&prefix) && run.facts.someone_in(code));
    states.map(|code| Place { state: Some(code.clone()), ..own.clone() }).collect()
}

fn each_customer(run: &Run<'_>, own: &Place) -> Vec<Place> {
    run.facts.customers.iter().map(|customer| Place { customer: Some(customer.clone()), ..own.clone() }).collect()
}
