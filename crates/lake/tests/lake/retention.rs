//! Retention drops whole days and nothing that a hold keeps.

use std::path::Path;
use std::time::Duration;

use lake::{EventRow, Filter, HitRow, HoldError, Lake, MaintainError, Retain, Retained, TableName, Vacuum};

use crate::fixture::{HOUR_US, count, finding, march, march_us, month, noon, open, rejected, txn};

async fn with_ten_days(dir: &Path) -> Lake {
    let lake = open(dir).await;
    lake.append_events(month("trail", 10, 100), &txn("trail", 1)).await.unwrap();
    lake.append_events(month("app", 10, 30), &txn("app", 1)).await.unwrap();
    lake
}

async fn drop_before(lake: &Lake, table: TableName, day: i8) -> Retained {
    let request = Retain { table, older_than: march(day), dry_run: false, now: noon(20) };
    lake.retain(&request).await.unwrap()
}

async fn all(lake: &Lake) -> Vec<EventRow> {
    lake.read_events(&Filter::default(), 100_000).await.unwrap()
}

fn actor(name: &str) -> Filter {
    Filter { actors: [name.to_owned()].into(), ..Filter::default() }
}

#[tokio::test]
async fn without_holds_days_go_whole_and_unread() {
    let dir = tempfile::tempdir().unwrap();
    let lake = with_ten_days(dir.path()).await;
    let before = all(&lake).await;
    // Metadata only: the files of a dropped day are not opened, so they may even be missing.
    std::fs::remove_dir_all(dir.path().join("events/day=2026-03-02")).unwrap();
    let dry = Retain { table: TableName::Events, older_than: march(4), dry_run: true, now: noon(20) };
    let planned = lake.retain(&dry).await.unwrap();
    assert_eq!((planned.rows_dropped, planned.rows_held, planned.version), (390, 0, None));
    let done = drop_before(&lake, TableName::Events, 4).await;
    assert_eq!(done.days, planned.days);
    assert_eq!(done.days.iter().map(|day| day.day).collect::<Vec<_>>(), [march(1), march(2), march(3)]);
    let kept: Vec<_> = before.into_iter().filter(|row| march_us(4) <= row.time_us).collect();
    assert_eq!(all(&lake).await, kept);
    assert_eq!(lake.status().await.unwrap().tables[0].first_day(), Some(march(4)));
    // Again: nothing left to do, no new version.
    assert_eq!(drop_before(&lake, TableName::Events, 4).await.version, None);
    // The bytes go with vacuum.
    assert!(dir.path().join("events/day=2026-03-01").exists());
    lake.vacuum(&Vacuum { keep: Duration::from_secs(3600), now: noon(21), dry_run: false }).await.unwrap();
    assert!(!dir.path().join("events/day=2026-03-01").exists());
    assert_eq!(all(&lake).await, kept);
}

#[tokio::test]
async fn held_rows_stay_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let lake = with_ten_days(dir.path()).await;
    let before = all(&lake).await;
    lake.hold("inc-1", actor("a3"), "incident 1", noon(11)).await.unwrap();
    let window = Filter {
        source: Some("app".to_owned()),
        from_us: Some(march_us(2) + 5_000),
        to_us: Some(march_us(3) + 7_000),
        ..Filter::default()
    };
    lake.hold("inc-2", window, "incident 2", noon(11)).await.unwrap();
    let resource = Filter { resources: ["s3://larkfield-orders/77".to_owned()].into(), ..Filter::default() };
    lake.hold("inc-3", resource, "incident 3", noon(11)).await.unwrap();
    let held = |row: &EventRow| {
        let in_window = row.source == "app" && (march_us(2) + 5_000..march_us(3) + 7_000).contains(&row.time_us);
        row.actor == "a3" || in_window || row.resources.contains(&"s3://larkfield-orders/77".to_owned())
    };
    let kept: Vec<_> = before.iter().filter(|row| march_us(6) <= row.time_us || held(row)).cloned().collect();
    let held_rows = before.iter().filter(|row| held(row)).count() as u64;
    assert_eq!(lake.status().await.unwrap().tables[0].held_rows, held_rows);

    let done = drop_before(&lake, TableName::Events, 6).await;
    assert_eq!(all(&lake).await, kept);
    assert_eq!(done.rows_dropped, (before.len() - kept.len()) as u64);
    assert_eq!(done.rows_held, kept.iter().filter(|row| row.time_us < march_us(6)).count() as u64);
    assert_eq!(lake.status().await.unwrap().tables[0].held_rows, held_rows);

    // Vacuum, compaction and another run change nothing for them, whatever came in between.
    lake.append_events(month("late", 2, 7), &txn("late", 1)).await.unwrap();
    let again = drop_before(&lake, TableName::Events, 6).await;
    assert_eq!(again.rows_dropped, 14 - 2);
    let late: Vec<_> = all(&lake).await.into_iter().filter(|row| row.source == "late").collect();
    assert!(late.iter().all(|row| row.actor == "a3") && late.len() == 2);
    lake.compact(TableName::Events, march(2), noon(12)).await.unwrap();
    lake.vacuum(&Vacuum { keep: Duration::ZERO, now: noon(30), dry_run: false }).await.unwrap();
    let without_late: Vec<_> = all(&lake).await.into_iter().filter(|row| row.source != "late").collect();
    assert_eq!(without_late, kept);
}

#[tokio::test]
async fn copies_are_locked_and_go_with_the_release() {
    let dir = tempfile::tempdir().unwrap();
    let lake = with_ten_days(dir.path()).await;
    lake.hold("inc-1", actor("a3"), "r", noon(11)).await.unwrap();
    lake.hold("inc-2", actor("a4"), "r", noon(11)).await.unwrap();
    drop_before(&lake, TableName::Events, 3).await;
    for hold in ["inc-1", "inc-2"] {
        let copies: Vec<_> = std::fs::read_dir(dir.path().join("locked").join(hold).join("events")).unwrap().collect();
        assert_eq!(copies.len(), 2);
        for copy in copies {
            let copy = copy.unwrap();
            assert!(copy.metadata().unwrap().permissions().readonly());
            assert!(copy.file_name().to_string_lossy().contains("-13-"), "{copy:?}");
        }
    }
    assert_eq!(lake.release("inc-1").await.unwrap().id, "inc-1");
    assert!(!dir.path().join("locked/inc-1").exists() && dir.path().join("locked/inc-2").exists());
    assert!(matches!(lake.release("inc-1").await, Err(HoldError::Unknown { .. })));
    let done = drop_before(&lake, TableName::Events, 3).await;
    assert_eq!((done.rows_dropped, done.rows_held), (26, 26));
    assert!(all(&lake).await.iter().all(|row| march_us(3) <= row.time_us || row.actor == "a4"));
    lake.release("inc-2").await.unwrap();
    let done = drop_before(&lake, TableName::Events, 3).await;
    assert_eq!((done.rows_dropped, done.rows_held), (26, 0));
    assert_eq!(lake.status().await.unwrap().tables[0].first_day(), Some(march(3)));
}

#[tokio::test]
async fn the_other_tables_hear_the_holds() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for day in 1..=4 {
        let seq = i64::from(day);
        let findings = vec![finding("trail", march_us(day), &format!("f{day}"))];
        lake.append_findings(findings, &txn("trail", seq)).await.unwrap();
        lake.append_rejected(vec![rejected("trail", march_us(day), b"x")], &txn("trail", seq)).await.unwrap();
        lake.append_rejected(vec![rejected("app", march_us(day), b"y")], &txn("app", seq)).await.unwrap();
    }
    // By actor alone: the finding is held; nobody can say whose the rejected bytes are.
    lake.hold("a", actor("a1"), "r", noon(5)).await.unwrap();
    assert_eq!(drop_before(&lake, TableName::Findings, 9).await.rows_held, 4);
    assert_eq!(count(&lake, "findings").await, 4);
    // With source and beginning: everything rejected from there since.
    let bounded = Filter { source: Some("trail".to_owned()), from_us: Some(march_us(3) - HOUR_US), ..actor("a1") };
    lake.hold("b", bounded, "r", noon(5)).await.unwrap();
    let done = drop_before(&lake, TableName::Rejected, 9).await;
    assert_eq!((done.rows_dropped, done.rows_held), (6, 2));
    let left = lake.sql("SELECT source, day FROM rejected ORDER BY day", 9).await.unwrap();
    assert_eq!(serde_json::json!(left.rows), serde_json::json!([["trail", "2026-03-03"], ["trail", "2026-03-04"]]));
}

#[tokio::test]
async fn a_hold_without_parts_holds_everything() {
    let dir = tempfile::tempdir().unwrap();
    let lake = with_ten_days(dir.path()).await;
    lake.hold("all", Filter::default(), "litigation", noon(11)).await.unwrap();
    let done = drop_before(&lake, TableName::Events, 11).await;
    assert_eq!((done.rows_dropped, done.rows_held, done.version), (0, 1300, None));
}

#[tokio::test]
async fn unreadable_holds_stop_every_delete() {
    let dir = tempfile::tempdir().unwrap();
    let lake = with_ten_days(dir.path()).await;
    lake.hold("inc-1", actor("a3"), "r", noon(11)).await.unwrap();
    let list = dir.path().join("holds/00000000000000000001.json");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.get(..text.len() / 2).unwrap()).unwrap();
    let request = Retain { table: TableName::Events, older_than: march(9), dry_run: false, now: noon(20) };
    let refused = lake.retain(&request).await;
    assert!(matches!(refused, Err(MaintainError::Hold(HoldError::Unreadable { .. }))), "{refused:?}");
    assert_eq!(count(&lake, "events").await, 1300);
}

#[tokio::test]
async fn hostile_values_in_a_hold() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let names = ["' OR 1=1 --", "a\0b", "100%", "_", "\\", "ü'\"🦀", ""];
    let mut rows = month("trail", 1, 20);
    for (row, name) in rows.iter_mut().zip(names) {
        row.actor = name.to_owned();
    }
    lake.append_events(rows, &txn("trail", 1)).await.unwrap();
    let scope = Filter { actors: names.map(str::to_owned).into(), ..Filter::default() };
    lake.hold("odd", scope, "r", noon(2)).await.unwrap();
    let lake = open(dir.path()).await;
    let done = drop_before(&lake, TableName::Events, 2).await;
    assert_eq!((done.rows_dropped, done.rows_held), (13, 7));
    let mut left: Vec<_> = all(&lake).await.into_iter().map(|row| row.actor).collect();
    left.sort();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn hits_are_stored_once_and_go_with_their_days() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let hit = |day: i8, uid: &str| HitRow {
        tenant: "larkfield".to_owned(),
        source: "app".to_owned(),
        correlation_id: "c-1".to_owned(),
        correlation_version: "v".to_owned(),
        rule: 0,
        time_us: march_us(day),
        event_uid: uid.to_owned(),
        group_key: "[\"it's\",null]".to_owned(),
        values: vec!["a".to_owned(), "b".to_owned()],
    };
    let rows = || vec![hit(1, "e-1"), hit(2, "e-2"), hit(3, "e-3")];
    lake.append_hits(rows(), &txn("app", 1)).await.unwrap();
    lake.append_hits(rows(), &txn("app", 1)).await.unwrap();
    let read = "SELECT event_uid, group_key, hit_values FROM hits WHERE group_key = '[\"it''s\",null]' ORDER BY time";
    let stored = lake.sql(read, 10).await.unwrap();
    assert_eq!(stored.rows.len(), 3, "a batch is stored once");
    assert_eq!(stored.rows[0][2], serde_json::json!(["a", "b"]));
    // A hold on events keeps their hits; a hold on an actor has the events to make them again from.
    lake.hold_events("case-1", ["e-1".to_owned()].into(), "r", noon(4)).await.unwrap();
    lake.hold("by-actor", actor("ana"), "r", noon(4)).await.unwrap();
    let done = drop_before(&lake, TableName::Hits, 3).await;
    assert_eq!((done.rows_dropped, done.rows_held), (1, 1));
    assert_eq!(count(&lake, "hits").await, 2);
}
