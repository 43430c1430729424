//! Hits as the lake keeps them: named by correlation id and by what its hits mean ([`RuleSet::hit_version`]), because positions
//! mean nothing after a change of rules.

use std::collections::HashMap;

use jiff::Timestamp;
use lake::{HitRow, Lake};
use serde_json::Value;
use sigma::Hit;

use crate::exit::{Failure, OrFail as _};
use crate::rules::RuleSet;
use crate::utc_day::utc_day;

/// The hits of a batch as rows.
pub(crate) fn rows(hits: &[Hit], rules: &RuleSet, tenant: &str, source: &str) -> Vec<HitRow> {
    let row = |hit: &Hit| {
        let correlation = rules.correlations.get(hit.correlation as usize)?;
        Some(HitRow {
            tenant: tenant.to_owned(),
            source: source.to_owned(),
            correlation_id: correlation.id.clone(),
            correlation_version: rules.hit_version(hit.correlation as usize).to_owned(),
            rule: i32::from(hit.rule),
            time_us: hit.time_us,
            event_uid: hit.uid.clone(),
            group_key: group_key(&hit.group),
            values: hit.values.clone(),
        })
    };
    hits.iter().filter_map(row).collect()
}

/// The values of a group as one text, the same for the same values.
pub(crate) fn group_key(group: &[Option<String>]) -> String {
    serde_json::to_string(group).unwrap_or_default()
}

/// Gives every stored hit of today's correlations since an instant (microseconds), in no particular order.
pub(super) async fn stored(
    lake: &Lake,
    rules: &RuleSet,
    since_us: Option<i64>,
    mut give: impl FnMut(Hit),
) -> Result<(), Failure> {
    let positions: HashMap<(&str, &str), u32> = rules
        .correlations
        .iter()
        .zip(0..)
        .map(|(correlation, position)| ((correlation.id.as_str(), rules.hit_version(position as usize)), position))
        .collect();
    let day = since_us.and_then(|us| Timestamp::from_microsecond(us).ok()).map(utc_day);
    let recent = day.map_or_else(String::new, |day| format!(" WHERE day >= DATE '{day}'"));
    let query = format!(
        "SELECT correlation_id, correlation_version, rule, time, event_uid, group_key, hit_values FROM hits{recent}"
    );
    let mut stream = lake.sql_stream(&query).await.or_fail("failed to read stored hits")?;
    while let Some(rows) = stream.next().await.or_fail("failed to read stored hits")? {
        for row in rows {
            if let Some(hit) = hit(&row, &positions) {
                give(hit);
            }
        }
    }
    Ok(())
}

/// A row as a hit; `None` for a correlation that is not in use, or not in this version.
fn hit(row: &[Value], positions: &HashMap<(&str, &str), u32>) -> Option<Hit> {
    let text = |i: usize| row.get(i).and_then(Value::as_str);
    Some(Hit {
        correlation: *positions.get(&(text(0)?, text(1)?))?,
        rule: u8::try_from(row.get(2)?.as_u64()?).ok()?,
        time_us: text(3)?.parse::<Timestamp>().ok()?.as_microsecond(),
        uid: text(4)?.to_owned(),
        group: serde_json::from_str(text(5)?).ok()?,
        values: row.get(6)?.as_array()?.iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect(),
    })
}
