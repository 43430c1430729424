//! What each source has given so far, added up by the database: there are many batches and few sources.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::LogError;
use super::log::unsigned;

/// The batches of one source together. records = events + rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct SourceSums {
    pub(crate) source: String,
    pub(crate) batches: u64,
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) rejected: u64,
    pub(crate) findings: u64,
    /// Findings that opened no incident because the source was new.
    pub(crate) held_back: u64,
    /// Findings that somebody had answered for.
    pub(crate) suppressed: u64,
    /// RFC 3339; `None` when no event was read.
    pub(crate) last_event: Option<String>,
    /// When its last batch was sealed, RFC 3339.
    pub(crate) last_sealed: Option<String>,
}

impl SourceSums {
    /// Counts of several sources as one.
    pub(crate) fn total(sources: &[Self]) -> Self {
        sources.iter().fold(Self::default(), |sum, source| Self {
            batches: sum.batches + source.batches,
            records: sum.records + source.records,
            events: sum.events + source.events,
            rejected: sum.rejected + source.rejected,
            findings: sum.findings + source.findings,
            held_back: sum.held_back + source.held_back,
            suppressed: sum.suppressed + source.suppressed,
            ..sum
        })
    }
}

impl super::Store {
    /// Every source that ever gave a batch, by name. Times are compared as text: RFC 3339 in UTC sorts by time, but for the
    /// digits of a second's fraction.
    pub(crate) async fn source_sums(&self) -> Result<Vec<SourceSums>, LogError> {
        let rows = sqlx::query(
            "SELECT json_extract(json, '$.source') AS source, COUNT(*) AS batches,
                    SUM(json_extract(json, '$.records')) AS records, SUM(json_extract(json, '$.events')) AS events,
                    SUM(json_extract(json, '$.rejected')) AS rejected, SUM(json_extract(json, '$.findings')) AS findings,
                    SUM(COALESCE(json_extract(json, '$.held_back'), 0)) AS held_back,
                    SUM(COALESCE(json_extract(json, '$.suppressed'), 0)) AS suppressed,
                    MAX(json_extract(json, '$.last_event')) AS last_event, MAX(json_extract(json, '$.last.at')) AS last_sealed
             FROM document WHERE kind = 'batch' GROUP BY 1 ORDER BY 1",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let count = |name: &str| Ok::<_, LogError>(unsigned(row.try_get::<i64, _>(name)?));
                Ok(SourceSums {
                    source: row.try_get("source")?,
                    batches: count("batches")?,
                    records: count("records")?,
                    events: count("events")?,
                    rejected: count("rejected")?,
                    findings: count("findings")?,
                    held_back: count("held_back")?,
                    suppressed: count("suppressed")?,
                    last_event: row.try_get("last_event")?,
                    last_sealed: row.try_get("last_sealed")?,
                })
            })
            .collect()
    }

    /// How many findings each suppression has kept from opening an incident.
    pub(crate) async fn suppressed_counts(&self) -> Result<BTreeMap<String, u64>, LogError> {
        let rows = sqlx::query(
            "SELECT counted.key AS suppression, SUM(counted.value) AS findings
             FROM document, json_each(document.json, '$.suppressed_by') AS counted WHERE document.kind = 'batch' GROUP BY 1",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok((row.try_get("suppression")?, unsigned(row.try_get("findings")?)))).collect()
    }

    /// Header lines of flow logs, by source and batch number.
    pub(crate) async fn batch_columns(&self) -> Result<BTreeMap<(String, i64), Vec<String>>, LogError> {
        let rows = sqlx::query(
            "SELECT json_extract(json, '$.source') AS source, json_extract(json, '$.seq') AS seq,
                    json_extract(json, '$.columns') AS columns
             FROM document WHERE kind = 'batch' AND json_extract(json, '$.columns') IS NOT NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let columns = serde_json::from_str(row.try_get("columns")?)?;
                Ok(((row.try_get("source")?, row.try_get("seq")?), columns))
            })
            .collect()
    }
}
