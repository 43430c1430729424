//! The signed head: reads the checkpoint, finds a key to check it with, and compares the log with every other checkpoint known:
//! those archived beside it, and those the verifier brought along. Two heads that do not continue each other are a fork.

use std::collections::BTreeMap;

use super::Trust;
use super::log::{Answers, Questions};
use super::report::{Anchor, FaultKind, KeySource, Report, WitnessSeen};
use super::source::Source;
use crate::checkpoint::{Checkpoint, parse_decimal};
use crate::hash::Hash;
use crate::note::{KeyKind, NOTE_BYTES_MAX, Note, NoteError, VerifierKey};
use crate::store::{CHECKPOINT_FILE, CHECKPOINTS_DIRECTORY, VKEY_FILE};

/// Keys found beside a log; old ones stay after a rotation.
const KEYS_MAX: usize = 64;
/// One archived checkpoint a day for a century.
const ARCHIVED_MAX: usize = 40_000;

/// The checkpoint everything is measured against, and the keys it was checked with.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) checkpoint: Checkpoint,
    pub(super) keys: Vec<VerifierKey>,
    /// Archived checkpoints by file name.
    archived: BTreeMap<String, Checkpoint>,
}

/// Reads and checks the checkpoint. `None`, with a fault, when there is no head to measure anything against.
pub(super) fn read(source: &Source, prefix: &str, trust: &Trust, report: &mut Report) -> Option<Head> {
    let place = format!("{prefix}{CHECKPOINT_FILE}");
    let bytes = match source.read(&place, NOTE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(detail) => {
            report.fault(FaultKind::CheckpointInvalid, place, detail);
            return None;
        }
    };
    let keys = keys(source, prefix, trust, report);
    let checkpoint = match Checkpoint::open(&bytes, &keys) {
        Ok((checkpoint, verified)) => {
            for signature in verified {
                let (name, at) = (signature.key.name().to_owned(), signature.witnessed_at);
                let trusted = trust.keys.contains(&signature.key);
                report.witnesses.extend(at.filter(|_| trusted).map(|unix_seconds| WitnessSeen { name, unix_seconds }));
            }
            checkpoint
        }
        Err(error) => {
            report.fault(FaultKind::CheckpointInvalid, &place, error.to_string());
            // Unsigned as it is, it still says what the files should add up to.
            Checkpoint::parse(Note::parse(&bytes).ok()?.text()).ok()?
        }
    };
    report.origin = Some(checkpoint.origin.clone());
    report.size = checkpoint.size;
    report.root = Some(checkpoint.root);
    let archived = archived(source, prefix, &keys, &checkpoint, report);
    Some(Head { checkpoint, keys, archived })
}

impl Head {
    /// The sizes at which the root must be known to compare other checkpoints.
    pub(super) fn ask(&self, trust: &Trust, questions: &mut Questions) {
        questions.sizes.insert(self.checkpoint.size);
        questions.sizes.extend(self.archived.values().map(|older| older.size));
        questions.sizes.extend(trust.checkpoints.iter().map(|trusted| trusted.size));
        questions.sizes.retain(|size| *size <= self.checkpoint.size);
    }

    /// Compares the recomputed log with the signed head and with every other checkpoint.
    pub(super) fn compare(&self, prefix: &str, trust: &Trust, answers: &Answers, report: &mut Report) {
        let Checkpoint { size, root, .. } = &self.checkpoint;
        let place = format!("{prefix}{CHECKPOINT_FILE}");
        if answers.root.is_some_and(|computed| computed != *root) {
            let computed = answers.root.unwrap_or(*root);
            let mut detail = format!("the signed root over {size} entries is {root}, the files give {computed}");
            detail.push_str(&self.narrow_down(answers));
            report.fault(FaultKind::RootMismatch, &place, detail);
        }
        for (name, older) in &self.archived {
            let detail = "signed over another history than this one; the log has forked";
            match root_at(answers, older.size) {
                Some(ours) if ours != older.root => report.fault(FaultKind::Fork, name, format!("it is {detail}")),
                _ => {}
            }
        }
        for trusted in &trust.checkpoints {
            self.compare_trusted(trusted, &place, answers, report);
        }
    }

    fn compare_trusted(&self, trusted: &Checkpoint, place: &str, answers: &Answers, report: &mut Report) {
        let ours = &self.checkpoint;
        let size = trusted.size;
        if trusted.origin != ours.origin {
            let detail =
                format!("the trusted checkpoint is of the log `{}`, this is `{}`", trusted.origin, ours.origin);
            report.fault(FaultKind::Fork, place, detail);
        } else if ours.size < size {
            let detail = format!(
                "the trusted checkpoint is over {size} entries, this one over {}: the log was truncated, or this was made before it",
                ours.size
            );
            report.fault(FaultKind::Truncated, place, detail);
        } else {
            match root_at(answers, size) {
                Some(root) if root == trusted.root => report.continues.push(size),
                Some(_) => {
                    let detail =
                        format!("the log does not continue the trusted checkpoint over {size} entries; it has forked");
                    report.fault(FaultKind::Fork, place, detail);
                }
                None => {
                    let detail =
                        format!("files are missing to compare with the trusted checkpoint over {size} entries");
                    report.fault(FaultKind::Missing, place, detail);
                }
            }
        }
    }

    /// Between which archived checkpoints the history changed.
    fn narrow_down(&self, answers: &Answers) -> String {
        let mut older: Vec<&Checkpoint> = self.archived.values().collect();
        older.sort_by_key(|checkpoint| checkpoint.size);
        let agrees = |checkpoint: &&&Checkpoint| root_at(answers, checkpoint.size) == Some(checkpoint.root);
        let last_good = older.iter().take_while(agrees).last().map_or(0, |checkpoint| checkpoint.size);
        let first_bad = older
            .iter()
            .find(|checkpoint| !agrees(checkpoint))
            .map_or(self.checkpoint.size, |checkpoint| checkpoint.size);
        format!("; what was changed lies between entries {last_good} and {first_bad}")
    }
}

/// The strongest level that holds.
pub(super) fn anchor(trust: &Trust, report: &Report) -> Option<Anchor> {
    if !report.holds() || report.root.is_none() {
        return None;
    }
    let mut names: Vec<&str> = report.witnesses.iter().map(|witness| witness.name.as_str()).collect();
    names.dedup();
    Some(if trust.witnesses_min.max(1) <= names.len() {
        Anchor::Witnessed
    } else if !names.is_empty() {
        Anchor::Timestamped
    } else if !report.continues.is_empty() {
        Anchor::TrustedCheckpoint
    } else {
        Anchor::SelfConsistent
    })
}

fn root_at(answers: &Answers, size: u64) -> Option<Hash> {
    if size == 0 { Some(crate::hash::empty_root()) } else { answers.roots.get(&size).copied() }
}

/// The keys given, or when no log key was given those found beside the log together with the witnesses given.
fn keys(source: &Source, prefix: &str, trust: &Trust, report: &mut Report) -> Vec<VerifierKey> {
    if trust.keys.iter().any(|key| key.kind() == KeyKind::Ed25519) {
        report.key = Some(KeySource::Given);
        return trust.keys.clone();
    }
    let mut keys = trust.keys.clone();
    let place = format!("{prefix}{VKEY_FILE}");
    let text = source
        .read(&place, NOTE_BYTES_MAX)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
    match text {
        Ok(text) => {
            for (line, vkey) in text.lines().enumerate().take(KEYS_MAX) {
                match VerifierKey::parse(vkey) {
                    // Witnesses are trusted by whoever verifies, never because the log says so.
                    Ok(key) if key.kind() == KeyKind::Ed25519 => keys.push(key),
                    Ok(_) => {}
                    Err(error) => {
                        report.fault(FaultKind::KeyUnknown, format!("{place}, line {}", line + 1), error.to_string())
                    }
                }
            }
            report.key = Some(KeySource::Found);
        }
        Err(detail) => {
            let detail = format!("no key was given and none is beside the log: {detail}");
            report.fault(FaultKind::KeyUnknown, place, detail);
        }
    }
    keys
}

fn archived(
    source: &Source,
    prefix: &str,
    keys: &[VerifierKey],
    head: &Checkpoint,
    report: &mut Report,
) -> BTreeMap<String, Checkpoint> {
    let below = format!("{prefix}{CHECKPOINTS_DIRECTORY}/");
    let mut archived = BTreeMap::new();
    for name in source.names_below(&below).take(ARCHIVED_MAX) {
        let place = format!("{below}{name}");
        let opened = source.read(&place, NOTE_BYTES_MAX).and_then(|bytes| {
            match Checkpoint::open(&bytes, keys) {
                Ok((checkpoint, _)) => Ok(checkpoint),
                // Signed by a key that has been rotated away since: comparing needs no signature.
                Err(crate::checkpoint::CheckpointError::Note(NoteError::NotSigned(_))) => {
                    let note = Note::parse(&bytes).map_err(|error| error.to_string())?;
                    Checkpoint::parse(note.text()).map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            }
        });
        match opened {
            Ok(checkpoint) if parse_decimal(name) != Some(checkpoint.size) => {
                report.fault(FaultKind::CheckpointInvalid, place, format!("it is over {} entries", checkpoint.size));
            }
            Ok(checkpoint) if checkpoint.origin != head.origin => {
                report.fault(FaultKind::CheckpointInvalid, place, format!("it is of the log `{}`", checkpoint.origin));
            }
            Ok(checkpoint) if head.size < checkpoint.size => {
                let detail = format!(
                    "it is over more entries than the current one, which has {}: the log was truncated",
                    head.size
                );
                report.fault(FaultKind::Truncated, place, detail);
            }
            Ok(checkpoint) => drop(archived.insert(place, checkpoint)),
            Err(detail) => report.fault(FaultKind::CheckpointInvalid, place, detail),
        }
    }
    archived
}
