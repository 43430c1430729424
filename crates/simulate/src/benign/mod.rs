//! The background: what people and programs of the company do every day, by source.
//!
//! Its volume follows the scale; its hours follow `rhythm`. Nothing here is labelled.

mod aws_control;

use crate::stage::Stage;

/// Plays one day of background.
pub(crate) fn play(stage: &mut Stage<'_>) {
    aws_control::play(stage);
}
