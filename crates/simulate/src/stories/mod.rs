//! The leaks: one file each, with what is done, in which order, and whose data gets out.
//!
//! To add a story: copy a neighbour, add its `StoryId` and a line to `STORIES`, and describe it in the crate's page.
//! A story plays all its records on the day it starts; those after midnight are carried over.

mod api_error_records;
mod azure_sql_export;
mod checkout_card_log;
mod egress_opened;
mod gradebook_export;
mod logging_off;
mod portal_paging;
mod public_bucket;
mod stolen_session;

use crate::clock::Ms;
use crate::company::Company;
use crate::options::{Stories, StoryId};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::truth::Exposure;

/// A leak that can be played.
pub(crate) struct Story {
    pub(crate) id: StoryId,
    pub(crate) title: &'static str,
    pub(crate) surfaces: &'static [&'static str],
    /// MITRE ATT&CK techniques.
    pub(crate) attack: &'static [&'static str],
    /// OCSF classes of the findings: 2004 detection, 2006 data security.
    pub(crate) ocsf: &'static [u32],
    pub(crate) play: fn(&mut Stage<'_>, &mut Rng) -> Told,
}

/// What a story did.
pub(crate) struct Told {
    pub(crate) variant: &'static str,
    pub(crate) deed: Ms,
    pub(crate) actors: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) exposure: Exposure,
}

pub(crate) const STORIES: [Story; 9] = [
    public_bucket::STORY,
    azure_sql_export::STORY,
    stolen_session::STORY,
    egress_opened::STORY,
    checkout_card_log::STORY,
    api_error_records::STORY,
    portal_paging::STORY,
    gradebook_export::STORY,
    logging_off::STORY,
];

/// The stories that were asked for, each with the day it starts on. The first third of the run stays innocent, so
/// that there is a history to compare with.
pub(crate) fn schedule(company: &Company, stories: &Stories) -> Vec<(i64, &'static Story)> {
    let quiet = company.days / 3;
    let mut rng = Rng::new(company.seed, "schedule", 0);
    let mut schedule = Vec::new();
    for story in &STORIES {
        // Drawn for every story, so that leaving one out moves no other.
        let day = rng.range(quiet, company.days - 1);
        if stories.includes(story.id) {
            schedule.push((day, story));
        }
    }
    schedule
}
