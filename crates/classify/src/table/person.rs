//! Who a row is about: customer or student numbers, government numbers, mail addresses, name with date of birth; and where
//! that person lives. Keys leave here only as salted hashes.

use crate::Classifier;
use crate::context::Label;
use crate::region;
use crate::subjects::SubjectKey;

/// Headers that number persons of our own systems: the word before `id`, `no` or `number`.
const OWN_NUMBERS: &[&str] = &[
    "customer",
    "cust",
    "user",
    "student",
    "member",
    "patient",
    "employee",
    "client",
    "subject",
    "person",
    "learner",
    "pupil",
    "guest",
    "account",
    "buyer",
    "subscriber",
    "applicant",
    "contact",
];
/// Headers about somebody other than the person of the row.
const SOMEBODY_ELSE: &[&str] = &[
    "guardian",
    "parent",
    "emergency",
    "provider",
    "instructor",
    "teacher",
    "agent",
    "support",
    "seller",
    "referrer",
    "created_by",
    "updated_by",
    "assigned",
    "actor",
    "advisor",
];
/// Kinds of keys that several persons may share: used only when a row has nothing better.
const SHARED_KINDS: &[&str] = &["phone", "card"];

/// Which columns tell what about the person.
#[derive(Debug, Default)]
pub(super) struct PersonColumns {
    own_numbers: Vec<(usize, &'static str)>,
    names: Vec<usize>,
    birth_dates: Vec<usize>,
    addresses: Vec<usize>,
    states: Vec<usize>,
    countries: Vec<usize>,
    somebody_else: Vec<usize>,
}

/// One row's person.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) keys: Vec<SubjectKey>,
    /// The name by itself: counted only in tables without any better key.
    pub(super) name: Option<SubjectKey>,
    pub(super) residency: Option<String>,
}

impl PersonColumns {
    /// Learns the role of a column from its header.
    pub(super) fn learn(&mut self, place: usize, classifier: &Classifier, header: &str, label: &Label) {
        let plain = plain(header);
        let words: Vec<&str> = plain.split('_').collect();
        let last = words.last().copied().unwrap_or_default();
        if SOMEBODY_ELSE.iter().any(|word| plain.contains(word)) {
            self.somebody_else.push(place);
            return;
        }
        let number = matches!(last, "id" | "no" | "number" | "num" | "key" | "uuid");
        let owner = words.len().checked_sub(2).and_then(|before| words.get(before).copied()).unwrap_or_default();
        if let Some(kind) = OWN_NUMBERS.iter().find(|kind| number && **kind == owner) {
            self.own_numbers.push((place, own_kind(kind)));
        }
        match last {
            "state" | "province" | "region" | "statecode" | "st" => self.states.push(place),
            "country" | "countrycode" | "nation" => self.countries.push(place),
            "code" if words.contains(&"country") => self.countries.push(place),
            "code" if words.contains(&"state") => self.states.push(place),
            "residency" => {
                self.states.push(place);
                self.countries.push(place);
            }
            _ => {}
        }
        let named = |id: &str| {
            let mut all = (0_u16..).zip(classifier.identifiers());
            all.any(|(index, identifier)| &*identifier.id == id && label.names(index) && !label.excludes(index))
        };
        if named("PERSON") {
            self.names.push(place);
        }
        if named("DOB") {
            self.birth_dates.push(place);
        }
        if named("ADDRESS") {
            self.addresses.push(place);
        }
    }

    /// The keys and residency of one row. `found` holds (column, kind, value) of what the values themselves revealed.
    pub(super) fn read(&self, salt: &[u8; 32], cells: &[(usize, &str)], found: &[(usize, String, String)]) -> Record {
        let cell = |places: &[usize]| {
            let first = cells.iter().find(|(place, value)| places.contains(place) && !value.trim().is_empty());
            first.map(|(_, value)| value.trim())
        };
        let mut record = Record::default();
        for (place, kind) in &self.own_numbers {
            if let Some(value) = cell(&[*place]).filter(|value| !absent(value)) {
                push(&mut record.keys, SubjectKey::new(salt, kind, value));
            }
        }
        let mine = |place: &usize| !self.somebody_else.contains(place);
        let own_column = |place: &usize| self.own_numbers.iter().any(|(own, _)| own == place);
        for (place, kind, value) in found.iter().filter(|(place, _, _)| mine(place) && !own_column(place)) {
            if !SHARED_KINDS.contains(&kind.as_str()) && cells.iter().any(|(have, _)| have == place) {
                push(&mut record.keys, SubjectKey::new(salt, own_kind(kind), value));
            }
        }
        let full_name: Vec<&str> =
            cells.iter().filter(|(place, _)| self.names.contains(place)).map(|(_, value)| value.trim()).collect();
        let name = full_name.join(" ");
        if !name.trim().is_empty() {
            record.name = Some(SubjectKey::new(salt, "name", &name));
            if let Some(birth_date) = cell(&self.birth_dates) {
                push(&mut record.keys, SubjectKey::new(salt, "name+birth", &format!("{name} {birth_date}")));
            }
        }
        if record.keys.is_empty() {
            let shared = found.iter().find(|(place, kind, _)| mine(place) && SHARED_KINDS.contains(&kind.as_str()));
            if let Some((_, kind, value)) = shared {
                push(&mut record.keys, SubjectKey::new(salt, own_kind(kind), value));
            }
        }
        record.residency = region::residency(cell(&self.countries), cell(&self.states), cell(&self.addresses));
        record
    }
}

fn push(keys: &mut Vec<SubjectKey>, key: SubjectKey) {
    if !keys.contains(&key) {
        keys.push(key);
    }
}

/// One kind for the spellings of one thing, so that `student_id` and a student number found in text are the same key.
fn own_kind(kind: &str) -> &str {
    match kind {
        "cust" | "buyer" | "client" => "customer",
        "learner" | "pupil" => "student",
        other => other,
    }
}

fn absent(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "null" | "none" | "n/a" | "na" | "-" | "0" | "unknown" | "anonymous"
    )
}

/// `customerId`, `Customer ID` and `customer.id` as `customer_id`.
fn plain(header: &str) -> String {
    let mut plain = String::with_capacity(header.len() + 4);
    let mut lower_before = false;
    for letter in header.chars() {
        if letter.is_alphanumeric() {
            if letter.is_uppercase() && lower_before {
                plain.push('_');
            }
            lower_before = letter.is_lowercase();
            plain.extend(letter.to_lowercase());
        } else {
            lower_before = false;
            if !plain.ends_with('_') && !plain.is_empty() {
                plain.push('_');
            }
        }
    }
    plain
}
