//! A pack is believed only as long as nothing in it was touched: every edit, removal and exchange is found and named. And
//! erasing an incident's texts leaves every proof whole.

mod common;
#[path = "common/zip.rs"]
mod zip;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Place, config_text, copy_dir, files_below};
use serde_json::Value;

/// A small company, read, with a fact and obligations on its first incident, and the pack of the period.
fn packed() -> Place {
    let place = Place::new();
    place.run(&["simulate", "--days", "1", "--seed", "3", "--scale", "0.05", "--out", "company"]).ok();
    let sources = [
        ("cloudtrail", "company/telemetry/aws/cloudtrail"),
        ("s3access", "company/telemetry/aws/s3access"),
        ("applications", "company/telemetry/application"),
    ];
    place.write("watertight.toml", config_text(&sources, None));
    place.run(&["ingest"]).ok();
    for (name, value) in [
        ("subjects.DE", "40"),
        ("elements", "[\"NAME\",\"EMAIL\"]"),
        ("times.aware", "2026-03-02T22:00:00Z"),
        ("risk.gdpr", "high"),
        ("event.confidentiality", "true"),
        ("narrative.nature", "Somebody copied the file of Zoe Exampleperson."),
    ] {
        place.run(&["incident", "fact", "1", name, value, "--by", "P-1"]).ok();
    }
    place.run(&["duty", "assess", "1"]).ok();
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    pack(&place, "pack.zip");
    place
}

#[track_caller]
fn pack(place: &Place, name: &str) -> Value {
    place
        .run(&["evidence", "pack", "--framework", "soc2", "--from", "2026-03-02", "--to", "2026-03-03", "--out", name])
        .ok()
        .json()
}

#[track_caller]
fn verify(place: &Place, what: &Path, code: i32) -> Value {
    place.run(&["evidence", "verify", what.to_str().expect("a UTF-8 path")]).exits(code).json()
}

/// A copy of the unpacked pack with something done to it: 4, and a fault that names the file.
#[track_caller]
fn found(place: &Place, unpacked: &Path, what: &str, named: &str, damage: impl FnOnce(&Path)) {
    let dir = place.path(&format!("damaged-{}", what.replace(' ', "-")));
    copy_dir(unpacked, &dir);
    damage(&dir);
    assert_ne!(
        files_below(&dir).into_values().collect::<Vec<_>>(),
        files_below(unpacked).into_values().collect::<Vec<_>>(),
        "{what}: nothing was damaged"
    );
    let report = verify(place, &dir, 4);
    let faults = report["faults"].to_string();
    assert!(faults.contains(named), "{what}: `{named}` is not named in {faults}");
}

/// Drops the `n`-th line of a file.
fn drop_line(path: PathBuf, n: usize) {
    let text = fs::read_to_string(&path).expect("read");
    let kept: Vec<&str> = text.lines().enumerate().filter(|(i, _)| *i != n).map(|(_, line)| line).collect();
    fs::write(path, format!("{}\n", kept.join("\n"))).expect("write");
}

fn swap(dir: &Path, a: &str, b: &str) {
    let (a, b) = (dir.join(a), dir.join(b));
    let (left, right) = (fs::read(&a).expect("read"), fs::read(&b).expect("read"));
    fs::write(a, right).expect("write");
    fs::write(b, left).expect("write");
}

fn change_byte(path: PathBuf, at: usize) {
    let mut bytes = fs::read(&path).expect("read");
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("write");
}

#[test]
fn a_pack_that_nobody_touched_verifies() {
    let place = packed();
    let report = verify(&place, &place.path("pack.zip"), 0);
    assert_eq!(report["faults"], Value::Array(Vec::new()));
    let rows = |name: &str| {
        let populations = report["populations"].as_array().expect("a list");
        populations.iter().find(|population| population["name"] == name).map(|population| population["rows"].clone())
    };
    // The listings are those of the system.
    assert_eq!(rows("findings"), Some(place.query("SELECT count(*) AS n FROM findings")[0]["n"].clone()));
    assert_eq!(rows("incidents"), Some(place.run(&["incident", "list"]).ok().rows().len().into()));
    let log = place.log();
    let of_kind = |kind: &str| {
        log.iter().filter(|entry| entry["kind"].as_str().is_some_and(|known| known.starts_with(kind))).count()
    };
    assert_eq!(rows("obligations"), Some(of_kind("obligation.").into()));
    assert_eq!(rows("facts"), Some(of_kind("incident.fact_set").into()));
    assert!(6 <= of_kind("incident.fact_set"), "the six facts that were stated are among them");
    assert_eq!(report["entries"].as_u64(), Some(place.log().len() as u64));
    // Unpacked by other hands it is the same evidence, and no text or personal data left with it.
    let unpacked = place.path("unpacked");
    let names = zip::unpack(&place.path("pack.zip"), &unpacked);
    assert!(names.iter().any(|name| name == "manifest.json"));
    assert_eq!(verify(&place, &unpacked, 0)["entries"], report["entries"]);
    for (path, bytes) in files_below(&unpacked) {
        assert!(!String::from_utf8_lossy(&bytes).contains("Exampleperson"), "{} tells a name", path.display());
    }
    // A checkpoint given away earlier is continued by the log.
    let checkpoint = place.run(&["evidence", "checkpoint"]).ok().stdout;
    place.write("earlier.note", &checkpoint);
    place.run(&["evidence", "verify", "pack.zip", "--checkpoint", "earlier.note"]).ok();
}

#[test]
fn every_touch_is_found_and_named() {
    let place = packed();
    let unpacked = place.path("unpacked");
    let names = zip::unpack(&place.path("pack.zip"), &unpacked);
    // One byte of each file in turn: nothing in a pack is beside the proof.
    for name in &names {
        let short = if name.starts_with("log/") { "log" } else { name.as_str() };
        let place_named = match name.as_str() {
            "manifest.json" | "manifest.sig" => "manifest",
            _ => short,
        };
        if fs::metadata(unpacked.join(name)).is_ok_and(|file| file.len() == 0) {
            continue;
        }
        found(&place, &unpacked, &format!("a byte of {}", name.replace('/', "-")), place_named, |dir| {
            change_byte(dir.join(name), 40)
        });
    }
    for population in ["findings", "incidents", "facts", "obligations"] {
        let file = format!("populations/{population}.jsonl");
        found(&place, &unpacked, &format!("a row of {population} removed"), population, |dir| {
            drop_line(dir.join(&file), 1)
        });
    }
    found(&place, &unpacked, "a file removed", "incidents.jsonl", |dir| {
        fs::remove_file(dir.join("populations/incidents.jsonl")).expect("remove")
    });
    found(&place, &unpacked, "a file added", "populations/more.jsonl", |dir| {
        fs::write(dir.join("populations/more.jsonl"), "{}\n").expect("write")
    });
    found(&place, &unpacked, "two listings exchanged", "incidents", |dir| {
        swap(dir, "populations/incidents.jsonl", "populations/facts.jsonl")
    });
    let proofs: Vec<&String> = names.iter().filter(|name| name.ends_with(".tlog-proof")).collect();
    found(&place, &unpacked, "two proofs exchanged", "proof", |dir| swap(dir, proofs[0], proofs[1]));
    let tiles: Vec<&String> = names.iter().filter(|name| name.starts_with("log/tile/")).collect();
    let (entries, hashes) =
        (tiles.iter().find(|name| name.contains("/entries/")), tiles.iter().find(|name| name.contains("tile/0/")));
    let (entries, hashes) = (entries.expect("an entry bundle"), hashes.expect("a hash tile"));
    found(&place, &unpacked, "two tiles exchanged", "tile", |dir| swap(dir, entries, hashes));
}

#[test]
fn a_changed_byte_of_the_zip_file_is_found() {
    let place = packed();
    let bytes = fs::read(place.path("pack.zip")).expect("read the pack");
    for part in 1..16 {
        let mut damaged = bytes.clone();
        let at = part * bytes.len() / 16;
        damaged[at] ^= 0x10;
        let ran = place.write("damaged.zip", &damaged);
        let ran = place.run(&["evidence", "verify", ran.to_str().expect("a UTF-8 path")]);
        assert_eq!(ran.code, Some(4), "byte {at} of {}: {} {}", bytes.len(), ran.stdout, ran.stderr);
    }
    let mut cut = bytes;
    cut.truncate(cut.len() / 2);
    place.write("cut.zip", cut);
    assert_eq!(place.run(&["evidence", "verify", "cut.zip"]).code, Some(4), "half a pack");
}

#[test]
fn a_log_that_was_rewritten_is_found_by_whoever_kept_a_checkpoint() {
    let place = packed();
    let log = place.data().join("log");
    let kept = place.run(&["evidence", "checkpoint"]).ok().stdout;
    place.write("kept.note", kept);
    // The same company read anew: another log under the same name, signed with the same key.
    let twin = Place::new();
    copy_dir(&place.path("company"), &twin.path("company"));
    copy_dir(&place.data().join("keys"), &twin.data().join("keys"));
    twin.write("watertight.toml", config_text(&[("cloudtrail", "company/telemetry/aws/cloudtrail")], None));
    twin.run(&["ingest"]).ok();
    let other = twin.data().join("log");
    let kept = place.path("kept.note");
    let kept = kept.to_str().expect("a UTF-8 path");
    verify(&twin, &other, 0);
    twin.run(&["evidence", "verify", other.to_str().expect("a UTF-8 path"), "--checkpoint", kept]).exits(4);
    place.run(&["evidence", "verify", log.to_str().expect("a UTF-8 path"), "--checkpoint", kept]).ok();
}

#[test]
fn erasing_an_incident_takes_its_texts_and_leaves_its_proofs() {
    let place = packed();
    let erase = ["evidence", "erase", "--incident", "1", "--by", "P-9", "--reason", "asked for by the person"];
    // While people still work on it, its texts are needed.
    let refused = place.run(&erase).exits(2);
    assert!(refused.stderr.contains("incident close"), "{}", refused.stderr);
    place
        .run(&["incident", "close", "1", "--verdict", "true_positive", "--reason", "told everybody", "--by", "P-1"])
        .ok();
    // What is held is not erased, whoever asks.
    let refused = place.run(&erase).exits(2);
    assert!(refused.stderr.contains("lake release incident-1"), "{}", refused.stderr);
    place.run(&["lake", "release", "incident-1", "--by", "P-1"]).ok();
    let before = place.log();
    let readable = place.run(&["incident", "timeline", "1"]).ok().stdout;
    assert!(readable.contains("Exampleperson"), "the text can be read before");
    let others = place.run(&["incident", "timeline", "2"]).ok().stdout;

    place.run(&erase).ok();
    let timeline = place.run(&["incident", "timeline", "1"]).ok();
    assert!(!timeline.stdout.contains("Exampleperson"));
    let bodies: Vec<Value> =
        timeline.rows().into_iter().map(|row| row["body"].clone()).filter(|body| !body.is_null()).collect();
    assert!(!bodies.is_empty() && bodies.iter().all(|body| body["erased"].is_string()), "{bodies:?}");
    assert_eq!(place.run(&["incident", "timeline", "2"]).ok().stdout, others, "other incidents are as they were");

    let after = place.log();
    assert!(after.starts_with(&before), "nothing that was sealed changed");
    let new: Vec<&str> = after[before.len()..].iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert_eq!(new, ["key.destroyed"], "the erasure is itself on record");
    verify(&place, &place.data().join("log"), 0);
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
    pack(&place, "after.zip");
    let report = verify(&place, &place.path("after.zip"), 0);
    assert!(
        report["populations"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["name"] == "erasures" && one["rows"] == 1)),
        "{report}"
    );
    // A pack made before the erasure still verifies: it never held the text.
    verify(&place, &place.path("pack.zip"), 0);
    // Twice is once.
    place.run(&["evidence", "erase", "--incident", "1", "--by", "P-9", "--reason", "again"]).ok();
    assert_eq!(place.log(), after);
    // Nothing new can be written under a key that is gone without saying so.
    let more = place.run(&["incident", "fact", "1", "narrative.nature", "Zoe Exampleperson again", "--by", "P-1"]);
    assert_ne!(more.code, Some(0), "a text was accepted for an erased incident: {}", more.stderr);
}
