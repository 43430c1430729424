//! Judges one rule: at every place where it applies it ends in exactly one state, with the reasons.
//!
//! Order of questions: is the law in force, was the duty done, does it reach this role, is the trigger
//! met, is there an exemption, when is it due, is there a hold.

use jiff::{Timestamp, ToSpan as _, Zoned};

use crate::content::{self, Required};
use crate::deadline::Deadline;
use crate::delay::{self, Held};
use crate::due::{Due, Timing};
use crate::expr::{Ask, Expr, OnUnknown};
use crate::force::{Force, in_force};
use crate::judge::{Assume, Finding, Missing, judge, open_fact};
use crate::law::Regime;
use crate::moment::rfc3339;
use crate::place::places;
use crate::regime::{ExceptionEffect, Kind, Rule, Scope};
use crate::roles;
use crate::run::{Place, Run, Scene};
use crate::timing::timing;
use crate::truth::Truth;

/// Everything judged about one rule.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) outcomes: Vec<Outcome>,
    /// Whether the duty arises anywhere.
    pub(crate) truth: Truth,
    /// The earliest date on which it falls due.
    pub(crate) due: Option<Zoned>,
    pub(crate) missing: Vec<Missing>,
}

/// One answer of one rule.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) jurisdiction: String,
    pub(crate) recipient: String,
    pub(crate) state: State,
    /// Questions that stand beside the answer.
    pub(crate) questions: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum State {
    Required(Box<Owed>),
    Suspended(Box<Owed>, String),
    Satisfied(Box<Owed>, String),
    NotRequired { reason: String, citation: String },
    Pending { missing: Vec<Missing>, fail_safe_at: Option<Zoned>, because: Vec<String> },
    Review { question: String },
    NotInForce { status: String, reason: String },
}

/// An obligation with its date and content.
#[derive(Debug)]
pub(crate) struct Owed {
    pub(crate) timing: Timing,
    pub(crate) standard: Option<String>,
    pub(crate) citation: String,
    pub(crate) because: Vec<String>,
    pub(crate) content: Required,
    pub(crate) status: Option<String>,
}

/// Where a rule has no date, waiting for a fact ends after half of the shortest common deadline (72 h / 2).
const FAIL_SAFE_HOURS: i64 = 36;

pub(crate) fn judge_rule(run: &Run<'_>, (regime, rule): (usize, usize)) -> Judged {
    let regime = run.law.regimes.get(regime);
    let found = regime.and_then(|regime| regime.file.rule.get(rule).map(|rule| (regime, rule)));
    let Some((regime, rule)) = found else {
        return Judged { outcomes: Vec::new(), truth: Truth::No, due: None, missing: Vec::new() };
    };
    let role = role_finding(rule, run);
    let places = places(run, regime, rule, role.truth);
    let mut outcomes = Vec::new();
    for place in places {
        let scene = Scene { run, regime, rule, place };
        outcomes.extend(at_place(&scene, &role));
    }
    summarise(said_once(outcomes, run, regime, rule))
}

/// Where nobody at any place need be told, one sentence says so.
fn said_once(outcomes: Vec<Outcome>, run: &Run<'_>, regime: &Regime, rule: &Rule) -> Vec<Outcome> {
    let nowhere = outcomes.iter().all(|outcome| matches!(outcome.state, State::NotRequired { .. }));
    let several = matches!(rule.residency.scope, Scope::EachState | Scope::EachMemberState | Scope::EachCustomer);
    if !nowhere || !several {
        return outcomes;
    }
    let mut reasons: Vec<String> = Vec::new();
    for outcome in &outcomes {
        if let State::NotRequired { reason, .. } = &outcome.state
            && !reasons.contains(reason)
        {
            reasons.push(reason.clone());
        }
    }
    let place = Place { jurisdiction: regime.jurisdiction().to_owned(), ..Place::default() };
    let scene = Scene { run, regime, rule, place };
    let state = State::NotRequired { reason: reasons.join("; "), citation: citation(rule) };
    let recipient = plain_recipient(&scene);
    let questions = outcomes.into_iter().next().map(|first| first.questions).unwrap_or_default();
    vec![Outcome { jurisdiction: scene.place.jurisdiction.clone(), recipient, state, questions }]
}

fn summarise(outcomes: Vec<Outcome>) -> Judged {
    let (mut truth, mut due, mut missing) = (Truth::No, None::<Zoned>, Vec::new());
    for outcome in &outcomes {
        match &outcome.state {
            State::Required(owed) | State::Suspended(owed, _) | State::Satisfied(owed, _) => {
                truth = Truth::Yes;
                if let Some(at) = owed.timing.due.at() {
                    due = Some(due.map_or_else(|| at.clone(), |held| held.min(at.clone())));
                }
            }
            State::Pending { missing: open, .. } => {
                truth = truth.or(Truth::Unknown);
                missing.extend(open.iter().cloned());
            }
            State::Review { question } => {
                truth = truth.or(Truth::Unknown);
                missing.push(Missing { fact: question.clone(), note: None, policy: OnUnknown::Review });
            }
            State::NotRequired { .. } | State::NotInForce { .. } => {}
        }
    }
    Judged { outcomes, truth, due, missing }
}

fn role_finding(rule: &Rule, run: &Run<'_>) -> Finding {
    let held = run.facts.roles.join(", ");
    let wanted = rule.role.join(" or ").replace('_', " ");
    match roles::reaches(&rule.role, &run.facts.roles) {
        Truth::Yes => Finding::new(Truth::Yes, format!("acts as {held}")),
        Truth::No => Finding::new(Truth::No, format!("the duty lies on the {wanted}")),
        Truth::Unknown => Finding::asking(
            format!("the duty lies on the {wanted}"),
            format!("role: does the {held} also act as {wanted}?"),
            OnUnknown::Review,
        ),
    }
}

fn at_place(scene: &Scene<'_>, role: &Finding) -> Vec<Outcome> {
    let state = judge_here(scene, role);
    let applies =
        matches!(state, State::Required(_) | State::Suspended(..) | State::Satisfied(..) | State::Review { .. });
    let recipient = if applies { resolved_recipient(scene) } else { plain_recipient(scene) };
    let mut outcomes = Vec::new();
    if matches!(state, State::Required(_)) {
        outcomes.extend(further_steps(scene));
    }
    let questions = questions(scene, &state);
    outcomes.insert(0, Outcome { jurisdiction: scene.place.jurisdiction.clone(), recipient, state, questions });
    outcomes
}

fn resolved_recipient(scene: &Scene<'_>) -> String {
    let resolved = scene
        .rule
        .recipient_resolver
        .iter()
        .find(|case| judge(&case.when, scene, Assume::Nothing, true).truth.is_yes());
    scene.recipient(resolved.map_or(&scene.rule.recipient, |case| &case.to))
}

fn plain_recipient(scene: &Scene<'_>) -> String {
    let unresolved = scene.place.member.is_none() && scene.place.state.is_none() && scene.place.customer.is_none();
    let class = scene.rule.recipient_class.as_ref().filter(|_| unresolved);
    scene.recipient(class.unwrap_or(&scene.rule.recipient))
}

fn judge_here(scene: &Scene<'_>, role: &Finding) -> State {
    let force = in_force(scene);
    if let Force::No(state) = force {
        return state;
    }
    if let Some(reason) = &scene.rule.no_duty {
        return State::NotRequired { reason: reason.clone(), citation: citation(scene.rule) };
    }
    if role.truth.is_no() {
        return State::NotRequired { reason: role.lines.join("; "), citation: citation(scene.rule) };
    }
    let trigger = scene.rule.trigger.as_ref();
    let met = |assume| match trigger {
        Some(trigger) => role.clone().and(judge(trigger, scene, assume, true)),
        None => role.clone(),
    };
    let found = met(Assume::Nothing);
    if found.truth.is_no() {
        return State::NotRequired { reason: found.lines.join("; "), citation: citation(scene.rule) };
    }
    if let Some(exempt) = exemption(scene) {
        return exempt;
    }
    if found.truth.is_yes() {
        return applies(scene, found.lines, None);
    }
    let stated = met(Assume::Stated);
    if stated.truth.is_yes() {
        return applies(scene, stated.lines, Some(open_fact(&found.missing)));
    }
    if met(Assume::Everything).truth.is_yes() { wait_or_assume(scene, found) } else { reserved(scene, &found) }
}

/// The trigger turns on something a person must say.
fn reserved(scene: &Scene<'_>, found: &Finding) -> State {
    if scene.rule.outcome.is_some() {
        return State::Review { question: own_question(scene) };
    }
    let (questions, facts): (Vec<&Missing>, Vec<&Missing>) =
        found.missing.iter().partition(|missing| missing.policy == OnUnknown::Review);
    let mut asked: Vec<String> = questions.iter().map(|missing| asked_as(&missing.fact)).collect();
    asked.extend(facts.iter().map(|missing| format!("{} is not known", missing.fact)));
    asked.dedup();
    State::Review { question: asked.join("; ") }
}

/// A bare key becomes a sentence; a question stays one.
fn asked_as(fact: &str) -> String {
    if fact.contains(' ') { fact.to_owned() } else { format!("`{fact}` is not known and a person must say") }
}

/// The question a conditional text puts to a person.
fn own_question(scene: &Scene<'_>) -> String {
    scene
        .rule
        .review
        .first()
        .map_or_else(|| "does the condition of the text hold?".to_owned(), |question| question.question.clone())
}

/// Asks for the missing facts until half the time is spent, then takes the duty as required.
fn wait_or_assume(scene: &Scene<'_>, found: Finding) -> State {
    let timing = due(scene).timing;
    let fail_safe_at = fail_safe_at(scene, &timing);
    let spent = fail_safe_at.as_ref().is_none_or(|at| at.timestamp() <= scene.run.as_of);
    if spent {
        let status = open_fact(&found.missing);
        return applies(scene, found.lines, Some(status));
    }
    State::Pending { missing: found.missing, fail_safe_at, because: found.lines }
}

fn fail_safe_at(scene: &Scene<'_>, timing: &Timing) -> Option<Zoned> {
    // A rule without a clock of its own waits from the first thing anybody knew.
    let first = || scene.run.facts.times.values().filter_map(|moment| moment.earliest(&scene.zone(moment))).min();
    let start = timing.start.clone().or_else(first)?;
    let Some(due) = timing.due.at() else { return start.checked_add(FAIL_SAFE_HOURS.hours()).ok() };
    let half = (due.timestamp().as_second() - start.timestamp().as_second()) / 2;
    start.checked_add(half.max(0).seconds()).ok()
}

fn exemption(scene: &Scene<'_>) -> Option<State> {
    for exemption in &scene.rule.exemptions {
        let defeated = exemption
            .defeated_by
            .iter()
            .any(|fact| scene.run.facts.flag(fact).or(scene.run.facts.flag(&format!("encryption.{fact}"))).is_yes());
        let found = judge(&exemption.when, scene, Assume::Nothing, false);
        // An exemption counts only when it is attested in full; an unknown one never suppresses.
        if defeated || !found.truth.is_yes() || exemption.substitute.is_some() {
            continue;
        }
        let reason = exemption.reason.clone().unwrap_or_else(|| format!("exemption {}", exemption.id));
        let reason = format!("{reason}: {}", found.lines.join("; "));
        return Some(State::NotRequired {
            reason,
            citation: exemption.citation.clone().unwrap_or_else(|| citation(scene.rule)),
        });
    }
    let excepted = scene.rule.exceptions.iter().find(|exception| {
        matches!(exception.effect, ExceptionEffect::NotRequired)
            && judge(&exception.when, scene, Assume::Nothing, false).truth.is_yes()
    })?;
    let citation = excepted.citation.clone().unwrap_or_else(|| citation(scene.rule));
    Some(State::NotRequired { reason: "an exception of the statute applies".to_owned(), citation })
}

fn applies(scene: &Scene<'_>, because: Vec<String>, status: Option<String>) -> State {
    if scene.rule.outcome.as_deref() == Some("review") {
        let question =
            scene.rule.review.first().map_or("does the condition of the text hold?", |question| &question.question);
        return State::Review { question: question.to_owned() };
    }
    let held = due(scene);
    let late = held.timing.due.at().is_some_and(|at| at.timestamp() < scene.run.as_of);
    let owed = Box::new(owed(scene, &held, because, status, late));
    if let Some(evidence) = done(scene) {
        return State::Satisfied(owed, evidence);
    }
    match held.suspended {
        Some(ground) => State::Suspended(owed, ground),
        None => State::Required(owed),
    }
}

fn owed(scene: &Scene<'_>, held: &Held, mut because: Vec<String>, status: Option<String>, late: bool) -> Owed {
    because.extend(held.timing.lines.iter().cloned());
    let standard = match (&held.standard, &held.timing.due) {
        (Some(standard), _) | (None, Due::Qualitative { standard, .. }) => Some(standard.clone()),
        _ => scene.rule.standard.clone(),
    };
    Owed {
        timing: held.timing.clone(),
        standard,
        citation: citation(scene.rule),
        because,
        content: content::required(scene, late),
        status: status.or_else(|| scene.rule.status.clone()),
    }
}

/// The rule's date after exceptions, extensions and delays.
fn due(scene: &Scene<'_>) -> Held {
    let replaced = scene.rule.exceptions.iter().find_map(|exception| match &exception.effect {
        ExceptionEffect::ReplaceDeadline(deadline)
            if judge(&exception.when, scene, Assume::Nothing, true).truth.is_yes() =>
        {
            Some(deadline)
        }
        _ => None,
    });
    let deadline: Option<&Deadline> = replaced.or(scene.rule.deadline.as_ref());
    let timing = match (deadline, scene.rule.kind) {
        (Some(deadline), _) => timing(scene, deadline),
        (None, Kind::Service) => Timing::of(Due::Service { months: service_months(scene) }),
        (None, _) => Timing::undetermined("deadline"),
    };
    delay::apply(scene, timing)
}

fn service_months(scene: &Scene<'_>) -> u32 {
    let Some(service) = &scene.rule.service else { return 0 };
    let longer = service.months_if.iter().find(|case| judge(&case.when, scene, Assume::Nothing, true).truth.is_yes());
    longer.map_or(service.months, |case| case.months)
}

fn further_steps(scene: &Scene<'_>) -> Vec<Outcome> {
    let step_outcome = |step: &crate::regime::Step| {
        let held = Held { timing: timing(scene, &step.deadline), suspended: None, standard: None };
        let mut owed = owed(scene, &held, vec![format!("follows from {}", scene.rule.id)], None, false);
        if !step.citations.is_empty() {
            owed.citation = step.citations.join("; ");
        }
        Outcome {
            jurisdiction: scene.place.jurisdiction.clone(),
            recipient: scene.recipient(&step.recipient),
            state: State::Required(Box::new(owed)),
            questions: Vec::new(),
        }
    };
    scene.rule.also.iter().map(step_outcome).collect()
}

/// Somebody attested, with evidence, that this very duty was done.
fn done(scene: &Scene<'_>) -> Option<String> {
    let done = scene.run.facts.raw.get("done")?.as_object()?.get(&scene.rule.id)?;
    match done {
        serde_json::Value::String(evidence) => Some(evidence.clone()),
        serde_json::Value::Object(_) => Some(done.to_string()),
        _ => None,
    }
}

fn questions(scene: &Scene<'_>, state: &State) -> Vec<String> {
    if matches!(state, State::NotInForce { .. }) || scene.rule.outcome.is_some() {
        return Vec::new();
    }
    let asked = scene.rule.review.iter().filter(|question| match &question.when {
        Some(when) => judge(when, scene, Assume::Nothing, true).truth.is_yes(),
        None => matches!(state, State::Required(_)),
    });
    let mut questions: Vec<String> = asked.map(|question| question.question.clone()).collect();
    if matches!(state, State::Required(_) | State::Suspended(..)) {
        questions.extend(crate::force::transition_question(scene));
    }
    questions
}

pub(crate) fn citation(rule: &Rule) -> String {
    rule.citations.join("; ")
}

/// `fail_safe_at` as text.
pub(crate) fn stamp(at: Option<&Zoned>) -> Option<String> {
    at.map(rfc3339)
}

/// Whether a date has passed at the moment asked about.
pub(crate) fn is_overdue(owed: &Owed, as_of: Timestamp) -> bool {
    owed.timing.due.at().is_some_and(|at| at.timestamp() < as_of)
}

/// A rule's plain question, for link checks of conditions that ask about other rules.
pub(crate) fn requires_of(expr: &Expr) -> Vec<&str> {
    let mut rules = Vec::new();
    expr.each_leaf(&mut |ask: &Ask| {
        if let Ask::Requires(rule) = ask {
            rules.push(rule.as_str());
        }
    });
    rules
}
