//! Correlations in the flow: hits are stored with their batch, and a stretch of them that meets a condition is a finding.
//!
//! The windows in memory are a cache. At the start, and after a batch that failed, they are filled again from the stored hits.
//! What the lake holds already is not found a second time, so neither a replay nor a restart tells anything twice.

mod earlier;
mod finding;
mod hits;
mod stretch;
mod watermark;

use std::collections::BTreeSet;

use jiff::Timestamp;
use ocsf::Finding;
use sigma::{Change, CorrelationLimits, Correlator, Episode, Hit};

use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::rules::RuleSet;
use earlier::Earlier;
use watermark::Watermark;

pub(crate) use finding::{correlated, uid as finding_uid, uids as listed_uids};
pub(crate) use hits::rows as hit_rows;
pub(crate) use stretch::event_uids as stretch_event_uids;

/// The open windows of every correlation, and how far event time has come.
#[derive(Debug)]
pub(crate) struct Windows {
    correlator: Correlator,
    watermark: Watermark,
    /// Hits before this (microseconds) were not read back: an episode that begins here may be the rest of a longer one.
    filled_from: Option<i64>,
    hits_lost: u64,
}

/// Groups and hits that windows hold at a time: about 400 and 200 bytes each, together 300 MB at worst. What does not fit is said.
const GROUPS_MAX: usize = 250_000;
const HITS_MAX: usize = 1_000_000;

/// Where a batch has brought its source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached<'a> {
    pub(crate) source: &'a str,
    pub(crate) last_event: Option<Timestamp>,
    /// Sources that have said they have nothing new.
    pub(crate) exhausted: &'a BTreeSet<String>,
    pub(crate) now: Timestamp,
}

/// Takes in the hits of a batch, which are in the lake already, and returns the findings that nobody has reported yet.
pub(crate) async fn follow(
    windows: Option<Windows>,
    rules: &RuleSet,
    instance: &Instance,
    hits: &[Hit],
    reached: Reached<'_>,
) -> Result<(Option<Windows>, Vec<Finding>), Failure> {
    if rules.correlations.is_empty() {
        return Ok((None, Vec::new()));
    }
    let refilled = windows.is_none();
    let mut open = match windows {
        Some(mut open) => {
            hits.iter().for_each(|hit| open.correlator.push(hit));
            open
        }
        None => Windows::fill(rules, instance, reached.exhausted).await?,
    };
    let episodes = open.advance(&reached);
    let findings = unreported(rules, instance, &episodes, open.filled_from, refilled, reached.now).await?;
    // From here on the windows themselves know where an episode began.
    open.filled_from = None;
    Ok((Some(open), findings))
}

impl Windows {
    /// A source has nothing new.
    pub(crate) fn settle(&mut self, source: &str) {
        self.watermark.settle(source);
    }

    async fn fill(rules: &RuleSet, instance: &Instance, exhausted: &BTreeSet<String>) -> Result<Self, Failure> {
        let watermark = Watermark::read(&instance.store, &instance.config.source).await?;
        let limits = CorrelationLimits { groups_max: GROUPS_MAX, hits_max: HITS_MAX, ..CorrelationLimits::default() };
        let reach = rules.program.longest_timespan_us().saturating_add(limits.lateness_us);
        let since = watermark.oldest_waited_for(exhausted).map(|at| at.saturating_sub(reach));
        let mut correlator = Correlator::new(&rules.program, limits);
        hits::stored(&instance.lake, rules, since, |hit| correlator.push(&hit)).await?;
        Ok(Self { correlator, watermark, filled_from: since, hits_lost: 0 })
    }

    /// What opens or gets another beginning by the hits that were pushed. Closing changes nothing that was reported.
    fn advance(&mut self, reached: &Reached<'_>) -> Vec<Episode> {
        self.watermark.note_batch(reached);
        let mut episodes = match self.watermark.at(reached.exhausted) {
            Some(us) => self.correlator.watermark(us),
            None => self.correlator.evaluate(),
        };
        let lost: u64 = self.correlator.losses().iter().map(|losses| losses.too_late + losses.hits_evicted).sum();
        if self.hits_lost < lost {
            tracing::warn!(
                hits = lost - self.hits_lost,
                "hits came too late or did not fit; correlations may miss something"
            );
            self.hits_lost = lost;
        }
        episodes.retain(|episode| matches!(episode.change, Change::Opened | Change::Revised));
        episodes
    }
}

async fn unreported(
    rules: &RuleSet,
    instance: &Instance,
    episodes: &[Episode],
    filled_from: Option<i64>,
    refilled: bool,
    now: Timestamp,
) -> Result<Vec<Finding>, Failure> {
    let tenant = instance.store.tenant();
    let reports = |episode: &&Episode| rules.program.correlation_reports_alone(episode.correlation as usize);
    let named = episodes.iter().filter(reports).filter_map(|episode| {
        let correlation = rules.correlations.get(episode.correlation as usize)?;
        Some((finding::uid(tenant, correlation, &episode.group, &episode.first), correlation, episode))
    });
    let named: Vec<_> = named.collect();
    let known = known(&instance.lake, named.iter().map(|(uid, ..)| uid.as_str())).await?;
    let new: Vec<_> = named.into_iter().filter(|(uid, ..)| !known.contains(uid)).collect();
    let may_be_a_rest = |(correlation, episode): earlier::Named<'_>| {
        filled_from.is_some_and(|from| episode.first.time_us < from.saturating_add(correlation.timespan_us))
    };
    let episodes: Vec<earlier::Named<'_>> =
        new.iter().map(|(_, correlation, episode)| (*correlation, *episode)).collect();
    let some_rest = episodes.iter().copied().any(may_be_a_rest);
    let earlier = Earlier::read(&instance.lake, &episodes, some_rest).await?;
    let mut findings = Vec::new();
    for (uid, correlation, episode) in new {
        let named = (correlation, episode);
        // Windows that were filled again tell once more what they told before. Under other rules it has another id.
        if refilled && earlier.is_told_of_the_same_event(named) {
            continue;
        }
        if may_be_a_rest(named) && earlier.is_told(&instance.lake, named).await? {
            continue;
        }
        let events = finding::events(&instance.lake, episode).await?;
        let mut finding = finding::finding(uid, tenant, correlation, episode, &events, now);
        if let Some(correlated) = &mut finding.correlation {
            correlated.supersedes = earlier.superseded(named);
        }
        findings.push(finding);
    }
    Ok(findings)
}

/// Ids asked for in one query.
const UIDS_A_QUERY: usize = 1_000;

/// Which of these findings are in the lake. The ids are hashes of ours: hexadecimal digits.
pub(crate) async fn known(lake: &lake::Lake, uids: impl Iterator<Item = &str>) -> Result<BTreeSet<String>, Failure> {
    let uids: Vec<String> = uids.map(|uid| format!("'{uid}'")).collect();
    let mut known = BTreeSet::new();
    for part in uids.chunks(UIDS_A_QUERY) {
        let query = format!("SELECT uid FROM findings WHERE uid IN ({})", part.join(","));
        let rows = lake.sql(&query, UIDS_A_QUERY).await.or_fail("failed to look up findings")?;
        known.extend(rows.objects().filter_map(|row| Some(row.get("uid")?.as_str()?.to_owned())));
    }
    Ok(known)
}
