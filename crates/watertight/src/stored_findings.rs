//! Findings as the lake has them, whole. Conditions are SQL of ours; what comes from logs goes into them through `quoted`.

use lake::Lake;
use ocsf::Finding;
use serde_json::Value;

use crate::exit::{Failure, OrFail as _};

/// The findings that meet an SQL condition, in no particular order.
pub(crate) async fn find(lake: &Lake, condition: &str) -> Result<Vec<Finding>, Failure> {
    let query = format!("SELECT json FROM findings WHERE {condition}");
    let mut stream = lake.sql_stream(&query).await.or_fail("failed to read stored findings")?;
    let mut findings = Vec::new();
    while let Some(rows) = stream.next().await.or_fail("failed to read stored findings")? {
        for row in rows {
            let json = row.first().and_then(Value::as_str).unwrap_or_default();
            findings.push(serde_json::from_str(json).or_fail("failed to read a stored finding")?);
        }
    }
    Ok(findings)
}

/// A text as an SQL literal. It may be log content: the quote is the only character that means something in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
