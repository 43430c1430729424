//! The deadline algebra as data: elapsed hours, calendar days, business days, months, the earlier or
//! later of several, cases, deadlines tied to another duty, and standards without a number.
//!
//! Reading and checking only; `timing` computes.

use serde::Deserialize;

use crate::expr::{Expr, OneOrMany};

/// When a duty falls due, before the facts are known. `roll` applies to whatever comes out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "RawDeadline")]
pub(crate) struct Deadline {
    pub term: Term,
    pub roll: Roll,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Offset(Box<Offset>),
    Min(Vec<Deadline>),
    Max(Vec<Deadline>),
    Case(Vec<Case>),
    Relative { rule: String, order: Order },
    Qualitative { standard: String, outer: Option<Box<Deadline>>, house_target: Option<Box<Deadline>> },
    Annual { amount: i64, unit: Unit },
}

/// A number of units after a clock event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offset {
    /// `clock` is the rule's own clock; any other word names a clock event.
    pub after: String,
    pub amount: Amount,
    pub unit: Unit,
    pub calendar: Option<String>,
    pub multiplier: Vec<Multiplier>,
    pub alt: Vec<Alt>,
}

/// A number in the text, or a fact that holds it (a contract's hours).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Number(i64),
    Fact { fact: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Hour,
    CalendarDay,
    BusinessDay,
    Month,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Before,
    Concurrent,
    NotLaterThan,
    After,
}

impl Order {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Concurrent => "concurrent",
            Self::NotLaterThan => "not_later_than",
            Self::After => "relative",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Multiplier {
    pub when: Expr,
    pub by: i64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub when: Expr,
    pub then: Deadline,
}

/// A permissive reading, shown beside the working date and never used as it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alt {
    pub id: String,
    #[serde(default)]
    pub basis: Option<String>,
    #[serde(default)]
    pub start: Option<AltStart>,
    /// The period must hold this many working days.
    #[serde(default)]
    pub min_working_days: Option<u32>,
    #[serde(default)]
    pub roll: Option<RollTo>,
    #[serde(default)]
    pub calendar: Option<String>,
    /// `false`: computed only when asked for.
    #[serde(default = "yes")]
    pub default: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AltStart {
    NextFullHour,
}

/// What happens to a date that falls on a day off. A roll is the law's own; permissive ones are an `alt`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "RawRoll")]
pub(crate) enum Roll {
    #[default]
    None,
    To {
        to: RollTo,
        if_due_on: Vec<String>,
        calendar: Option<String>,
        unless_role: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RollTo {
    None,
    NextBusinessDay,
    NoonNextWorkingDay,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawRoll {
    Word(RollTo),
    Table(RollTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollTable {
    to: RollTo,
    #[serde(default)]
    if_due_on: Vec<String>,
    #[serde(default)]
    calendar: Option<String>,
    #[serde(default)]
    unless_role: Vec<String>,
}

impl From<RawRoll> for Roll {
    fn from(raw: RawRoll) -> Self {
        match raw {
            RawRoll::Word(RollTo::None) => Self::None,
            RawRoll::Word(to) => Self::To { to, if_due_on: Vec::new(), calendar: None, unless_role: Vec::new() },
            RawRoll::Table(RollTable { to, if_due_on, calendar, unless_role }) => {
                Self::To { to, if_due_on, calendar, unless_role }
            }
        }
    }
}

fn yes() -> bool {
    true
}

/// Exactly the words a deadline may use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeadline {
    after: Option<String>,
    amount: Option<Amount>,
    unit: Option<Unit>,
    calendar: Option<String>,
    end: Option<End>,
    arithmetic: Option<Arithmetic>,
    multiplier: Option<Vec<Multiplier>>,
    alt: Option<Vec<Alt>>,
    roll: Option<Roll>,
    min: Option<Vec<Deadline>>,
    max: Option<Vec<Deadline>>,
    case: Option<Vec<Case>>,
    relative: Option<String>,
    order: Option<Order>,
    qualitative: Option<String>,
    outer: Option<Box<Deadline>>,
    house_target: Option<Box<Deadline>>,
    annual: Option<RawAnnual>,
}

/// Days and months end with the local day; hours end where they end. The words may be written, not changed.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    EndOfLocalDay,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Arithmetic {
    ElapsedUtc,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnnual {
    anchor: Anchor,
    amount: i64,
    unit: Unit,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Anchor {
    YearEnd,
}

impl TryFrom<RawDeadline> for Deadline {
    type Error = String;

    fn try_from(raw: RawDeadline) -> Result<Self, String> {
        let roll = raw.roll.clone().unwrap_or_default();
        let mut terms = Vec::new();
        terms.extend(offset(&raw)?.map(|offset| Term::Offset(Box::new(offset))));
        terms.extend(raw.min.filter(|parts| !parts.is_empty()).map(Term::Min));
        terms.extend(raw.max.filter(|parts| !parts.is_empty()).map(Term::Max));
        terms.extend(raw.case.filter(|parts| !parts.is_empty()).map(Term::Case));
        if let Some(rule) = raw.relative {
            terms.push(Term::Relative { rule, order: raw.order.ok_or("`relative` needs `order`")? });
        }
        if let Some(standard) = raw.qualitative {
            terms.push(Term::Qualitative { standard, outer: raw.outer, house_target: raw.house_target });
        }
        if let Some(RawAnnual { anchor: Anchor::YearEnd, amount, unit }) = raw.annual {
            terms.push(Term::Annual { amount, unit });
        }
        let count = terms.len();
        match (terms.pop(), count) {
            (Some(term), 1) => Ok(Self { term, roll }),
            _ => Err(format!(
                "a deadline has {count} forms; write exactly one of `after`, `min`, `max`, `case`, `relative`, `qualitative`, `annual`"
            )),
        }
    }
}

fn offset(raw: &RawDeadline) -> Result<Option<Offset>, String> {
    let Some(after) = raw.after.clone() else {
        let stray = raw.amount.is_some() || raw.unit.is_some() || raw.end.is_some() || raw.arithmetic.is_some();
        return if stray { Err("`amount` and `unit` need `after`".to_owned()) } else { Ok(None) };
    };
    let unit = raw.unit.ok_or("`after` needs `unit`: hour, calendar_day, business_day or month")?;
    if unit == Unit::BusinessDay && raw.calendar.is_none() {
        return Err("business days need a `calendar`".to_owned());
    }
    if raw.arithmetic.is_some() && unit != Unit::Hour {
        return Err("`arithmetic = \"elapsed_utc\"` is for hours".to_owned());
    }
    if raw.end.is_some() && unit == Unit::Hour {
        return Err("hours end at an instant, not with the local day".to_owned());
    }
    let amount = raw.amount.clone().ok_or("`after` needs `amount`")?;
    if matches!(amount, Amount::Number(number) if !(0..=AMOUNT_MAX).contains(&number)) {
        return Err(format!("an amount lies between 0 and {AMOUNT_MAX}"));
    }
    Ok(Some(Offset {
        after,
        amount,
        unit,
        calendar: raw.calendar.clone(),
        multiplier: raw.multiplier.clone().unwrap_or_default(),
        alt: raw.alt.clone().unwrap_or_default(),
    }))
}

/// Ten years of hours: no statute reaches further, and dates stay within what a calendar holds.
pub(crate) const AMOUNT_MAX: i64 = 87_600;

impl Deadline {
    /// Visits every rule, calendar and condition named inside, for link checks.
    pub(crate) fn each_name<'a>(&'a self, visit: &mut impl FnMut(Name<'a>)) {
        if let Roll::To { calendar: Some(calendar), .. } = &self.roll {
            visit(Name::Calendar(calendar));
        }
        match &self.term {
            Term::Offset(offset) => {
                if let Some(rule) = offset.after.strip_prefix("due:") {
                    visit(Name::Rule(rule));
                }
                offset.calendar.iter().for_each(|calendar| visit(Name::Calendar(calendar)));
                offset.multiplier.iter().for_each(|multiplier| visit(Name::Condition(&multiplier.when)));
            }
            Term::Min(parts) | Term::Max(parts) => parts.iter().for_each(|part| part.each_name(visit)),
            Term::Case(cases) => {
                for case in cases {
                    visit(Name::Condition(&case.when));
                    case.then.each_name(visit);
                }
            }
            Term::Relative { rule, .. } => visit(Name::Rule(rule)),
            Term::Qualitative { outer, house_target, .. } => {
                outer.iter().chain(house_target).for_each(|part| part.each_name(visit));
            }
            Term::Annual { .. } => {}
        }
    }
}

/// Something a deadline refers to.
pub(crate) enum Name<'a> {
    Rule(&'a str),
    Calendar(&'a str),
    Condition(&'a Expr),
}

/// A clock of a rule: which event starts the time, and for whom.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "RawClock")]
pub(crate) struct Clock {
    pub events: Vec<String>,
    pub actor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClock {
    event: OneOrMany<String>,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    actor: Option<String>,
    /// The legal test for the event, shown to the person who attests it.
    #[serde(default, rename = "test")]
    _test: Option<String>,
}

impl From<RawClock> for Clock {
    fn from(raw: RawClock) -> Self {
        let mut events = raw.event.into_vec();
        events.retain(|event| event != "first_of");
        events.extend(raw.events);
        Self { events, actor: raw.actor }
    }
}
