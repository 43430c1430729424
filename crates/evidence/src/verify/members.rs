//! The manifest of a pack and every member against it: nothing changed, nothing missing, nothing added. The manifest itself is
//! held by the log's signature.

use std::collections::BTreeSet;
use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::head::Head;
use super::report::{FaultKind, Report};
use super::source::Source;
use crate::hash::{Hash, digest};
use crate::note::{NOTE_BYTES_MAX, Note};
use crate::pack::names::{LOG_PREFIX, MANIFEST, README, SEAL};
use crate::pack::{MANIFEST_VERSION, Manifest, Member, PACK_FORMAT, seal_text};

/// A million members of 200 bytes.
const MANIFEST_BYTES_MAX: usize = 256 << 20;

/// Checks the manifest, its seal and all members but tiles. `None`, with a fault, when there is no readable manifest.
pub(super) fn check(source: &Source, head: Option<&Head>, report: &mut Report) -> Option<Manifest> {
    let bytes = match source.read(MANIFEST, MANIFEST_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(detail) => {
            report.fault(FaultKind::ManifestInvalid, MANIFEST, detail);
            return None;
        }
    };
    if let Some(head) = head {
        check_seal(source, head, &bytes, report);
    }
    let manifest: Manifest = match serde_json::from_slice(&bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            report.fault(FaultKind::ManifestInvalid, MANIFEST, error.to_string());
            return None;
        }
    };
    if manifest.v != MANIFEST_VERSION || manifest.format != PACK_FORMAT {
        let detail = format!(
            "it is version {} of `{}`, this verifier knows version 1 of `{PACK_FORMAT}`",
            manifest.v, manifest.format
        );
        report.fault(FaultKind::ManifestInvalid, MANIFEST, detail);
    }
    if let Some(head) = head {
        let same = manifest.origin == head.checkpoint.origin
            && manifest.tree.size == head.checkpoint.size
            && manifest.tree.root == head.checkpoint.root;
        if !same {
            report.fault(
                FaultKind::ManifestInvalid,
                MANIFEST,
                "it was made for another checkpoint than the one in the pack",
            );
        }
    }
    check_members(source, &manifest, report);
    Some(manifest)
}

fn check_seal(source: &Source, head: &Head, manifest: &[u8], report: &mut Report) {
    let note =
        source.read(SEAL, NOTE_BYTES_MAX).and_then(|bytes| Note::parse(&bytes).map_err(|error| error.to_string()));
    let note = match note {
        Ok(note) => note,
        Err(detail) => return report.fault(FaultKind::ManifestInvalid, SEAL, detail),
    };
    match note.verify(&head.keys) {
        Ok(verified) if verified.iter().all(|one| one.key.name() != head.checkpoint.origin) => {
            report.fault(FaultKind::ManifestInvalid, SEAL, "the log's own key has not signed it");
        }
        Ok(_) if note.text() != seal_text(manifest, &head.checkpoint.origin) => {
            let detail = format!("it was changed: its SHA-256 is {}, the log's key signed another", digest(manifest));
            report.fault(FaultKind::ManifestInvalid, MANIFEST, detail);
        }
        Ok(_) => {}
        Err(error) => report.fault(FaultKind::ManifestInvalid, SEAL, error.to_string()),
    }
}

fn check_members(source: &Source, manifest: &Manifest, report: &mut Report) {
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for member in &manifest.members {
        if !listed.insert(&member.name) {
            report.fault(FaultKind::ManifestInvalid, MANIFEST, format!("it lists `{}` twice", member.name));
        } else if !source.contains(&member.name) {
            report.fault(FaultKind::Missing, &member.name, "the manifest lists it, it is missing");
        } else if let Err(detail) = check_member(source, member) {
            report.fault(FaultKind::MemberChanged, &member.name, detail);
        }
    }
    let tiles = format!("{LOG_PREFIX}tile/");
    for name in source.names() {
        let of_the_pack = listed.contains(name) || name == MANIFEST || name == SEAL || name.starts_with(&tiles);
        if !of_the_pack {
            report.fault(FaultKind::Unexpected, name, "the manifest does not list it");
        }
    }
    if !listed.contains(README) {
        report.fault(FaultKind::Missing, README, "a pack has one");
    }
}

fn check_member(source: &Source, member: &Member) -> Result<(), String> {
    let (bytes, sha256) = source.with_reader(&member.name, hash_all)?;
    if bytes != member.bytes {
        Err(format!("it has {bytes} bytes, the manifest says {}", member.bytes))
    } else if sha256 != member.sha256 {
        Err(format!("it was changed: its SHA-256 is {sha256}, the manifest says {}", member.sha256))
    } else {
        Ok(())
    }
}

fn hash_all(reader: &mut dyn Read) -> Result<(u64, Hash), String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut bytes = 0;
    loop {
        let read = reader.read(&mut buffer).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok((bytes, Hash(hasher.finalize().into())));
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
}
