//! Proof files and samples of a pack: each proof is checked against the entry in the log, each sample is drawn again.

use std::collections::BTreeMap;

use super::head::Head;
use super::log::{Answers, Questions};
use super::report::{FaultKind, Report};
use super::source::Source;
use crate::checkpoint::Checkpoint;
use crate::pack::names::{PROOFS_PREFIX, SAMPLES_PREFIX};
use crate::proof::TlogProof;
use crate::sample::{SAMPLE_METHOD, SAMPLE_ROWS_MAX, SAMPLE_VERSION, Sample, draw};
use crate::tree::verify_inclusion;

const PROOF_FILE_BYTES_MAX: usize = 1 << 20;
/// 100,000 rows of a line and an id.
const SAMPLE_FILE_BYTES_MAX: usize = 64 << 20;

/// A proof that parsed, and the checkpoint in it.
#[derive(Debug)]
pub(super) struct Proof {
    name: String,
    proof: TlogProof,
    checkpoint: Checkpoint,
}

/// Reads the proof files and notes what the pass over the log must find out for them.
pub(super) fn proofs(source: &Source, head: &Head, questions: &mut Questions, report: &mut Report) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for file in source.names_below(PROOFS_PREFIX) {
        let name = format!("{PROOFS_PREFIX}{file}");
        let read = source.read(&name, PROOF_FILE_BYTES_MAX);
        let parsed = read.and_then(|bytes| TlogProof::parse(&bytes).map_err(|error| error.to_string()));
        let opened = parsed.and_then(|proof| {
            let opened = Checkpoint::open(proof.checkpoint.as_bytes(), &head.keys);
            opened.map(|(checkpoint, _)| (proof, checkpoint)).map_err(|error| error.to_string())
        });
        match opened {
            Ok((_, checkpoint)) if checkpoint.origin != head.checkpoint.origin => {
                report.fault(FaultKind::ProofWrong, name, format!("it is of the log `{}`", checkpoint.origin));
            }
            Ok((proof, checkpoint)) => {
                questions.leaves.insert(proof.index);
                questions.sizes.insert(checkpoint.size);
                proofs.push(Proof { name, proof, checkpoint });
            }
            Err(detail) => report.fault(FaultKind::ProofWrong, name, detail),
        }
    }
    proofs
}

pub(super) fn check_proofs(proofs: &[Proof], answers: &Answers, report: &mut Report) {
    for Proof { name, proof, checkpoint } in proofs {
        let Some(leaf) = answers.leaves.get(&proof.index) else {
            report.fault(FaultKind::ProofWrong, name, format!("the pack has no entry {} to prove", proof.index));
            continue;
        };
        if let Err(error) = verify_inclusion(*leaf, proof.index, checkpoint.size, checkpoint.root, &proof.hashes) {
            report.fault(FaultKind::ProofWrong, name, format!("entry {}: {error}", proof.index));
        } else if answers.roots.get(&checkpoint.size).is_some_and(|root| *root != checkpoint.root) {
            report.fault(FaultKind::Fork, name, "its checkpoint is signed over another history than this log");
        } else {
            report.proofs += 1;
        }
    }
}

/// Draws every sample again from the listing it names.
pub(super) fn check_samples(source: &Source, listed: &BTreeMap<String, Vec<String>>, report: &mut Report) {
    for file in source.names_below(SAMPLES_PREFIX) {
        let name = format!("{SAMPLES_PREFIX}{file}");
        match check_sample(source, &name, listed) {
            Ok(()) => report.samples += 1,
            Err(detail) => report.fault(FaultKind::SampleWrong, name, detail),
        }
    }
}

fn check_sample(source: &Source, name: &str, listed: &BTreeMap<String, Vec<String>>) -> Result<(), String> {
    let bytes = source.read(name, SAMPLE_FILE_BYTES_MAX)?;
    let sample: Sample = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if sample.v != SAMPLE_VERSION
        || sample.method != SAMPLE_METHOD
        || SAMPLE_ROWS_MAX as u64 <= sample.asked.saturating_sub(1)
    {
        return Err(format!(
            "it is version {} by `{}`, which this verifier cannot draw again",
            sample.v, sample.method
        ));
    }
    let Some(ids) = listed.get(&sample.population) else {
        return Err(format!("there is no population `{}`", sample.population));
    };
    let again = draw(&sample.population, &sample.seed, sample.asked, ids.iter().map(String::as_str));
    if again == sample { Ok(()) } else { Err("the seed draws other rows from the listing".to_owned()) }
}
