//! What a command read and found, as `--stats` tells it. Records = events + rejected: [`Stats::write`] proves the sum.

use std::path::Path;

use ingest::Counts;
use ocsf::Severity;
use serde::Serialize;

use crate::exit::{Failure, OrFail as _};
use crate::output;

/// Counts as the contract spells them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stats {
    pub(crate) files: u64,
    pub(crate) skipped: u64,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_decoded: u64,
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) rejected: u64,
    pub(crate) findings: u64,
    pub(crate) rules_loaded: u64,
    pub(crate) rules_failed: u64,
    pub(crate) seconds: f64,
    pub(crate) threads: u64,
    /// What correlations could not take into account; left out when that is nothing.
    #[serde(skip_serializing_if = "Lost::is_none")]
    pub(crate) lost: Lost,
    #[serde(skip)]
    pub(crate) highest: Severity,
}

/// Losses of correlations, all of them said on stderr too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Lost {
    /// Hits that did not fit into memory with the others.
    pub(crate) hits: u64,
    /// Groups that were given up for lack of memory.
    pub(crate) groups: u64,
    /// Values of events that have more of them than a correlation takes of one event.
    pub(crate) values: u64,
    /// Events in which a field that correlations need could not be read.
    pub(crate) events: u64,
}

impl Lost {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            files: 0,
            skipped: 0,
            bytes_read: 0,
            bytes_decoded: 0,
            records: 0,
            events: 0,
            rejected: 0,
            findings: 0,
            rules_loaded: 0,
            rules_failed: 0,
            seconds: 0.0,
            threads: 0,
            lost: Lost::default(),
            highest: Severity::Unknown,
        }
    }
}

impl Stats {
    pub(super) fn add_counts(&mut self, counts: Counts) {
        self.records += counts.records;
        self.bytes_read += counts.bytes_read;
        self.bytes_decoded += counts.bytes_decoded;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.skipped += other.skipped;
        self.bytes_read += other.bytes_read;
        self.bytes_decoded += other.bytes_decoded;
        self.records += other.records;
        self.events += other.events;
        self.rejected += other.rejected;
        self.findings += other.findings;
        self.highest = self.highest.max(other.highest);
    }

    /// Proves the sum, then writes the counts to a file or (`-`) to stderr.
    pub(crate) fn write(&self, to: Option<&Path>) -> Result<(), Failure> {
        if self.records != self.events + self.rejected {
            return Err(Failure::failed(format!(
                "records were lost: {} read, {} events, {} rejected; this is our mistake, please report it",
                self.records, self.events, self.rejected
            )));
        }
        let Some(path) = to else { return Ok(()) };
        let json = serde_json::to_string(self).or_fail("failed to print stats")?;
        if path == Path::new("-") {
            output::talk(json);
            return Ok(());
        }
        crate::durable::write(path, format!("{json}\n").as_bytes())
    }
}
