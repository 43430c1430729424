//! What might be changed in rules and baselines, judged on labelled history. It proposes and shows the cost; people decide and
//! apply.

mod cost;
mod exclusions;
mod normal;
mod thresholds;

pub(crate) use cost::{Cost, best};
pub(crate) use exclusions::Exclusions;
pub(crate) use normal::{Tried, of_baselines};
pub(crate) use thresholds::{family, patch, trials};
