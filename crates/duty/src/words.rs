//! Deadlines in words, for people who read law and not data.

use crate::deadline::{Amount, Deadline, Order, Term};
use crate::timing::unit_words;

/// `72 hours after clock`, `the earlier of …`, `without undue delay`.
pub(crate) fn deadline(deadline: &Deadline) -> String {
    match &deadline.term {
        Term::Offset(offset) => {
            let amount = match &offset.amount {
                Amount::Number(number) => number.to_string(),
                Amount::Fact { fact } => format!("`{fact}`"),
            };
            let from = if offset.after == "clock" { "the clock event" } else { offset.after.as_str() };
            let calendar =
                offset.calendar.as_ref().map(|calendar| format!(" (calendar {calendar})")).unwrap_or_default();
            format!("{amount} {} after {from}{calendar}", unit_words(offset.unit))
        }
        Term::Min(parts) => format!("the earlier of: {}", list(parts)),
        Term::Max(parts) => format!("the later of: {}", list(parts)),
        Term::Case(cases) => {
            cases.iter().map(|case| self::deadline(&case.then)).collect::<Vec<_>>().join("; or, as the case may be, ")
        }
        Term::Relative { rule, order } => format!("{} {rule}", order_words(*order)),
        Term::Qualitative { standard, .. } => standard.replace('_', " "),
        Term::Annual { amount, unit } => format!("{amount} {} after the end of the year", unit_words(*unit)),
    }
}

fn list(parts: &[Deadline]) -> String {
    parts.iter().map(deadline).collect::<Vec<_>>().join("; ")
}

fn order_words(order: Order) -> &'static str {
    match order {
        Order::Before => "before",
        Order::Concurrent => "at the same time as",
        Order::NotLaterThan => "not later than",
        Order::After => "after",
    }
}
