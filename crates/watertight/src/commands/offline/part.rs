//! What came of some records: the lines to print and to keep, the counts, and what a person should hear. Parts of one file are put
//! together in their order, whoever made them.

use ingest::Rejected;
use serde::Serialize;

use super::Stats;
use crate::exit::{Failure, OrFail as _};

/// What is said about one file on stderr, rejections above all; after that only the count goes on.
pub(super) const SAID_MAX: usize = 20;

/// The outcome of consecutive records of one file.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Which of all inputs the file is.
    pub(crate) file: usize,
    pub(crate) stats: Stats,
    pub(super) lines: Vec<u8>,
    /// Rejected records, one JSON a line, where the command keeps them.
    pub(super) kept: Vec<u8>,
    pub(super) said: Vec<String>,
}

impl Part {
    pub(super) fn of(file: usize) -> Self {
        Self { file, ..Self::default() }
    }

    /// Adds one JSON line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.lines, value).or_fail("failed to print")?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// Adds an event as one JSON line.
    pub(crate) fn event(&mut self, event: &ocsf::Event) -> Result<(), Failure> {
        event.write_json(&mut self.lines).or_fail("failed to print")?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// Adds one JSON line to what is kept of rejected records.
    pub(crate) fn keep(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.kept, value).or_fail("failed to write a rejected record")?;
        self.kept.push(b'\n');
        Ok(())
    }

    /// Counts a rejection, and names the first ones.
    pub(crate) fn reject(&mut self, rejected: &Rejected) {
        self.stats.rejected += 1;
        let Rejected { member, record, reason, .. } = rejected;
        self.say(format!("rejected: {member} record {record}: {reason}"));
    }

    /// Has something said on stderr, unless much was said of this file.
    pub(crate) fn say(&mut self, text: String) {
        if self.said.len() < SAID_MAX {
            self.said.push(text);
        }
    }
}
