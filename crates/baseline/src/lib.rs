//! Learns what is normal per entity and says how unusual an event is, with bounded memory.
//!
//! Beside `sigma` on the path: events go in, [`Unusual`] comes out, and the caller makes findings of it. What is normal is
//! described by content (`content/baselines/*.yml`, read by [`load`]); how much is remembered is bounded by [`Limits`].
//! It does no IO, knows no law and no clock: time is the time of the events. The same events give the same answers.
//!
//! ```
//! let file = ("a.yml".to_owned(), "title: not enough".to_owned());
//! let loaded = baseline::load(&[file]);
//! assert!(loaded.baselines.is_empty() && loaded.errors[0].line.is_some());
//! let mut baselines = baseline::Baselines::new(loaded, baseline::Limits::default(), None);
//! assert!(baselines.snapshot().is_ok());
//! ```
//!
//! # Time and order
//!
//! Events may come in any order within an hour (volumes: within the bucket before the newest one of their entity); what
//! is learned is then the same, only which event completes an unusual amount depends on the order. Older events of an
//! entity are counted as late; they teach new values but no amounts. Nothing ages by the time of other entities' events, so
//! one event from the future can spoil the history of its own entity only; with [`Baselines::set_now`] not even that.
//!
//! # What an unusual event teaches
//!
//! It teaches, but not fast: a new value becomes known only when it is seen again a day or more later, amounts beyond the
//! expected range count as its upper end, and a place is trusted only when it was seen on days apart.

mod agent;
mod amounts;
mod baselines;
mod case;
mod check;
mod definition;
mod distinct;
mod document;
mod event_times;
mod explain;
mod facts;
mod field;
mod group;
mod guard;
mod hash;
mod histogram;
mod learner;
mod limits;
mod load;
mod places;
mod scale;
mod select;
mod snapshot;
mod table;
mod travel;
mod unusual;
mod values;
mod variant;
mod volume;
mod words;

pub use baselines::{BaselineStats, Baselines, Stats};
pub use check::{Outcome, check};
pub use definition::{Ads, Baseline, Level, Status};
pub use field::Field;
pub use limits::Limits;
pub use load::{LoadError, Loaded, load};
pub use places::{PLACES_MAX, Place, Places, PlacesError};
pub use snapshot::{RestoreError, Restored, SnapshotError};
pub use unusual::{Expected, Highest, History, Unusual};
pub use variant::Threshold;
