//! What was reported before about the same groups: an episode may take the place of findings, or be the rest of one.
//!
//! The lake is asked, not memory: after a restart the windows know the events but not what was said about them. It is asked
//! once for all episodes of a batch, because windows that were filled again tell hundreds at a time.

use std::collections::{HashMap, HashSet};

use lake::Lake;
use ocsf::Correlated;
use sigma::{Correlation, Episode};

use super::finding::instant;
use super::stretch;
use crate::exit::Failure;
use crate::stored_findings;
use crate::utc_day::utc_day;

/// An episode with the correlation that it belongs to.
pub(super) type Named<'a> = (&'a Correlation, &'a Episode);

/// Values of a group, in the order of the correlation's `group-by`.
type Group = Vec<Option<String>>;

/// The findings about the groups of some episodes, by correlation and group.
#[derive(Debug)]
pub(super) struct Earlier(HashMap<(String, Group), Vec<Told>>);

/// What a finding said.
#[derive(Debug)]
struct Told {
    uid: String,
    stretch: Correlated,
    event_uids: Vec<String>,
}

impl Earlier {
    /// Reads what was told about these groups, under whatever version of their rules. `of_all_days` when an episode may be the
    /// rest of one that began long before it.
    pub(super) async fn read(lake: &Lake, episodes: &[Named<'_>], of_all_days: bool) -> Result<Self, Failure> {
        let mut told: HashMap<(String, Group), Vec<Told>> =
            episodes.iter().map(|(correlation, episode)| (group(correlation, episode), Vec::new())).collect();
        // A finding stands behind the beginning of its stretch, so none that an episode replaces is older than the episode.
        let oldest = episodes.iter().map(|(_, episode)| episode.first.time_us).min();
        let Some(oldest) = oldest else { return Ok(Self(told)) };
        let since =
            if of_all_days { String::new() } else { format!(" AND day >= DATE '{}'", utc_day(instant(oldest))) };
        let rules: HashSet<&str> = episodes.iter().map(|(correlation, _)| correlation.id.as_str()).collect();
        for list in stored_findings::quoted_lists(rules.into_iter()) {
            let of_rules = format!("rule_id IN ({list}){since}");
            // Only what is about one of the groups is kept: a rule may have told of many others.
            stored_findings::each(lake, &of_rules, |noticed| {
                let finding = noticed.finding;
                let Some(stretch) = finding.correlation else { return };
                let group = stretch.group.iter().map(|(_, value)| value.clone()).collect();
                if let Some(of_group) = told.get_mut(&(finding.rule.id, group)) {
                    of_group.push(Told { uid: finding.uid, stretch, event_uids: finding.event_uids });
                }
            })
            .await?;
        }
        Ok(Self(told))
    }

    /// Findings whose stretches begin inside the episode: it takes their place.
    pub(super) fn superseded(&self, (correlation, episode): Named<'_>) -> Vec<String> {
        let (first, last) = (instant(episode.first.time_us), instant(episode.last.time_us));
        let inside = |told: &&Told| first <= told.stretch.first && told.stretch.first <= last;
        self.of(correlation, episode).iter().filter(inside).map(|told| told.uid.clone()).collect()
    }

    /// Whether an episode of this group that begins with the very same event was told, maybe by another version of the rule.
    pub(super) fn is_told_of_the_same_event(&self, (correlation, episode): Named<'_>) -> bool {
        let first = instant(episode.first.time_us);
        let is_same = |told: &Told| told.stretch.first == first && told.event_uids.contains(&episode.first.uid);
        self.of(correlation, episode).iter().any(is_same)
    }

    /// Whether the episode is the rest of a stretch that was reported, whose beginning the windows no longer have.
    pub(super) async fn is_told(&self, lake: &Lake, (correlation, episode): Named<'_>) -> Result<bool, Failure> {
        let first = instant(episode.first.time_us);
        for told in self.of(correlation, episode).iter().filter(|told| told.stretch.first < first) {
            let events = stretch::event_uids(lake, &correlation.id, &told.stretch).await?;
            if events.contains(&episode.first.uid) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn of(&self, correlation: &Correlation, episode: &Episode) -> &[Told] {
        self.0.get(&group(correlation, episode)).map_or(&[], Vec::as_slice)
    }
}

fn group(correlation: &Correlation, episode: &Episode) -> (String, Group) {
    (correlation.id.clone(), episode.group.clone())
}
