//! Exactly once, whole and unchanged.

use lake::{AppendError, Appended, EventRow, Filter, TableName};

use crate::fixture::{count, event, finding, march_us, month, one, open, rejected, stored, txn};

#[tokio::test]
async fn the_same_batch_twice_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let rows = month("trail", 2, 50);
    assert_eq!(stored(lake.append_events(rows.clone(), &txn("trail", 1)).await.unwrap()), 100);
    let again = lake.append_events(rows.clone(), &txn("trail", 1)).await.unwrap();
    assert_eq!(again, Appended::AlreadyThere { stored_seq: 1 });
    assert_eq!(count(&lake, "events").await, 100);
    assert_eq!(lake.max_txn(TableName::Events, "trail").await.unwrap(), Some(1));
    assert_eq!(lake.max_txn(TableName::Events, "other").await.unwrap(), None);
    assert_eq!(lake.max_txn(TableName::Findings, "trail").await.unwrap(), None);

    // Also for another process, and for a number that was overtaken.
    let other = open(dir.path()).await;
    lake.append_events(month("trail", 1, 5), &txn("trail", 5)).await.unwrap();
    let late = other.append_events(rows.clone(), &txn("trail", 4)).await.unwrap();
    assert_eq!(late, Appended::AlreadyThere { stored_seq: 5 });
    assert_eq!(count(&other, "events").await, 105);

    // Another source has its own numbers.
    assert_eq!(stored(other.append_events(month("flow", 1, 3), &txn("flow", 1)).await.unwrap()), 3);
    assert_eq!(count(&lake, "events").await, 108);
}

#[tokio::test]
async fn a_crash_between_the_tables_of_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let (events, bad) = (month("trail", 1, 10), vec![rejected("trail", march_us(1), b"\xff\x00{")]);
    let found = vec![finding("trail", march_us(1), "f1"), finding("trail", march_us(1), "f2")];
    {
        let lake = open(dir.path()).await;
        lake.append_events(events.clone(), &txn("trail", 1)).await.unwrap();
        // The process dies here: neither rejected nor findings were stored.
    }
    for _ in 0..2 {
        let lake = open(dir.path()).await;
        lake.append_events(events.clone(), &txn("trail", 1)).await.unwrap();
        lake.append_rejected(bad.clone(), &txn("trail", 1)).await.unwrap();
        lake.append_findings(found.clone(), &txn("trail", 1)).await.unwrap();
        assert_eq!(count(&lake, "events").await, 10);
        assert_eq!(count(&lake, "rejected").await, 1);
        assert_eq!(count(&lake, "findings").await, 2);
    }
    let lake = open(dir.path()).await;
    assert_eq!(one(&lake, "SELECT encode(raw, 'hex') FROM rejected").await, "ff007b");
    assert_eq!(one(&lake, "SELECT array_to_string(attack, ' ') FROM findings LIMIT 1").await, "T1530 T1537");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stale_writers_bring_the_same_batches() {
    let dir = tempfile::tempdir().unwrap();
    let (left, right) = (open(dir.path()).await, open(dir.path()).await);
    let bring = |lake: lake::Lake, source: &'static str| async move {
        let mut new = 0;
        for seq in 1..=15 {
            let rows = month(source, 2, 4);
            if let Appended::Stored { rows, .. } = lake.append_events(rows, &txn(source, seq)).await.unwrap() {
                new += rows;
            }
        }
        new
    };
    // Both bring `shared`; each also brings its own, so that their commits collide all the time.
    let tasks = [
        tokio::spawn(bring(left.clone(), "shared")),
        tokio::spawn(bring(right.clone(), "shared")),
        tokio::spawn(bring(left.clone(), "left")),
        tokio::spawn(bring(right.clone(), "right")),
    ];
    let mut new = Vec::new();
    for task in tasks {
        new.push(task.await.unwrap());
    }
    assert_eq!(new[0] + new[1], 15 * 8, "{new:?}");
    assert_eq!((new[2], new[3]), (15 * 8, 15 * 8));
    assert_eq!(count(&left, "events").await, 3 * 15 * 8);
    let doubled =
        "SELECT count(*) FROM (SELECT source, seq, record, day FROM events GROUP BY 1, 2, 3, 4 HAVING count(*) > 1)";
    assert_eq!(one(&left, doubled).await, 0);
}

#[tokio::test]
async fn transaction_ids_outlive_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append_events(month("rare", 1, 1), &txn("rare", 41)).await.unwrap();
    for seq in 1..=50 {
        lake.append_events(vec![event("often", march_us(1), "a", seq)], &txn("often", seq)).await.unwrap();
    }
    let checkpoints = std::fs::read_dir(dir.path().join("events/_delta_log")).unwrap();
    let is_checkpoint = |name: &str| name.contains(".checkpoint");
    let checkpoints = checkpoints.filter(|entry| is_checkpoint(&entry.as_ref().unwrap().file_name().to_string_lossy()));
    assert!(2 <= checkpoints.count());
    let fresh = open(dir.path()).await;
    assert_eq!(fresh.max_txn(TableName::Events, "rare").await.unwrap(), Some(41));
    assert_eq!(fresh.max_txn(TableName::Events, "often").await.unwrap(), Some(50));
    let again = fresh.append_events(month("rare", 1, 1), &txn("rare", 41)).await.unwrap();
    assert_eq!(again, Appended::AlreadyThere { stored_seq: 41 });
    assert_eq!(count(&fresh, "events").await, 51);
}

#[tokio::test]
async fn an_empty_batch_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    assert_eq!(lake.append_events(vec![], &txn("trail", 1)).await.unwrap(), Appended::Empty);
    assert_eq!(lake.max_txn(TableName::Events, "trail").await.unwrap(), None);
    assert_eq!(count(&lake, "events").await, 0);
    assert_eq!(lake.status().await.unwrap().tables[0].version, 0);
    assert!(lake.read_events(&Filter::default(), 10).await.unwrap().is_empty());
}

/// Texts that break careless escaping, quoting, paths, C strings and JSON.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "a\0b",
        "'; DROP TABLE events; --",
        "\"quoted\" \\ back\\slash",
        "line\nbreak\r\n\ttab",
        "../../etc/passwd",
        "%2e%2e%2f day=2026-01-01",
        "🦀 e\u{301} \u{202e}rtl \u{feff}",
        "\u{10ffff}\u{e000}",
        "${jndi:ldap://x}",
        "{\"json\": [1, null]}",
        "NULL",
        "NaN",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(1 << 20));
    texts.push("é\0'\"".repeat(200_000));
    texts
}

#[tokio::test]
async fn hostile_text_comes_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let mut rows: Vec<EventRow> = Vec::new();
    for (n, text) in hostile().into_iter().enumerate() {
        let mut row = event("trail", march_us(1) + n as i64, &text, n as i64);
        row.user_name = Some(text.clone());
        row.user_agent = Some(text.clone());
        row.operation = text.clone();
        row.resources = vec![text.clone(), String::new(), text.clone()];
        row.event_uid = format!("{n}{text}");
        row.raw = text;
        rows.push(row);
    }
    lake.append_events(rows.clone(), &txn("trail", 1)).await.unwrap();
    let back = open(dir.path()).await.read_events(&Filter::default(), 1000).await.unwrap();
    assert_eq!(back, rows);

    // Each is found by its own value, without quoting it.
    for row in &rows {
        let by_actor = Filter { actors: [row.actor.clone()].into(), ..Filter::default() };
        assert_eq!(lake.read_events(&by_actor, 10).await.unwrap(), std::slice::from_ref(row));
        let by_uid = Filter { event_uids: [row.event_uid.clone()].into(), ..Filter::default() };
        assert_eq!(lake.read_events(&by_uid, 10).await.unwrap(), std::slice::from_ref(row));
        let by_resource = Filter { resources: [row.resources[0].clone()].into(), ..Filter::default() };
        assert!(lake.read_events(&by_resource, 100).await.unwrap().contains(row));
    }
}

#[tokio::test]
async fn a_source_name_may_be_anything() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for source in ["", "a b", "ü/🦀", "'; --", "\"\\", "day=2026-01-01/x"] {
        assert_eq!(stored(lake.append_events(month(source, 1, 2), &txn(source, 9)).await.unwrap()), 2, "{source}");
        let again = lake.append_events(month(source, 1, 2), &txn(source, 9)).await.unwrap();
        assert_eq!(again, Appended::AlreadyThere { stored_seq: 9 }, "{source}");
    }
    assert_eq!(count(&lake, "events").await, 12);
}

#[tokio::test]
async fn what_cannot_be_held_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let mut rows = month("trail", 1, 3);
    rows[1].source = "other".to_owned();
    let refused = lake.append_events(rows, &txn("trail", 1)).await;
    assert!(matches!(refused, Err(AppendError::SourceMismatch { row: 1, .. })), "{refused:?}");

    let mut rows = month("trail", 1, 3);
    rows[2].raw = "x".repeat((16 << 20) + 1);
    let refused = lake.append_events(rows, &txn("trail", 1)).await;
    assert!(matches!(refused, Err(AppendError::RowTooLarge { row: 2, .. })));

    for time_us in [i64::MIN, i64::MAX, -377_705_116_800_000_001, 253_402_300_800_000_000] {
        let rows = vec![event("trail", march_us(1), "a", 1), event("trail", time_us, "a", 2)];
        let refused = lake.append_events(rows, &txn("trail", 1)).await;
        assert!(matches!(refused, Err(AppendError::TimeOutOfRange { .. })), "{time_us}: {refused:?}");
    }
    assert_eq!(count(&lake, "events").await, 0);
    assert_eq!(lake.max_txn(TableName::Events, "trail").await.unwrap(), None);
}

#[tokio::test]
async fn odd_but_possible_times_go_to_their_day() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let times = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "9999-12-30T21:59:59Z"];
    let us = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let mut rows: Vec<_> = times.iter().zip(0..).map(|(time, n)| event("t", us(time), "a", n)).collect();
    for row in &mut rows {
        row.ingest_us = 0;
        row.delivery_us = None;
    }
    lake.append_events(rows.clone(), &txn("t", 1)).await.unwrap();
    assert_eq!(lake.read_events(&Filter::default(), 9).await.unwrap(), rows);
    let days = lake.sql("SELECT day, time FROM events ORDER BY time", 9).await.unwrap();
    let days: Vec<_> = days.rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
    assert_eq!(days, ["0001-01-01", "1969-12-31", "1970-01-01", "9999-12-30"]);
    let window = Filter { from_us: Some(us(times[1])), to_us: Some(us(times[2])), ..Filter::default() };
    assert_eq!(lake.read_events(&window, 9).await.unwrap(), rows[1..2]);
}

#[tokio::test]
async fn a_large_batch_is_split_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let rows: Vec<_> = (0..300_000).map(|n| event("big", march_us(3) + n, &format!("u{}", n % 977), n)).collect();
    let Appended::Stored { rows: stored, bytes, .. } = lake.append_events(rows, &txn("big", 1)).await.unwrap() else {
        panic!("not stored")
    };
    assert_eq!(stored, 300_000);
    assert!(0 < bytes);
    let sums =
        lake.sql("SELECT count(*), count(DISTINCT record), sum(bytes), min(time), max(time) FROM events", 1).await;
    let expected = serde_json::json!([
        300_000,
        300_000,
        449_998_500_000_i64,
        "2026-03-03T00:00:00Z",
        "2026-03-03T00:00:00.299999Z"
    ]);
    assert_eq!(serde_json::Value::from(sums.unwrap().rows[0].clone()), expected);
    assert_eq!(lake.status().await.unwrap().tables[0].days[0].rows, 300_000);
    assert_eq!(one(&lake, "SELECT count(*) FROM events WHERE actor = 'u976'").await, 307);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opened_for_the_first_time_by_many() {
    let dir = tempfile::tempdir().unwrap();
    let bring = |n: i64, path: std::path::PathBuf| async move {
        let lake = open(&path).await;
        let source = format!("s{n}");
        lake.append_events(month(&source, 1, 10), &txn(&source, 1)).await.unwrap();
        lake
    };
    let tasks: Vec<_> = (0..6).map(|n| tokio::spawn(bring(n, dir.path().to_owned()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&open(dir.path()).await, "events").await, 60);
}
