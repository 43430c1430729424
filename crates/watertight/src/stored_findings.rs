//! Findings as the lake has them, whole. Conditions are SQL of ours; what comes from logs goes into them through `quoted`.

use std::ops::ControlFlow;

use lake::Lake;
use serde_json::Value;

use crate::exit::{Failure, OrFail as _};
use crate::withheld::Noticed;

/// The findings that meet an SQL condition, with the marks they were stored with, in no particular order.
pub(crate) async fn noticed(lake: &Lake, condition: &str) -> Result<Vec<Noticed>, Failure> {
    let mut found = Vec::new();
    each(lake, condition, |noticed| found.push(noticed)).await?;
    Ok(found)
}

/// Gives every finding that meets a condition, one after the other: there may be more than fit into memory.
pub(crate) async fn each(lake: &Lake, condition: &str, mut take: impl FnMut(Noticed)) -> Result<(), Failure> {
    let all = |noticed| {
        take(noticed);
        ControlFlow::Continue(())
    };
    read(lake, condition, all).await
}

/// Reads findings until somebody has enough of them. `condition` may end in an order.
async fn read(lake: &Lake, condition: &str, mut take: impl FnMut(Noticed) -> ControlFlow<()>) -> Result<(), Failure> {
    let query = format!("SELECT json FROM findings WHERE {condition}");
    let mut stream = lake.sql_stream(&query).await.or_fail("failed to read stored findings")?;
    while let Some(rows) = stream.next().await.or_fail("failed to read stored findings")? {
        for row in rows {
            let json = row.first().and_then(Value::as_str).unwrap_or_default();
            if take(serde_json::from_str(json).or_fail("failed to read a stored finding")?).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What the JSON of a finding contains that was held back, and of one that was suppressed: `LIKE` patterns. Inside a JSON text
/// every quote has a backslash before it, so no log content looks like this.
pub(crate) const FIRST_WEEK: &str = r#"%"withheld":{"because":"first_week"%"#;
pub(crate) const SUPPRESSED: &str = r#"%"withheld":{"because":"suppression"%"#;

/// The newest findings that meet a condition and that `keep` wants, at most `limit`.
pub(crate) async fn newest(
    lake: &Lake,
    condition: &str,
    limit: usize,
    keep: impl Fn(&Noticed) -> bool,
) -> Result<Vec<Noticed>, Failure> {
    let mut found = Vec::new();
    let wanted = |noticed: Noticed| {
        if found.len() == limit {
            return ControlFlow::Break(());
        }
        if keep(&noticed) {
            found.push(noticed);
        }
        ControlFlow::Continue(())
    };
    read(lake, &format!("{condition} ORDER BY discovered_time DESC, time DESC, uid"), wanted).await?;
    Ok(found)
}

/// Texts as lists of SQL literals, each short enough for one query. What is too long to be told apart from others by
/// looking is left out: an attacker chooses such names.
pub(crate) fn quoted_lists<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for text in texts.filter(|text| text.len() <= TEXT_BYTES_MAX) {
        let literal = quoted(text);
        match lists.last_mut().filter(|list| list.len() + literal.len() < LIST_BYTES_MAX) {
            Some(list) => {
                list.push(',');
                list.push_str(&literal);
            }
            None => lists.push(literal),
        }
    }
    lists
}

/// The longest text that is looked up; an ARN has at most 2,048 characters.
const TEXT_BYTES_MAX: usize = 2_048;
/// A query may have 1 MiB; a list is a quarter of it.
const LIST_BYTES_MAX: usize = 256 << 10;

/// A text as an SQL literal. It may be log content: the quote is the only character that means something in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
