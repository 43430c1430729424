//! What was reported before about the same group: an episode may be the continuation of a finding, or take its place.
//!
//! The lake is asked, not memory: after a restart the windows know the events but not what was said about them.

use lake::Lake;
use ocsf::Finding;
use serde_json::Value;
use sigma::{Correlation, Episode};

use super::finding::instant;
use super::stretch;
use crate::exit::{Failure, OrFail as _};

/// How an episode stands to what was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// A reported stretch goes on in it.
    Continues,
    /// Nobody has told it; it takes the place of these findings, whose stretches begin inside it.
    New { supersedes: Vec<String> },
}

pub(super) async fn standing(lake: &Lake, correlation: &Correlation, episode: &Episode) -> Result<Standing, Failure> {
    let (first, last) = (instant(episode.first.time_us), instant(episode.last.time_us));
    let mut supersedes = Vec::new();
    for finding in reported(lake, correlation, episode).await? {
        let Some(stretch) = &finding.correlation else { continue };
        if first <= stretch.first && stretch.first <= last {
            supersedes.push(finding.uid);
        } else if stretch.first < first {
            let events = stretch::event_uids(lake, &correlation.id, stretch).await?;
            if events.contains(&episode.first.uid) {
                return Ok(Standing::Continues);
            }
        }
    }
    Ok(Standing::New { supersedes })
}

/// Findings of this correlation about this group.
async fn reported(lake: &Lake, correlation: &Correlation, episode: &Episode) -> Result<Vec<Finding>, Failure> {
    let query = format!("SELECT json FROM findings WHERE rule_id = {}", stretch::quoted(&correlation.id));
    let mut stream = lake.sql_stream(&query).await.or_fail("failed to look up earlier findings")?;
    let mut findings = Vec::new();
    while let Some(rows) = stream.next().await.or_fail("failed to look up earlier findings")? {
        for row in rows {
            let json = row.first().and_then(Value::as_str).unwrap_or_default();
            let finding: Finding = serde_json::from_str(json).or_fail("failed to read an earlier finding")?;
            let group = finding.correlation.iter().flat_map(|stretch| stretch.group.iter().map(|(_, value)| value));
            if group.eq(episode.group.iter()) {
                findings.push(finding);
            }
        }
    }
    Ok(findings)
}
