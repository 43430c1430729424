//! A log's own directory, alive or restored: what may lie around in it, and what must not be changed.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap like tests")]

mod common;

use std::fs;
use std::path::Path;

use common::*;
use evidence::store::TileStore;
use evidence::verify::{Anchor, FaultKind as Kind, Subject, Trust, verify};

fn fresh() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    directory
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_untouched_log_holds() {
    let directory = fresh();
    let report = verify(directory.path(), &trust()).unwrap();
    assert!(report.holds(), "{:?}", report.faults);
    assert_eq!((report.subject, report.size, report.entries), (Subject::Log, ENTRIES, ENTRIES));
    assert_eq!(report.anchor, Some(Anchor::SelfConsistent));
}

#[test]
fn what_is_not_sealed_yet_is_no_fault() {
    let directory = fresh();
    let mut store = TileStore::open(directory.path()).unwrap();
    // Unsealed growth, also past the end of the bundle the checkpoint ends in, and a crash's leftovers.
    store.append(ENTRIES, &(ENTRIES..900).map(entry).collect::<Vec<_>>()).unwrap();
    fs::write(directory.path().join("tile/entries/003.p/130.tmp"), b"half").unwrap();
    let report = verify(directory.path(), &trust()).unwrap();
    assert!(report.holds(), "{:?}", report.faults);
    assert_eq!(report.entries, ENTRIES);
}

/// The file changed, the byte of it, and the fault that must name it.
#[test]
fn changed_files_are_named() {
    for (file, at, kind) in [
        ("tile/entries/000", 100, Kind::EntryChanged),
        ("tile/entries/002.p/108", 100, Kind::EntryChanged),
        ("tile/0/001", 100, Kind::TileChanged),
        ("tile/0/002.p/108", 100, Kind::TileChanged),
        ("tile/1/000.p/2", 33, Kind::TileChanged),
        ("checkpoint", 40, Kind::CheckpointInvalid),
        ("checkpoints/300", 40, Kind::CheckpointInvalid),
        // Partial tiles that the first checkpoint needed and the second one does not.
        ("tile/1/000.p/1", 5, Kind::TileChanged),
    ] {
        let directory = fresh();
        flip(&directory.path().join(file), at);
        let report = verify(directory.path(), &trust()).unwrap();
        assert!(has(&report, kind, file), "{file}: {:?}", report.faults);
        assert_eq!(report.anchor, None);
    }
}

#[test]
fn rolled_back_logs_are_found_by_who_remembers() {
    let directory = fresh();
    let mut remembering = trust();
    remembering.add_checkpoint(&fs::read(directory.path().join("checkpoint")).unwrap()).unwrap();
    assert_eq!(verify(directory.path(), &remembering).unwrap().anchor, Some(Anchor::TrustedCheckpoint));
    // Roll back to the archived checkpoint.
    fs::copy(directory.path().join("checkpoints/300"), directory.path().join("checkpoint")).unwrap();
    let report = verify(directory.path(), &remembering).unwrap();
    assert!(has(&report, Kind::Truncated, "checkpoint"), "{:?}", report.faults);
    let forgetful = verify(directory.path(), &trust()).unwrap();
    assert!(forgetful.holds(), "{:?}", forgetful.faults);
    // The other way round: the archive remembers more than the current checkpoint.
    let directory = fresh();
    let store = TileStore::open(directory.path()).unwrap();
    store.archive_checkpoint().unwrap();
    fs::copy(directory.path().join("checkpoints/300"), directory.path().join("checkpoint")).unwrap();
    let report = verify(directory.path(), &trust()).unwrap();
    assert!(has(&report, Kind::Truncated, "checkpoints/620"), "{:?}", report.faults);
}

/// Two honest-looking logs of one key: a split view. Each is consistent; together they are a fork.
#[test]
fn forks_are_found() {
    let directory = fresh();
    let other = tempfile::tempdir().unwrap();
    let mut forked = TileStore::open(other.path()).unwrap();
    let mut history: Vec<Vec<u8>> = (0..ENTRIES).map(entry).collect();
    history.remove(70);
    history.push(entry(ENTRIES));
    forked.append(0, &history).unwrap();
    forked.sign_checkpoint(&[&log_key()]).unwrap();
    assert!(verify(other.path(), &trust()).unwrap().holds());
    for (ours, theirs) in [(directory.path(), other.path()), (other.path(), directory.path())] {
        let mut trust = trust();
        trust.add_checkpoint(&fs::read(theirs.join("checkpoint")).unwrap()).unwrap();
        let report = verify(ours, &trust).unwrap();
        assert!(has(&report, Kind::Fork, "checkpoint"), "{:?}", report.faults);
    }
    // An archived checkpoint of the true history beside the rewritten one says where to look.
    fs::create_dir(other.path().join("checkpoints")).unwrap();
    fs::copy(directory.path().join("checkpoints/300"), other.path().join("checkpoints/300")).unwrap();
    let report = verify(other.path(), &trust()).unwrap();
    assert!(has(&report, Kind::Fork, "checkpoints/300"), "{:?}", report.faults);
}

/// Entries, tiles and upper tiles all recomputed after an edit: only the signature is left to tell, and it does.
#[test]
fn a_consistent_rewrite_meets_the_signature() {
    let directory = fresh();
    let other = tempfile::tempdir().unwrap();
    let mut rewritten = TileStore::open(other.path()).unwrap();
    let mut history: Vec<Vec<u8>> = (0..ENTRIES).map(entry).collect();
    history[400] = b"{}".to_vec();
    rewritten.append(0, &history).unwrap();
    drop(rewritten);
    for file in ["checkpoint", "vkey"] {
        fs::copy(directory.path().join(file), other.path().join(file)).unwrap();
    }
    fs::create_dir(other.path().join("checkpoints")).unwrap();
    fs::copy(directory.path().join("checkpoints/300"), other.path().join("checkpoints/300")).unwrap();
    let report = verify(other.path(), &trust()).unwrap();
    let fault = report.faults.iter().find(|fault| fault.kind == Kind::RootMismatch).unwrap();
    assert!(fault.detail.contains("between entries 300 and 620"), "{}", fault.detail);
}

#[test]
fn strangers_in_the_directory() {
    let directory = fresh();
    fs::write(directory.path().join("tile/0/junk"), b"x").unwrap();
    assert!(has(&verify(directory.path(), &trust()).unwrap(), Kind::Unexpected, "tile/0/junk"));
    #[cfg(unix)]
    {
        let directory = fresh();
        fs::remove_file(directory.path().join("tile/0/001")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", directory.path().join("tile/0/001")).unwrap();
        let report = verify(directory.path(), &trust()).unwrap();
        assert!(
            has(&report, Kind::Unexpected, "tile/0/001") && has(&report, Kind::Missing, "tile/0/001"),
            "{:?}",
            report.faults
        );
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(has(&verify(empty.path(), &trust()).unwrap(), Kind::CheckpointInvalid, "checkpoint"));
    let directory = fresh();
    fs::remove_file(directory.path().join("vkey")).unwrap();
    assert!(verify(directory.path(), &trust()).unwrap().holds());
    assert!(has(&verify(directory.path(), &Trust::default()).unwrap(), Kind::KeyUnknown, "vkey"));
}
