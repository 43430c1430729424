//! Folding entries into what people look at: the incident state that deciders judge by, and one document per thing.
//!
//! Only clear fields are read, so a rebuilt projection equals the live one even when bodies were erased since. Nothing else
//! writes documents; `rebuild` replays the whole log through this very file.

use serde_json::{Map, Value, json};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::incident_document::incident_document;
use super::{LogError, Store, Stored};

/// The fold that decisions are made on.
#[derive(Debug)]
pub(crate) struct Cases {
    pub(crate) incidents: incident::State,
    /// An append began and has not ended: the state may hold what the log does not.
    pub(super) is_ahead: bool,
}

/// Which document an entry belongs to, and how it changes it.
enum Change {
    /// The incident's document is drawn anew from the state.
    Incident(String),
    /// The entry's clear fields are laid over the document.
    Merge { kind: &'static str, id: String },
    /// Recorded in the log; no document shows it.
    None,
}

impl Cases {
    pub(crate) fn new(config: incident::Config) -> Self {
        Self { incidents: incident::State::new(config), is_ahead: false }
    }

    /// The same settings, before the first entry.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.incidents.config.clone())
    }

    /// Folds an entry into the state only.
    pub(super) fn apply(&mut self, stored: &Stored) -> Result<(), LogError> {
        if !is_case_entry(&stored.entry.kind) {
            return Ok(());
        }
        let entry = incident_entry(stored)?;
        incident::apply(&mut self.incidents, &entry).map_err(|error| fold_error(stored, &error))
    }

    /// Folds an entry into the state and into its document.
    pub(super) async fn fold(&mut self, tx: &mut SqliteConnection, stored: &Stored) -> Result<(), LogError> {
        self.apply(stored)?;
        match change(stored) {
            Change::None => Ok(()),
            Change::Merge { kind, id } => merge(tx, kind, &id, stored).await,
            Change::Incident(id) => {
                let Some(incident) = self.incidents.find(&id) else { return Ok(()) };
                let document = incident_document(incident);
                put(tx, "incident", &id, stored, &document).await
            }
        }
    }
}

fn is_case_entry(kind: &str) -> bool {
    kind.starts_with("incident.") || kind.starts_with("finding.")
}

/// The table of kinds. A new kind of entry gets its line here or is shown nowhere.
fn change(stored: &Stored) -> Change {
    let entry = &stored.entry;
    let family = entry.kind.split('.').next().unwrap_or_default();
    let kind = match family {
        "incident" | "finding" => {
            let named = entry.clear.get("incident").and_then(Value::as_str).unwrap_or(&entry.subject);
            return Change::Incident(named.to_owned());
        }
        "obligation" => "obligation",
        "exposure" => "exposure",
        "notice" => "notice",
        "delivery" => "delivery",
        "batch" => "batch",
        "content" => "content",
        "key" => "key",
        "law" => "evaluation",
        "hold" => "hold",
        "retention" => "retention",
        "suppression" => "suppression",
        _ => return Change::None,
    };
    let id = entry.clear.get("id").and_then(Value::as_str).unwrap_or(&entry.subject);
    Change::Merge { kind, id: id.to_owned() }
}

fn incident_entry(stored: &Stored) -> Result<incident::Entry, LogError> {
    let entry = &stored.entry;
    let at = entry.at.parse().map_err(|error| fold_error(stored, &error))?;
    Ok(incident::Entry {
        id: entry.id.clone(),
        kind: entry.kind.clone(),
        at,
        subject: entry.subject.clone(),
        clear: Value::Object(entry.clear.clone()),
        body: None,
    })
}

fn fold_error(stored: &Stored, error: &dyn std::fmt::Display) -> LogError {
    LogError::Fold { position: stored.position, reason: error.to_string() }
}

/// Lays the entry's clear fields over the document: later entries win, field by field.
async fn merge(tx: &mut SqliteConnection, kind: &str, id: &str, stored: &Stored) -> Result<(), LogError> {
    let row = sqlx::query("SELECT json FROM document WHERE kind = ? AND id = ?")
        .bind(kind)
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
    let mut document: Map<String, Value> = match row {
        Some(row) => serde_json::from_str(row.try_get("json")?)?,
        None => Map::from_iter([("id".to_owned(), json!(id))]),
    };
    document.extend(stored.entry.clear.iter().map(|(key, value)| (key.clone(), value.clone())));
    document.insert(
        "last".to_owned(),
        json!({"entry": stored.entry.kind, "at": stored.entry.at, "position": stored.position}),
    );
    put(tx, kind, id, stored, &Value::Object(document)).await
}

async fn put(
    tx: &mut SqliteConnection,
    kind: &str,
    id: &str,
    stored: &Stored,
    document: &Value,
) -> Result<(), LogError> {
    let at: jiff::Timestamp = stored.entry.at.parse().map_err(|error| fold_error(stored, &error))?;
    sqlx::query(
        "INSERT INTO document (kind, id, at_us, json) VALUES (?, ?, ?, ?)
         ON CONFLICT (kind, id) DO UPDATE SET at_us = excluded.at_us, json = excluded.json",
    )
    .bind(kind)
    .bind(id)
    .bind(at.as_microsecond())
    .bind(document.to_string())
    .execute(tx)
    .await?;
    Ok(())
}

impl Store {
    /// Every document of a kind, by id.
    pub(crate) async fn documents(&self, kind: &str) -> Result<Vec<Value>, LogError> {
        let rows = sqlx::query("SELECT json FROM document WHERE kind = ? ORDER BY id")
            .bind(kind)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("json")?)?)).collect()
    }

    pub(crate) async fn document(&self, kind: &str, id: &str) -> Result<Option<Value>, LogError> {
        let row = sqlx::query("SELECT json FROM document WHERE kind = ? AND id = ?")
            .bind(kind)
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok(serde_json::from_str(row.try_get("json")?)?)).transpose()
    }
}
