//! Killed at any moment, the lake opens, and repeating the work ends in the same state.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use lake::{Filter, Lake, TableName, Vacuum};

use crate::fixture::{count, finding, march_us, month, noon, one, open, txn};

const CHILD_DIR: &str = "LAKE_TEST_CHILD_DIR";

/// What the flow does after a start: the last known batch again, then the next ones.
async fn work(lake: &Lake, last: i64) {
    let findings = lake.max_txn(TableName::Findings, "trail").await.unwrap();
    // Every third batch has no findings, so the last one may leave no number.
    for seq in 1.max(findings.unwrap_or(0) - 1)..=last {
        lake.append_events(month("trail", 3, 20), &txn("trail", seq)).await.unwrap();
        let found = (0..seq % 3).map(|n| finding("trail", march_us(1), &format!("{seq}-{n}"))).collect();
        lake.append_findings(found, &txn("trail", seq)).await.unwrap();
    }
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(dir) = std::env::var(CHILD_DIR) else { return };
    let lake = open(Path::new(&dir)).await;
    work(&lake, i64::MAX).await;
}

#[tokio::test]
async fn killed_at_many_moments() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Moments are spread over opening, encoding and committing; 37 and 211 have no common rhythm.
        sleep(Duration::from_millis(137 + (round * 211) % 900));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        let lake = open(dir.path()).await;
        // Whole batches, each once, in order.
        let events = count(&lake, "events").await;
        assert_eq!(events % 60, 0, "round {round}");
        let stored = lake.max_txn(TableName::Events, "trail").await.unwrap().unwrap_or(0);
        assert_eq!(events, stored * 60, "round {round}");
        let findings = lake.max_txn(TableName::Findings, "trail").await.unwrap().unwrap_or(0);
        assert!(findings <= stored);
    }
    let lake = open(dir.path()).await;
    let reached = lake.max_txn(TableName::Events, "trail").await.unwrap().unwrap();
    assert!(5 < reached, "every kill came before the first batches: {reached}");
    let last = reached + 3;
    work(&lake, last).await;
    assert_eq!(count(&lake, "events").await, last * 60);
    assert_eq!(count(&lake, "findings").await, (1..=last).map(|seq| seq % 3).sum::<i64>());
    let doubled = "SELECT count(*) FROM (SELECT seq, record, day FROM events GROUP BY 1, 2, 3 HAVING count(*) > 1)";
    assert_eq!(one(&lake, doubled).await, 0);
    let doubled = "SELECT count(*) FROM (SELECT uid FROM findings GROUP BY 1 HAVING count(*) > 1)";
    assert_eq!(one(&lake, doubled).await, 0);

    // What the kills left behind goes with a vacuum whose grace has passed; nothing else does.
    let before = lake.read_events(&Filter::default(), 1_000_000).await.unwrap();
    let later = "2099-01-01T00:00:00Z".parse().unwrap();
    lake.vacuum(&Vacuum { keep: Duration::from_secs(3600), now: later, dry_run: false }).await.unwrap();
    assert_eq!(lake.read_events(&Filter::default(), 1_000_000).await.unwrap(), before);
    assert_eq!(parquet_files(&dir.path().join("events")), lake.status().await.unwrap().tables[0].files);
    let staged = std::fs::read_dir(dir.path().join("staging")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(staged.filter(|path| path.extension().is_some_and(|extension| extension == "staged")).count(), 0);
}

#[tokio::test]
async fn files_without_a_commit_are_not_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append_events(month("trail", 1, 5), &txn("trail", 1)).await.unwrap();
    // A writer died after its data file and before its commit.
    let day = dir.path().join("events/day=2026-03-01");
    let file = std::fs::read_dir(&day).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(&file, day.join("0123.parquet")).unwrap();
    std::fs::write(dir.path().join("staging/77.staged"), b"half").unwrap();
    let lake = open(dir.path()).await;
    assert_eq!(count(&lake, "events").await, 5);
    // Real modification times are younger than the simulated now: nothing is swept.
    let vacuum = Vacuum { keep: Duration::ZERO, now: noon(2), dry_run: false };
    assert_eq!(lake.vacuum(&vacuum).await.unwrap().files, 0);
    let vacuum = Vacuum { now: "2099-01-01T00:00:00Z".parse().unwrap(), ..vacuum };
    let dry = lake.vacuum(&Vacuum { dry_run: true, ..vacuum.clone() }).await.unwrap();
    assert_eq!(dry.files, 2);
    assert!(day.join("0123.parquet").exists());
    assert_eq!(lake.vacuum(&vacuum).await.unwrap(), dry);
    assert!(file.exists() && !day.join("0123.parquet").exists());
    assert_eq!(count(&lake, "events").await, 5);
}

fn parquet_files(dir: &Path) -> u64 {
    let mut files = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            files += parquet_files(&path);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            files += 1;
        }
    }
    files
}
