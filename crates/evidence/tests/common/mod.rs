//! A small log with incidents and finding batches, a pack of it, and ways to change the pack as an attacker would.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use evidence::entry::{ENTRY_VERSION, Entry};
use evidence::keys::LogKey;
use evidence::note::KeyKind;
use evidence::pack::{Finding, PackHead, PackWriter, Population};
use evidence::population::{Query, finding_set};
use evidence::store::TileStore;
use evidence::verify::{Fault, FaultKind, Report, Trust, verify};
use serde_json::{Map, Value, json};

pub(crate) const ORIGIN: &str = "evidence.larkfield.example/log";
/// Two full bundles and a partial one.
pub(crate) const ENTRIES: u64 = 620;
pub(crate) const ARCHIVED: u64 = 300;

pub(crate) type Members = BTreeMap<String, Vec<u8>>;

pub(crate) fn log_key() -> LogKey {
    LogKey::from_seed(ORIGIN, KeyKind::Ed25519, &[42; 32]).unwrap()
}

pub(crate) fn witness(seed: u8) -> LogKey {
    LogKey::from_seed(&format!("witness.example/w{seed}"), KeyKind::Cosignature, &[seed; 32]).unwrap()
}

pub(crate) fn findings_of(index: u64) -> Vec<String> {
    (0..index % 7).map(|n| format!("finding-{index}-{n}")).collect()
}

/// Every tenth entry opens an incident, every entry after it seals a batch of findings.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let (kind, clear) = match index % 10 {
        0 => ("incident.opened", json!({"severity": "high", "score": 2.75})),
        1 => {
            let ids = findings_of(index);
            let set = finding_set(ids.iter().map(String::as_str));
            ("findings.sealed", json!({"findings_root": set.root, "findings_count": set.count}))
        }
        _ => ("fact.set", json!({"field": "records", "n": index})),
    };
    let entry = Entry {
        v: ENTRY_VERSION,
        id: format!("e-{index}"),
        kind: kind.into(),
        at: format!("2026-{:02}-{:02}T{:02}:00:00Z", 1 + index / 240, 1 + index / 24 % 10, index % 24),
        tenant: "larkfield".into(),
        subject: format!("INC-{}", index / 10),
        clear: clear.as_object().unwrap().clone(),
        body: None,
    };
    entry.to_bytes().unwrap()
}

pub(crate) fn store(directory: &Path) -> TileStore {
    let mut store = TileStore::open(directory).unwrap();
    let key = log_key();
    for (from, to) in [(0, ARCHIVED), (ARCHIVED, ENTRIES)] {
        store.append(from, &(from..to).map(entry).collect::<Vec<_>>()).unwrap();
        store.sign_checkpoint(&[&key]).unwrap();
        if to == ARCHIVED {
            store.archive_checkpoint().unwrap();
        }
    }
    store
}

pub(crate) fn query(kind: &str, from: &str, to: &str) -> Query {
    Query { kinds: BTreeSet::from([kind.to_owned()]), from: from.into(), to: to.into(), tenant: None }
}

pub(crate) fn population(name: &str, kind: &str) -> Population {
    Population {
        name: name.into(),
        text: format!("all `{kind}` entries of January and February 2026"),
        query: query(kind, "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        parameters: Map::new(),
    }
}

/// A pack with something of everything.
pub(crate) fn pack(directory: &Path) -> PathBuf {
    let store = store(&directory.join("log"));
    let key = log_key();
    let head = PackHead {
        framework: "soc2",
        from: "2026-01-01T00:00:00Z",
        to: "2026-03-01T00:00:00Z",
        made_at: "2026-04-01T09:00:00Z",
    };
    let path = directory.join("pack.zip");
    let mut pack = PackWriter::create(&path, &store, &[&key], &[witness(1).verifier()], &head).unwrap();
    let certificate = pack
        .population(&population("incidents", "incident.opened"), |row| json!({"state": "closed", "n": row.index}))
        .unwrap();
    assert_eq!((certificate.rows, certificate.replayed), (48, ENTRIES));
    pack.finding_set(&population("findings", "findings.sealed"), |batch| {
        Ok(findings_of(batch.index)
            .into_iter()
            .map(|id| Finding { id, attributes: json!({"level": "high"}) })
            .collect())
    })
    .unwrap();
    pack.sample("incidents", "auditor-2026", 5).unwrap();
    pack.sample("findings", "auditor-2026", 7).unwrap();
    pack.artefact("notice-1/letter.txt", b"Dear Ada, we write to tell you").unwrap();
    pack.oscal("assessment-results.json", br#"{"assessment-results":{}}"#).unwrap();
    for index in [0, 73, 300, ENTRIES - 1, 73] {
        pack.proof(index).unwrap();
    }
    let summary = pack.finish().unwrap();
    assert_eq!(summary.bytes, std::fs::metadata(&path).unwrap().len());
    path
}

pub(crate) fn members(pack: &Path) -> Members {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(pack).unwrap()).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut member = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// Zips members as any other tool would: no stamp.
pub(crate) fn zip_of(members: &Members, path: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

pub(crate) fn unpack(members: &Members, directory: &Path) {
    for (name, bytes) in members {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// What a careful forger without the key does after a change: makes the manifest fit again.
pub(crate) fn refit_manifest(members: &mut Members) {
    let mut manifest: Value = serde_json::from_slice(&members["manifest.json"]).unwrap();
    let listed = manifest["members"].as_array_mut().unwrap();
    for member in listed {
        let bytes = &members[member["name"].as_str().unwrap()];
        member["bytes"] = json!(bytes.len());
        member["sha256"] = json!(evidence::hash::digest(bytes));
    }
    members.insert("manifest.json".into(), serde_json::to_vec_pretty(&manifest).unwrap());
}

pub(crate) fn trust() -> Trust {
    Trust { keys: vec![log_key().verifier()], ..Trust::default() }
}

pub(crate) fn verify_members(members: &Members, trust: &Trust) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("changed.zip");
    zip_of(members, &path);
    verify(&path, trust).unwrap()
}

pub(crate) fn has(report: &Report, kind: FaultKind, place: &str) -> bool {
    report.faults.iter().any(|fault: &Fault| fault.kind == kind && fault.place.contains(place))
}

/// The entries of a bundle, cut out.
pub(crate) fn cut(bundle: &[u8]) -> Vec<Vec<u8>> {
    evidence::tile::decode_entries(bundle).unwrap().into_iter().map(<[u8]>::to_vec).collect()
}

pub(crate) fn glue(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bundle = Vec::new();
    entries.iter().for_each(|entry| evidence::tile::push_entry(&mut bundle, entry));
    bundle
}
