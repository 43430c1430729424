//! Batch identity: a batch gets its number, members and content version durably before anything is done with it.
//!
//! A crash then re-reads the very same records with the very same content, and the lake's transaction ids do the rest.

use ingest::Position;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;

use super::{LogError, Store};
use crate::content::Content;

/// What a batch is, decided before it is processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) source: String,
    pub(crate) seq: i64,
    pub(crate) content_version: String,
    /// The batch's "now", in microseconds: a replay tells the same time.
    pub(crate) assigned_us: i64,
    pub(crate) spans: Vec<Span>,
}

/// Records of one member that belong to a batch: `from <= index < after.record`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) from: u64,
    /// Where the member stands behind this batch.
    pub(crate) after: Position,
    /// The member ended inside record `after.record`, or could not be opened: that rejection belongs to this batch, and the
    /// record is read again if the member grows.
    #[serde(default)]
    pub(crate) cut_off: bool,
}

impl Store {
    /// The batch a crash left unfinished, if any. It must be done before a new one is assigned.
    pub(crate) async fn unfinished_batch(&self, source: &str) -> Result<Option<Assignment>, LogError> {
        let row = sqlx::query(
            "SELECT seq, content_version, assigned_us, spans FROM batch WHERE source = ? AND done = 0 ORDER BY seq LIMIT 1",
        )
        .bind(source)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Assignment {
            source: source.to_owned(),
            seq: row.try_get("seq")?,
            content_version: row.try_get("content_version")?,
            assigned_us: row.try_get("assigned_us")?,
            spans: serde_json::from_str(row.try_get("spans")?)?,
        }))
    }

    /// Gives the next number to a batch that was just planned.
    pub(crate) async fn assign_batch(
        &self,
        source: &str,
        content_version: &str,
        spans: &[Span],
        now_us: i64,
    ) -> Result<Assignment, LogError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row = sqlx::query("SELECT COALESCE(MAX(seq), 0) + 1 AS seq FROM batch WHERE source = ?")
            .bind(source)
            .fetch_one(&mut *tx)
            .await?;
        let seq: i64 = row.try_get("seq")?;
        sqlx::query("INSERT INTO batch (source, seq, assigned_us, content_version, spans) VALUES (?, ?, ?, ?, ?)")
            .bind(source)
            .bind(seq)
            .bind(now_us)
            .bind(content_version)
            .bind(serde_json::to_string(spans)?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Assignment {
            source: source.to_owned(),
            seq,
            content_version: content_version.to_owned(),
            assigned_us: now_us,
            spans: spans.to_vec(),
        })
    }

    /// The batch is in the lake and in the log; its members stand where it left them. One transaction.
    pub(crate) async fn finish_batch(&self, assignment: &Assignment) -> Result<(), LogError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for span in &assignment.spans {
            sqlx::query(
                "INSERT INTO member (source, name, position) VALUES (?, ?, ?)
                 ON CONFLICT (source, name) DO UPDATE SET position = excluded.position",
            )
            .bind(&assignment.source)
            .bind(&span.after.member.name)
            .bind(serde_json::to_string(&span.after)?)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query("UPDATE batch SET done = 1 WHERE source = ? AND seq = ?")
            .bind(&assignment.source)
            .bind(assignment.seq)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where every member that was read stands.
    pub(crate) async fn read_members(&self, source: &str) -> Result<Vec<Position>, LogError> {
        let rows = sqlx::query("SELECT position FROM member WHERE source = ? ORDER BY name")
            .bind(source)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("position")?)?)).collect()
    }

    /// Keeps a content set under its version, so that a replay can use it. Saying it twice is harmless.
    pub(crate) async fn keep_content(&self, version: &str, content: &Content) -> Result<(), LogError> {
        let json = serde_json::to_vec(content)?;
        sqlx::query("INSERT INTO content_set (version, files) VALUES (?, ?) ON CONFLICT (version) DO NOTHING")
            .bind(version)
            .bind(json)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(crate) async fn content(&self, version: &str) -> Result<Option<Content>, LogError> {
        let row = sqlx::query("SELECT files FROM content_set WHERE version = ?")
            .bind(version)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let json: Vec<u8> = row.try_get("files")?;
        Ok(Some(serde_json::from_slice(&json)?))
    }
}
