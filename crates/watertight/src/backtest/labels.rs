//! What is known to be true: verdicts that people gave, or the ground truth of a simulation.
//!
//! A ground-truth file knows everything, so what belongs to none of its stories is false. Verdicts know what somebody looked
//! at; the rest is unlabelled, and is never counted as either.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;
use ocsf::Finding;
use simulate::{GroundTruth, StoryTruth};

use super::{Period, Told};
use crate::demo::is_within;
use crate::dispositions::{Meaning, meaning, verdict_of};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::stored_findings;
use crate::withheld::Noticed;

/// What is known of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// It shows these true things: stories, or findings that were called true.
    True(BTreeSet<String>),
    False,
    Unlabelled,
}

/// Everything that is labelled.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    stories: Vec<Story>,
    has_truth: bool,
    /// (rule id, event uid) → the finding that was called true, or `None` for one that was called false.
    verdicts: HashMap<(String, String), Option<String>>,
    /// Findings in the lake by rule id: event uid of each.
    stored: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug)]
struct Story {
    id: String,
    events: BTreeSet<String>,
    actors: BTreeSet<String>,
    resources: Vec<String>,
    span: Option<(Timestamp, Timestamp)>,
}

/// The ground truth of a simulation.
pub(crate) fn story_file(path: &Path) -> Result<GroundTruth, Failure> {
    const BYTES_MAX: u64 = 256 << 20;
    let doing = format!("failed to read the ground truth `{}`", path.display());
    let size = std::fs::metadata(path).or_usage(&doing)?.len();
    if BYTES_MAX < size {
        return Err(Failure::usage(format!("{doing}: {size} bytes is more than the limit of {BYTES_MAX}")));
    }
    serde_json::from_str(&std::fs::read_to_string(path).or_usage(&doing)?).or_usage(&doing)
}

impl Labels {
    pub(crate) async fn read(
        instance: &Instance,
        truth: Option<&GroundTruth>,
        period: Period,
    ) -> Result<Self, Failure> {
        let mut labels = Self { has_truth: truth.is_some(), ..Self::default() };
        labels.stories = truth.iter().flat_map(|truth| &truth.stories).map(story).collect();
        let cases = instance.store.cases().await;
        let add = |noticed: Noticed| {
            if period.holds(noticed.finding.time) {
                let verdict = verdict_of(&cases.incidents, &noticed.finding.uid);
                labels.add(noticed.finding, verdict.map(meaning));
            }
        };
        stored_findings::each(&instance.lake, &period.sql(), add).await?;
        Ok(labels)
    }

    fn add(&mut self, finding: Finding, meaning: Option<Meaning>) {
        let rule = finding.rule.id;
        for event in finding.event_uids {
            match meaning {
                Some(Meaning::True) => {
                    self.verdicts.insert((rule.clone(), event), Some(finding.uid.clone()));
                }
                Some(Meaning::False) => {
                    self.verdicts.entry((rule.clone(), event)).or_default();
                }
                Some(Meaning::Neither) | None => {}
            }
        }
        self.stored.entry(rule).or_default().insert(finding.event_uid);
    }

    pub(crate) fn of(&self, rule_id: &str, told: &Told) -> Label {
        if self.has_truth {
            let shown: BTreeSet<String> =
                self.stories.iter().filter(|story| story.has(told)).map(|story| story.id.clone()).collect();
            return if shown.is_empty() { Label::False } else { Label::True(shown) };
        }
        let known = told.event_uids.iter().filter_map(|event| self.verdicts.get(&(rule_id.to_owned(), event.clone())));
        let known: Vec<&Option<String>> = known.collect();
        let shown: BTreeSet<String> = known.iter().filter_map(|finding| (*finding).clone()).collect();
        match (shown.is_empty(), known.is_empty()) {
            (false, _) => Label::True(shown),
            (true, false) => Label::False,
            (true, true) => Label::Unlabelled,
        }
    }

    /// Whether anything is known at all.
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_truth && self.verdicts.is_empty()
    }

    /// Rules with findings in the lake.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        self.stored.keys().map(String::as_str)
    }

    /// The completing events of a rule's findings in the lake.
    pub(crate) fn stored(&self, rule_id: &str) -> BTreeSet<String> {
        self.stored.get(rule_id).cloned().unwrap_or_default()
    }
}

impl Story {
    /// By its records' ids; what another log tells of the same deed by time and by who or what.
    fn has(&self, told: &Told) -> bool {
        let by_event = told.event_uids.iter().any(|event| self.events.contains(event));
        let within = self.span.is_some_and(|(first, last)| first <= told.time && told.time <= last);
        let to_its_resources =
            || self.resources.iter().any(|resource| told.resources.iter().any(|found| is_within(found, resource)));
        by_event || (within && (self.actors.contains(&told.who) || to_its_resources()))
    }
}

fn story(truth: &StoryTruth) -> Story {
    Story {
        id: truth.id.clone(),
        events: truth.records.iter().filter_map(|record| record.id.clone()).collect(),
        actors: truth.actors.iter().cloned().collect(),
        resources: truth.resources.clone(),
        span: truth.start.parse().ok().zip(truth.end.parse().ok()),
    }
}
