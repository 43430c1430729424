//! First stage: from a record that was just evaluated to hits. Reads no record twice; what the rules looked at is still
//! known. An event with several values in a field belongs to the group of each.

use super::compiled::{CorrelationSet, Feed};
use super::hit::{HIT_GROUPS_MAX, HIT_VALUES_MAX, Hit, HitLosses, bounded};
use super::measure;
use crate::error::RecordError;
use crate::fields::NodeId;

/// Between the parts of a value that is made of several fields.
const PART: char = '\u{1F}';

/// Gives all texts of a field, one after the other.
pub(crate) type Texts<'t> = &'t mut dyn FnMut(NodeId, &mut dyn FnMut(&[u8])) -> Result<(), RecordError>;

/// Adds the hits of one event.
pub(crate) fn extract(
    set: &CorrelationSet,
    matched: &[usize],
    (time_us, uid): (i64, &str),
    texts: Texts<'_>,
    hits: &mut Vec<Hit>,
) -> Result<HitLosses, RecordError> {
    let mut losses = HitLosses::default();
    for rule in matched {
        for feed in set.feeds.get(*rule).map(Vec::as_slice).unwrap_or_default() {
            let Some(values) = values(feed, texts, &mut losses)? else { continue };
            let groups = groups(feed, texts, &mut losses)?;
            for group in groups {
                hits.push(Hit {
                    correlation: feed.correlation,
                    rule: feed.rule,
                    time_us,
                    uid: uid.to_owned(),
                    group,
                    values: values.clone(),
                });
            }
        }
    }
    Ok(losses)
}

/// Each different value of a field, in order of appearance.
fn field(node: NodeId, texts: Texts<'_>, limit: usize) -> Result<(Vec<String>, bool), RecordError> {
    let mut found: Vec<String> = Vec::new();
    let mut is_cut = false;
    texts(node, &mut |bytes| {
        let text = bounded(bytes);
        let is_new = !found.contains(&text);
        if is_new && found.len() < limit {
            found.push(text);
        } else {
            is_cut |= is_new;
        }
    })?;
    Ok((found, is_cut))
}

/// What is counted or added up. `None` if the event has nothing of it.
fn values(feed: &Feed, texts: Texts<'_>, losses: &mut HitLosses) -> Result<Option<Vec<String>>, RecordError> {
    if feed.values.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut tuples: Vec<String> = vec![String::new()];
    let mut is_cut = false;
    for (number, node) in feed.values.iter().enumerate() {
        let (found, is_more) =
            if feed.is_numeric { numbers(*node, texts)? } else { field(*node, texts, HIT_VALUES_MAX)? };
        is_cut |= is_more || HIT_VALUES_MAX < tuples.len() * found.len();
        let joined = tuples.iter().flat_map(|start| {
            let join = move |end: &String| if number == 0 { end.clone() } else { format!("{start}{PART}{end}") };
            found.iter().map(join)
        });
        tuples = joined.take(HIT_VALUES_MAX).collect();
    }
    losses.values_cut += u64::from(is_cut);
    if tuples.is_empty() {
        losses.without_value += 1;
        return Ok(None);
    }
    Ok(Some(tuples))
}

/// All numbers of a field: equal ones count as often as they are there.
fn numbers(node: NodeId, texts: Texts<'_>) -> Result<(Vec<String>, bool), RecordError> {
    let mut found = Vec::new();
    let mut is_cut = false;
    texts(node, &mut |bytes| {
        let text = bounded(bytes);
        if measure::micros_of(&text).is_none() {
            return;
        }
        if found.len() < HIT_VALUES_MAX {
            found.push(text);
        } else {
            is_cut = true;
        }
    })?;
    Ok((found, is_cut))
}

/// The groups that the event belongs to: every combination of the values of its group-by fields.
fn groups(feed: &Feed, texts: Texts<'_>, losses: &mut HitLosses) -> Result<Vec<Vec<Option<String>>>, RecordError> {
    let mut groups: Vec<Vec<Option<String>>> = vec![Vec::new()];
    let mut has_any = feed.group.is_empty();
    let mut is_cut = false;
    for node in &feed.group {
        let (found, is_more) = field(*node, texts, HIT_GROUPS_MAX)?;
        has_any |= !found.is_empty();
        is_cut |= is_more || HIT_GROUPS_MAX < groups.len() * found.len();
        let found: Vec<Option<String>> =
            if found.is_empty() { vec![None] } else { found.into_iter().map(Some).collect() };
        let joined = groups.iter().flat_map(|start| {
            found.iter().map(move |end| {
                let mut group = start.clone();
                group.push(end.clone());
                group
            })
        });
        groups = joined.take(HIT_GROUPS_MAX).collect();
    }
    losses.groups_cut += u64::from(is_cut);
    if !has_any {
        losses.without_group += 1;
        return Ok(Vec::new());
    }
    Ok(groups)
}
