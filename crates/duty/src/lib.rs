//! Given the facts of a breach: who must be told what by when under which text, and why.
//!
//! Law is data (`content/regimes`, schema `watertight-law/1`); this crate reads it, judges facts with it
//! and computes dates. `Law::load` → `law.evaluate(&facts, as_of)` → `Answer`. Pure: no files, no clock,
//! and it knows no other crate of ours. Nothing here is legal advice.

mod answer;
mod calendar;
mod cases;
mod clock;
mod content;
mod deadline;
mod delay;
mod due;
mod elements;
mod explain;
mod expr;
mod facts;
mod force;
mod judge;
mod known;
mod law;
mod load;
mod loss;
mod moment;
mod outcome;
mod pi;
mod place;
mod regime;
mod roles;
mod rule;
mod run;
mod suggest;
mod timing;
mod truth;
mod words;

pub use answer::{Answer, Constraint, LawStamp, NotInForce, NotRequired, Obligation, Pending, Review};
pub use cases::{CaseOutcome, check_cases};
pub use content::Form;
pub use deadline::Order;
pub use due::Due;
pub use explain::RuleCard;
pub use facts::{FACTS_BYTES_MAX, Facts, FactsError};
pub use known::{Count, Known, Op};
pub use law::{Law, Regime};
pub use load::LawError;
pub use moment::Moment;
pub use regime::Status;
pub use rule::{Confidence, Kind};
pub use truth::Truth;
