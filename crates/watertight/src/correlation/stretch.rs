//! All events of a correlation's episode, from its stored hits: the finding itself lists only those of its first window.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use lake::Lake;
use ocsf::Correlated;
use serde_json::Value;

use super::hits::group_key;
use crate::exit::{Failure, OrFail as _};
use crate::stored_findings::quoted;
use crate::utc_day::utc_day;

/// Ids of the events from the episode's first one on, as long as none is further from the one before than a window. That is
/// at least the episode; hits that follow it closely without meeting the condition are counted in, so an exposure may be
/// overstated and is never understated.
pub(crate) async fn event_uids(lake: &Lake, rule_id: &str, stretch: &Correlated) -> Result<BTreeSet<String>, Failure> {
    let group: Vec<Option<String>> = stretch.group.iter().map(|(_, value)| value.clone()).collect();
    let day = utc_day(stretch.first);
    let query = format!(
        "SELECT time, event_uid FROM hits WHERE day >= DATE '{day}' AND correlation_id = {} AND group_key = {} ORDER BY time",
        quoted(rule_id),
        quoted(&group_key(&group))
    );
    let window = SignedDuration::from_secs(i64::try_from(stretch.timespan_seconds).unwrap_or(i64::MAX));
    let (mut uids, mut last) = (BTreeSet::new(), stretch.first);
    let mut stream = lake.sql_stream(&query).await.or_fail("failed to read the hits of a correlation")?;
    while let Some(rows) = stream.next().await.or_fail("failed to read the hits of a correlation")? {
        for row in rows {
            let text = |i: usize| row.get(i).and_then(Value::as_str).unwrap_or_default();
            let Ok(time) = text(0).parse::<Timestamp>() else { continue };
            if time < stretch.first {
                continue;
            }
            if window < time.duration_since(last) {
                return Ok(uids);
            }
            last = time;
            uids.insert(text(1).to_owned());
        }
    }
    Ok(uids)
}
