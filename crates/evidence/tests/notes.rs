//! Signed notes, keys, checkpoints, cosignatures and proof files: the known ones, their round trips, and hostile ones.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap like tests")]

use evidence::checkpoint::{Checkpoint, CheckpointError, SignError, sign_next};
use evidence::cosignature;
use evidence::hash::{Hash, leaf_hash};
use evidence::keys::LogKey;
use evidence::note::{KeyKind, Note, NoteError, VerifierKey};
use evidence::proof::TlogProof;
use evidence::tree::MemoryTree;
use proptest::prelude::*;

/// Made and checked by separate programs, one of them the `signed_note` crate: log signature and witness cosignature of one
/// checkpoint. The keys are throw-away ones.
const LOG_VKEY: &str = "watertight.example/evidence+9d0373d3+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const WITNESS_VKEY: &str = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
const CHECKPOINT: &str = "watertight.example/evidence\n300\n2kEEoCj1RzfahktdoGf4QoEpctgtfXrw8EC9Ki1aETw=\n\n\
    \u{2014} watertight.example/evidence nQNz044QqBok2lceU9JEUoSy2vfboqE5OZZJeLDhbRJYlXHp1kMnXk+M+3MdGu7gVm0ZHXLBfaYMmJYdovlKW+s3/go=\n\
    \u{2014} witness.example/w1 IDJKvgAAAABpIODgkW46NiqLKae/36Te2yXUkw5jRC/eK7Tc6j4Ozf2KMQnmRGw8fdET4DWyKZScmXCQlzexdEflrpNNlTDRsnueCg==\n";

fn vkey(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

fn key(name: &str, seed: u8) -> LogKey {
    LogKey::from_seed(name, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

fn signed(text: &str, keys: &[&LogKey]) -> Note {
    let head = Checkpoint::parse(text).unwrap();
    sign_next(keys, None, &head, &[]).unwrap()
}

#[test]
fn the_known_checkpoint_verifies() {
    let (log, witness) = (vkey(LOG_VKEY), vkey(WITNESS_VKEY));
    assert_eq!((log.to_string().as_str(), witness.to_string().as_str()), (LOG_VKEY, WITNESS_VKEY));
    let (checkpoint, verified) = Checkpoint::open(CHECKPOINT.as_bytes(), &[log.clone(), witness.clone()]).unwrap();
    assert_eq!(checkpoint.size, 300);
    assert_eq!(verified.len(), 2);
    assert_eq!(verified[1].witnessed_at, Some(0x6920_E0E0));
    // The witness alone does not make it a checkpoint of the log.
    let error = Checkpoint::open(CHECKPOINT.as_bytes(), &[witness]).unwrap_err();
    assert!(matches!(error, CheckpointError::NotSignedByLog(_)), "{error}");
    assert_eq!(Note::parse(CHECKPOINT.as_bytes()).unwrap().to_string(), CHECKPOINT);
}

#[test]
fn every_changed_byte_of_the_known_checkpoint_is_refused() {
    let keys = [vkey(LOG_VKEY), vkey(WITNESS_VKEY)];
    let original = CHECKPOINT.as_bytes();
    // The first line of signatures is the log's; changing its key id makes it a stranger's, which is refused as unsigned.
    let first_signature = CHECKPOINT.find("\n\n").unwrap();
    let second_signature = CHECKPOINT.rfind('\u{2014}').unwrap();
    for at in 0..original.len() {
        for bit in [0, 3, 6] {
            let mut changed = original.to_vec();
            changed[at] ^= 1 << bit;
            match Checkpoint::open(&changed, &keys) {
                Err(_) => {}
                // A changed name or id makes the witness unknown, and unknown signatures are ignored.
                Ok((_, verified)) => assert!(second_signature <= at && verified.len() == 1, "byte {at} bit {bit}"),
            }
        }
    }
    assert!(first_signature < second_signature);
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_must_hold() {
    let (ours, other) = (key("log.example/a", 1), key("log.example/a", 2));
    let text = format!("log.example/a\n1\n{}\n", leaf_hash(b"x"));
    let note = signed(&text, &[&ours, &other]);
    assert_eq!(note.verify(&[ours.verifier()]).unwrap().len(), 1);
    assert_eq!(note.verify(&[ours.verifier(), other.verifier()]).unwrap().len(), 2);
    let stranger = key("log.example/b", 1).verifier();
    assert!(matches!(note.verify(&[stranger]), Err(NoteError::NotSigned(_))));
    // A known key with a wrong signature spoils the note even though another known key holds.
    let lines: Vec<&str> = note.to_string().leak().lines().collect();
    let wrong = signed(&text.replace("\n1\n", "\n2\n"), &[&other]).to_string();
    let spoiled = format!("{text}\n{}\n{}\n", lines[4], wrong.lines().last().unwrap());
    let spoiled = Note::parse(spoiled.as_bytes()).unwrap();
    assert!(matches!(spoiled.verify(&[ours.verifier(), other.verifier()]), Err(NoteError::BadSignature(_))));
    assert!(spoiled.verify(&[ours.verifier()]).is_ok());
}

#[test]
fn accepts_many_signatures_and_bounds_them() {
    let keys: Vec<LogKey> = (0..70).map(|seed| key("log.example/a", seed)).collect();
    let text = format!("log.example/a\n1\n{}\n", leaf_hash(b"x"));
    let with = |count: usize| signed(&text, &keys.iter().take(count).collect::<Vec<_>>()).to_string();
    for count in [16, 64] {
        let note = Note::parse(with(count).as_bytes()).unwrap();
        assert_eq!(note.verify(&keys.iter().map(LogKey::verifier).collect::<Vec<_>>()).unwrap().len(), count);
    }
    assert!(Note::parse(with(65).as_bytes()).is_err());
    assert!(Note::parse(&vec![b'a'; 600 * 1024]).is_err());
}

#[test]
fn hostile_notes_are_refused() {
    let sig = format!("\u{2014} a {}", "AAAAAAAA");
    for (why, note) in [
        ("no signatures", "text\n".to_owned()),
        ("no blank line", format!("text\n{sig}\n")),
        ("no text", format!("\n\n{sig}\n")),
        ("no final newline", format!("text\n\n{sig}")),
        ("control character", format!("te\u{7}xt\n\n{sig}\n")),
        ("carriage return", format!("text\r\n\n{sig}\n")),
        ("hyphen instead of dash", "text\n\n- a AAAAAAAA\n".to_owned()),
        ("no name", "text\n\n\u{2014} AAAAAAAA\n".to_owned()),
        ("plus in name", "text\n\n\u{2014} a+b AAAAAAAA\n".to_owned()),
        ("two spaces", "text\n\n\u{2014} a  AAAAAAAA\n".to_owned()),
        ("not base64", "text\n\n\u{2014} a !!!!\n".to_owned()),
        ("base64 without padding", "text\n\n\u{2014} a AAAAAAA\n".to_owned()),
        ("key id only", "text\n\n\u{2014} a AAAAAA==\n".to_owned()),
        ("blank line at the end", format!("text\n\n{sig}\n\n")),
        ("space of another script in name", "text\n\n\u{2014} a\u{2003}b AAAAAAAA\n".to_owned()),
    ] {
        assert!(Note::parse(note.as_bytes()).is_err(), "{why}");
    }
    assert!(Note::parse(b"te\xFFxt\n\n\xE2\x80\x94 a AAAAAAAA\n").is_err());
    // Text may have blank lines; the last one separates.
    let poem = format!("one\n\ntwo\n\n{sig}\n");
    assert_eq!(Note::parse(poem.as_bytes()).unwrap().text(), "one\n\ntwo\n");
}

#[test]
fn hostile_checkpoints_are_refused() {
    let root = leaf_hash(b"x");
    for text in [
        "".to_owned(),
        "origin\n1\n".to_owned(),
        format!("\n1\n{root}\n"),
        format!("origin\n01\n{root}\n"),
        format!("origin\n-1\n{root}\n"),
        format!("origin\n+1\n{root}\n"),
        format!("origin\n1e3\n{root}\n"),
        format!("origin\n18446744073709551616\n{root}\n"),
        format!("origin\n9223372036854775808\n{root}\n"),
        format!("origin\n0\n{root}\n"),
        format!("origin\n1\n{root}"),
        format!("origin\n1\n{root}=\n"),
        format!("origin\n1\n{root}\n\n"),
        format!("origin\n1\n{root}\n{}", "x\n".repeat(17)),
    ] {
        assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
    }
    let extended = Checkpoint::parse(&format!("origin\n1\n{root}\nextra line\n")).unwrap();
    assert_eq!(extended.extensions, ["extra line"]);
    assert_eq!(Checkpoint::parse(&extended.to_text()).unwrap(), extended);
}

#[test]
fn hostile_keys_are_refused() {
    for wrong in [
        "",
        "name",
        "name+00000000",
        "name+00000000+AAAA",
        "watertight.example/evidence+9d0373d4+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "watertight.example/evidenc+9d0373d3+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "watertight.example/evidence+9d0373d3+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "water tight+9d0373d3+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "+9d0373d3+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        // The neutral element as a key would accept forged signatures.
        "a+7b2cd5e2+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(VerifierKey::parse(wrong).is_err(), "{wrong}");
    }
    let key = key("log.example/a", 3);
    assert_eq!(LogKey::parse(&key.to_skey()).unwrap().verifier(), key.verifier());
    assert!(!format!("{key:?}").contains("PRIVATE"));
    for wrong in ["", "PRIVATE+KEY+", "PRIVATE+KEY+a+0+AA==", &key.to_skey().replace("log.example/a", "log.example/b")]
    {
        assert!(LogKey::parse(wrong).is_err(), "{wrong}");
    }
    assert!(LogKey::generate("with space").is_err());
    assert_ne!(LogKey::generate("a").unwrap().verifier(), LogKey::generate("a").unwrap().verifier());
}

#[test]
fn key_files_are_private_and_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys/log.skey");
    let key = key("log.example/a", 3);
    key.save(&path).unwrap();
    assert_eq!(LogKey::load(&path).unwrap().verifier(), key.verifier());
    assert!(key.save(&path).is_err());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn signs_only_what_continues() {
    let key = key("log.example/a", 1);
    let tree: MemoryTree = (0..20_u8).map(|n| leaf_hash(&[n])).collect();
    let fork: MemoryTree = (0..20_u8).map(|n| leaf_hash(&[n ^ 1])).collect();
    let head = |tree: &MemoryTree, size| Checkpoint::new("log.example/a", size, tree.root(size));
    let proof = tree.consistency(7, 20).unwrap();
    assert!(sign_next(&[&key], Some(&head(&tree, 7)), &head(&tree, 20), &proof).is_ok());
    for (previous, next, proof) in [
        (head(&fork, 7), head(&tree, 20), proof.clone()),
        (head(&tree, 7), head(&fork, 20), proof.clone()),
        (head(&tree, 7), head(&tree, 20), vec![]),
        (head(&tree, 20), head(&tree, 7), proof),
        (head(&tree, 20), head(&fork, 20), vec![]),
    ] {
        assert!(matches!(sign_next(&[&key], Some(&previous), &next, &proof), Err(SignError::Inconsistent(_))));
    }
    let foreign = Checkpoint::new("log.example/b", 20, tree.root(20));
    assert!(matches!(sign_next(&[&key], None, &foreign, &[]), Err(SignError::OtherLog { .. })));
    assert!(matches!(sign_next(&[&key], Some(&foreign), &head(&tree, 20), &[]), Err(SignError::OtherLog { .. })));
}

#[test]
fn cosignatures_bind_time_and_text() {
    let log = key("log.example/a", 1);
    let witness = LogKey::from_seed("witness.example/w", KeyKind::Cosignature, &[9; 32]).unwrap();
    let text = format!("log.example/a\n1\n{}\n", leaf_hash(b"x"));
    let mut note = signed(&text, &[&log]);
    cosignature::cosign(&mut note, &witness, 1_763_700_000).unwrap();
    assert!(cosignature::cosign(&mut note.clone(), &log, 1).is_err());
    assert!(cosignature::cosign(&mut note.clone(), &witness, u64::MAX).is_err());
    let note = Note::parse(note.to_string().as_bytes()).unwrap();
    let verified = note.verify(&[log.verifier(), witness.verifier()]).unwrap();
    assert_eq!(verified[1].witnessed_at, Some(1_763_700_000));
    let signature = &note.signatures()[1].signature;
    cosignature::verify(&text, &witness.verifier(), signature).unwrap();
    for at in 0..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 4;
        assert!(cosignature::verify(&text, &witness.verifier(), &changed).is_err(), "byte {at}");
    }
    assert!(cosignature::verify(&text.replace("\n1\n", "\n2\n"), &witness.verifier(), signature).is_err());
    assert!(cosignature::verify(&text, &witness.verifier(), &signature[1..]).is_err());
}

#[test]
fn proof_files_round_trip_and_verify() {
    let key = key("log.example/a", 1);
    let tree: MemoryTree = (0..20_u8).map(|n| leaf_hash(&[n])).collect();
    let checkpoint = signed(&Checkpoint::new("log.example/a", 20, tree.root(20)).to_text(), &[&key]).to_string();
    for extra in [None, Some(b"out of band".to_vec())] {
        for index in 0..20 {
            let hashes = tree.inclusion(index, 20).unwrap();
            let proof = TlogProof { index, hashes, extra: extra.clone(), checkpoint: checkpoint.clone() };
            let read = TlogProof::parse(proof.to_string().as_bytes()).unwrap();
            assert_eq!(read, proof);
            let entry = [u8::try_from(index).unwrap()];
            read.verify(&entry, &[key.verifier()]).unwrap();
            assert!(read.verify(b"other", &[key.verifier()]).is_err());
            assert!(read.verify(&entry, &[]).is_err());
        }
    }
    let one = TlogProof { index: 0, hashes: vec![], extra: None, checkpoint };
    assert!(one.to_string().starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example/a\n20\n"));
}

#[test]
fn hostile_proof_files_are_refused() {
    let hash = leaf_hash(b"x");
    let many = format!("{hash}\n").repeat(66);
    for wrong in [
        String::new(),
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\nindex 00\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\nx\n".to_owned(),
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx\n".to_owned(),
        format!("c2sp.org/tlog-proof@v1\nindex 0\n{many}\nx\n"),
        format!("c2sp.org/tlog-proof@v1\nindex 0\n{hash}"),
    ] {
        assert!(TlogProof::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,80}(\n\n)?(\u{2014} [a-z]{1,3} [A-Za-z0-9+/=]{0,12}\n){0,3}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(note) = Note::parse(input) {
                prop_assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap(), note);
            }
            if let Ok(proof) = TlogProof::parse(input) {
                prop_assert_eq!(TlogProof::parse(proof.to_string().as_bytes()).unwrap(), proof);
            }
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_text(), text.clone());
        }
        prop_assert!(VerifierKey::parse(&text).is_err() && LogKey::parse(&text).is_err() && Hash::from_base64(&text).is_err());
    }
}
