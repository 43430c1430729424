//! `watertight evidence`: checkpoints, proofs, packs, verification and erasure.

use std::path::PathBuf;

use ::evidence::VerifierKey;
use ::evidence::verify::{Report, Trust, verify};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::door::{self, Answer};
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::opaque_id::OpaqueId;
use crate::output::{self, Format};
use crate::store::Draft;
use crate::{cases, holds, law, pack};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The latest signed checkpoint; give it to somebody who is not you
    Checkpoint,
    /// The proof of one entry, as a C2SP tlog-proof file
    Prove {
        /// Log index, or entry id
        entry: String,
    },
    /// Verify a log directory or a pack, offline; 4 and every fault if it does not hold
    Verify {
        /// A pack, an unpacked pack, or <data-dir>/log
        path: PathBuf,
        /// A checkpoint received earlier by another way
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
        /// The log's key (or a witness's), as name+id+key
        #[arg(long, value_name = "VKEY")]
        key: Vec<String>,
    },
    /// Pack the evidence of a period for an auditor
    Pack {
        #[arg(long, value_parser = ["soc2", "iso27001", "gdpr"])]
        framework: String,
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// Last day, included
        #[arg(long, value_name = "DATE")]
        to: Date,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What samples are drawn by; an auditor chooses it
        #[arg(long, default_value = "1")]
        sample_seed: String,
    },
    #[command(flatten)]
    Change(Change),
}

/// What changes which evidence can be read.
#[derive(Debug, Serialize, Deserialize, clap::Subcommand)]
pub(crate) enum Change {
    /// Destroy the key of an incident's bodies: personal data is gone, proofs hold
    Erase {
        #[arg(long)]
        incident: String,
        #[arg(long)]
        by: OpaqueId,
        #[arg(long)]
        reason: String,
    },
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Verify { path, checkpoint, key } => check(context, &path, &checkpoint, &key),
        Command::Checkpoint => context.block_on(checkpoint(context)),
        Command::Prove { entry } => context.block_on(prove(context, &entry)),
        Command::Change(change) => context.block_on(door::write(context, change)),
        Command::Pack { framework, from, to, out, sample_seed } => context.block_on(async {
            let instance = Instance::read(context).await?;
            let wish = pack::Wish { framework: &framework, from, to, out: &out, sample_seed: &sample_seed, made_at: context.clock.now() };
            let made = pack::pack(&instance, &wish).await?;
            output::object(context.format, &json!({"path": made.path, "bytes": made.bytes, "sha256": made.sha256, "members": made.members, "populations": made.populations}))?;
            Ok(Exit::Done)
        }),
    }
}

async fn checkpoint(context: &Context) -> Outcome {
    let instance = Instance::read(context).await?;
    let note = instance.sealer.tiles.checkpoint_note().or_fail("failed to read the checkpoint")?;
    let note = note.ok_or_else(|| Failure::failed("the log has no checkpoint yet"))?;
    let mut out = output::Out::new();
    out.line(note.to_string().trim_end_matches('\n'))?;
    out.flush()?;
    output::talk(format!("verify with --key {}", instance.sealer.key.verifier()));
    Ok(Exit::Done)
}

async fn prove(context: &Context, entry: &str) -> Outcome {
    let instance = Instance::read(context).await?;
    let index = match entry.parse::<u64>() {
        Ok(index) => index,
        Err(_) => {
            let stored = instance.store.entry_by_id(entry).await.or_fail("failed to read the log")?;
            stored.ok_or_else(|| Failure::usage(format!("the log has no entry `{entry}`")))?.position
        }
    };
    let note = instance.sealer.tiles.checkpoint_note().or_fail("failed to read the checkpoint")?;
    let note = note.ok_or_else(|| Failure::failed("the log has no checkpoint yet"))?;
    let proof = instance.sealer.tiles.tlog_proof(index, &note).or_fail("failed to prove the entry")?;
    let mut out = output::Out::new();
    out.line(proof.to_string().trim_end_matches('\n'))?;
    out.flush()?;
    Ok(Exit::Done)
}

fn check(context: &Context, path: &std::path::Path, checkpoints: &[PathBuf], keys: &[String]) -> Outcome {
    let mut trust = Trust::default();
    for file in checkpoints {
        let doing = format!("failed to use the checkpoint `{}`", file.display());
        let note = std::fs::read(file).or_usage(&doing)?;
        trust.add_checkpoint(&note).or_usage(&doing)?;
    }
    for key in keys {
        trust.keys.push(VerifierKey::parse(key).or_usage(format!("`{key}` is not a verifier key"))?);
    }
    let report = verify(path, &trust).or_usage("failed to verify")?;
    if context.format == Format::Human {
        human(&report)?
    } else {
        output::object(context.format, &report)?
    }
    if report.holds() { Ok(Exit::Done) } else { Ok(Exit::Evidence) }
}

fn human(report: &Report) -> Result<(), Failure> {
    let mut out = output::Out::new();
    for fault in &report.faults {
        out.line(&format!("FAULT {fault}"))?;
    }
    let origin = report.origin.as_deref().unwrap_or("unknown origin");
    match report.anchor {
        Some(anchor) if report.holds() => {
            out.line(&format!("holds: {} entries of `{origin}`, {} files; {anchor}", report.entries, report.files))?;
            for population in &report.populations {
                out.line(&format!(
                    "  population `{}`: {} rows, complete for the log at this size ({} entries replayed)",
                    population.name, population.rows, population.replayed
                ))?;
            }
        }
        _ => out.line(&format!("does not hold: {} faults", report.faults.len() as u64 + report.faults_omitted))?,
    }
    out.flush()
}

/// The entry first, then the key: a crash in between leaves a key that the next run destroys, and never a silent loss.
pub(super) async fn carry_out(
    instance: &mut Instance,
    change: &Change,
    now: Timestamp,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let Change::Erase { incident: name, by, reason } = change;
    let incident = cases::find(&instance.store, name).await?;
    if instance.store.cases().await.incidents.find(&incident).is_some_and(|found| found.closed.is_none()) {
        return Err(Failure::usage(format!("incident `{name}` is open: what is still to come would have no key"))
            .help("close it first: `watertight incident close`"));
    }
    if let Some(held) = holds::against_erasure(instance, &incident).await? {
        return Err(Failure::usage(format!(
            "`{held}` holds what belongs to incident `{name}`, and a hold beats an erasure"
        ))
        .help(format!("end it first: `watertight lake release {held} --by <who>`")));
    }
    let clear = json!({"id": incident, "state": "destroyed", "by": by, "reason_code": "erasure"});
    let draft = Draft {
        id: law::hash(&["key.destroyed", &incident]),
        kind: "key.destroyed".to_owned(),
        at: now,
        // A subject of its own: the reason must outlive the key that it explains.
        subject: format!("erasure/{incident}"),
        clear,
        body: Some(json!({"reason": reason})),
    };
    cases::append(instance, &[draft]).await?;
    instance.store.destroy_key(&incident, now).or_fail("failed to destroy the key")?;
    answer.object(&json!({"incident": incident, "erased_at": now}))?;
    answer
        .talk("the case's texts are gone; the raw events in the lake are not: they leave by `watertight lake retain`");
    Ok(())
}
