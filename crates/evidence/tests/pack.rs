//! A pack that nobody touched verifies; every way of touching it is found, and the fault names the place.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap like tests")]

mod common;

use common::*;
use evidence::checkpoint::Checkpoint;
use evidence::hash::leaf_hash;
use evidence::keys::LogKey;
use evidence::note::{KeyKind, Note};
use evidence::pack::{Finding, PackError, PackHead, PackWriter};
use evidence::tree::MemoryTree;
use evidence::verify::{Anchor, FaultKind, KeySource, Subject, Trust, verify};
use serde_json::json;

#[test]
fn an_untouched_pack_holds_in_every_shape() {
    let directory = tempfile::tempdir().unwrap();
    let path = pack(directory.path());
    let members = members(&path);
    let unpacked = directory.path().join("unpacked");
    unpack(&members, &unpacked);
    let again = directory.path().join("again.zip");
    zip_of(&members, &again);
    for shape in [&path, &unpacked, &again] {
        for (trust, key) in [(trust(), KeySource::Given), (Trust::default(), KeySource::Found)] {
            let report = verify(shape, &trust).unwrap();
            assert!(report.holds(), "{}: {:?}", shape.display(), report.faults);
            assert_eq!(
                (report.subject, report.key, report.anchor),
                (Subject::Pack, Some(key), Some(Anchor::SelfConsistent))
            );
            assert_eq!((report.size, report.entries, report.samples, report.proofs), (ENTRIES, ENTRIES, 2, 4));
            let rows: Vec<(&str, u64)> = report.populations.iter().map(|one| (one.name.as_str(), one.rows)).collect();
            assert_eq!(rows, [("findings", (0..48).map(|n| (10 * n + 1) % 7).sum()), ("incidents", 48)]);
        }
    }
    // The same inputs give the same bytes.
    let second = tempfile::tempdir().unwrap();
    assert_eq!(std::fs::read(pack(second.path())).unwrap(), std::fs::read(&path).unwrap());
}

type Change = fn(&mut Members);

fn edit(members: &mut Members, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    change(members.get_mut(name).unwrap_or_else(|| panic!("{name} is not in the pack")));
}

fn replace(members: &mut Members, name: &str, from: &str, to: &str) {
    edit(members, name, |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        *bytes = text.replacen(from, to, 1).into_bytes();
    });
}

fn swap(members: &mut Members, a: &str, b: &str) {
    let first = members[a].clone();
    let second = members.insert(b.to_owned(), first).unwrap();
    members.insert(a.to_owned(), second);
}

fn lines(members: &mut Members, name: &str, change: impl FnOnce(&mut Vec<String>)) {
    edit(members, name, |bytes| {
        let mut lines: Vec<String> = str::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
        change(&mut lines);
        *bytes = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
    });
}

fn bundle(members: &mut Members, name: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    edit(members, name, |bytes| {
        let mut entries = cut(bytes);
        change(&mut entries);
        *bytes = glue(&entries);
    });
}

const BUNDLE_0: &str = "log/tile/entries/000";
const BUNDLE_1: &str = "log/tile/entries/001";
const BUNDLE_2: &str = "log/tile/entries/002.p/108";
const INCIDENTS: &str = "populations/incidents.jsonl";
const FINDINGS: &str = "populations/findings.jsonl";
const CERTIFICATE: &str = "populations/incidents.certificate.json";
const LETTER: &str = "artefacts/notice-1/letter.txt";

use FaultKind as Kind;

/// What an attacker does, the fault it must give, and the place that the fault must name.
#[rustfmt::skip]
const CHANGES: &[(&str, Change, FaultKind, &str)] = &[
    ("a byte of an entry", |m| bundle(m, BUNDLE_0, |e| e[73][20] ^= 1), Kind::EntryChanged, "log/tile/entries/000, entry 73"),
    ("a byte of an entry in the second bundle", |m| bundle(m, BUNDLE_1, |e| e[44][20] ^= 1), Kind::EntryChanged, "entry 300"),
    ("a byte of the last entry", |m| bundle(m, BUNDLE_2, |e| e[107][20] ^= 1), Kind::EntryChanged, "log/tile/entries/002.p/108, entry 619"),
    ("a longer entry", |m| bundle(m, BUNDLE_0, |e| e[5].push(b' ')), Kind::EntryChanged, "entry 5"),
    ("an entry removed", |m| bundle(m, BUNDLE_0, |e| drop(e.remove(73))), Kind::EntryRemoved, "log/tile/entries/000, entry 73"),
    ("the last entry removed", |m| bundle(m, BUNDLE_2, |e| drop(e.pop())), Kind::EntryRemoved, "entry 619"),
    ("an entry inserted", |m| bundle(m, BUNDLE_2, |e| e.insert(50, b"{}".to_vec())), Kind::EntryAdded, "entry 620"),
    ("an entry inserted, where", |m| bundle(m, BUNDLE_2, |e| e.insert(50, b"{}".to_vec())), Kind::EntryChanged, "entry 562"),
    ("two entries swapped", |m| bundle(m, BUNDLE_0, |e| e.swap(10, 20)), Kind::EntryMoved, "log/tile/entries/000, entry 10"),
    ("entries of two bundles swapped", |m| {
        let (mut a, mut b) = (cut(&m[BUNDLE_0]), cut(&m[BUNDLE_1]));
        std::mem::swap(&mut a[3], &mut b[4]);
        m.insert(BUNDLE_0.into(), glue(&a));
        m.insert(BUNDLE_1.into(), glue(&b));
    }, Kind::EntryMoved, "log/tile/entries/001, entry 260"),
    ("a run of entries moved", |m| bundle(m, BUNDLE_0, |e| e[100..140].rotate_left(3)), Kind::EntryMoved, "entries 100 to 136"),
    ("a bundle cut in an entry", |m| edit(m, BUNDLE_1, |b| b.truncate(b.len() - 7)), Kind::BundleDamaged, BUNDLE_1),
    ("a bundle's length prefix", |m| edit(m, BUNDLE_1, |b| b[0] ^= 1), Kind::BundleDamaged, BUNDLE_1),
    ("bundles swapped", |m| swap(m, BUNDLE_0, BUNDLE_1), Kind::TileSwapped, BUNDLE_0),
    ("hash tiles swapped", |m| swap(m, "log/tile/0/000", "log/tile/0/001"), Kind::TileSwapped, "log/tile/0/001"),
    ("bundles and hash tiles swapped together", |m| {
        swap(m, BUNDLE_0, BUNDLE_1);
        swap(m, "log/tile/0/000", "log/tile/0/001");
    }, Kind::TileChanged, "log/tile/1/000.p/2"),
    ("a bit of a hash tile", |m| edit(m, "log/tile/0/001", |b| b[32 * 44] ^= 1), Kind::TileChanged, "log/tile/0/001"),
    ("a bit of the partial hash tile", |m| edit(m, "log/tile/0/002.p/108", |b| b[0] ^= 1), Kind::TileChanged, "log/tile/0/002.p/108"),
    ("a bit of an upper tile", |m| edit(m, "log/tile/1/000.p/2", |b| b[40] ^= 1), Kind::TileChanged, "log/tile/1/000.p/2"),
    ("a hash tile cut short", |m| edit(m, "log/tile/0/001", |b| b.truncate(40)), Kind::TileChanged, "log/tile/0/001"),
    ("an entry and its hash together", |m| {
        bundle(m, BUNDLE_0, |e| e[73][20] ^= 1);
        let hash = leaf_hash(&cut(&m[BUNDLE_0])[73]);
        edit(m, "log/tile/0/000", |b| b[73 * 32..74 * 32].copy_from_slice(&hash.0));
    }, Kind::TileChanged, "log/tile/1/000.p/2"),
    ("a bundle missing", |m| drop(m.remove(BUNDLE_1)), Kind::Missing, BUNDLE_1),
    ("a hash tile missing", |m| drop(m.remove("log/tile/0/001")), Kind::Missing, "log/tile/0/001"),
    ("an upper tile missing", |m| drop(m.remove("log/tile/1/000.p/2")), Kind::Missing, "log/tile/1/000.p/2"),
    ("bundle and hashes missing", |m| {
        m.remove(BUNDLE_1);
        m.remove("log/tile/0/001");
    }, Kind::Missing, BUNDLE_1),
    ("the end of the log missing", |m| {
        m.remove(BUNDLE_2);
        m.remove("log/tile/0/002.p/108");
    }, Kind::Missing, BUNDLE_2),
    ("a bundle too many", |m| drop(m.insert("log/tile/entries/003.p/1".into(), glue(&[b"x".to_vec()]))), Kind::Unexpected, "log/tile/entries/003.p/1"),
    ("a file among the tiles", |m| drop(m.insert("log/tile/0/notes.txt".into(), vec![])), Kind::Unexpected, "log/tile/0/notes.txt"),
    ("the root in the checkpoint", |m| edit(m, "log/checkpoint", |b| b[40] ^= 1), Kind::CheckpointInvalid, "log/checkpoint"),
    ("the size in the checkpoint", |m| replace(m, "log/checkpoint", "\n620\n", "\n619\n"), Kind::CheckpointInvalid, "log/checkpoint"),
    ("no checkpoint", |m| drop(m.remove("log/checkpoint")), Kind::CheckpointInvalid, "log/checkpoint"),
    ("an older checkpoint put in place", |m| {
        let older = m["log/checkpoints/300"].clone();
        m.insert("log/checkpoint".into(), older);
    }, Kind::MemberChanged, "log/checkpoint"),
    ("an older checkpoint and a log cut to it", |m| {
        let older = m["log/checkpoints/300"].clone();
        m.insert("log/checkpoint".into(), older);
        bundle(m, BUNDLE_1, |e| e.truncate(44));
        let cut = m.remove(BUNDLE_1).unwrap();
        m.insert("log/tile/entries/001.p/44".into(), cut);
        let mut hashes = m.remove("log/tile/0/001").unwrap();
        hashes.truncate(44 * 32);
        m.insert("log/tile/0/001.p/44".into(), hashes);
        let mut above = m.remove("log/tile/1/000.p/2").unwrap();
        above.truncate(32);
        m.insert("log/tile/1/000.p/1".into(), above);
        m.remove(BUNDLE_2);
        m.remove("log/tile/0/002.p/108");
        refit_manifest(m);
    }, Kind::ManifestInvalid, "manifest.json"),
    ("an archived checkpoint over another history", |m| {
        let tree: MemoryTree = (0..ARCHIVED).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let head = Checkpoint::new(ORIGIN, ARCHIVED, tree.root(ARCHIVED));
        let forked = evidence::checkpoint::sign_next(&[&log_key()], None, &head, &[]).unwrap();
        m.insert("log/checkpoints/300".into(), forked.to_string().into_bytes());
    }, Kind::Fork, "log/checkpoints/300"),
    ("an archived checkpoint changed", |m| edit(m, "log/checkpoints/300", |b| b[45] ^= 1), Kind::CheckpointInvalid, "log/checkpoints/300"),
    ("the published key", |m| edit(m, "log/vkey", |b| b[10] ^= 1), Kind::MemberChanged, "log/vkey"),
    ("no manifest", |m| drop(m.remove("manifest.json")), Kind::ManifestInvalid, "manifest.json"),
    ("no seal", |m| drop(m.remove("manifest.sig")), Kind::ManifestInvalid, "manifest.sig"),
    ("a space in the manifest", |m| edit(m, "manifest.json", |b| b.push(b' ')), Kind::ManifestInvalid, "manifest.json"),
    ("the period in the manifest", |m| replace(m, "manifest.json", "2026-01-01", "2026-01-02"), Kind::ManifestInvalid, "manifest.json"),
    ("the seal's signature", |m| edit(m, "manifest.sig", |b| { let end = b.len() - 9; b[end] ^= 1; }), Kind::ManifestInvalid, "manifest.sig"),
    ("a member added", |m| drop(m.insert("artefacts/extra.txt".into(), b"x".to_vec())), Kind::Unexpected, "artefacts/extra.txt"),
    ("a member at the root added", |m| drop(m.insert("notes.txt".into(), vec![])), Kind::Unexpected, "notes.txt"),
    ("a document missing", |m| drop(m.remove(LETTER)), Kind::Missing, LETTER),
    ("a byte of a document", |m| edit(m, LETTER, |b| b[5] ^= 1), Kind::MemberChanged, LETTER),
    ("a byte more in a document", |m| edit(m, LETTER, |b| b.push(b'!')), Kind::MemberChanged, LETTER),
    ("a document changed and the manifest made to fit", |m| {
        edit(m, LETTER, |b| b[5] ^= 1);
        refit_manifest(m);
    }, Kind::ManifestInvalid, "manifest.json"),
    ("the README", |m| replace(m, "README.md", "offline", "online"), Kind::MemberChanged, "README.md"),
    ("the OSCAL document", |m| replace(m, "oscal/assessment-results.json", "{}", "[]"), Kind::MemberChanged, "oscal/assessment-results.json"),
    ("a row removed", |m| lines(m, INCIDENTS, |l| drop(l.remove(7))), Kind::RowRemoved, INCIDENTS),
    ("the first row removed", |m| lines(m, INCIDENTS, |l| drop(l.remove(0))), Kind::RowRemoved, INCIDENTS),
    ("a row removed, certificate and manifest made to fit", |m| {
        lines(m, INCIDENTS, |l| drop(l.remove(7)));
        replace(m, CERTIFICATE, "\"rows\": 48", "\"rows\": 47");
        refit_manifest(m);
    }, Kind::RowRemoved, INCIDENTS),
    ("the listing emptied", |m| edit(m, INCIDENTS, Vec::clear), Kind::RowRemoved, INCIDENTS),
    ("the listing removed", |m| drop(m.remove(INCIDENTS)), Kind::Missing, INCIDENTS),
    ("a sealed word in a row", |m| replace(m, INCIDENTS, "\"severity\":\"high\"", "\"severity\":\"low\""), Kind::RowChanged, "populations/incidents.jsonl, line 1"),
    ("an id in a row", |m| replace(m, INCIDENTS, "\"id\":\"e-70\"", "\"id\":\"e-71\""), Kind::RowChanged, "populations/incidents.jsonl, line 8"),
    ("an attribute in a row", |m| replace(m, INCIDENTS, "closed", "opened"), Kind::MemberChanged, INCIDENTS),
    ("a row that is no row", |m| lines(m, INCIDENTS, |l| l[3] = "{}".into()), Kind::RowChanged, "populations/incidents.jsonl, line 4"),
    ("rows in another order", |m| lines(m, INCIDENTS, |l| l.swap(2, 3)), Kind::RowMoved, "populations/incidents.jsonl, line 4"),
    ("a row twice", |m| lines(m, INCIDENTS, |l| { let row = l[4].clone(); l.insert(5, row); }), Kind::RowAdded, "populations/incidents.jsonl, line 6"),
    ("a row from outside the range", |m| lines(m, INCIDENTS, |l| { let row = l[47].replace("\"index\":470", "\"index\":480"); l.push(row); }), Kind::RowAdded, "populations/incidents.jsonl, line 49"),
    ("the listing without its last newline", |m| edit(m, INCIDENTS, |b| b.truncate(b.len() - 1)), Kind::MemberChanged, INCIDENTS),
    ("a finding removed", |m| lines(m, FINDINGS, |l| drop(l.remove(6))), Kind::RowRemoved, "populations/findings.jsonl, batch entry 31"),
    ("a finding renamed", |m| replace(m, FINDINGS, "finding-31-1", "finding-31-9"), Kind::RowChanged, "batch entry 31"),
    ("a finding added", |m| lines(m, FINDINGS, |l| { let row = l[6].replace("finding-31-", "finding-31-x"); l.insert(8, row); }), Kind::RowAdded, "batch entry 31"),
    ("a finding put in another batch", |m| replace(m, FINDINGS, "\"batch\":31", "\"batch\":32"), Kind::RowAdded, "populations/findings.jsonl"),
    ("findings in another order", |m| lines(m, FINDINGS, |l| l.swap(9, 10)), Kind::RowMoved, "populations/findings.jsonl, line 11"),
    ("all findings of a batch removed", |m| lines(m, FINDINGS, |l| l.retain(|row| !row.contains("\"batch\":41,"))), Kind::RowRemoved, "batch entry 41"),
    ("a certificate's range narrowed", |m| replace(m, CERTIFICATE, "2026-03-01", "2026-02-01"), Kind::RowAdded, INCIDENTS),
    ("a certificate's kind changed", |m| replace(m, CERTIFICATE, "\"incident.opened\"", "\"incident.closed\""), Kind::RowAdded, INCIDENTS),
    ("a certificate's row count", |m| replace(m, CERTIFICATE, "\"rows\": 48", "\"rows\": 49"), Kind::CertificateWrong, CERTIFICATE),
    ("a certificate's replay count", |m| replace(m, CERTIFICATE, "\"replayed\": 620", "\"replayed\": 619"), Kind::CertificateWrong, CERTIFICATE),
    ("a certificate's last row", |m| replace(m, CERTIFICATE, "\"id\": \"e-470\"", "\"id\": \"e-471\""), Kind::CertificateWrong, CERTIFICATE),
    ("a certificate's tree", |m| replace(m, CERTIFICATE, "\"size\": 620", "\"size\": 621"), Kind::CertificateWrong, CERTIFICATE),
    ("a certificate that does not parse", |m| replace(m, CERTIFICATE, "{", "["), Kind::CertificateWrong, CERTIFICATE),
    ("a certificate without a time", |m| replace(m, CERTIFICATE, "2026-03-01T00:00:00Z", "soon"), Kind::CertificateWrong, CERTIFICATE),
    ("no certificate", |m| drop(m.remove(CERTIFICATE)), Kind::CertificateWrong, CERTIFICATE),
    ("a sample's seed", |m| replace(m, "samples/incidents.json", "auditor-2026", "auditor-2027"), Kind::SampleWrong, "samples/incidents.json"),
    ("a sampled row swapped for a nicer one", |m| {
        let sample = String::from_utf8(m["samples/incidents.json"].clone()).unwrap();
        let id = sample.split("\"id\": \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        replace(m, "samples/incidents.json", &id, "e-999");
    }, Kind::SampleWrong, "samples/incidents.json"),
    ("a sample's population", |m| replace(m, "samples/incidents.json", "\"incidents\"", "\"incident\""), Kind::SampleWrong, "samples/incidents.json"),
    ("a proof's hash", |m| edit(m, "proofs/73.tlog-proof", |b| b[40] ^= 1), Kind::ProofWrong, "proofs/73.tlog-proof"),
    ("a proof's index", |m| replace(m, "proofs/73.tlog-proof", "index 73\n", "index 72\n"), Kind::ProofWrong, "proofs/73.tlog-proof"),
    ("a proof's index beyond the log", |m| replace(m, "proofs/73.tlog-proof", "index 73\n", "index 730\n"), Kind::ProofWrong, "proofs/73.tlog-proof"),
    ("a proof's checkpoint", |m| replace(m, "proofs/73.tlog-proof", "\n620\n", "\n621\n"), Kind::ProofWrong, "proofs/73.tlog-proof"),
    ("proofs swapped", |m| swap(m, "proofs/73.tlog-proof", "proofs/300.tlog-proof"), Kind::MemberChanged, "proofs/300.tlog-proof"),
];

#[test]
fn every_change_is_found_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let members = members(&pack(directory.path()));
    let mut missed = Vec::new();
    for (what, change, kind, place) in CHANGES {
        let mut changed = members.clone();
        change(&mut changed);
        assert_ne!(changed, members, "{what}: nothing was changed");
        for trust in [trust(), Trust::default()] {
            let report = verify_members(&changed, &trust);
            if !has(&report, *kind, place) || report.anchor.is_some() {
                missed.push(format!("{what}: no {kind:?} at {place}, but {:?}", report.faults));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    assert!(25 <= CHANGES.len());
}

/// Small causes have small reports: an auditor must not look for the fault among a thousand echoes.
#[test]
fn one_change_gives_few_faults() {
    let directory = tempfile::tempdir().unwrap();
    let members = members(&pack(directory.path()));
    for what in [
        "a byte of an entry",
        "a byte of the last entry",
        "a bit of a hash tile",
        "a bit of the partial hash tile",
        "a document missing",
    ] {
        let (_, change, _, _) = CHANGES.iter().find(|(name, ..)| name == &what).unwrap();
        let mut changed = members.clone();
        change(&mut changed);
        let report = verify_members(&changed, &trust());
        // An edited entry may also be a row of a listing or have a proof.
        assert!(report.faults.len() <= 3, "{what}: {:?}", report.faults);
    }
}

#[test]
fn verification_goes_on_after_the_first_fault() {
    let directory = tempfile::tempdir().unwrap();
    let mut members = members(&pack(directory.path()));
    bundle(&mut members, BUNDLE_0, |e| e[73][20] ^= 1);
    lines(&mut members, INCIDENTS, |l| drop(l.remove(7)));
    members.remove(LETTER);
    members.insert("extra.txt".into(), vec![]);
    let report = verify_members(&members, &trust());
    for (kind, place) in [
        (Kind::EntryChanged, "entry 73"),
        (Kind::RowRemoved, INCIDENTS),
        (Kind::Missing, LETTER),
        (Kind::Unexpected, "extra.txt"),
    ] {
        assert!(has(&report, kind, place), "{kind:?} {place}: {:?}", report.faults);
    }
}

/// The whole log rewritten, tiles, checkpoint and seal and all, under a key of the forger's own.
#[test]
fn a_pack_of_another_key_needs_a_gullible_reader() {
    let directory = tempfile::tempdir().unwrap();
    let forger = LogKey::from_seed(ORIGIN, KeyKind::Ed25519, &[66; 32]).unwrap();
    let mut store = evidence::store::TileStore::open(directory.path().join("log")).unwrap();
    store.append(0, &(0..ENTRIES).filter(|n| *n != 70).map(entry).collect::<Vec<_>>()).unwrap();
    store.sign_checkpoint(&[&forger]).unwrap();
    let head = PackHead {
        framework: "soc2",
        from: "2026-01-01T00:00:00Z",
        to: "2026-03-01T00:00:00Z",
        made_at: "2026-04-01T00:00:00Z",
    };
    let path = directory.path().join("pack.zip");
    let mut pack = PackWriter::create(&path, &store, &[&forger], &[], &head).unwrap();
    pack.population(&population("incidents", "incident.opened"), |_| json!(null)).unwrap();
    pack.finish().unwrap();
    let report = verify(&path, &trust()).unwrap();
    assert!(has(&report, Kind::CheckpointInvalid, "log/checkpoint"), "{:?}", report.faults);
    assert!(has(&report, Kind::ManifestInvalid, "manifest.sig"));
    // Without a key it is consistent with itself, which is all the report claims.
    let report = verify(&path, &Trust::default()).unwrap();
    assert_eq!(
        (report.holds(), report.key, report.anchor),
        (true, Some(KeySource::Found), Some(Anchor::SelfConsistent))
    );
    // A checkpoint received earlier shows the rewriting even then.
    let honest = tempfile::tempdir().unwrap();
    let mut earlier = Trust::default();
    earlier
        .add_checkpoint(common::store(honest.path()).checkpoint_note().unwrap().unwrap().to_string().as_bytes())
        .unwrap();
    assert!(has(&verify(&path, &earlier).unwrap(), Kind::Truncated, "log/checkpoint"));
}

/// Every byte of the file counts, in headers and between members too.
#[test]
fn any_flipped_byte_of_the_file_is_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    let path = pack(directory.path());
    let original = std::fs::read(&path).unwrap();
    let changed_path = directory.path().join("changed.zip");
    let step = original.len() / 400;
    let tail = original.len() - 120..original.len();
    for at in (0..original.len()).step_by(step).chain(tail).chain(0..64) {
        let mut changed = original.clone();
        changed[at] ^= 0x10;
        std::fs::write(&changed_path, &changed).unwrap();
        assert!(!verify(&changed_path, &trust()).unwrap().holds(), "byte {at} of {}", original.len());
    }
    for length in [0, 1, 21, 22, 100, original.len() / 2, original.len() - 65, original.len() - 1] {
        std::fs::write(&changed_path, &original[..length]).unwrap();
        assert!(!verify(&changed_path, &trust()).unwrap().holds(), "cut to {length}");
    }
    let mut longer = original.clone();
    longer.push(0);
    std::fs::write(&changed_path, &longer).unwrap();
    assert!(!verify(&changed_path, &trust()).unwrap().holds());
}

#[test]
fn trust_raises_the_anchor() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory.path().join("log"));
    let older = store.archived_checkpoints().unwrap().remove(0).1;
    let mut note = store.checkpoint_note().unwrap().unwrap();
    for seed in [1, 2] {
        evidence::cosignature::cosign(&mut note, &witness(seed), 1_775_000_000 + u64::from(seed)).unwrap();
    }
    store.keep_cosigned(&note, &[log_key().verifier(), witness(1).verifier()]).unwrap();
    let path = pack_of(&store, directory.path());
    let with = |witnesses: &[u8], min: usize, checkpoint: bool| {
        let mut trust = trust();
        trust.keys.extend(witnesses.iter().map(|seed| witness(*seed).verifier()));
        trust.witnesses_min = min;
        if checkpoint {
            trust.add_checkpoint(older.to_string().as_bytes()).unwrap();
        }
        let report = verify(&path, &trust).unwrap();
        assert!(report.holds(), "{:?}", report.faults);
        (report.anchor.unwrap(), report.witnesses.len(), report.continues)
    };
    assert_eq!(with(&[], 1, false), (Anchor::SelfConsistent, 0, vec![]));
    assert_eq!(with(&[3], 1, false), (Anchor::SelfConsistent, 0, vec![]));
    assert_eq!(with(&[], 1, true), (Anchor::TrustedCheckpoint, 0, vec![ARCHIVED]));
    assert_eq!(with(&[1], 2, true), (Anchor::Timestamped, 1, vec![ARCHIVED]));
    assert_eq!(with(&[1], 0, false), (Anchor::Witnessed, 1, vec![]));
    assert_eq!(with(&[1, 2], 2, false), (Anchor::Witnessed, 2, vec![]));
}

fn pack_of(store: &evidence::store::TileStore, directory: &std::path::Path) -> std::path::PathBuf {
    let key = log_key();
    let head = PackHead {
        framework: "gdpr",
        from: "2026-01-01T00:00:00Z",
        to: "2026-03-01T00:00:00Z",
        made_at: "2026-04-01T00:00:00Z",
    };
    let path = directory.join("plain.zip");
    PackWriter::create(&path, store, &[&key], &[], &head).unwrap().finish().unwrap();
    path
}

#[test]
fn hostile_archives_cost_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    let members = members(&pack(directory.path()));
    let path = directory.path().join("hostile.zip");
    for name in ["../../etc/passwd", "/etc/passwd", "log/../../x", "a\\b", "log//x", ".hidden", "a\u{202e}b"] {
        let mut changed = members.clone();
        changed.insert(name.into(), b"x".to_vec());
        zip_of(&changed, &path);
        let report = verify(&path, &trust()).unwrap();
        assert!(report.faults.iter().any(|fault| fault.kind == Kind::Unexpected), "{name}: {:?}", report.faults);
    }
    // A member that unpacks to 200 MB where a checkpoint should be.
    let mut bomb = members.clone();
    bomb.insert("log/checkpoint".into(), vec![0; 200 << 20]);
    zip_of(&bomb, &path);
    assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
    assert!(has(&verify(&path, &trust()).unwrap(), Kind::CheckpointInvalid, "log/checkpoint"));
    // The same name twice: which one is read must not matter, being there twice is the fault.
    let mut twice = members.clone();
    twice.insert("artefacts/notice-1/lettes.txt".into(), b"another letter".to_vec());
    zip_of(&twice, &path);
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = b"notice-1/lettes.txt";
    let places: Vec<usize> =
        bytes.windows(needle.len()).enumerate().filter(|(_, w)| w == needle).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        bytes[at + 14] = b'r';
    }
    std::fs::write(&path, &bytes).unwrap();
    let report = verify(&path, &trust()).unwrap();
    assert!(has(&report, Kind::ContainerDamaged, "the zip's directory"), "{:?}", report.faults);
    // An end record that claims a directory of gigabytes.
    let mut claims = std::fs::read(directory.path().join("pack.zip")).unwrap();
    let end = claims.windows(4).rposition(|window| window == b"PK\x05\x06").unwrap();
    claims[end + 12..end + 16].copy_from_slice(&0xF000_0000_u32.to_le_bytes());
    std::fs::write(&path, &claims).unwrap();
    assert!(!verify(&path, &trust()).unwrap().holds());
    // A checkpoint, validly signed by a key of its own, over more entries than there are atoms in the disk.
    let huge = Checkpoint::new(ORIGIN, (1 << 62) + 5, leaf_hash(b"x"));
    let note: Note = evidence::checkpoint::sign_next(&[&log_key()], None, &huge, &[]).unwrap();
    let mut changed = members.clone();
    changed.insert("log/checkpoint".into(), note.to_string().into_bytes());
    assert!(!verify_members(&changed, &trust()).holds());
    for bytes in [&b""[..], b"PK", b"PK\x05\x06", &[0; 100_000]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(!verify(&path, &trust()).unwrap().holds());
    }
    assert!(verify(&directory.path().join("absent.zip"), &trust()).is_err());
}

#[test]
fn the_writer_refuses_what_it_cannot_vouch_for() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory.path().join("log"));
    let key = log_key();
    let head = PackHead {
        framework: "soc2",
        from: "2026-01-01T00:00:00Z",
        to: "2026-03-01T00:00:00Z",
        made_at: "2026-04-01T00:00:00Z",
    };
    let path = directory.path().join("pack.zip");
    let create = || PackWriter::create(&path, &store, &[&key], &[], &head).unwrap();
    let findings = population("findings", "findings.sealed");
    for wrong in [
        |ids: &mut Vec<Finding>| drop(ids.pop()),
        |ids: &mut Vec<Finding>| ids.extend(ids.first().cloned()),
        |ids: &mut Vec<Finding>| ids.iter_mut().for_each(|finding| finding.id.push('x')),
    ] {
        let given = |batch: &evidence::population::Row| {
            let mut ids: Vec<Finding> =
                findings_of(batch.index).into_iter().map(|id| Finding { id, attributes: json!(null) }).collect();
            wrong(&mut ids);
            Ok(ids)
        };
        assert!(matches!(create().finding_set(&findings, given), Err(PackError::IncompleteBatch { .. })));
    }
    assert!(matches!(create().finding_set(&findings, |_| Err("lake closed".into())), Err(PackError::Rows { .. })));
    assert!(matches!(create().finding_set(&population("x", "fact.set"), |_| Ok(vec![])), Err(PackError::NotABatch(2))));
    assert!(matches!(create().sample("nothing", "s", 5), Err(PackError::NoPopulation(_))));
    assert!(matches!(create().oscal("a.json", b"{"), Err(PackError::NotJson(_))));
    for name in ["../x", "/x", "a b", ""] {
        assert!(matches!(create().artefact(name, b"x"), Err(PackError::Name(_))), "{name}");
    }
    let mut pack = create();
    pack.artefact("a.txt", b"x").unwrap();
    assert!(matches!(pack.artefact("a.txt", b"y"), Err(PackError::Name(_))));
    assert!(pack.proof(ENTRIES).is_err());
    let mut backwards = population("incidents", "incident.opened");
    std::mem::swap(&mut backwards.query.from, &mut backwards.query.to);
    assert!(matches!(pack.population(&backwards, |_| json!(null)), Err(PackError::Query(_))));
    drop(pack);
    assert!(!path.exists(), "a pack that was not finished does not exist");
    let empty = evidence::store::TileStore::open(directory.path().join("empty")).unwrap();
    assert!(matches!(PackWriter::create(&path, &empty, &[&key], &[], &head), Err(PackError::NoCheckpoint)));
    empty.sign_checkpoint(&[&key]).unwrap();
    PackWriter::create(&path, &empty, &[&key], &[], &head).unwrap().finish().unwrap();
    let report = verify(&path, &trust()).unwrap();
    assert!(report.holds() && report.size == 0, "{:?}", report.faults);
}
