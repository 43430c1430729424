//! A synthetic company, shop and campus: realistic telemetry in vendor formats with labelled leaks.

mod actors;
mod benign;
mod cast;
mod clock;
mod company;
mod exposure;
mod formats;
mod generate;
mod holdings;
mod json;
mod lookalikes;
mod names;
mod options;
mod people;
mod rhythm;
mod rng;
mod sink;
mod stage;
mod stories;
mod truth;

pub use generate::{GenerateError, generate};
pub use options::{DAYS_MAX, Options, SCALE_MAX, Stories, StoryId, UnknownStory};
pub use sink::{DirSink, Sink};
pub use truth::{
    ExpectedDuty, ExposedObject, Exposure, GroundTruth, LookAlikeTruth, Occurrence, RecordRef, StoryTruth,
    TRUTH_VERSION,
};
