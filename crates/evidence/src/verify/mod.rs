//! Verifies a log's directory or a pack, offline, trusting nothing in it. Goes on after a fault: an auditor wants all of them,
//! each with its place. Needs neither network nor clock; whom to trust is the caller's to say.

mod blame;
mod bundle;
mod extras;
mod head;
mod leftover;
mod listing;
mod log;
mod members;
mod report;
mod source;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use report::{Anchor, FAULTS_MAX, Fault, FaultKind, KeySource, PopulationChecked, Report, Subject, WitnessSeen};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Note, VerifierKey};
use crate::pack::names::{LOG_PREFIX, MANIFEST};
use bundle::Layout;
use log::Questions;
use source::Source;

/// Whom and what the verifier trusts, from outside of what is verified. Empty trust still finds every inconsistency.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys of the log and of witnesses. Without a log key, those found beside the log are used.
    pub keys: Vec<VerifierKey>,
    /// Checkpoints received earlier by another way.
    pub checkpoints: Vec<Checkpoint>,
    /// How many witnesses make a head witnessed; 0 means 1.
    pub witnesses_min: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("verify `{path}`: {source}")]
pub struct VerifyError {
    path: String,
    source: io::Error,
}

impl Trust {
    /// Trusts a checkpoint file received earlier. Its signatures are not checked here: it is trusted for where it came from.
    pub fn add_checkpoint(&mut self, note: &[u8]) -> Result<(), CheckpointError> {
        self.checkpoints.push(Checkpoint::parse(Note::parse(note)?.text())?);
        Ok(())
    }
}

/// Verifies a log's directory, an unpacked pack, or a pack. An error only when there is nothing to read at all.
pub fn verify(path: &Path, trust: &Trust) -> Result<Report, VerifyError> {
    let failed = |source| VerifyError { path: path.display().to_string(), source };
    let is_directory = std::fs::metadata(path).map_err(failed)?.is_dir();
    let mut report = Report::new(Subject::Pack);
    let source = if is_directory {
        Some(Source::directory(path, &mut report).map_err(failed)?)
    } else {
        Source::zip(path, &mut report).map_err(failed)?
    };
    let Some(source) = source else { return Ok(report) };
    let is_pack = source.is_zip() || source.contains(MANIFEST) || source.names_below(LOG_PREFIX).next().is_some();
    report.files = source.names().count() as u64;
    if is_pack {
        verify_pack(&source, trust, &mut report);
    } else {
        report.subject = Subject::Log;
        verify_log(&source, trust, &mut report);
    }
    report.anchor = head::anchor(trust, &report);
    Ok(report)
}

fn verify_log(source: &Source, trust: &Trust, report: &mut Report) {
    let Some(head) = head::read(source, "", trust, report) else { return };
    let layout = Layout { prefix: "", size: head.checkpoint.size, exact: false };
    let mut questions = Questions::default();
    head.ask(trust, &mut questions);
    let answers = log::check(source, layout, &questions, report);
    report.entries = answers.entries;
    leftover::check(source, layout, report);
    head.compare("", trust, &answers, report);
}

fn verify_pack(source: &Source, trust: &Trust, report: &mut Report) {
    let head = head::read(source, LOG_PREFIX, trust, report);
    let manifest = members::check(source, head.as_ref(), report);
    let Some(head) = head else { return };
    let layout = Layout { prefix: LOG_PREFIX, size: head.checkpoint.size, exact: true };
    let asked = listing::certificates(source, report);
    let mut questions =
        Questions { matchers: asked.iter().map(|one| one.matcher.clone()).collect(), ..Questions::default() };
    let proofs = extras::proofs(source, &head, &mut questions, report);
    head.ask(trust, &mut questions);
    let answers = log::check(source, layout, &questions, report);
    report.entries = answers.entries;
    head.compare(LOG_PREFIX, trust, &answers, report);
    let mut listed = BTreeMap::new();
    for (one, expected) in asked.iter().zip(&answers.rows) {
        let ids = listing::check(source, &one.certificate, expected, manifest.as_ref(), report);
        listed.insert(one.certificate.name.clone(), ids);
    }
    extras::check_proofs(&proofs, &answers, report);
    extras::check_samples(source, &listed, report);
}
