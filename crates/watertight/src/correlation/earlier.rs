//! What was reported before about the same group: an episode may take the place of findings, or be the rest of one.
//!
//! The lake is asked, not memory: after a restart the windows know the events but not what was said about them.

use jiff::civil::Date;
use lake::Lake;
use ocsf::Correlated;
use sigma::{Correlation, Episode};

use super::finding::instant;
use super::stretch;
use crate::exit::Failure;
use crate::stored_findings::{self, quoted};
use crate::utc_day::utc_day;

/// Findings whose stretches begin inside the episode: it takes their place.
pub(super) async fn superseded(
    lake: &Lake,
    correlation: &Correlation,
    episode: &Episode,
) -> Result<Vec<String>, Failure> {
    let (first, last) = (instant(episode.first.time_us), instant(episode.last.time_us));
    // A finding stands behind the beginning of its stretch, so none of these is older than the episode.
    let reported = reported(lake, correlation, episode, Some(utc_day(first))).await?;
    let inside = reported.into_iter().filter(|(_, stretch)| first <= stretch.first && stretch.first <= last);
    Ok(inside.map(|(uid, _)| uid).collect())
}

/// Whether the episode is the rest of a stretch that was reported, whose beginning the windows no longer have.
pub(super) async fn is_told(lake: &Lake, correlation: &Correlation, episode: &Episode) -> Result<bool, Failure> {
    let first = instant(episode.first.time_us);
    for (_, stretch) in reported(lake, correlation, episode, None).await? {
        if stretch.first < first
            && stretch::event_uids(lake, &correlation.id, &stretch).await?.contains(&episode.first.uid)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an episode of this group that begins with the very same event was told, maybe by another version of the rule.
pub(super) async fn is_told_of_the_same_event(
    lake: &Lake,
    correlation: &Correlation,
    episode: &Episode,
) -> Result<bool, Failure> {
    let first = instant(episode.first.time_us);
    let of_rule = format!("rule_id = {} AND day >= DATE '{}'", quoted(&correlation.id), utc_day(first));
    let findings = stored_findings::find(lake, &of_rule).await?;
    Ok(findings.iter().any(|finding| {
        let is_same = |stretch: &Correlated| {
            stretch.first == first && stretch.group.iter().map(|(_, value)| value).eq(episode.group.iter())
        };
        finding.correlation.as_ref().is_some_and(is_same) && finding.event_uids.contains(&episode.first.uid)
    }))
}

/// Findings of this correlation about this group, with their stretches.
async fn reported(
    lake: &Lake,
    correlation: &Correlation,
    episode: &Episode,
    since: Option<Date>,
) -> Result<Vec<(String, Correlated)>, Failure> {
    let since = since.map_or_else(String::new, |day| format!(" AND day >= DATE '{day}'"));
    let of_rule = format!("rule_id = {}{since}", quoted(&correlation.id));
    let findings = stored_findings::find(lake, &of_rule).await?.into_iter();
    let stretches = findings.filter_map(|finding| Some((finding.uid, finding.correlation?)));
    let is_of_group = |stretch: &Correlated| stretch.group.iter().map(|(_, value)| value).eq(episode.group.iter());
    Ok(stretches.filter(|(_, stretch)| is_of_group(stretch)).collect())
}
