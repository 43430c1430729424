//! The answers: what leaked, who acted, which records show it, whose data it was, and what only looked like a leak.
//!
//! Written as `ground-truth.json` for tests, demos and drills. Detection must never read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the ground-truth file.
pub const TRUTH_VERSION: u32 = 1;

/// Everything that is known about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroundTruth {
    pub version: u32,
    pub seed: u64,
    /// First day, UTC.
    pub start: String,
    pub days: u32,
    pub scale: f64,
    /// Records written, by source id.
    pub records: BTreeMap<String, u64>,
    /// Files written below `telemetry/`.
    pub telemetry_files: u64,
    pub stories: Vec<StoryTruth>,
    pub look_alikes: Vec<LookAlikeTruth>,
}

impl GroundTruth {
    /// Records written, all sources together.
    #[must_use]
    pub fn records_total(&self) -> u64 {
        self.records.values().sum()
    }
}

/// One record of telemetry, by its place and, where the format has one, its own id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRef {
    /// Source id, for example `aws/cloudtrail`.
    pub source: String,
    /// `eventID`, `event_id`, request id and so on; absent for VPC flow and Activity Log records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Path below the output directory.
    pub file: String,
    /// 0-based index of the record in that file; header lines do not count.
    pub record: u64,
    /// Event time.
    pub time: String,
}

/// A leak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryTruth {
    pub id: String,
    pub title: String,
    /// Which of the forms of the story the seed chose.
    pub variant: String,
    pub surfaces: Vec<String>,
    /// First and last record.
    pub start: String,
    pub end: String,
    /// When data began to get out: the moment a detection is late after.
    pub deed: String,
    /// Entity keys of those who did it.
    pub actors: Vec<String>,
    /// ARNs, ARM ids or URLs.
    pub resources: Vec<String>,
    pub records: Vec<RecordRef>,
    pub exposure: Exposure,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// OCSF classes that the finding would carry.
    pub ocsf_classes: Vec<u32>,
    pub obligations: Vec<ExpectedDuty>,
}

/// Whose data got out, counted from the very rows that the data files hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exposure {
    pub objects: Vec<ExposedObject>,
    /// Distinct people, by e-mail address.
    pub subjects: u64,
    /// The same people by residence: ISO 3166 codes, `US-CA` style for states.
    pub residency: BTreeMap<String, u64>,
    /// Data elements in the words of the law model: NAME, SSN, CARD, GRADES, …
    pub elements: Vec<String>,
    /// Business customers (controllers, schools, agencies) whose people are among the subjects.
    pub customers: Vec<String>,
    /// `controller`, `processor`: what Larkfield is for these people.
    pub roles: Vec<String>,
    pub minors: bool,
}

/// An object, table or log with rows that got out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposedObject {
    /// `s3://bucket/key`, `azuresql://server/database/table`, `rds://instance/database/table`.
    pub uri: String,
    /// Path of the content below the output directory.
    pub path: String,
    pub bytes: u64,
    /// Row identifiers (`customer_id` or `student_id`) when only some rows got out; absent means all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<String>>,
}

/// A duty that a reader of the law would expect, to compare with what the engine finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedDuty {
    /// `GDPR-33`, `GDPR-33-2`, `GDPR-34`, `US-CA`, `US-TX`, `US-NY-2D`, `CONTRACT`.
    pub regime: String,
    /// Who is to be told.
    pub recipient: String,
    pub because: String,
}

/// Something that looks like a leak and is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookAlikeTruth {
    pub id: String,
    pub title: String,
    /// The leak it resembles.
    pub resembles: String,
    pub why_benign: String,
    pub occurrences: Vec<Occurrence>,
}

/// One time that a look-alike happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    pub start: String,
    pub end: String,
    pub actors: Vec<String>,
    pub records: Vec<RecordRef>,
}
