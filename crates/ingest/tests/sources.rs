//! Sources: order, batches, positions, what appears and grows later; local folders and an object store.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{cloudtrail, gzip};
use ingest::source::{BatchLimits, S3Listing};
use ingest::{Files, Limits, Position, RawBatch, S3Store, Source as _};
use object_store::ObjectStoreExt as _;

fn lines(ids: &[&str]) -> String {
    ids.iter().map(|id| cloudtrail(id) + "\n").collect()
}

fn files(folder: &Path, records_max: usize) -> Files {
    let limits = BatchLimits { records_max, ..BatchLimits::default() };
    Files::new("test", folder.to_str().unwrap(), None, Limits::default(), limits)
}

fn uids(batch: &RawBatch) -> Vec<String> {
    batch.iter(&Limits::default()).map(|record| record.event().unwrap().uid().to_owned()).collect()
}

fn drain(source: &mut Files) -> Vec<(Vec<String>, RawBatch)> {
    let mut out = Vec::new();
    while let Some(batch) = source.next_batch_blocking().unwrap() {
        assert!(!batch.is_empty());
        out.push((uids(&batch), batch));
    }
    out
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    std::fs::write(folder.path().join("b/2.json.gz"), gzip(lines(&["3", "4", "5"]).as_bytes())).unwrap();
    std::fs::write(folder.path().join("a.jsonl"), lines(&["1", "2"])).unwrap();
    std::fs::write(folder.path().join("README.md"), "no log").unwrap();
    std::fs::write(folder.path().join("c.json"), format!("{{\"Records\":[{}]}}", cloudtrail("6"))).unwrap();
    folder
}

#[test]
fn a_folder_is_read_in_order_whatever_the_batch_size() {
    let folder = folder();
    let all = ["1", "2", "3", "4", "5", "6"];
    for records_max in 1..8 {
        let batches = drain(&mut files(folder.path(), records_max));
        let read: Vec<&String> = batches.iter().flat_map(|(ids, _)| ids).collect();
        assert_eq!(read, all, "{records_max} a batch");
        assert!(batches.iter().all(|(ids, _)| ids.len() <= records_max));
    }
    let mut whole = files(folder.path(), 100);
    let batch = whole.next_batch_blocking().unwrap().unwrap();
    assert_eq!(batch.skipped.len(), 1);
    assert!(batch.skipped[0].ends_with("README.md"));
    assert_eq!(batch.members.len(), 3);
}

#[test]
fn every_committed_position_is_a_place_to_continue() {
    let folder = folder();
    for records_max in [1, 2, 4] {
        let batches = drain(&mut files(folder.path(), records_max));
        let all: Vec<String> = batches.iter().flat_map(|(ids, _)| ids.clone()).collect();
        let mut before = 0;
        let mut by_member = std::collections::BTreeMap::new();
        for (ids, batch) in &batches {
            before += ids.len();
            // A position survives being written down.
            let text = serde_json::to_string(&batch.position).unwrap();
            let position: Position = serde_json::from_str(&text).unwrap();
            let rest = drain(&mut files(folder.path(), records_max).resume(position));
            let rest: Vec<String> = rest.into_iter().flat_map(|(ids, _)| ids).collect();
            assert_eq!(rest, all[before..], "after {before} of {records_max} a batch");
            // The same by what each member was read to, as a followed directory remembers it.
            for member in &batch.members {
                by_member.insert(member.member.name.clone(), member.after.clone());
            }
            let rest = drain(&mut files(folder.path(), records_max).already_read(by_member.values()));
            let rest: Vec<String> = rest.into_iter().flat_map(|(ids, _)| ids).collect();
            assert_eq!(rest, all[before..], "after {before} of {records_max} a batch, by member");
        }
    }
}

#[test]
fn new_and_grown_files_are_read_on() {
    let folder = folder();
    let mut source = files(folder.path(), 100);
    drain(&mut source);
    assert!(source.next_batch_blocking().unwrap().is_none());

    // A name that sorts before all others is found too.
    std::fs::write(folder.path().join("0.jsonl"), lines(&["7"])).unwrap();
    assert_eq!(drain(&mut source)[0].0, ["7"]);

    // A writer is caught in the middle of a line: the piece is rejected, and the whole line is read later.
    let grown = lines(&["1", "2", "8"]);
    std::fs::write(folder.path().join("a.jsonl"), &grown.as_bytes()[..grown.len() - 30]).unwrap();
    let batch = source.next_batch_blocking().unwrap().unwrap();
    assert_eq!((batch.records.len(), batch.rejected.len()), (0, 1));
    std::fs::write(folder.path().join("a.jsonl"), &grown).unwrap();
    assert_eq!(drain(&mut source)[0].0, ["8"]);
    assert!(source.next_batch_blocking().unwrap().is_none());
}

#[test]
fn paths_files_globs_and_mistakes() {
    let folder = folder();
    let root = folder.path().to_str().unwrap();
    let names = |path: &str| -> Vec<String> {
        let members = ingest::read::expand(path).unwrap();
        members.iter().map(|member| member.name.strip_prefix(root).unwrap().to_owned()).collect()
    };
    assert_eq!(names(root), ["/README.md", "/a.jsonl", "/b/2.json.gz", "/c.json"]);
    assert_eq!(names(&format!("{root}/*.json*")), ["/a.jsonl", "/c.json"]);
    assert_eq!(names(&format!("{root}/**/*.gz")), ["/b/2.json.gz"]);
    assert_eq!(names(&format!("{root}/c.json")), ["/c.json"]);
    for (path, message) in [("nowhere/x.json", "no such file"), ("nowhere/*.json", "no such file"), ("x[", "pattern")] {
        let error = ingest::read::expand(path).unwrap_err().to_string();
        assert!(error.contains(message) && error.contains(path), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_store_is_listed_and_read() {
    let memory = Arc::new(object_store::memory::InMemory::new());
    let put = async |key: &str, bytes: Vec<u8>| {
        let path = object_store::path::Path::parse(key).unwrap();
        memory.put(&path, bytes.into()).await.unwrap();
    };
    put("logs/2026/03/a.json.gz", gzip(lines(&["1", "2"]).as_bytes())).await;
    put("logs/2026/04/a.json", lines(&["3"]).into_bytes()).await;
    put("logs/2026/03/note.txt", b"no log".to_vec()).await;
    put("other/x.json", lines(&["9"]).into_bytes()).await;
    // Larger than one range request.
    let many: Vec<String> = (0..20_000).map(|id| format!("m{id}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    put("logs/2026/05/big.jsonl", lines(&many).into_bytes()).await;

    let store = S3Store::over("bucket", memory.clone());
    let mut source = S3Listing::new("s3", store, "logs/2026/0", Limits::default(), BatchLimits::default());
    let mut read = Vec::new();
    let mut skipped = Vec::new();
    while let Some(batch) = source.next_batch().await.unwrap() {
        read.extend(uids(&batch));
        skipped.extend(batch.skipped.clone());
        source.commit(&batch.position).await.unwrap();
    }
    assert_eq!(read[..3], ["1", "2", "3"]);
    assert_eq!(read[3..], many);
    assert_eq!(skipped, ["s3://bucket/logs/2026/03/note.txt"]);

    put("logs/2026/06/b.json", lines(&["4"]).into_bytes()).await;
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(uids(&batch), ["4"]);
    assert!(source.next_batch().await.unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn a_broken_link_is_named_and_the_rest_is_read() {
    let folder = folder();
    std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("aa.json")).unwrap();
    let mut source = files(folder.path(), 100);
    let batch = source.next_batch_blocking().unwrap().unwrap();
    assert_eq!(uids(&batch), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(batch.rejected.len(), 1);
    assert!(batch.rejected[0].member.ends_with("aa.json"));
    assert!(batch.rejected[0].reason.contains("No such file"), "{}", batch.rejected[0].reason);
}
