//! Evaluates a condition on the facts: yes, no or unknown, with a sentence for each leaf that decided it.
//!
//! The same walk serves the honest answer and the two fail-safe ones, in which unknown leaves are taken
//! as the duty's worst case. It never looks at deadlines except where a condition names one.

use crate::clock;
use crate::expr::{Absent, Ask, Expr, Leaf, OnUnknown};
use crate::known::{Count, Known, Op};
use crate::loss;
use crate::pi::personal_information;
use crate::run::Scene;
use crate::truth::Truth;

/// How unknown leaves are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assume {
    Nothing,
    /// Only those whose leaf says so, and ranges that reach the threshold.
    Stated,
    /// All but those reserved for a person.
    Everything,
}

/// A truth with its reasons.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) truth: Truth,
    pub(crate) lines: Vec<String>,
    pub(crate) missing: Vec<Missing>,
}

/// A fact that would settle the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) fact: String,
    pub(crate) note: Option<String>,
    pub(crate) policy: OnUnknown,
}

impl Finding {
    pub(crate) fn new(truth: Truth, line: impl Into<String>) -> Self {
        Self { truth, lines: vec![line.into()], missing: Vec::new() }
    }

    pub(crate) fn asking(line: impl Into<String>, fact: impl Into<String>, policy: OnUnknown) -> Self {
        let missing = vec![Missing { fact: fact.into(), note: None, policy }];
        Self { truth: Truth::Unknown, lines: vec![line.into()], missing }
    }

    pub(crate) fn silent(truth: Truth) -> Self {
        Self { truth, lines: Vec::new(), missing: Vec::new() }
    }

    /// Both must hold; a "no" keeps only the reasons for it.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::join(vec![self, other], Truth::and, Truth::No)
    }

    fn join(parts: Vec<Self>, combine: fn(Truth, Truth) -> Truth, decisive: Truth) -> Self {
        let truth = parts.iter().fold(decisive.negate(), |truth, part| combine(truth, part.truth));
        let mut joined = Self::silent(truth);
        for part in parts {
            if truth == decisive && part.truth != decisive {
                continue;
            }
            joined.lines.extend(part.lines);
            if truth == Truth::Unknown && part.truth == Truth::Unknown {
                joined.missing.extend(part.missing);
            }
        }
        joined
    }
}

/// Evaluates `expr`. `want` is the truth that would make the duty apply: it flips under `not`.
pub(crate) fn judge(expr: &Expr, scene: &Scene<'_>, assume: Assume, want: bool) -> Finding {
    match expr {
        Expr::All(parts) => join_all(parts, scene, assume, want, Truth::and, Truth::No),
        Expr::Any(parts) => join_all(parts, scene, assume, want, Truth::or, Truth::Yes),
        Expr::Not(part) => {
            let inner = judge(part, scene, assume, !want);
            Finding { truth: inner.truth.negate(), ..inner }
        }
        Expr::Otherwise => Finding::silent(Truth::Yes),
        Expr::Leaf(leaf) => settle(leaf, ask(leaf, scene, assume, want), assume, want),
    }
}

fn join_all(
    parts: &[Expr],
    scene: &Scene<'_>,
    assume: Assume,
    want: bool,
    combine: fn(Truth, Truth) -> Truth,
    decisive: Truth,
) -> Finding {
    Finding::join(parts.iter().map(|part| judge(part, scene, assume, want)).collect(), combine, decisive)
}

/// Applies what the leaf says about absence, then the assumption of this walk.
fn settle(leaf: &Leaf, found: Finding, assume: Assume, want: bool) -> Finding {
    if found.truth != Truth::Unknown {
        return found;
    }
    if let Some(absent) = leaf.absent {
        let truth = Truth::from(absent == Absent::Yes);
        return Finding { truth, missing: Vec::new(), ..found };
    }
    let reserved = found.missing.iter().any(|missing| missing.policy == OnUnknown::Review);
    let stated = found.missing.iter().all(|missing| missing.policy == OnUnknown::AssumeTrue);
    let assumed = match assume {
        Assume::Nothing => false,
        Assume::Stated => stated,
        Assume::Everything => !reserved,
    };
    if assumed { Finding { truth: Truth::from(want), ..found } } else { found }
}

fn ask(leaf: &Leaf, scene: &Scene<'_>, assume: Assume, want: bool) -> Finding {
    let facts = scene.run.facts;
    let policy = leaf.on_unknown;
    match &leaf.ask {
        Ask::Pi(name) => scene
            .regime
            .file
            .pi
            .get(name)
            .map_or_else(|| Finding::silent(Truth::No), |pi| personal_information(pi, scene, policy)),
        Ask::ElementsAny(words) => elements(scene, words, policy, Truth::or, "any of"),
        Ask::ElementsAll(words) => elements(scene, words, policy, Truth::and, "all of"),
        Ask::OnlyElements(words) => match &facts.elements {
            Some(held) => Finding::new(held.only(words), format!("nothing but {} was lost", words.join(", "))),
            None => Finding::asking("elements are not known", "elements", policy),
        },
        Ask::SubjectsAny(kinds) => subjects(scene, kinds, policy),
        Ask::EventAny(kinds) => events(scene, kinds, policy),
        Ask::Count { population, op, value, of } => count(scene, population, *op, *value, of.as_deref(), policy),
        Ask::Risk { scale, at_least } => risk(scene, scale, at_least, policy),
        Ask::HarmUnlikely { needs } => harm_unlikely(scene, needs, policy),
        Ask::Fact { path, is } => fact(scene, path, is, policy),
        Ask::Requires(rule) => requires(scene, rule),
        Ask::Predicate(name) => {
            let inner = scene.regime.file.predicate.get(name);
            inner.map_or_else(|| Finding::silent(Truth::No), |predicate| judge(&predicate.expr, scene, assume, want))
        }
        Ask::Sector(words) => word_fact(scene, "sector", words, policy),
        Ask::EntityType(words) => word_fact(scene, "entity_class", words, policy),
        Ask::Role(words) => {
            let holds = scene.holds_any(words);
            let verb = if holds { "acts" } else { "does not act" };
            Finding::new(Truth::from(holds), format!("{verb} as {}", words.join(" or ")))
        }
        Ask::Time(event) => match clock::attested(event, facts) {
            Some(_) => Finding::new(Truth::Yes, format!("{} is attested", clock::key_of(event))),
            None => Finding::asking(format!("{} is not attested", clock::key_of(event)), clock::key_of(event), policy),
        },
        Ask::Dated { event, from, before } => dated(scene, event, *from, *before, policy),
        Ask::Before { event, deadline } => scene.came_before(event, deadline, policy),
        Ask::EstablishedInMember => established(scene, policy),
        Ask::Unintelligible => match facts.unintelligible() {
            Truth::Unknown => {
                Finding::asking("whether the key is safe is not known", "encryption.key_compromised", policy)
            }
            truth => Finding::new(truth, readable_line(truth)),
        },
    }
}

fn readable_line(unintelligible: Truth) -> &'static str {
    if unintelligible.is_yes() {
        "data encrypted and the key not compromised"
    } else {
        "data readable: not encrypted, or the key was lost too"
    }
}

fn elements(
    scene: &Scene<'_>,
    words: &[String],
    policy: OnUnknown,
    combine: fn(Truth, Truth) -> Truth,
    how: &str,
) -> Finding {
    let Some(held) = &scene.run.facts.elements else {
        return Finding::asking("the elements lost are not known", "elements", policy);
    };
    let start = if how == "all of" { Truth::Yes } else { Truth::No };
    let truth = words.iter().map(|word| held.contains(word)).fold(start, combine);
    let line = format!("{how} {} among the elements: {}", words.join(", "), yes_no(truth));
    if truth == Truth::Unknown {
        Finding::asking(line, "elements", OnUnknown::Review)
    } else {
        Finding::new(truth, line)
    }
}

fn subjects(scene: &Scene<'_>, kinds: &[String], policy: OnUnknown) -> Finding {
    let facts = scene.run.facts;
    let minors = kinds.iter().any(|kind| matches!(kind.as_str(), "child" | "adolescent" | "minor" | "minors"));
    let child_data = facts.elements.as_ref().is_some_and(|held| held.contains("CHILD_DATA").is_yes());
    if minors && (child_data || facts.flag("minors").is_yes()) {
        return Finding::new(Truth::Yes, "minors are among the subjects");
    }
    let others = kinds.iter().map(|kind| facts.flag(&format!("subjects_include.{kind}"))).fold(Truth::No, Truth::or);
    let truth = if minors { others.or(facts.flag("minors")) } else { others };
    let line = format!("subjects include {}: {}", kinds.join(" or "), yes_no(truth));
    if truth == Truth::Unknown { Finding::asking(line, "minors", policy) } else { Finding::new(truth, line) }
}

fn events(scene: &Scene<'_>, kinds: &[String], policy: OnUnknown) -> Finding {
    let truth = kinds.iter().map(|kind| loss::happened(scene.run.facts, kind)).fold(Truth::No, Truth::or);
    let line = format!("loss of {}: {}", kinds.join(" or "), yes_no(truth));
    if truth == Truth::Unknown { Finding::asking(line, "event", policy) } else { Finding::new(truth, line) }
}

fn count(scene: &Scene<'_>, population: &str, op: Op, value: u64, of: Option<&str>, policy: OnUnknown) -> Finding {
    let number = scene.population(population);
    let (number, threshold, whole) = match of {
        None => (number, value, String::new()),
        Some(path) => {
            let Some(whole) =
                scene.run.facts.number(path).and_then(|whole| u64::try_from(whole).ok()).filter(|whole| 0 < *whole)
            else {
                return Finding::asking(format!("`{path}` is not known"), path, policy);
            };
            let (low, high) = number.bounds();
            (
                Count::from_bounds(low.saturating_mul(100), high.saturating_mul(100)),
                value.saturating_mul(whole),
                format!("% of {path} ({whole})"),
            )
        }
    };
    let truth = number.meets(op, threshold);
    let shown = if of.is_some() { scene.population(population) } else { number };
    let not = if truth.is_no() { "not " } else { "" };
    let line = format!("{}: {shown}, {not}{} {value}{whole}", scene.population_name(population), op.words());
    if truth != Truth::Unknown {
        return Finding::new(truth, line);
    }
    let bounded = number.is_bounded_range();
    let policy = if bounded { OnUnknown::AssumeTrue } else { policy };
    let note = bounded.then(|| {
        format!("treat as required until max < {}", if op == Op::Gt { value.saturating_add(1) } else { value })
    });
    let missing = vec![Missing { fact: scene.population_key(population), note, policy }];
    Finding {
        truth,
        lines: vec![format!(
            "{shown} {}: on both sides of {} {value}{whole}",
            scene.population_name(population),
            op.words()
        )],
        missing,
    }
}

/// Ranks within one scale; words of different scales never meet.
const RANKS: &[&[&str]] =
    &[&["unlikely", "risk", "high"], &["not_high", "high"], &["unlikely", "undetermined", "likely"], &["no", "yes"]];

fn risk(scene: &Scene<'_>, scale: &str, at_least: &str, policy: OnUnknown) -> Finding {
    let facts = scene.run.facts;
    let path = format!("risk.{scale}");
    let rank = |word: &str| {
        RANKS
            .iter()
            .find(|ranks| ranks.contains(&at_least) && ranks.contains(&word))
            .and_then(|ranks| ranks.iter().position(|rank| *rank == word))
    };
    let assessed = facts.text(&path);
    // The assessment leaned on encryption that did not hold: what it would have been without counts too.
    let key_lost = facts.flag("encryption.key_compromised").is_yes();
    let bare = facts.text(&format!("risk.{scale}_absent_encryption")).filter(|_| key_lost);
    let highest = [assessed, bare].into_iter().flatten().filter_map(|word| rank(word).map(|rank| (rank, word))).max();
    match (highest, rank(at_least)) {
        (Some((held, word)), Some(wanted)) => {
            let truth = Truth::from(wanted <= held);
            let relation = if truth.is_yes() { "at least" } else { "below" };
            Finding::new(truth, format!("{path} is `{word}`, {relation} `{at_least}`"))
        }
        _ => Finding::asking(format!("{path} is not assessed"), path, policy),
    }
}

fn harm_unlikely(scene: &Scene<'_>, needs: &[String], policy: OnUnknown) -> Finding {
    let facts = scene.run.facts;
    match facts.text("risk.us_harm") {
        Some("unlikely") => {}
        Some(other) => return Finding::new(Truth::No, format!("harm found `{other}`")),
        None => return Finding::asking("no finding on harm", "risk.us_harm", policy),
    }
    for need in needs {
        if !facts.flag(need).is_yes() {
            return Finding::asking(format!("harm found unlikely, but `{need}` is not attested"), need.clone(), policy);
        }
    }
    Finding::new(
        Truth::Yes,
        if needs.is_empty() {
            "harm found unlikely".to_owned()
        } else {
            format!("harm found unlikely; attested: {}", needs.join(", "))
        },
    )
}

fn fact(scene: &Scene<'_>, path: &str, is: &[serde_json::Value], policy: OnUnknown) -> Finding {
    let wanted = is.iter().map(plain).collect::<Vec<_>>().join(" or ");
    match scene.run.facts.get(path) {
        Some(held) => {
            let truth = Truth::from(is.contains(held));
            Finding::new(
                truth,
                format!(
                    "{path} is {}{}",
                    plain(held),
                    if truth.is_yes() { String::new() } else { format!(", not {wanted}") }
                ),
            )
        }
        None if path == "data_unintelligible" => match scene.run.facts.unintelligible() {
            Truth::Unknown => {
                Finding::asking("whether the key is safe is not known", "encryption.key_compromised", policy)
            }
            truth => Finding::new(truth, readable_line(truth)),
        },
        None => Finding::asking(format!("whether {path} is {wanted} is not known"), path, policy),
    }
}

fn word_fact(scene: &Scene<'_>, path: &str, words: &[String], policy: OnUnknown) -> Finding {
    match scene.run.facts.text(path) {
        Some(held) => Finding::new(Truth::from(words.iter().any(|word| word == held)), format!("{path} is {held}")),
        None => Finding::asking(format!("{path} is not known"), path, policy),
    }
}

fn requires(scene: &Scene<'_>, rule: &str) -> Finding {
    let Some(judged) = scene.run.judged(rule) else { return Finding::silent(Truth::No) };
    match judged.truth {
        Truth::Yes => Finding::new(Truth::Yes, format!("{rule} is required")),
        Truth::No => Finding::new(Truth::No, format!("{rule} is not required")),
        Truth::Unknown => Finding {
            truth: Truth::Unknown,
            lines: vec![format!("whether {rule} is required is open")],
            missing: judged.missing.clone(),
        },
    }
}

fn dated(
    scene: &Scene<'_>,
    event: &str,
    from: Option<jiff::civil::Date>,
    before: Option<jiff::civil::Date>,
    policy: OnUnknown,
) -> Finding {
    let Some(date) = scene.event_date(event) else {
        return Finding::asking(format!("the date of {event} is not known"), clock::key_of(event), policy);
    };
    let truth = from.is_none_or(|from| from <= date) && before.is_none_or(|before| date < before);
    let span = [from.map(|from| format!("from {from}")), before.map(|before| format!("before {before}"))];
    let span = span.into_iter().flatten().collect::<Vec<_>>().join(", ");
    Finding::new(Truth::from(truth), format!("{event} on {date} is {}{span}", if truth { "" } else { "not " }))
}

fn established(scene: &Scene<'_>, policy: OnUnknown) -> Finding {
    let facts = scene.run.facts;
    match facts.text("establishment") {
        Some(code) => Finding::new(Truth::from(scene.member(code).is_some()), format!("main establishment in {code}")),
        None if facts.get("eu_representative").is_some() => {
            Finding::new(Truth::No, "a representative, which is no establishment")
        }
        None => Finding::asking("no establishment is attested", "establishment", policy),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

fn yes_no(truth: Truth) -> &'static str {
    match truth {
        Truth::Yes => "yes",
        Truth::No => "no",
        Truth::Unknown => "not known",
    }
}

/// Used by `run` to name a range in a status.
pub(crate) fn open_fact(missing: &[Missing]) -> String {
    let named: Vec<String> = missing.iter().map(|missing| missing.fact.clone()).collect();
    let notes: Vec<&str> = missing.iter().filter_map(|missing| missing.note.as_deref()).collect();
    let rest = if notes.is_empty() { "treated as required until it is known".to_owned() } else { notes.join("; ") };
    format!("pending_fact: {}; {rest}", named.join(", "))
}

/// Nobody: an exact zero.
pub(crate) const NOBODY: Count = Known::Is(0);
