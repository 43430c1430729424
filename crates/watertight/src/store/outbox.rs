//! The outbox: what has to leave, one row a recipient, stored before every step of its life.
//!
//! The state machine is `notice`'s; this file only keeps it. Putting the same message in twice is one row.

use ::notice::deliver::OutboxItem;
use sqlx::Row as _;

use super::{LogError, Store};

impl Store {
    /// Puts items in; those already there stay as they are. Returns how many were new.
    pub(crate) async fn queue(&self, notice: &str, items: &[OutboxItem]) -> Result<u64, LogError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut new = 0;
        for item in items {
            let done = sqlx::query(
                "INSERT INTO outbox (id, notice, recipient, state, finished) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            )
            .bind(&item.id)
            .bind(notice)
            .bind(&item.recipient_id)
            .bind(serde_json::to_string(item)?)
            .bind(item.is_finished())
            .execute(&mut *tx)
            .await?;
            new += done.rows_affected();
        }
        tx.commit().await?;
        Ok(new)
    }

    /// Items of a notice, in order of id; all of them, or only those with something left to do.
    pub(crate) async fn outbox(&self, notice: &str, unfinished_only: bool) -> Result<Vec<OutboxItem>, LogError> {
        let rows = sqlx::query("SELECT state FROM outbox WHERE notice = ? AND finished <= ? ORDER BY id")
            .bind(notice)
            .bind(!unfinished_only)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("state")?)?)).collect()
    }

    /// Takes out what waits under another approval than this one. Nothing of it was ever tried: the caller has looked.
    pub(crate) async fn forget_untried(&self, notice: &str, approval: &str) -> Result<(), LogError> {
        sqlx::query("DELETE FROM outbox WHERE notice = ? AND json_extract(state, '$.approval_hash') <> ?")
            .bind(notice)
            .bind(approval)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Stores an item's next state. It is durable when this returns.
    pub(crate) async fn keep_item(&self, item: &OutboxItem) -> Result<(), LogError> {
        sqlx::query("UPDATE outbox SET state = ?, finished = ? WHERE id = ?")
            .bind(serde_json::to_string(item)?)
            .bind(item.is_finished())
            .bind(&item.id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
