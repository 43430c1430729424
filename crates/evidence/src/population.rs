//! Populations: the listings an auditor samples from, each with a certificate that makes completeness checkable. The question
//! (kinds and time range) is asked of the sealed entries, so anyone who has the entries can ask it again and compare.
//! Pure: the pack writes with it, the verifier replays with it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::canonical;
use crate::entry::{Entry, EntryError};
use crate::hash::{Hash, digest, leaf_hash};
use crate::tree::Frontier;

pub const CERTIFICATE_VERSION: u8 = 1;
/// Clear header of a batch entry: the root over the ids of its findings.
pub const FINDINGS_ROOT: &str = "findings_root";
/// Clear header of a batch entry: how many findings it has.
pub const FINDINGS_COUNT: &str = "findings_count";

/// Which entries belong: of one of these kinds, decided in `from <= at < to`, of this tenant if one is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub kinds: BTreeSet<String>,
    pub from: String,
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// How the listing follows from the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One row per matching entry.
    Entries,
    /// The matching entries are batches; the rows are their findings, and each batch's rows give the root it sealed.
    FindingSet,
}

/// Says how a listing was made, so that it can be made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub v: u8,
    pub name: String,
    pub form: Form,
    /// The question in words or SQL, as the auditor is told it.
    pub text: String,
    pub query: Query,
    /// Whatever else the question depended on.
    pub parameters: Map<String, Value>,
    pub rows: u64,
    pub tree: TreeHead,
    /// Entries read to answer: all of them.
    pub replayed: u64,
    pub first: Option<Place>,
    pub last: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    pub size: u64,
    pub root: Hash,
}

/// Where a population begins or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub index: u64,
    pub id: String,
    pub at: String,
}

/// A row of an `entries` listing. All but `attributes` repeats what is sealed; attributes are what the screens show today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub index: u64,
    pub id: String,
    pub kind: String,
    pub at: String,
    pub subject: String,
    pub clear: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub attributes: Value,
}

/// A row of a `finding-set` listing: `batch` is the index of the batch entry that sealed the id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRow {
    pub batch: u64,
    pub id: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub attributes: Value,
}

/// What a batch entry sealed about its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedFindings {
    pub root: Hash,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("ask the population: `{0}` is not an RFC 3339 time")]
    Time(String),
    #[error("ask the population: it names no kind of entry")]
    NoKind,
    #[error("ask the population: its range ends before it begins")]
    EmptyRange,
}

/// A query with its times parsed.
#[derive(Debug, Clone)]
pub struct Matcher {
    query: Query,
    from: Timestamp,
    to: Timestamp,
}

impl Query {
    pub fn compile(&self) -> Result<Matcher, QueryError> {
        let time = |text: &str| text.parse::<Timestamp>().map_err(|_| QueryError::Time(text.to_owned()));
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        if self.kinds.is_empty() {
            return Err(QueryError::NoKind);
        }
        if to < from {
            return Err(QueryError::EmptyRange);
        }
        Ok(Matcher { query: self.clone(), from, to })
    }
}

/// The headers a query looks at, borrowed from the entry.
#[derive(Debug, Deserialize)]
pub struct Headers<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    tenant: Cow<'a, str>,
}

impl<'a> Headers<'a> {
    pub fn read(entry: &'a [u8]) -> Result<Self, EntryError> {
        serde_json::from_slice(entry).map_err(|error| EntryError::Malformed(error.to_string()))
    }
}

impl Matcher {
    pub fn matches(&self, headers: &Headers<'_>) -> Result<bool, QueryError> {
        let asked = self.query.kinds.contains(headers.kind.as_ref())
            && self.query.tenant.as_ref().is_none_or(|tenant| *tenant == headers.tenant);
        if !asked {
            return Ok(false);
        }
        let at: Timestamp = headers.at.parse().map_err(|_| QueryError::Time(headers.at.clone().into_owned()))?;
        Ok(self.from <= at && at < self.to)
    }
}

impl Row {
    pub fn new(index: u64, entry: Entry) -> Self {
        let Entry { id, kind, at, subject, clear, .. } = entry;
        Self { index, id, kind, at, subject, clear, attributes: Value::Null }
    }

    pub fn place(&self) -> Place {
        Place { index: self.index, id: self.id.clone(), at: self.at.clone() }
    }

    /// The hash of the sealed part of the row: equal for two rows exactly when they say the same about the log.
    pub fn sealed_digest(&self) -> Option<Hash> {
        let sealed = Self { attributes: Value::Null, ..self.clone() };
        let value = serde_json::to_value(sealed).ok()?;
        canonical::to_bytes(&value).ok().map(|bytes| digest(&bytes))
    }

    /// What the row's entry sealed about findings, if it is a batch entry.
    pub fn sealed_findings(&self) -> Option<SealedFindings> {
        let root = self.clear.get(FINDINGS_ROOT)?.as_str().and_then(|root| Hash::from_base64(root).ok())?;
        let count = self.clear.get(FINDINGS_COUNT)?.as_u64()?;
        Some(SealedFindings { root, count })
    }
}

/// The root and number of a set of finding ids: the RFC 6962 root over the ids in ascending byte order, each once.
/// A batch entry seals both, as `findings_root` and `findings_count`.
pub fn finding_set<'a>(ids: impl IntoIterator<Item = &'a str>) -> SealedFindings {
    let sorted: BTreeSet<&str> = ids.into_iter().collect();
    let mut tree = Frontier::new();
    sorted.iter().for_each(|id| tree.push(leaf_hash(id.as_bytes())));
    SealedFindings { root: tree.root(), count: tree.size() }
}
