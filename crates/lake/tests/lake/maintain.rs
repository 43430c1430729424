//! Compaction keeps every row, beside writers and retention; status counts truly.

use std::time::Duration;

use lake::{Filter, MaintainError, OpenError, Options, Retain, TableName, Vacuum};

use crate::fixture::{count, event, march, march_us, month, noon, one, open, txn};

#[tokio::test]
async fn many_files_become_one_with_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for seq in 1..=12 {
        lake.append_events(month("trail", 2, 25), &txn("trail", seq)).await.unwrap();
    }
    let before = lake.read_events(&Filter::default(), 10_000).await.unwrap();
    let status = lake.status().await.unwrap();
    assert_eq!((status.tables[0].files, status.tables[0].rows), (24, 600));
    let done = lake.compact(TableName::Events, march(1), noon(3)).await.unwrap();
    assert_eq!((done.files_before, done.files_after, done.rows), (12, 1, 300));
    assert!(done.bytes_after < done.bytes_before);
    assert_eq!(lake.read_events(&Filter::default(), 10_000).await.unwrap(), before);
    // Transaction ids and a reader's old snapshot are untouched; a second run has nothing to do.
    assert_eq!(lake.max_txn(TableName::Events, "trail").await.unwrap(), Some(12));
    assert_eq!(lake.compact(TableName::Events, march(1), noon(3)).await.unwrap().files_before, 1);
    assert_eq!(lake.compact(TableName::Events, march(9), noon(3)).await.unwrap().files_before, 0);
    let swept = lake.vacuum(&Vacuum { keep: Duration::from_secs(60), now: noon(4), dry_run: false }).await.unwrap();
    assert_eq!(swept.files, 12);
    assert_eq!(lake.read_events(&Filter::default(), 10_000).await.unwrap(), before);
    let table = &lake.status().await.unwrap().tables[0];
    assert_eq!((table.files, table.rows, table.days.len()), (13, 600, 2));
    assert!(table.bytes < table.bytes_on_disk);
}

#[tokio::test]
async fn the_grace_period_protects_running_readers() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for seq in 1..=3 {
        lake.append_events(month("trail", 1, 5), &txn("trail", seq)).await.unwrap();
    }
    lake.compact(TableName::Events, march(1), noon(2)).await.unwrap();
    let an_hour = Duration::from_secs(3600);
    let early = noon(2) + jiff::SignedDuration::from_mins(59);
    let vacuum = Vacuum { keep: an_hour, now: early, dry_run: false };
    assert_eq!(lake.vacuum(&vacuum).await.unwrap().files, 0);
    let late = noon(2) + jiff::SignedDuration::from_mins(60);
    assert_eq!(lake.vacuum(&Vacuum { now: late, ..vacuum }).await.unwrap().files, 3);
}

/// Appends, compactions and retention from two handles at once: nothing is lost, nothing comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (left, right) = (open(dir.path()).await, open(dir.path()).await);
    left.append_events(month("old", 2, 40), &txn("old", 1)).await.unwrap();
    let scope = Filter { actors: ["a1".to_owned()].into(), ..Filter::default() };
    left.hold("h", scope, "r", noon(1)).await.unwrap();
    let writer = tokio::spawn({
        let lake = left.clone();
        async move {
            for seq in 1..=25 {
                let rows = (0..20).map(|n| event("new", march_us(5) + seq * 100 + n, &format!("a{n}"), n)).collect();
                lake.append_events(rows, &txn("new", seq)).await.unwrap();
            }
        }
    });
    let compactor = tokio::spawn({
        let lake = right.clone();
        async move {
            for _ in 0..6 {
                for day in [1, 5] {
                    contended_or_done(&lake.compact(TableName::Events, march(day), noon(6)).await);
                }
            }
        }
    });
    let keeper = tokio::spawn({
        let lake = right.clone();
        async move {
            for _ in 0..6 {
                let request = Retain { table: TableName::Events, older_than: march(3), dry_run: false, now: noon(6) };
                contended_or_done(&lake.retain(&request).await);
            }
        }
    });
    for task in [writer, compactor, keeper] {
        task.await.unwrap();
    }
    let request = Retain { table: TableName::Events, older_than: march(3), dry_run: false, now: noon(6) };
    left.retain(&request).await.unwrap();
    assert_eq!(count(&left, "events WHERE source = 'new'").await, 500);
    assert_eq!(count(&left, "events WHERE source = 'old'").await, 8);
    assert_eq!(count(&left, "events WHERE source = 'old' AND actor = 'a1'").await, 8);
    let doubled = "SELECT count(*) FROM (SELECT source, time, record FROM events GROUP BY 1, 2, 3 HAVING count(*) > 1)";
    assert_eq!(one(&left, doubled).await, 0);
}

fn contended_or_done<T: std::fmt::Debug>(result: &Result<T, MaintainError>) {
    assert!(matches!(result, Ok(_) | Err(MaintainError::Contended { .. })), "{result:?}");
}

#[tokio::test]
async fn a_table_of_a_newer_program_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).await);
    let first = dir.path().join("findings/_delta_log/00000000000000000000.json");
    let text = std::fs::read_to_string(&first).unwrap();
    let newer = text.replace("\"watertight.schemaVersion\":\"1\"", "\"watertight.schemaVersion\":\"2\"");
    assert_ne!(text, newer);
    std::fs::write(&first, newer).unwrap();
    let refused = lake::Lake::open(dir.path(), &Options::default()).await;
    assert!(matches!(refused, Err(OpenError::TooNew { found: 2, known: 1, .. })), "{refused:?}");
}

#[tokio::test]
async fn the_log_holds_no_text_of_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let mut rows = month("trail", 1, 3);
    for row in &mut rows {
        row.actor = "person@larkfield.example".to_owned();
        row.user_name = Some("Ana Person".to_owned());
        row.raw = "{\"card\":\"4111111111111111\"}".to_owned();
    }
    lake.append_events(rows, &txn("trail", 1)).await.unwrap();
    for entry in std::fs::read_dir(dir.path().join("events/_delta_log")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
            for word in ["person@", "Ana", "4111"] {
                assert!(!text.contains(word));
            }
        }
    }
}
