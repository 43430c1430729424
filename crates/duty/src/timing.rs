//! Computes deadlines: hours on the UTC line, days to the end of the local day, business days by a named
//! calendar, months by day number, the earlier and later of several.
//!
//! Pure arithmetic on attested times. Holds and extensions are in `delay`.

use jiff::{ToSpan as _, Zoned, civil::Date, tz::TimeZone};

use crate::calendar::Calendar;
use crate::clock::{self, Start};
use crate::deadline::{Alt, Amount, Deadline, Offset, Order, Roll, RollTo, Term, Unit};
use crate::due::{AltDate, Due, Timing};
use crate::judge::{Assume, judge};
use crate::moment::{Moment, end_of_day};
use crate::run::Scene;
use crate::truth::Truth;

/// When `deadline` falls in this scene.
pub(crate) fn timing(scene: &Scene<'_>, deadline: &Deadline) -> Timing {
    let timing = match &deadline.term {
        Term::Offset(offset) => after(scene, offset),
        Term::Min(parts) => extreme(scene, parts, |new, held| new < held),
        Term::Max(parts) => extreme(scene, parts, |new, held| held < new),
        Term::Case(cases) => first_case(scene, cases),
        Term::Relative { rule, order } => relative(scene, rule, *order),
        Term::Qualitative { standard, outer, house_target } => {
            qualitative(scene, standard, outer.as_deref(), house_target.as_deref())
        }
        Term::Annual { amount, unit } => annual(scene, *amount, *unit),
    };
    roll(scene, timing, &deadline.roll)
}

fn after(scene: &Scene<'_>, offset: &Offset) -> Timing {
    let start = match offset.after.strip_prefix("due:") {
        Some(rule) => return after_due(scene, rule, offset),
        None if offset.after == "clock" => scene.clock_start(),
        None => clock::event(&offset.after, scene.run.facts, scene.processor_side()),
    };
    match start {
        Start::Missing { key } => Timing::undetermined(key),
        Start::AwaitsRule { rule, key } => {
            let mut timing = relative(scene, &rule, Order::After);
            timing.lines.push(format!("runs from `{key}`, which is not attested yet"));
            timing
        }
        Start::At { moment, key, stands_in_for } => from_moment(scene, offset, &moment, &key, stands_in_for.as_deref()),
    }
}

fn from_moment(scene: &Scene<'_>, offset: &Offset, moment: &Moment, key: &str, stands_in_for: Option<&str>) -> Timing {
    let zone = scene.zone(moment);
    let Some(amount) = amount(scene, offset) else {
        let Amount::Fact { fact } = &offset.amount else { return Timing::undetermined(key) };
        return Timing::undetermined(fact.clone());
    };
    let Some(at) = add(scene, moment, amount, offset.unit, offset.calendar.as_deref(), &zone) else {
        return Timing::undetermined(key);
    };
    let mut timing = Timing::of(Due::At { at: at.clone(), end_of_day: offset.unit != Unit::Hour });
    timing.alts =
        offset.alt.iter().filter_map(|alt| permissive(scene, alt, moment, amount, offset.unit, &at, &zone)).collect();
    timing.start = moment.earliest(&zone);
    timing.lines.push(format!("{amount} {} from {key}", unit_words(offset.unit)));
    if let Some(own) = stands_in_for {
        timing.lines.push(format!("`{own}` is not attested: `{key}` stands in"));
    }
    timing.anchor = Some(key.trim_start_matches("times.").to_owned());
    timing
}

fn after_due(scene: &Scene<'_>, rule: &str, offset: &Offset) -> Timing {
    let due = scene.run.judged(rule).and_then(|judged| judged.due.clone());
    let Some(due) = due else { return relative(scene, rule, Order::After) };
    let moment = Moment::Instant { at: due.timestamp(), offset: due.offset() };
    from_moment(scene, offset, &moment, &format!("due date of {rule}"), None)
}

fn amount(scene: &Scene<'_>, offset: &Offset) -> Option<i64> {
    let number = match &offset.amount {
        Amount::Number(number) => *number,
        Amount::Fact { fact } => scene.run.facts.number(fact)?,
    };
    let mut amount = number;
    for multiplier in &offset.multiplier {
        if judge(&multiplier.when, scene, Assume::Nothing, true).truth.is_yes() {
            amount = amount.checked_mul(multiplier.by)?;
        }
    }
    (0..=crate::deadline::AMOUNT_MAX).contains(&amount).then_some(amount)
}

/// `amount` units after a moment. Days and months end with the local day; the trigger day does not count.
pub(crate) fn add(
    scene: &Scene<'_>,
    moment: &Moment,
    amount: i64,
    unit: Unit,
    calendar: Option<&str>,
    zone: &TimeZone,
) -> Option<Zoned> {
    if unit == Unit::Hour {
        // `Zoned` adds hours as elapsed time, so a clock change in between moves the wall time, not the deadline.
        return moment.earliest(zone)?.checked_add(amount.hours()).ok();
    }
    let date = moment.local_date(zone);
    end_of_day(add_days(scene, date, amount, unit, calendar)?, zone)
}

fn add_days(scene: &Scene<'_>, date: Date, amount: i64, unit: Unit, calendar: Option<&str>) -> Option<Date> {
    match unit {
        Unit::Hour => None,
        Unit::CalendarDay => date.checked_add(amount.days()).ok(),
        Unit::BusinessDay => scene.calendar(calendar).after(date, amount),
        // Same day number, or the last day of a shorter month.
        Unit::Month => date.checked_add(amount.months()).ok(),
    }
}

/// A reading that gives more time. Shown with its basis, never the working date.
fn permissive(
    scene: &Scene<'_>,
    alt: &Alt,
    moment: &Moment,
    amount: i64,
    unit: Unit,
    at: &Zoned,
    zone: &TimeZone,
) -> Option<AltDate> {
    if !alt.default {
        return None;
    }
    let calendar = scene.calendar(alt.calendar.as_deref());
    let mut due_by = at.clone();
    if alt.start.is_some() {
        // The hour in which the event falls is not counted: the period starts with the next full hour.
        let start = moment.earliest(zone)?;
        let hour = start.with().minute(0).second(0).subsec_nanosecond(0).build().ok()?.checked_add(1.hour()).ok()?;
        let shifted = Moment::Instant { at: hour.timestamp(), offset: hour.offset() };
        due_by = add(scene, &shifted, amount, unit, None, zone)?;
    }
    if let Some(days) = alt.min_working_days {
        due_by = with_working_days(calendar, moment.local_date(zone), &due_by, days, zone)?;
    }
    if alt.roll == Some(RollTo::NextBusinessDay) {
        let date = calendar.on_or_after(due_by.date())?;
        if date != due_by.date() {
            due_by = end_of_day(date, zone)?;
        }
    }
    let basis = alt.basis.clone().unwrap_or_else(|| alt.id.clone());
    (*at < due_by).then_some(AltDate { due_by, basis })
}

/// Lengthens a period until it holds the given number of working days.
fn with_working_days(calendar: &Calendar, start: Date, due_by: &Zoned, days: u32, zone: &TimeZone) -> Option<Zoned> {
    let earliest = calendar.after(start, i64::from(days))?;
    if earliest <= due_by.date() { Some(due_by.clone()) } else { end_of_day(earliest, zone) }
}

fn extreme(scene: &Scene<'_>, parts: &[Deadline], better: fn(&Zoned, &Zoned) -> bool) -> Timing {
    let mut chosen: Option<Timing> = None;
    let mut open: Option<Timing> = None;
    let (mut constraints, mut lines) = (Vec::new(), Vec::new());
    for part in parts {
        let timing = timing(scene, part);
        constraints.extend(timing.constraints.iter().cloned());
        match (&timing.due, chosen.as_ref().and_then(|held| held.due.at())) {
            (Due::At { at, .. }, Some(held)) if !better(at, held) => {}
            (Due::At { .. }, _) => chosen = Some(timing),
            (Due::Relative { order, to, .. }, _) => {
                constraints.push((*order, to.clone()));
                open = open.or(Some(timing));
            }
            _ => {
                lines.extend(missing_line(&timing.due));
                open = open.or(Some(timing));
            }
        }
    }
    let mut result = chosen.or(open).unwrap_or_else(|| Timing::undetermined("deadline"));
    result.constraints = constraints;
    result.lines.extend(lines);
    result
}

fn missing_line(due: &Due) -> Option<String> {
    match due {
        Due::Undetermined { missing } => Some(format!("another limit needs {}", missing.join(", "))),
        _ => None,
    }
}

fn first_case(scene: &Scene<'_>, cases: &[crate::deadline::Case]) -> Timing {
    let mut open: Vec<Deadline> = Vec::new();
    for case in cases {
        match judge(&case.when, scene, Assume::Nothing, true).truth {
            Truth::No => {}
            Truth::Unknown => open.push(case.then.clone()),
            Truth::Yes => {
                if open.is_empty() {
                    return timing(scene, &case.then);
                }
                open.push(case.then.clone());
                break;
            }
        }
    }
    // Which case holds is not known: the earliest of those that may hold binds.
    if open.is_empty() { Timing::undetermined("case") } else { extreme(scene, &open, |new, held| new < held) }
}

fn relative(scene: &Scene<'_>, rule: &str, order: Order) -> Timing {
    let plan_by = scene.run.judged(rule).and_then(|judged| judged.due.clone());
    Timing::of(Due::Relative { order, to: rule.to_owned(), plan_by })
}

fn qualitative(scene: &Scene<'_>, standard: &str, outer: Option<&Deadline>, house_target: Option<&Deadline>) -> Timing {
    let date = |deadline: Option<&Deadline>| deadline.and_then(|deadline| timing(scene, deadline).due.at().cloned());
    let mut result = Timing::of(Due::Qualitative {
        standard: standard.to_owned(),
        outer: date(outer),
        house_target: date(house_target),
    });
    if let Start::At { moment, .. } = scene.clock_start() {
        result.start = moment.earliest(&scene.zone(&moment));
    }
    result
}

fn annual(scene: &Scene<'_>, amount: i64, unit: Unit) -> Timing {
    let (moment, key) = match scene.clock_start() {
        Start::At { moment, key, .. } => (moment, key),
        Start::Missing { key } => return Timing::undetermined(key),
        Start::AwaitsRule { rule, .. } => return relative(scene, &rule, Order::After),
    };
    let zone = scene.zone(&moment);
    let year_end = Date::new(moment.local_date(&zone).year(), 12, 31).ok();
    let at =
        year_end.and_then(|date| add_days(scene, date, amount, unit, None)).and_then(|date| end_of_day(date, &zone));
    let Some(at) = at else { return Timing::undetermined(key) };
    let mut timing = Timing::of(Due::At { at, end_of_day: true });
    timing.start = moment.earliest(&zone);
    timing.lines.push(format!("{amount} {} after the end of the year of {key}", unit_words(unit)));
    timing
}

/// A roll the law itself grants: the rolled date is the lawful latest, the strict one stays visible.
fn roll(scene: &Scene<'_>, mut timing: Timing, roll: &Roll) -> Timing {
    let Roll::To { to, if_due_on, calendar, unless_role } = roll else { return timing };
    let Due::At { at, end_of_day } = &timing.due else { return timing };
    if scene.holds_any(unless_role) || *to == RollTo::None {
        return timing;
    }
    let calendar = scene.calendar(calendar.as_deref());
    let date = at.date();
    if !due_on_day_off(calendar, date, if_due_on) {
        return timing;
    }
    let rolled = calendar.after(date, 1).and_then(|next| match to {
        RollTo::NoonNextWorkingDay => next.at(12, 0, 0, 0).to_zoned(at.time_zone().clone()).ok(),
        _ => crate::moment::end_of_day(next, at.time_zone()),
    });
    if let Some(rolled) = rolled {
        timing.strict = Some(at.clone());
        let end_of_day = *end_of_day && *to != RollTo::NoonNextWorkingDay;
        timing.due = Due::At { at: rolled, end_of_day };
        timing.lines.push("falls on a day off: the law lets it run to the next working day".to_owned());
    }
    timing
}

fn due_on_day_off(calendar: &Calendar, date: Date, listed: &[String]) -> bool {
    if listed.is_empty() {
        return !calendar.is_business_day(date);
    }
    listed.iter().any(|day| match day.as_str() {
        "saturday" => date.weekday() == jiff::civil::Weekday::Saturday,
        "sunday" => date.weekday() == jiff::civil::Weekday::Sunday,
        _ => calendar.is_holiday(date),
    })
}

pub(crate) fn unit_words(unit: Unit) -> &'static str {
    match unit {
        Unit::Hour => "hours",
        Unit::CalendarDay => "calendar days",
        Unit::BusinessDay => "business days",
        Unit::Month => "months",
    }
}
