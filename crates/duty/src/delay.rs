//! Lawful grounds to wait: law-enforcement holds, repairs, filed extensions. Applied only where the rule
//! itself grants them, and only with the evidence it asks for.

use jiff::{ToSpan as _, Zoned, civil::Date};

use crate::deadline::Unit;
use crate::due::{Due, Timing};
use crate::judge::{Assume, judge};
use crate::moment::{Moment, end_of_day};
use crate::regime::{Delay, DelayEffect, DelayKind, Extension};
use crate::run::Scene;
use crate::timing::{add, unit_words};

/// What a hold does to an obligation.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) timing: Timing,
    /// The ground that suspends the duty right now.
    pub(crate) suspended: Option<String>,
    /// The wording the law uses while a hold lasts.
    pub(crate) standard: Option<String>,
}

/// Applies extensions, then delays, to the ordinary deadline.
pub(crate) fn apply(scene: &Scene<'_>, timing: Timing) -> Held {
    let mut held = Held { timing, suspended: None, standard: None };
    for extension in &scene.rule.extensions {
        extend(scene, &mut held.timing, extension);
    }
    for delay in &scene.rule.delays {
        wait(scene, &mut held, delay);
    }
    held
}

fn extend(scene: &Scene<'_>, timing: &mut Timing, extension: &Extension) {
    if !judge(&extension.when, scene, Assume::Nothing, true).truth.is_yes() {
        return;
    }
    let Due::At { at, end_of_day: true } = &timing.due else { return };
    let filed_in_time = extension.filed.as_ref().is_none_or(|path| {
        scene.run.facts.moment(path).is_some_and(|filed| filed.local_date(at.time_zone()) <= at.date())
    });
    if !filed_in_time {
        timing.lines.push("an extension was asked for, but not within the ordinary period".to_owned());
        return;
    }
    let moment = Moment::Day(at.date());
    let Some(later) =
        add(scene, &moment, extension.amount, extension.unit, extension.calendar.as_deref(), at.time_zone())
    else {
        return;
    };
    timing.lines.push(format!(
        "extended by {} {}{}",
        extension.amount,
        unit_words(extension.unit),
        cited(extension.citation.as_deref())
    ));
    move_to(timing, later);
}

/// The ground of a delay as attested.
enum Ground {
    None,
    Lasts,
    Ended { from: Option<Moment>, at: Moment },
}

fn wait(scene: &Scene<'_>, held: &mut Held, delay: &Delay) {
    let ground = ground(scene, delay.kind);
    if matches!(ground, Ground::None) {
        return;
    }
    if let Some(need) = delay.needs.iter().find(|need| !scene.run.facts.flag(need).is_yes()) {
        held.timing
            .lines
            .push(format!("a {} delay needs `{need}`, which is not attested: not applied", name(delay.kind)));
        return;
    }
    match (ground, delay.effect) {
        (Ground::None, _) => {}
        (_, DelayEffect::Standard) => held.standard.clone_from(&delay.standard),
        (Ground::Lasts, _) => {
            let evidence = if delay.evidence_required { "; keep the evidence for it" } else { "" };
            held.suspended = Some(format!("{} delay{}{evidence}", name(delay.kind), cited(delay.citation.as_deref())));
        }
        (Ground::Ended { at, .. }, DelayEffect::Restart | DelayEffect::Cap) => {
            restart(scene, &mut held.timing, delay, &at)
        }
        (Ground::Ended { from, at }, DelayEffect::Suspend) => resume(&mut held.timing, from, &at),
    }
}

fn ground(scene: &Scene<'_>, kind: DelayKind) -> Ground {
    let facts = scene.run.facts;
    if kind == DelayKind::LawEnforcement {
        let from = facts.moment("le_hold.from");
        if facts.flag("le_hold.active").is_yes() {
            return Ground::Lasts;
        }
        return match facts.moment("le_hold.released") {
            Some(at) => Ground::Ended { from, at },
            // A hold with a beginning and no end lasts, unless somebody said it does not.
            None if from.is_some() && !facts.flag("le_hold.active").is_no() => Ground::Lasts,
            None => Ground::None,
        };
    }
    if facts.text("delay.reason") != Some(name(kind)) {
        return Ground::None;
    }
    match facts.moment("delay.ended") {
        Some(at) => Ground::Ended { from: facts.moment("delay.from"), at },
        None => Ground::Lasts,
    }
}

/// A fresh period from the end of the ground, if it reaches further than the ordinary one.
fn restart(scene: &Scene<'_>, timing: &mut Timing, delay: &Delay, ended: &Moment) {
    let (Some(amount), Some(unit)) = (delay.amount, delay.unit) else { return };
    let zone = scene.zone(ended);
    let Some(fresh) = add(scene, ended, amount, unit, delay.calendar.as_deref(), &zone) else { return };
    timing.lines.push(format!(
        "{} delay ended {}: {amount} {} from then{}",
        name(delay.kind),
        ended.local_date(&zone),
        unit_words(unit),
        cited(delay.citation.as_deref())
    ));
    match timing.due.at() {
        Some(base) if &fresh <= base => {}
        _ => move_to_as(timing, fresh, unit != Unit::Hour),
    }
}

/// The clock stood still from the beginning of the ground to its end. The strict reading, to plan by, tells
/// people on the day the ground ends. Without an attested beginning only that reading is left.
fn resume(timing: &mut Timing, from: Option<Moment>, ended: &Moment) {
    let Due::At { at, end_of_day: whole_day } = timing.due.clone() else { return };
    let zone = at.time_zone().clone();
    let end = ended.local_date(&zone);
    let from = from.map(|from| from.local_date(&zone));
    if from.is_some_and(|from| end < from || at.date() < from) {
        return;
    }
    let strict = end.max(at.date());
    let stood_still = from.and_then(|from| end.since(from).ok()).map(|span| i64::from(span.get_days()));
    let date = stood_still.and_then(|days| at.date().checked_add(days.days()).ok()).unwrap_or(strict);
    let at_end = |date: Date| {
        if whole_day { end_of_day(date, &zone) } else { date.to_datetime(at.time()).to_zoned(zone.clone()).ok() }
    };
    let (Some(later), Some(strict)) = (at_end(date), at_end(strict)) else { return };
    timing.lines.push(match stood_still {
        Some(days) => format!("the clock stood still until {end}, {days} days"),
        None => format!("the ground to wait ended on {end}; when it began is not attested"),
    });
    if later != at {
        timing.strict = Some(strict);
        move_to_as(timing, later, whole_day);
    }
}

fn move_to(timing: &mut Timing, later: Zoned) {
    move_to_as(timing, later, true);
}

fn move_to_as(timing: &mut Timing, later: Zoned, end_of_day: bool) {
    if let Some(at) = timing.due.at() {
        timing.base.get_or_insert_with(|| at.clone());
    }
    timing.due = Due::At { at: later, end_of_day };
    // Readings that were more generous than the ordinary date say nothing about the new one.
    timing.alts.clear();
}

fn name(kind: DelayKind) -> &'static str {
    match kind {
        DelayKind::LawEnforcement => "law_enforcement",
        DelayKind::ScopeOrIntegrity => "scope_or_integrity",
        DelayKind::UnfixedVulnerability => "unfixed_vulnerability",
        DelayKind::NationalSecurity => "national_security",
    }
}

fn cited(citation: Option<&str>) -> String {
    citation.map(|citation| format!(" ({citation})")).unwrap_or_default()
}
