//! When a duty falls due, once the facts are known. A date is only ever computed, never invented: a
//! standard without a number stays a standard.

use jiff::Zoned;

use crate::deadline::Order;

/// The due date of one obligation.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// An instant, or the last second of a local day.
    At {
        at: Zoned,
        end_of_day: bool,
    },
    Qualitative {
        standard: String,
        outer: Option<Zoned>,
        house_target: Option<Zoned>,
    },
    /// Tied to another duty; `plan_by` is that duty's own date, if it has one.
    Relative {
        order: Order,
        to: String,
        plan_by: Option<Zoned>,
    },
    /// A service that lasts, offered with the notice.
    Service {
        months: u32,
    },
    Undetermined {
        missing: Vec<String>,
    },
}

impl Due {
    /// The word the answer uses.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::At { end_of_day: false, .. } => "instant",
            Self::At { end_of_day: true, .. } => "end_of_day",
            Self::Qualitative { .. } => "qualitative",
            Self::Relative { order, .. } => order.word(),
            Self::Service { .. } => "service",
            Self::Undetermined { .. } => "undetermined",
        }
    }

    /// The date, if the law gives one.
    #[must_use]
    pub fn at(&self) -> Option<&Zoned> {
        match self {
            Self::At { at, .. } => Some(at),
            _ => None,
        }
    }
}

/// A due date with everything that explains it.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    pub(crate) due: Due,
    /// Before a roll that the law itself grants.
    pub(crate) strict: Option<Zoned>,
    /// Before a hold, delay or extension.
    pub(crate) base: Option<Zoned>,
    pub(crate) alts: Vec<AltDate>,
    /// The start of the clock and the fact that attests it.
    pub(crate) start: Option<Zoned>,
    pub(crate) anchor: Option<String>,
    /// Orders with other duties that hold beside the date.
    pub(crate) constraints: Vec<(Order, String)>,
    pub(crate) lines: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct AltDate {
    pub(crate) due_by: Zoned,
    pub(crate) basis: String,
}

impl Timing {
    pub(crate) fn of(due: Due) -> Self {
        Self {
            due,
            strict: None,
            base: None,
            alts: Vec::new(),
            start: None,
            anchor: None,
            constraints: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub(crate) fn undetermined(key: impl Into<String>) -> Self {
        Self::of(Due::Undetermined { missing: vec![key.into()] })
    }
}
