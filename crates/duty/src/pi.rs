//! Personal information as a statute defines it: which elements, with or without a name, how lost, and whether
//! encryption protected them. One definition in, one finding with reasons out.
//!
//! Knows nothing of duties; a trigger asks for it by name.

use crate::elements::Elements;
use crate::expr::OnUnknown;
use crate::judge::{Finding, spaced};
use crate::loss;
use crate::regime::{NameNeeded, Pi};
use crate::run::Scene;
use crate::truth::Truth;

/// Yes when the statute's own definition is met by the facts.
pub(crate) fn personal_information(pi: &Pi, scene: &Scene<'_>, policy: OnUnknown) -> Finding {
    let facts = scene.run.facts;
    let Some(held) = &facts.elements else {
        return Finding::asking("the elements lost are not known", "elements", policy);
    };
    let data = cite(protected_data(pi, held, scene), pi.citation.as_deref());
    let lost = loss::in_sense(facts, &pi.event);
    let lost = match lost {
        Truth::Unknown => Finding::asking(
            format!("whether there was {} is not known", spaced(&pi.event)),
            loss_key(&pi.event),
            policy,
        ),
        truth => Finding::new(truth, format!("{}{}", if truth.is_yes() { "" } else { "no " }, spaced(&pi.event))),
    };
    let harbour = pi.encrypted_when.as_ref().and_then(|harbour| harbour.citation.as_deref());
    data.and(lost).and(cite(readable(pi, scene, policy), harbour))
}

/// Why not is as citable as why.
fn cite(mut finding: Finding, citation: Option<&str>) -> Finding {
    if let (Some(line), Some(citation)) = (finding.lines.last_mut(), citation) {
        line.push_str(&format!(" ({citation})"));
    }
    finding
}

fn loss_key(sense: &str) -> &'static str {
    if sense.starts_with("access") && !sense.contains("acquisition") { "event.access" } else { "event.acquisition" }
}

fn protected_data(pi: &Pi, held: &Elements, scene: &Scene<'_>) -> Finding {
    let matching = |words: &[String]| -> (Truth, Vec<String>) {
        let hits = words.iter().filter(|word| !pi.excluded.contains(word)).map(|word| (held.contains(word), word));
        let (mut truth, mut named) = (Truth::No, Vec::new());
        for (found, word) in hits {
            truth = truth.or(found);
            if !found.is_no() {
                named.push(word.clone());
            }
        }
        (truth, named)
    };
    let (alone, alone_words) = matching(&pi.standalone_any);
    let (combined, combined_words) = matching(&pi.combo_any);
    let name = name_present(pi.name.as_ref(), held, scene);
    let (doubtful, doubtful_words) = matching(&pi.doubtful_any);
    let certain = alone.or(combined.and(name));
    let truth = if certain.is_no() && doubtful.is_yes() { Truth::Unknown } else { certain };
    let written = held.written.join(", ");
    match truth {
        Truth::Yes if alone.is_yes() => {
            Finding::new(truth, format!("{} is protected by itself", alone_words.join(", ")))
        }
        Truth::Yes => Finding::new(truth, format!("name with {}", combined_words.join(", "))),
        Truth::No if combined.is_yes() => {
            Finding::new(truth, format!("{} without a name: this law needs a name with it", combined_words.join(", ")))
        }
        Truth::No => Finding::new(
            truth,
            format!(
                "{} alone is not personal information in this law",
                if written.is_empty() { "no element" } else { &written }
            ),
        ),
        Truth::Unknown => {
            let question = if doubtful_words.is_empty() {
                "elements: could the hashed passwords be recovered?".to_owned()
            } else {
                format!("elements: do {} count in this law here?", doubtful_words.join(", "))
            };
            Finding::asking(
                format!("whether {written} is protected is for a person to say"),
                question,
                OnUnknown::Review,
            )
        }
    }
}

fn name_present(needed: Option<&NameNeeded>, held: &Elements, scene: &Scene<'_>) -> Truth {
    if needed.is_none_or(|needed| needed.any_of.is_empty()) {
        return Truth::Yes;
    }
    match scene.run.facts.flag("name_present") {
        Truth::Unknown => Truth::from(held.shows_a_name()),
        truth => truth,
    }
}

/// The statute's safe harbour: encrypted strongly enough, and nothing that defeats it.
fn readable(pi: &Pi, scene: &Scene<'_>, policy: OnUnknown) -> Finding {
    let facts = scene.run.facts;
    let Some(harbour) = &pi.encrypted_when else { return Finding::silent(Truth::Yes) };
    let defeated = harbour.defeated_by.iter().any(|fact| facts.flag(&format!("encryption.{fact}")).is_yes());
    let safe = if defeated { Truth::No } else { facts.unintelligible() };
    let strong = harbour.min_bits.map_or(Truth::Yes, |bits| strength(facts.text("encryption.alg"), bits));
    match safe.and(strong) {
        Truth::Yes => Finding::new(Truth::No, "encrypted, key not compromised"),
        Truth::No if facts.flag("encryption.encrypted").is_yes() => {
            Finding::new(Truth::Yes, "encryption is no protection here: the key was lost too, or it is too weak")
        }
        Truth::No => Finding::new(Truth::Yes, "data readable"),
        Truth::Unknown if safe == Truth::Unknown => {
            Finding::asking("encrypted, but whether the key is safe is not known", "encryption.key_compromised", policy)
        }
        Truth::Unknown => Finding::asking("encrypted, but how strongly is not known", "encryption.alg", policy),
    }
}

/// The key length in an algorithm's name: `AES-256` has 256 bits.
fn strength(alg: Option<&str>, bits_min: u32) -> Truth {
    let numbers = alg.map(|alg| {
        alg.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok()).collect::<Vec<_>>()
    });
    match numbers.and_then(|numbers| numbers.into_iter().find(|bits| (40..=16_384).contains(bits))) {
        Some(bits) => Truth::from(bits_min <= bits),
        None => Truth::Unknown,
    }
}
