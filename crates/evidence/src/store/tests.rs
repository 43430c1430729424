//! The store dies at every step of a write, is opened again, and must hold what it held or what it was given; nothing else.

use std::sync::atomic::AtomicU64;

use super::*;
use crate::keys::LogKey;
use crate::note::KeyKind;
use crate::verify::{Trust, verify};

fn key() -> LogKey {
    LogKey::from_seed("evidence.example/test", KeyKind::Ed25519, &[7; 32]).unwrap()
}

fn entry(n: u64) -> Vec<u8> {
    format!("{{\"seq\":{n},\"type\":\"incident.opened\"}}").into_bytes()
}

fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

fn expected_root(size: u64) -> Hash {
    let mut frontier = tree::Frontier::new();
    (0..size).for_each(|n| frontier.push(leaf_hash(&entry(n))));
    frontier.root()
}

fn dying_after(steps: u64) -> Disk {
    Disk { steps_left: Some(AtomicU64::new(steps)) }
}

#[test]
fn a_reader_stays_at_its_moment_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (mut writer, key) = (TileStore::open(directory.path()).unwrap(), key());
    writer.append(0, &entries(0..200)).unwrap();
    writer.sign_checkpoint(&[&key]).unwrap();
    let reader = TileStore::open_to_read(directory.path()).unwrap();
    // Beyond a full tile, so that the partial one the reader began with is replaced.
    writer.append(200, &entries(200..300)).unwrap();
    let between = TileStore::open_to_read(directory.path()).unwrap();
    assert_eq!(between.size(), 200, "what no checkpoint covers is the writer's to take up");
    writer.sign_checkpoint(&[&key]).unwrap();
    let note = reader.checkpoint_note().unwrap().unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size, 200);
    assert_eq!((reader.size(), reader.root()), (200, expected_root(200)));
    reader.tlog_proof(199, &note).unwrap();
    assert_eq!(reader.entry(199).unwrap(), entry(199));
    assert_eq!(TileStore::open_to_read(directory.path()).unwrap().size(), 300);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(TileStore::open_to_read(empty.path().join("log")).unwrap().size(), 0);
    assert!(!empty.path().join("log").exists());
}

#[test]
fn grows_reopens_and_proves_at_every_batch_size() {
    for batch in [1, 3, 100, 256, 257, 1000] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = TileStore::open(directory.path()).unwrap();
        let key = key();
        while store.size() < 1100 {
            let first = store.size();
            // A batch of one is slow on a disk that syncs; start it near the edges of a tile.
            let step = if batch == 1 && first == 0 { 510 } else { batch };
            store.append(first, &entries(first..first + step)).unwrap();
            if batch == 1 && 515 <= store.size() {
                break;
            }
            store.sign_checkpoint(&[&key]).unwrap();
            store = TileStore::open(directory.path()).unwrap();
            assert_eq!(store.root(), expected_root(store.size()), "batch {batch}");
        }
        let size = store.size();
        for index in [0, 1, 255, 256, 257, 511, 512, size - 1] {
            store.prove_inclusion(index, size).unwrap();
            store.prove_consistency(index, size).unwrap();
            assert_eq!(store.entry(index).unwrap(), entry(index));
        }
        store.sign_checkpoint(&[&key]).unwrap();
        let report = verify(directory.path(), &Trust { keys: vec![key.verifier()], ..Trust::default() }).unwrap();
        assert!(report.holds(), "batch {batch}: {:?}", report.faults);
        assert_eq!(report.entries, size);
    }
}

#[test]
fn a_large_log_crosses_the_second_level() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = TileStore::open(directory.path()).unwrap();
    let size = 65_536 + 300;
    store.append(0, &entries(0..size)).unwrap();
    assert_eq!(store.root(), expected_root(size));
    store.sign_checkpoint(&[&key()]).unwrap();
    let store = TileStore::open(directory.path()).unwrap();
    assert_eq!((store.size(), store.root()), (size, expected_root(size)));
    for (index, at) in [(0, size), (65_535, 65_536), (65_536, size), (40_000, 65_537)] {
        store.prove_inclusion(index, at).unwrap();
    }
    store.prove_consistency(65_535, size).unwrap();
    for tile in Tile::of_tree(size) {
        assert!(directory.path().join(tile.path()).is_file(), "{}", tile.path());
    }
    let report = verify(directory.path(), &Trust::default()).unwrap();
    assert!(report.holds(), "{:?}", report.faults);
}

#[test]
fn appending_again_is_harmless_and_other_bytes_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = TileStore::open(directory.path()).unwrap();
    store.append(0, &entries(0..300)).unwrap();
    let root = store.root();
    assert_eq!(store.append(0, &entries(0..300)).unwrap(), 300);
    assert_eq!(store.append(250, &entries(250..300)).unwrap(), 300);
    assert_eq!(store.root(), root);
    // Overlap and growth in one call, as after a crash.
    assert_eq!(store.append(290, &entries(290..310)).unwrap(), 310);
    assert_eq!(store.root(), expected_root(310));
    let mut others = entries(100..120);
    others[7] = b"another".to_vec();
    assert!(matches!(store.append(100, &others), Err(StoreError::Conflict(107))));
    assert!(matches!(store.append(311, &entries(311..312)), Err(StoreError::Gap { first: 311, size: 310 })));
    assert!(matches!(store.append(310, &[vec![]]), Err(StoreError::EntrySize { index: 310, bytes: 0 })));
    assert!(matches!(store.append(310, &[vec![1; 65_536]]), Err(StoreError::EntrySize { index: 310, bytes: 65_536 })));
    store.append(310, &[vec![1; 65_535]]).unwrap();
    assert_eq!(store.append::<Vec<u8>>(311, &[]).unwrap(), 311);
    assert!(matches!(store.entry(311), Err(StoreError::BeyondEnd { .. })));
    assert!(store.prove_inclusion(311, 311).is_err() && store.prove_inclusion(0, 312).is_err());
}

/// From a signed log of `before` entries, die at every single step of appending up to `after` and signing, open again,
/// append the same, and verify.
#[test]
fn dying_at_every_step_loses_nothing_and_tears_nothing() {
    for (before, after) in [(0, 5), (250, 260), (256, 300), (100, 800)] {
        let mut steps = 0;
        loop {
            let directory = tempfile::tempdir().unwrap();
            let key = key();
            let mut store = TileStore::open(directory.path()).unwrap();
            store.append(0, &entries(0..before)).unwrap();
            store.sign_checkpoint(&[&key]).unwrap();
            store.disk = dying_after(steps);
            let died =
                store.append(before, &entries(before..after)).is_err() || store.sign_checkpoint(&[&key]).is_err();
            drop(store);
            // What was signed before still verifies, whatever lies around.
            let trust = Trust { keys: vec![key.verifier()], ..Trust::default() };
            let report = verify(directory.path(), &trust).unwrap();
            assert!(report.holds(), "{before}→{after} died at {steps}: {:?}", report.faults);
            let mut store = TileStore::open(directory.path()).unwrap();
            assert!((before..=after).contains(&store.size()), "died at {steps}");
            assert_eq!(store.root(), expected_root(store.size()), "died at {steps}");
            assert_eq!(store.append(before, &entries(before..after)).unwrap(), after);
            store.sign_checkpoint(&[&key]).unwrap();
            assert_eq!(store.root(), expected_root(after));
            let report = verify(directory.path(), &trust).unwrap();
            assert!(report.holds() && report.size == after, "{before}→{after} died at {steps}: {:?}", report.faults);
            if !died {
                break;
            }
            steps += 1;
        }
        assert!(6 <= steps, "an append has more than {steps} steps");
    }
}

#[test]
fn dying_while_recovering_is_no_worse() {
    let directory = tempfile::tempdir().unwrap();
    let key = key();
    let mut store = TileStore::open(directory.path()).unwrap();
    store.append(0, &entries(0..200)).unwrap();
    store.sign_checkpoint(&[&key]).unwrap();
    store.append(200, &entries(200..600)).unwrap();
    drop(store);
    let mut died = 0;
    for steps in 0.. {
        match TileStore::open_on(directory.path().to_owned(), dying_after(steps)) {
            Ok(store) => {
                assert_eq!((store.size(), store.root()), (600, expected_root(600)));
                break;
            }
            Err(_) => died += 1,
        }
    }
    assert!(5 < died);
}

#[test]
fn a_failed_append_can_be_tried_again_on_the_same_store() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = TileStore::open(directory.path()).unwrap();
    store.append(0, &entries(0..250)).unwrap();
    store.disk = dying_after(3);
    assert!(store.append(250, &entries(250..270)).is_err());
    assert_eq!((store.size(), store.root()), (250, expected_root(250)));
    store.disk = Disk::new();
    store.append(250, &entries(250..270)).unwrap();
    assert_eq!(store.root(), expected_root(270));
    drop(store);
    assert_eq!(TileStore::open(directory.path()).unwrap().root(), expected_root(270));
}

#[test]
fn never_signs_what_does_not_continue_the_last_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let key = key();
    let mut store = TileStore::open(directory.path()).unwrap();
    store.append(0, &entries(0..300)).unwrap();
    let first = store.sign_checkpoint(&[&key]).unwrap();
    // Signing an unchanged head changes nothing.
    assert_eq!(store.sign_checkpoint(&[&key]).unwrap(), first);
    assert!(matches!(store.sign_checkpoint(&[]), Err(StoreSignError::NoKey)));
    let stranger = LogKey::from_seed("evidence.example/test", KeyKind::Ed25519, &[8; 32]).unwrap();
    assert!(matches!(store.sign_checkpoint(&[&stranger]), Err(StoreSignError::Checkpoint(_))));
    // Rotation: both keys sign once, then the new one goes on alone, and both are published.
    store.append(300, &entries(300..310)).unwrap();
    store.sign_checkpoint(&[&key, &stranger]).unwrap();
    store.append(310, &entries(310..320)).unwrap();
    store.sign_checkpoint(&[&stranger]).unwrap();
    let published = std::fs::read_to_string(directory.path().join(VKEY_FILE)).unwrap();
    assert_eq!(published, format!("{}\n{}\n", key.verifier(), stranger.verifier()));
    // Another history of the same length, in the same place: the store refuses to open, so nothing can be signed.
    let other = tempfile::tempdir().unwrap();
    let mut forked = TileStore::open(other.path()).unwrap();
    let mut history = entries(0..320);
    history[5] = b"rewritten".to_vec();
    forked.append(0, &history).unwrap();
    std::fs::copy(directory.path().join(CHECKPOINT_FILE), other.path().join(CHECKPOINT_FILE)).unwrap();
    assert!(forked.sign_checkpoint(&[&stranger]).is_err());
    drop(forked);
    assert!(matches!(TileStore::open(other.path()), Err(StoreError::Damaged { .. })));
    // A log that lost entries does not sign either.
    let shrunk = tempfile::tempdir().unwrap();
    let mut shorter = TileStore::open(shrunk.path()).unwrap();
    shorter.append(0, &entries(0..310)).unwrap();
    std::fs::copy(directory.path().join(CHECKPOINT_FILE), shrunk.path().join(CHECKPOINT_FILE)).unwrap();
    assert!(matches!(shorter.sign_checkpoint(&[&stranger]), Err(StoreSignError::Shrunk { signed: 320, size: 310 })));
}

#[test]
fn missing_and_damaged_tiles_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = TileStore::open(directory.path()).unwrap();
    store.append(0, &entries(0..600)).unwrap();
    store.sign_checkpoint(&[&key()]).unwrap();
    drop(store);
    let file = |name: &str| directory.path().join(name);
    std::fs::remove_file(file("tile/0/001")).unwrap();
    let store = TileStore::open(directory.path()).unwrap();
    let error = store.prove_inclusion(300, 600).unwrap_err();
    assert!(error.to_string().contains("tile/0/001"), "{error}");
    drop(store);
    std::fs::write(file("tile/0/002.p/88"), [0; 88 * 32]).unwrap();
    let error = TileStore::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("tile/entries/002.p/88") || error.to_string().contains("checkpoint"), "{error}");
}
