//! Appending entries: the one door by which anything becomes part of the sealed log.
//!
//! One transaction gives each draft its position, stores its body encrypted and folds it into the documents. A draft whose
//! id is already there is passed over, so deciding twice stores once. Tiles and checkpoints are drawn later, by `seal`.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};

use super::Store;
use super::projection::Cases;

/// An entry before it has a position. `clear` stays readable for ever; `body` is encrypted and may be erased.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) at: Timestamp,
    pub(crate) subject: String,
    pub(crate) clear: Value,
    pub(crate) body: Option<Value>,
}

impl From<incident::Entry> for Draft {
    fn from(entry: incident::Entry) -> Self {
        let incident::Entry { id, kind, at, subject, clear, body } = entry;
        Self { id, kind, at, subject, clear, body }
    }
}

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) position: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) entry: evidence::Entry,
}

/// What an entry's body shows today.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    None,
    Readable(Value),
    /// Its key was destroyed at this time.
    Erased(String),
}

/// One key per tenant and subject, so that erasing one incident leaves every other readable.
fn key_name(tenant: &str, subject: &str) -> String {
    format!("{tenant}/{subject}")
}

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("use the state store")]
    Sql(#[from] sqlx::Error),
    #[error("bring the state store to this version's form")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("read stored JSON")]
    Json(#[from] serde_json::Error),
    #[error("seal entry `{id}`: {reason}")]
    Seal { id: String, reason: String },
    #[error("fold entry {position}: {reason}; the log is damaged or newer than this program")]
    Fold { position: u64, reason: String },
    #[error("open the body of an entry")]
    Body(#[from] evidence::body::BodyError),
    #[error(
        "decide on what the log holds; an append before this one was given up, and nothing was appended now: try again"
    )]
    Ahead,
    #[error("use the key ring")]
    Keys(#[from] evidence::keyring::KeyRingError),
}

/// From where documents are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Documents {
    /// From the entry at which they stopped.
    GoOn,
    /// From the first one.
    Anew,
}

/// Entries read at once when folding or sealing.
const PAGE: u32 = 1024;

impl Store {
    /// Appends drafts in order and folds them in. `cases` is the guard the decision was made under.
    /// Returns how many were new.
    ///
    /// The state is folded in place, because copying it costs more than a batch: it knows every finding. If the transaction
    /// fails, or is given up halfway, the state is ahead of the log; it is folded anew before anybody decides by it.
    pub(crate) async fn append(&self, cases: &mut Cases, drafts: &[Draft]) -> Result<usize, LogError> {
        if cases.is_ahead {
            self.fold_anew(cases).await?;
            return Err(LogError::Ahead);
        }
        cases.is_ahead = true;
        match self.append_folding(cases, drafts).await {
            Ok(appended) => {
                cases.is_ahead = false;
                Ok(appended)
            }
            Err(error) => {
                self.fold_anew(cases).await?;
                Err(error)
            }
        }
    }

    async fn fold_anew(&self, cases: &mut Cases) -> Result<(), LogError> {
        let mut folded = cases.emptied();
        self.apply_to(&mut folded).await?;
        *cases = folded;
        Ok(())
    }

    async fn append_folding(&self, cases: &mut Cases, drafts: &[Draft]) -> Result<usize, LogError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut next = log_size(&mut tx).await?;
        let first = next;
        for draft in drafts {
            if is_known(&mut tx, &draft.id).await? {
                continue;
            }
            let stored = self.write(&mut tx, next, draft).await?;
            cases.fold(&mut tx, &stored).await?;
            next += 1;
        }
        sqlx::query("UPDATE projected SET position = ?").bind(signed(next)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(usize::try_from(next - first).unwrap_or(usize::MAX))
    }

    /// Writes one entry and, beside it, its body under the subject's key.
    async fn write(&self, tx: &mut SqliteConnection, position: u64, draft: &Draft) -> Result<Stored, LogError> {
        let Value::Object(mut clear) = draft.clear.clone() else {
            return Err(LogError::Seal { id: draft.id.clone(), reason: "its clear part is no object".to_owned() });
        };
        let sealed = match &draft.body {
            None => None,
            Some(body) => self.seal_body(draft, body)?,
        };
        if draft.body.is_some() && sealed.is_none() {
            // The subject was erased. What happens to the case goes on; what is personal about it is not kept again.
            clear.insert("body_omitted".to_owned(), Value::from("erased"));
        }
        let entry = evidence::Entry {
            v: evidence::entry::ENTRY_VERSION,
            id: draft.id.clone(),
            kind: draft.kind.clone(),
            at: draft.at.to_string(),
            tenant: self.tenant.clone(),
            subject: draft.subject.clone(),
            clear,
            body: sealed.as_ref().map(|sealed| sealed.reference.clone()),
        };
        let bytes = entry.to_bytes().map_err(|e| LogError::Seal { id: draft.id.clone(), reason: e.to_string() })?;
        sqlx::query("INSERT INTO entry (position, id, kind, at_us, subject, bytes) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(signed(position))
            .bind(&draft.id)
            .bind(&draft.kind)
            .bind(draft.at.as_microsecond())
            .bind(&draft.subject)
            .bind(&bytes)
            .execute(&mut *tx)
            .await?;
        if let Some(sealed) = sealed {
            sqlx::query("INSERT INTO body (entry_id, key_id, ciphertext) VALUES (?, ?, ?)")
                .bind(&draft.id)
                .bind(&sealed.reference.key)
                .bind(&sealed.bytes)
                .execute(&mut *tx)
                .await?;
        }
        Ok(Stored { position, bytes, entry })
    }

    /// Encrypts a body under its subject's key; `None` when the key was destroyed. The key file is durable before the entry
    /// that needs it.
    fn seal_body(&self, draft: &Draft, body: &Value) -> Result<Option<evidence::body::SealedBody>, LogError> {
        let name = key_name(&self.tenant, &draft.subject);
        if matches!(self.keys.key(&name)?, evidence::keyring::KeyState::Destroyed(_)) {
            return Ok(None);
        }
        let key = self.keys.create(&name, &draft.at.to_string())?;
        Ok(Some(evidence::body::seal(&key, &draft.id, body.to_string().as_bytes())?))
    }

    /// The body of an entry: its JSON, or `None` when the entry has none or it was erased.
    pub(crate) async fn body(&self, entry: &evidence::Entry) -> Result<Body, LogError> {
        let row = sqlx::query("SELECT ciphertext FROM body WHERE entry_id = ?")
            .bind(&entry.id)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(Body::None) };
        let sealed: Vec<u8> = row.try_get("ciphertext")?;
        Ok(match evidence::body::open(&self.keys, entry, &sealed)? {
            evidence::body::OpenedBody::Clear(json) => Body::Readable(serde_json::from_slice(&json)?),
            evidence::body::OpenedBody::Erased(at) => Body::Erased(at),
        })
    }

    /// Destroys the key of a subject: the bodies of all its entries can never be read again. Their proofs still hold.
    pub(crate) fn destroy_key(&self, subject: &str, now: Timestamp) -> Result<(), LogError> {
        Ok(self.keys.destroy(&key_name(&self.tenant, subject), &now.to_string())?)
    }

    /// Whether a subject's bodies can be read: its key is there and was not destroyed.
    pub(crate) fn has_key(&self, subject: &str) -> Result<bool, LogError> {
        Ok(matches!(self.keys.key(&key_name(&self.tenant, subject))?, evidence::keyring::KeyState::Present(_)))
    }

    /// The latest time that any entry tells, since the clock was last corrected.
    pub(crate) async fn latest_at(&self) -> Result<Option<Timestamp>, LogError> {
        let corrected = sqlx::query("SELECT MAX(position) FROM entry WHERE kind = 'clock.corrected'");
        let corrected: Option<i64> = corrected.fetch_one(&self.pool).await?.try_get(0)?;
        let row = match corrected {
            None => sqlx::query("SELECT MAX(at_us) FROM entry"),
            Some(position) => sqlx::query("SELECT MAX(at_us) FROM entry WHERE position >= ?").bind(position),
        };
        let row = row.fetch_one(&self.pool).await?;
        let latest: Option<i64> = row.try_get(0)?;
        Ok(latest.and_then(|us| Timestamp::from_microsecond(us).ok()))
    }

    /// Up to a page of entries from `from` on, in order; empty at the end.
    pub(crate) async fn entries(&self, from: u64) -> Result<Vec<Stored>, LogError> {
        let mut connection = self.pool.acquire().await?;
        page(&mut connection, from).await
    }

    /// Entries of one subject, oldest first.
    pub(crate) async fn entries_of(&self, subject: &str) -> Result<Vec<Stored>, LogError> {
        let rows = sqlx::query("SELECT position, bytes FROM entry WHERE subject = ? ORDER BY position")
            .bind(subject)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(stored).collect()
    }

    /// Entries of an incident and the verdicts on its findings, oldest first.
    pub(crate) async fn entries_about(&self, incident: &str) -> Result<Vec<Stored>, LogError> {
        let judged: Vec<String> = {
            let cases = self.cases.lock().await;
            let of_incident = cases.incidents.findings.iter().filter(|(_, record)| {
                record.verdict.is_some() && record.incident.as_ref().is_some_and(|home| home == incident)
            });
            of_incident.map(|(finding, _)| finding.clone()).collect()
        };
        let mut entries = self.entries_of(incident).await?;
        for finding in judged {
            entries.extend(self.entries_of(&finding).await?);
        }
        entries.sort_by_key(|stored| stored.position);
        Ok(entries)
    }

    /// Entries of one kind behind a position, in order.
    pub(crate) async fn entries_behind(&self, position: u64, kind: &str) -> Result<Vec<Stored>, LogError> {
        let rows = sqlx::query("SELECT position, bytes FROM entry WHERE kind = ? AND position > ? ORDER BY position")
            .bind(kind)
            .bind(signed(position))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(stored).collect()
    }

    pub(crate) async fn entry_by_id(&self, id: &str) -> Result<Option<Stored>, LogError> {
        let row =
            sqlx::query("SELECT position, bytes FROM entry WHERE id = ?").bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(stored).transpose()
    }

    /// How many entries the log has.
    pub(crate) async fn size(&self) -> Result<u64, LogError> {
        let mut connection = self.pool.acquire().await?;
        log_size(&mut connection).await
    }

    /// Folds every entry into the in-memory state. A reader stops here: documents are the writer's.
    pub(super) async fn apply_all(&self) -> Result<(), LogError> {
        self.apply_to(&mut *self.cases.lock().await).await
    }

    async fn apply_to(&self, cases: &mut Cases) -> Result<(), LogError> {
        let mut connection = self.pool.acquire().await?;
        let mut position = 0;
        loop {
            let entries = page(&mut connection, position).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            position = last.position + 1;
            entries.iter().try_for_each(|entry| cases.apply(entry))?;
        }
    }

    /// Folds every entry into the in-memory state, and into the documents. If it fails, both are what they were.
    pub(super) async fn fold_all(&self, documents: Documents) -> Result<(), LogError> {
        let mut live = self.cases.lock().await;
        let mut cases = live.emptied();
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin().await?;
        if documents == Documents::Anew {
            sqlx::query("DELETE FROM document").execute(&mut *tx).await?;
            sqlx::query("UPDATE projected SET position = 0").execute(&mut *tx).await?;
        }
        let documented: i64 = sqlx::query("SELECT position FROM projected").fetch_one(&mut *tx).await?.try_get(0)?;
        let mut position = 0;
        loop {
            let entries = page(&mut tx, position).await?;
            let Some(last) = entries.last() else { break };
            position = last.position + 1;
            for entry in &entries {
                if entry.position < unsigned(documented) {
                    cases.apply(entry)?;
                } else {
                    cases.fold(&mut tx, entry).await?;
                }
            }
        }
        if unsigned(documented) != position {
            sqlx::query("UPDATE projected SET position = ?").bind(signed(position)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        *live = cases;
        Ok(())
    }
}

pub(super) async fn page(connection: &mut SqliteConnection, from: u64) -> Result<Vec<Stored>, LogError> {
    let rows = sqlx::query("SELECT position, bytes FROM entry WHERE position >= ? ORDER BY position LIMIT ?")
        .bind(signed(from))
        .bind(PAGE)
        .fetch_all(connection)
        .await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &sqlx::sqlite::SqliteRow) -> Result<Stored, LogError> {
    let position = unsigned(row.try_get("position")?);
    let bytes: Vec<u8> = row.try_get("bytes")?;
    let entry =
        evidence::Entry::from_bytes(&bytes).map_err(|error| LogError::Fold { position, reason: error.to_string() })?;
    Ok(Stored { position, bytes, entry })
}

async fn log_size(connection: &mut SqliteConnection) -> Result<u64, LogError> {
    let row = sqlx::query("SELECT COALESCE(MAX(position) + 1, 0) FROM entry").fetch_one(connection).await?;
    Ok(unsigned(row.try_get(0)?))
}

async fn is_known(connection: &mut SqliteConnection, id: &str) -> Result<bool, LogError> {
    let row = sqlx::query("SELECT 1 FROM entry WHERE id = ?").bind(id).fetch_optional(connection).await?;
    Ok(row.is_some())
}

/// SQLite counts in signed integers; a log of 2^63 entries is beyond every limit we have.
pub(super) fn signed(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn opened(reference: &str, state: &incident::State, now: Timestamp) -> Vec<Draft> {
        let command = incident::Command::Open {
            tenant: "t".to_owned(),
            reference: reference.to_owned(),
            title: "a report".to_owned(),
            severity: ocsf::Severity::High,
            first_event: now,
            by: "P-1".to_owned(),
            description: None,
        };
        incident::decide(state, command, now).unwrap().into_iter().map(Draft::from).collect()
    }

    async fn store(dir: &std::path::Path) -> Store {
        let wrapping = evidence::keyring::WrappingKey::from_bytes([7; 32]);
        let keys = evidence::keyring::KeyRing::open(dir.join("keys"), wrapping);
        Store::open(dir, "t", keys, Cases::new(incident::Config::default()), true).await.unwrap()
    }

    #[tokio::test]
    async fn a_failed_append_leaves_neither_entries_nor_a_state_ahead_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path()).await;
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut cases = store.cases().await;
        let first = opened("R-1", &cases.incidents, now);
        assert!(0 < store.append(&mut cases, &first).await.unwrap());

        let mut drafts = opened("R-2", &cases.incidents, now);
        // The second one cannot be sealed: an entry has less than 64 KiB.
        drafts.push(Draft {
            id: "large".to_owned(),
            kind: "notice.drafted".to_owned(),
            at: now,
            subject: "s".to_owned(),
            clear: json!({"text": "x".repeat(70_000)}),
            body: None,
        });
        assert!(matches!(store.append(&mut cases, &drafts).await, Err(LogError::Seal { .. })));
        assert_eq!(cases.incidents.incidents.len(), 1, "the state knows what the log knows");
        let size = store.size().await.unwrap();
        // The same without what cannot be sealed goes in as if nothing had happened.
        drafts.pop();
        assert_eq!(store.append(&mut cases, &drafts).await.unwrap(), drafts.len());
        assert_eq!(store.size().await.unwrap(), size + drafts.len() as u64);
        assert_eq!(cases.incidents.incidents.len(), 2);
    }

    #[tokio::test]
    async fn an_append_that_was_given_up_halfway_is_noticed_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path()).await;
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut cases = store.cases().await;
        let drafts = opened("R-1", &cases.incidents, now);
        // What a dropped future leaves behind.
        cases.is_ahead = true;
        assert!(matches!(store.append(&mut cases, &drafts).await, Err(LogError::Ahead)));
        assert!(0 < store.append(&mut cases, &drafts).await.unwrap());
    }
}
