//! Rebuilding the documents from the log, and comparing them with the live ones.
//!
//! The rebuilt set is made by the same fold in a database of its own, so comparing never touches what it compares.

use std::path::Path;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::log::Documents;
use super::{LogError, Store, connect, log};

/// A document that is not the same in both sets.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Difference {
    pub(crate) kind: String,
    pub(crate) id: String,
    /// `missing`, `unexpected` or `different`, seen from the live set.
    pub(crate) fault: &'static str,
}

type Row = (String, String, String);

impl Store {
    /// Folds the log anew in `scratch` and names every document that differs. Returns (entries folded, documents, faults).
    /// Entries and documents are read as of one moment: a writer may go on meanwhile.
    pub(crate) async fn compare_rebuilt(&self, scratch: &Path) -> Result<(u64, usize, Vec<Difference>), LogError> {
        let rebuilt = connect(scratch, true).await?;
        let mut moment = self.pool.begin().await?;
        let entries = self.replay_into(&rebuilt, &mut moment).await?;
        let live = all_documents(&mut moment).await?;
        let expected = all_documents(&mut *rebuilt.acquire().await?).await?;
        rebuilt.close().await;
        Ok((entries, expected.len(), differences(&expected, &live)))
    }

    /// Folds the log into the documents again, from its first entry. Readers see the old ones until the new are whole.
    /// Returns how many entries were folded.
    pub(crate) async fn rebuild(&self) -> Result<u64, LogError> {
        self.fold_all(Documents::Anew).await?;
        self.size().await
    }

    async fn replay_into(&self, target: &SqlitePool, moment: &mut SqliteConnection) -> Result<u64, LogError> {
        let mut cases = self.cases.lock().await.emptied();
        let mut tx = target.begin().await?;
        let mut position = 0;
        loop {
            let entries = log::page(moment, position).await?;
            let Some(last) = entries.last() else { break };
            position = last.position + 1;
            for entry in &entries {
                cases.fold(&mut tx, entry).await?;
            }
        }
        sqlx::query("UPDATE projected SET position = ?").bind(log::signed(position)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(position)
    }
}

async fn all_documents(connection: &mut SqliteConnection) -> Result<Vec<Row>, LogError> {
    let rows = sqlx::query("SELECT kind, id, json FROM document ORDER BY kind, id").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// Walks two sorted lists side by side.
fn differences(expected: &[Row], live: &[Row]) -> Vec<Difference> {
    let key = |row: &Row| (row.0.clone(), row.1.clone());
    let expected: std::collections::BTreeMap<_, _> = expected.iter().map(|row| (key(row), &row.2)).collect();
    let live: std::collections::BTreeMap<_, _> = live.iter().map(|row| (key(row), &row.2)).collect();
    let mut found = Vec::new();
    for (key, json) in &expected {
        match live.get(key) {
            None => found.push(difference(key, "missing")),
            Some(other) if other != json => found.push(difference(key, "different")),
            Some(_) => {}
        }
    }
    found.extend(live.keys().filter(|key| !expected.contains_key(*key)).map(|key| difference(key, "unexpected")));
    found
}

fn difference(key: &(String, String), fault: &'static str) -> Difference {
    Difference { kind: key.0.clone(), id: key.1.clone(), fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_named() {
        let row = |id: &str, json: &str| ("k".to_owned(), id.to_owned(), json.to_owned());
        let found = differences(&[row("a", "1"), row("b", "1")], &[row("b", "2"), row("c", "1")]);
        let faults: Vec<_> = found.iter().map(|d| (d.id.as_str(), d.fault)).collect();
        assert_eq!(faults, [("a", "missing"), ("b", "different"), ("c", "unexpected")]);
    }
}
