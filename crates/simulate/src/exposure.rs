//! Whose data an exposure is: subjects, residency, elements and the duties a reader of the law would expect.
//!
//! Counts come from the people in the very objects and rows; nothing is estimated. The duties are expectations to
//! compare with, not the evaluation of law.

use std::collections::{BTreeMap, BTreeSet};

use crate::company::SCHOOLS;
use crate::holdings::{STORES, Subject};
use crate::people::Person;
use crate::stage::World;
use crate::truth::{ExpectedDuty, ExposedObject, Exposure};

/// Countries of the European Union in which subjects live.
const EU: &[&str] = &["DE", "FR", "IE", "NL", "ES", "IT", "PL"];

/// Texas residents from which the attorney general must be told: Tex. Bus. & Com. Code 521.053(i).
const TEXAS_AG_RESIDENTS: u64 = 250;

/// Whole objects got out.
pub(crate) fn objects(world: &World, indexes: &[usize]) -> Exposure {
    let mut elements: Vec<&str> = Vec::new();
    let mut list = Vec::new();
    for &i in indexes {
        let object = &world.holdings.objects[i];
        let store = STORES.iter().find(|s| s.name == object.store);
        for element in store.map_or(&[][..], |s| s.elements) {
            if !elements.contains(element) {
                elements.push(element);
            }
        }
        list.push(ExposedObject { uri: object.uri.clone(), path: object.path(), bytes: object.size, rows: None });
    }
    list.sort_by(|a, b| a.uri.cmp(&b.uri));
    describe(world, list, &world.holdings.subjects(indexes), &elements)
}

/// Some rows of one table got out, with only some of its columns.
pub(crate) fn rows(world: &World, object: usize, subjects: &BTreeSet<Subject>, elements: &[&str]) -> Exposure {
    let table = &world.holdings.objects[object];
    let ids = subjects.iter().map(|&s| who(world, s).id.clone()).collect();
    let exposed = ExposedObject { uri: table.uri.clone(), path: table.path(), bytes: table.size, rows: Some(ids) };
    describe(world, vec![exposed], subjects, elements)
}

pub(crate) fn who(world: &World, subject: Subject) -> &Person {
    match subject {
        Subject::Customer(i) => &world.people.customers[i],
        Subject::Student(i) => &world.people.students[i],
    }
}

fn describe(world: &World, objects: Vec<ExposedObject>, subjects: &BTreeSet<Subject>, elements: &[&str]) -> Exposure {
    let mut residency: BTreeMap<String, u64> = BTreeMap::new();
    let mut schools = BTreeSet::new();
    let mut roles = BTreeSet::new();
    for &subject in subjects {
        let person = who(world, subject);
        *residency.entry(person.residence.to_owned()).or_default() += 1;
        match subject {
            Subject::Customer(_) => roles.insert("controller"),
            Subject::Student(_) => {
                schools.insert(person.school);
                roles.insert("processor")
            }
        };
    }
    Exposure {
        objects,
        subjects: u64::try_from(subjects.len()).unwrap_or(u64::MAX),
        residency,
        elements: elements.iter().map(|&e| e.to_owned()).collect(),
        customers: schools.iter().map(|&i| SCHOOLS[i].name.to_owned()).collect(),
        roles: roles.into_iter().map(str::to_owned).collect(),
        minors: schools.iter().any(|&i| SCHOOLS[i].minors),
    }
}

/// The duties to expect from an exposure, given what Larkfield is for the people in it.
pub(crate) fn duties(exposure: &Exposure) -> Vec<ExpectedDuty> {
    let mut duties = Vec::new();
    let mut expect = |regime: &str, recipient: &str, because: String| {
        duties.push(ExpectedDuty { regime: regime.to_owned(), recipient: recipient.to_owned(), because });
    };
    let has = |element: &str| exposure.elements.iter().any(|e| e == element);
    let living_in = |code: &str| exposure.residency.get(code).copied().unwrap_or(0);
    let controller = exposure.roles.iter().any(|r| r == "controller");
    let processor = exposure.roles.iter().any(|r| r == "processor");
    let europeans: u64 = EU.iter().map(|code| living_in(code)).sum();
    // Name with a number that opens an account: the trigger common to California and Texas.
    let state_trigger = has("NAME") && (has("SSN") || has("CARD_WITH_CODE"));

    if controller && europeans > 0 {
        expect("GDPR-33", "supervisory authority", format!("{europeans} people in the Union, controller"));
        if has("CARD") || has("CARD_WITH_CODE") || has("SSN") {
            expect("GDPR-34", "individuals", "payment data make the risk high".to_owned());
        }
    }
    if processor && europeans > 0 {
        expect("GDPR-33-2", "customers (controllers)", format!("{europeans} people in the Union, processor"));
    }
    for (regime, code) in [("US-CA", "US-CA"), ("US-TX", "US-TX")] {
        let count = living_in(code);
        if state_trigger && count > 0 {
            let recipient = if controller { "individuals" } else { "owner of the data" };
            expect(regime, recipient, format!("{count} residents, name with number"));
        }
    }
    if state_trigger && controller && TEXAS_AG_RESIDENTS <= living_in("US-TX") {
        expect("US-TX", "attorney general", format!("at least {TEXAS_AG_RESIDENTS} residents"));
    }
    for school in SCHOOLS.iter().filter(|s| exposure.customers.iter().any(|c| c == s.name)) {
        if school.kind == "educational_agency" && school.residence == "US-NY" && has("STUDENT_PII") {
            expect("US-NY-2D", school.name, "third-party contractor of an educational agency, student data".to_owned());
        }
        expect("CONTRACT", school.name, format!("agreed notice within {} hours", school.notify_hours));
    }
    duties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_follow_role_residence_and_elements() {
        let exposure = |roles: &[&str], residency: &[(&str, u64)], elements: &[&str], customers: &[&str]| Exposure {
            roles: roles.iter().map(|&s| s.to_owned()).collect(),
            residency: residency.iter().map(|&(code, n)| (code.to_owned(), n)).collect(),
            elements: elements.iter().map(|&s| s.to_owned()).collect(),
            customers: customers.iter().map(|&s| s.to_owned()).collect(),
            ..Exposure::default()
        };
        let regimes = |e: &Exposure| duties(e).into_iter().map(|d| d.regime).collect::<Vec<_>>();
        let shop = exposure(&["controller"], &[("DE", 3), ("US-CA", 9)], &["NAME", "EMAIL"], &[]);
        assert_eq!(regimes(&shop), ["GDPR-33"]);
        let cards = exposure(&["controller"], &[("US-CA", 9), ("US-TX", 250)], &["NAME", "CARD_WITH_CODE"], &[]);
        assert_eq!(regimes(&cards), ["US-CA", "US-TX", "US-TX"]);
        let school = exposure(
            &["processor"],
            &[("US-NY", 40)],
            &["NAME", "STUDENT_PII"],
            &["Hudson Vale Central School District"],
        );
        assert_eq!(regimes(&school), ["US-NY-2D", "CONTRACT"]);
    }
}
