//! What might be changed in rules, judged on labelled history. It proposes and shows the cost; people decide and apply.

mod exclusions;
mod thresholds;

pub(crate) use exclusions::Exclusions;
pub(crate) use thresholds::{best, patch, trials};
