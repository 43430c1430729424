//! The background: what people and programs of the company do every day, by source.
//!
//! Its volume follows the scale; its hours follow `rhythm`. Nothing here is labelled.

mod aws_control;
mod aws_data;
mod azure;
mod campus;
mod identity;
mod network;
mod office;
mod shop;

use crate::stage::Stage;

/// Plays one day of background.
pub(crate) fn play(stage: &mut Stage<'_>) {
    aws_control::play(stage);
    aws_data::play(stage);
    network::play(stage);
    azure::play(stage);
    identity::play(stage);
    office::play(stage);
    shop::play(stage);
    campus::play(stage);
}

impl Stage<'_> {
    /// Thousandths of an event in a busy hour for a source that has `per_busy_hour` at scale 1.
    pub(crate) fn volume(&self, per_busy_hour: u64) -> u64 {
        per_busy_hour * self.world.scale
    }
}
