//! Writes listings and their certificates into a pack by replaying the sealed entries. A finding set is only written when the
//! findings given for each batch are exactly those it sealed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::names::{certificate_of, is_plain_name, listing_of};
use super::{PackError, PackWriter};
use crate::canonical;
use crate::entry::Entry;
use crate::population::{CERTIFICATE_VERSION, Certificate, FindingRow, Form, Headers, Place, Query, Row, finding_set};

/// A listing to be made.
#[derive(Debug, Clone)]
pub struct Population {
    /// The file name, such as `incidents`.
    pub name: String,
    /// The question in words or SQL, for the reader.
    pub text: String,
    pub query: Query,
    pub parameters: Map<String, Value>,
}

/// A finding of a batch, as the lake has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub id: String,
    /// What the reader should see beside the id; `Null` for nothing.
    pub attributes: Value,
}

/// What is known of a listing while its rows are written.
#[derive(Default)]
struct Written {
    rows: u64,
    first: Option<Place>,
    last: Option<Place>,
    ids: Vec<String>,
}

impl PackWriter<'_> {
    /// Lists every entry the query asks for. `attributes` may add to a row what the application knows today (`Null` for
    /// nothing); it is shown apart from what is sealed.
    pub fn population(
        &mut self,
        population: &Population,
        mut attributes: impl FnMut(&Row) -> Value,
    ) -> Result<Certificate, PackError> {
        let mut written = Written::default();
        let rows = self.replay(population)?;
        self.start(population)?;
        for mut row in rows {
            row.attributes = attributes(&row);
            written.note(&row);
            written.ids.push(row.id.clone());
            self.push_row(&row)?;
        }
        self.certify(population, Form::Entries, written)
    }

    /// Lists the findings of every batch entry the query asks for. `findings` looks them up by the batch's row; they must be
    /// exactly the ones the batch sealed.
    pub fn finding_set(
        &mut self,
        population: &Population,
        mut findings: impl FnMut(&Row) -> Result<Vec<Finding>, String>,
    ) -> Result<Certificate, PackError> {
        let mut written = Written::default();
        let batches = self.replay(population)?;
        self.start(population)?;
        for batch in batches {
            let sealed = batch.sealed_findings().ok_or(PackError::NotABatch(batch.index))?;
            let lookup = |detail| PackError::Rows { population: population.name.clone(), detail };
            let mut findings = findings(&batch).map_err(lookup)?;
            findings.sort_by(|a, b| a.id.cmp(&b.id));
            let ids: BTreeSet<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
            let complete = ids.len() == findings.len() && finding_set(ids) == sealed;
            if !complete {
                let given = findings.len() as u64;
                return Err(PackError::IncompleteBatch { batch: batch.index, sealed: sealed.count, given });
            }
            written.note_batch(&batch, sealed.count);
            for finding in findings {
                written.ids.push(finding.id.clone());
                self.push_row(&FindingRow { batch: batch.index, id: finding.id, attributes: finding.attributes })?;
            }
        }
        self.certify(population, Form::FindingSet, written)
    }

    /// Asks every sealed entry.
    fn replay(&self, population: &Population) -> Result<Vec<Row>, PackError> {
        let matcher = population.query.compile()?;
        let mut reader = self.store.reader();
        let mut rows = Vec::new();
        for index in 0..self.manifest.tree.size {
            let bytes = reader.entry(index)?;
            let unreadable = |source| PackError::Entry { index, source };
            let headers = Headers::read(bytes).map_err(unreadable)?;
            if matcher.matches(&headers)? {
                rows.push(Row::new(index, Entry::from_bytes(bytes).map_err(unreadable)?));
            }
        }
        Ok(rows)
    }

    fn start(&mut self, population: &Population) -> Result<(), PackError> {
        let listing = listing_of(&population.name);
        if !is_plain_name(&population.name) {
            return Err(PackError::Name(population.name.clone()));
        }
        self.take_name(&listing)?;
        self.container.start(&listing).map_err(|source| self.io(source))
    }

    fn push_row<R: serde::Serialize>(&mut self, row: &R) -> Result<(), PackError> {
        let value = serde_json::to_value(row).map_err(|error| self.io(error.into()))?;
        // Attributes may hold numbers that canonical JSON refuses; such a row is written plainly. Only its sealed part is compared.
        let mut line = canonical::to_bytes(&value).unwrap_or_else(|_| value.to_string().into_bytes());
        line.push(b'\n');
        self.container.push(&line).map_err(|source| self.io(source))
    }

    fn certify(&mut self, population: &Population, form: Form, written: Written) -> Result<Certificate, PackError> {
        let listing = self.container.end();
        self.manifest.members.push(listing);
        let certificate = Certificate {
            v: CERTIFICATE_VERSION,
            name: population.name.clone(),
            form,
            text: population.text.clone(),
            query: population.query.clone(),
            parameters: population.parameters.clone(),
            rows: written.rows,
            tree: self.manifest.tree.clone(),
            replayed: self.manifest.tree.size,
            first: written.first,
            last: written.last,
        };
        let json = serde_json::to_vec_pretty(&certificate).map_err(|error| self.io(error.into()))?;
        self.add(&certificate_of(&population.name), &json)?;
        self.listed.insert(population.name.clone(), written.ids);
        Ok(certificate)
    }
}

impl Written {
    fn note(&mut self, row: &Row) {
        self.note_batch(row, 1);
    }

    fn note_batch(&mut self, row: &Row, rows: u64) {
        self.rows += rows;
        self.first.get_or_insert_with(|| row.place());
        self.last = Some(row.place());
    }
}
