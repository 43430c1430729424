//! The leaks: one file each, with what is done, in which order, and whose data gets out.
//!
//! To add a story: copy a neighbour, add its `StoryId` and a line to `STORIES`, and describe it in the crate's page.
//! A story plays all its records on the day it starts; those after midnight are carried over.

mod api_error_records;
mod azure_sql_export;
mod checkout_card_log;
mod customer_walk;
mod egress_opened;
mod gradebook_export;
pub(crate) mod logging_off;
mod portal_paging;
mod public_bucket;
mod role_chain;
mod secrets_then_export;
mod stolen_session;
mod stuffed_accounts;
mod support_browsing;
mod transcripts_taken;

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

pub(crate) const STORIES: [Story; StoryId::ALL.len()] = [
    public_bucket::STORY,
    azure_sql_export::STORY,
    stolen_session::STORY,
    egress_opened::STORY,
    checkout_card_log::STORY,
    api_error_records::STORY,
    portal_paging::STORY,
    gradebook_export::STORY,
    logging_off::STORY,
    customer_walk::STORY,
    stuffed_accounts::STORY,
    support_browsing::STORY,
    transcripts_taken::STORY,
    role_chain::STORY,
    secrets_then_export::STORY,
];

/// The stories that were asked for, each with the day it starts on. The first third of the run stays innocent, so
/// that there is a history to compare with.
pub(crate) fn schedule(company: &Company, stories: &Stories) -> Vec<(i64, &'static Story)> {
    let quiet = company.days / 3;
    let mut rng = Rng::new(company.seed, "schedule", 0);
    // Drawn for every story, so that leaving one out moves no other. The leaks of the demo keep the days that they always
    // had under a seed; those that came later draw after them.
    let mut days: Vec<i64> = StoryId::DEMO.iter().map(|_| rng.range(quiet, company.days - 1)).collect();
    keep_logging_apart(&mut days, quiet, company.days, &mut rng);
    days.extend(STORIES.iter().skip(days.len()).map(|_| rng.range(quiet, company.days - 1)));
    let planned = days.into_iter().zip(&STORIES);
    planned.filter(|(_, story)| stories.includes(story.id)).collect()
}

/// Moves the day on which logs are off away from the stories that those logs show, as far as the run is long enough.
fn keep_logging_apart(days: &mut [i64], quiet: i64, end: i64, rng: &mut Rng) {
    let of = |id: StoryId| STORIES.iter().position(|s| s.id == id).unwrap_or(0);
    let visible = [StoryId::PublicBucket, StoryId::StolenSession, StoryId::EgressOpened].map(|id| days[of(id)]);
    let mut candidates: Vec<i64> = (quiet..end).collect();
    rng.shuffle(&mut candidates);
    // A day before or after also counts: both kinds of stories may run past midnight.
    let crowded = |day: i64| visible.iter().map(|&v| 2 - (v - day).abs().min(2)).sum::<i64>();
    if let Some(&day) = candidates.iter().min_by_key(|&&day| crowded(day)) {
        days[of(StoryId::LoggingOff)] = day;
    }
}
