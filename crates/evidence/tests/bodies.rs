//! Bodies beside the log: sealed, opened, erased. Erasing one subject leaves every other body and every proof as it was.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap like tests")]

use evidence::body::{self, BodyError, OpenedBody};
use evidence::entry::{ENTRY_VERSION, Entry};
use evidence::keyring::{KeyRing, KeyRingError, KeyState, WrappingKey};
use evidence::keys::LogKey;
use evidence::note::KeyKind;
use evidence::store::TileStore;
use evidence::verify::{Trust, verify};

const NOW: &str = "2026-03-02T10:00:00Z";

fn ring(directory: &std::path::Path) -> KeyRing {
    KeyRing::open(directory.join("keyring"), WrappingKey::from_bytes([5; 32]))
}

fn entry(id: &str, body: Option<evidence::entry::BodyRef>) -> Entry {
    Entry {
        v: ENTRY_VERSION,
        id: id.into(),
        kind: "fact.set".into(),
        at: NOW.into(),
        tenant: "larkfield".into(),
        subject: "INC-1".into(),
        clear: serde_json::Map::new(),
        body,
    }
}

#[test]
fn erasing_a_subject_keeps_every_proof() {
    let directory = tempfile::tempdir().unwrap();
    let ring = ring(directory.path());
    let mut store = TileStore::open(directory.path().join("log")).unwrap();
    let mut sealed = Vec::new();
    for n in 0..40 {
        let id = format!("e-{n}");
        let key = ring.create(&format!("incident/{}", n % 4), NOW).unwrap();
        let body = body::seal(&key, &id, format!("ada{n}@larkfield.example").as_bytes()).unwrap();
        let entry = entry(&id, Some(body.reference));
        store.append(n, &[entry.to_bytes().unwrap()]).unwrap();
        sealed.push((entry, body.bytes));
    }
    let key = LogKey::from_seed("log.example/a", KeyKind::Ed25519, &[1; 32]).unwrap();
    let note = store.sign_checkpoint(&[&key]).unwrap();
    let proofs: Vec<_> = (0..40).map(|n| store.tlog_proof(n, &note).unwrap()).collect();

    ring.destroy("incident/2", "2026-04-01T00:00:00Z").unwrap();
    ring.destroy("incident/2", "2026-05-01T00:00:00Z").unwrap();

    for ((n, (entry, bytes)), proof) in (0..).zip(&sealed).zip(&proofs) {
        match body::open(&ring, entry, bytes).unwrap() {
            OpenedBody::Erased(at) => assert_eq!((n % 4, at.as_str()), (2, "2026-04-01T00:00:00Z")),
            OpenedBody::Clear(body) => assert_eq!(body, format!("ada{n}@larkfield.example").into_bytes()),
        }
        proof.verify(&entry.to_bytes().unwrap(), &[key.verifier()]).unwrap();
    }
    assert!(verify(store.directory(), &Trust::default()).unwrap().holds());
    assert!(matches!(ring.create("incident/2", NOW), Err(KeyRingError::Destroyed(_))));
    // Nothing in the ring's directory can bring it back: the wrapped key is gone from every file.
    for file in std::fs::read_dir(ring.directory()).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert_eq!(text.contains("incident/2"), text.contains("\"wrapped\":null"), "{text}");
    }
}

#[test]
fn a_restored_backup_replays_erasures() {
    let directory = tempfile::tempdir().unwrap();
    let ring = ring(directory.path());
    // The backup had never heard of the subject, or had its key still: both ends are the same.
    ring.destroy("incident/9", NOW).unwrap();
    assert!(matches!(ring.key("incident/9").unwrap(), KeyState::Destroyed(_)));
    ring.create("incident/8", NOW).unwrap();
    ring.destroy("incident/8", NOW).unwrap();
    assert!(matches!(ring.key("incident/8").unwrap(), KeyState::Destroyed(_)));
    assert!(matches!(ring.key("incident/7").unwrap(), KeyState::Unknown));
}

#[test]
fn changed_bodies_are_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let ring = ring(directory.path());
    let key = ring.create("incident/1", NOW).unwrap();
    let sealed = body::seal(&key, "e-1", b"ada").unwrap();
    let right = entry("e-1", Some(sealed.reference.clone()));
    assert_eq!(body::open(&ring, &right, &sealed.bytes).unwrap(), OpenedBody::Clear(b"ada".to_vec()));
    for at in 0..sealed.bytes.len() {
        let mut changed = sealed.bytes.clone();
        changed[at] ^= 1;
        assert!(matches!(body::open(&ring, &right, &changed), Err(BodyError::Changed(_))), "byte {at}");
        assert!(body::open(&ring, &right, &sealed.bytes[..at]).is_err());
    }
    // Shown as another entry's body, or under another commitment.
    let other = entry("e-2", Some(sealed.reference.clone()));
    assert!(matches!(body::open(&ring, &other, &sealed.bytes), Err(BodyError::Changed(_))));
    let second = body::seal(&key, "e-1", b"bob").unwrap();
    assert!(matches!(body::open(&ring, &right, &second.bytes), Err(BodyError::NotCommitted(_))));
    assert!(matches!(body::open(&ring, &entry("e-1", None), &sealed.bytes), Err(BodyError::NoBody(_))));
    let lost = KeyRing::open(directory.path().join("elsewhere"), WrappingKey::from_bytes([5; 32]));
    assert!(matches!(body::open(&lost, &right, &sealed.bytes), Err(BodyError::NoKey { .. })));
    assert!(matches!(body::seal(&key, "e", &vec![0; 17 << 20]), Err(BodyError::TooLarge(_))));
    // The same body twice gives different bytes and different commitments.
    assert_ne!(body::seal(&key, "e-1", b"ada").unwrap(), sealed);
}

#[test]
fn wrapping_keys_rotate_and_wrong_ones_fail() {
    let directory = tempfile::tempdir().unwrap();
    let ring = ring(directory.path());
    let key = ring.create("incident/1", NOW).unwrap();
    let sealed = body::seal(&key, "e-1", b"ada").unwrap();
    let entry = entry("e-1", Some(sealed.reference));
    let next = WrappingKey::generate().unwrap();
    ring.rewrap("incident/1", &next).unwrap();
    assert!(matches!(ring.key("incident/1"), Err(KeyRingError::WrongWrappingKey(_))));
    let rotated = KeyRing::open(ring.directory(), WrappingKey::from_bytes(next.to_bytes()));
    assert_eq!(body::open(&rotated, &entry, &sealed.bytes).unwrap(), OpenedBody::Clear(b"ada".to_vec()));
    // A key file in another subject's place is not that subject's key.
    let files: Vec<_> = std::fs::read_dir(ring.directory()).unwrap().map(|file| file.unwrap().path()).collect();
    rotated.create("incident/2", NOW).unwrap();
    let second = std::fs::read_dir(ring.directory()).unwrap().map(|file| file.unwrap().path());
    let second = second.into_iter().find(|path| !files.contains(path)).unwrap();
    std::fs::copy(&files[0], &second).unwrap();
    assert!(matches!(rotated.key("incident/2"), Err(KeyRingError::Damaged(_))));
    let renamed = std::fs::read_to_string(&files[0]).unwrap().replace("incident/1", "incident/2");
    std::fs::write(&second, renamed).unwrap();
    assert!(matches!(rotated.key("incident/2"), Err(KeyRingError::WrongWrappingKey(_))));
}
