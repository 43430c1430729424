//! Legal roles: which words mean the same duty-bearer, and when a role leaves the question open.
//!
//! One legal person may hold several roles in one incident; a `+` joins them.

use crate::truth::Truth;

const OWNERS: &[&str] =
    &["owner", "licensee", "controller", "owner_or_controller", "data_collector", "data_fiduciary", "app_entity"];
const PROCESSORS: &[&str] = &[
    "processor",
    "vendor",
    "operator",
    "contractor",
    "third_party_contractor",
    "third_party_provider",
    "provider",
    "school_service_contract_provider",
    "sub_processor",
];

/// Whether a rule for `wanted` reaches a person holding `held`.
///
/// The generic words are met by every word of their family. A role of its own (`school`, `bank`) is met
/// exactly. A person with an unfamiliar role may well own data too: that is for a person to say.
pub(crate) fn reaches(wanted: &[String], held: &[String]) -> Truth {
    wanted.iter().map(|role| reaches_one(role, held)).fold(Truth::No, Truth::or)
}

fn reaches_one(wanted: &str, held: &[String]) -> Truth {
    if wanted == "any" || held.iter().any(|role| role == wanted) {
        return Truth::Yes;
    }
    let generic_owner = OWNERS.contains(&wanted);
    let generic_processor = wanted == "processor";
    if generic_owner && held.iter().any(|role| OWNERS.contains(&role.as_str())) {
        return Truth::Yes;
    }
    let holds_processor = held.iter().any(|role| PROCESSORS.contains(&role.as_str()));
    if generic_processor && holds_processor {
        return Truth::Yes;
    }
    let unfamiliar = held.iter().any(|role| !OWNERS.contains(&role.as_str()) && !PROCESSORS.contains(&role.as_str()));
    let kindred = PROCESSORS.contains(&wanted) && holds_processor;
    if (generic_owner && unfamiliar) || kindred { Truth::Unknown } else { Truth::No }
}

/// A rule for processors only reads the processor's clocks.
pub(crate) fn is_processor_side(wanted: &[String]) -> bool {
    !wanted.is_empty() && wanted.iter().all(|role| PROCESSORS.contains(&role.as_str()))
}

/// A role that a single regime knows, as opposed to owner and processor that all of them know.
pub(crate) fn is_specific(role: &str) -> bool {
    !OWNERS.contains(&role) && role != "processor" && role != "any"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn families_and_own_roles() {
        let table = [
            (&["controller"][..], &["owner"][..], Truth::Yes),
            (&["owner", "licensee"], &["processor"], Truth::No),
            (&["processor"], &["operator"], Truth::Yes),
            (&["operator"], &["processor"], Truth::Unknown),
            (&["school"], &["operator", "school"], Truth::Yes),
            (&["owner"], &["school"], Truth::Unknown),
            (&["financial_entity"], &["owner"], Truth::No),
        ];
        for (wanted, held, expected) in table {
            assert_eq!(reaches(&words(wanted), &words(held)), expected, "{wanted:?} {held:?}");
        }
    }
}
