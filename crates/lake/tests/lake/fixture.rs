//! Rows and lakes that the tests share. Deterministic: no clock, no chance.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use lake::{Appended, EventRow, FindingRow, Lake, Options, RejectedRow, Txn};
use serde_json::Value;

pub(crate) const HOUR_US: i64 = 3_600_000_000;

pub(crate) async fn open(dir: &Path) -> Lake {
    Lake::open(dir, &Options::default()).await.unwrap()
}

pub(crate) fn txn(source: &str, seq: i64) -> Txn {
    Txn { source: source.to_owned(), seq }
}

/// Midnight of a day in March 2026.
pub(crate) fn march_us(day: i8) -> i64 {
    format!("2026-03-{day:02}T00:00:00Z").parse::<Timestamp>().unwrap().as_microsecond()
}

pub(crate) fn march(day: i8) -> Date {
    jiff::civil::date(2026, 3, day)
}

pub(crate) fn noon(day: i8) -> Timestamp {
    Timestamp::from_microsecond(march_us(day) + 12 * HOUR_US).unwrap()
}

/// One event; `n` makes it unique.
pub(crate) fn event(source: &str, time_us: i64, actor: &str, n: i64) -> EventRow {
    EventRow {
        tenant: "larkfield".to_owned(),
        source: source.to_owned(),
        record: n,
        logsource: "aws/cloudtrail".to_owned(),
        class_uid: 6003,
        time_us,
        ingest_us: time_us + 1_000_000,
        delivery_us: (n % 2 == 0).then_some(time_us + 500_000),
        event_uid: format!("{source}-{time_us}-{n}"),
        operation: "GetObject".to_owned(),
        status: Some("Success".to_owned()),
        actor: actor.to_owned(),
        user_name: None,
        src_ip: Some("198.51.100.7".to_owned()),
        user_agent: None,
        account: Some("111122223333".to_owned()),
        region: Some("eu-central-1".to_owned()),
        resources: vec![format!("s3://larkfield-orders/{n}"), "s3://larkfield-orders".to_owned()],
        bytes: Some(n * 10),
        http_status: Some(200),
        row_count: None,
        raw: format!("{{\"eventID\":\"{n}\",\"actor\":\"{actor}\"}}"),
        raw_bytes: (n % 3 == 0).then(|| vec![0xff, 0x00, 0xc3]),
    }
}

/// `per_day` events on each of the days 1 to `days` of March, actors a0 to a9 in turn.
pub(crate) fn month(source: &str, days: i8, per_day: i64) -> Vec<EventRow> {
    let mut rows = Vec::new();
    for day in 1..=days {
        for n in 0..per_day {
            rows.push(event(source, march_us(day) + n * 1_000, &format!("a{}", n % 10), n));
        }
    }
    rows
}

pub(crate) fn finding(source: &str, time_us: i64, uid: &str) -> FindingRow {
    FindingRow {
        uid: uid.to_owned(),
        tenant: "larkfield".to_owned(),
        rule_id: "s3-mass-read".to_owned(),
        rule_version: "3".to_owned(),
        title: "Mass read".to_owned(),
        surface: "storage".to_owned(),
        severity: 4,
        confidence: None,
        class_uid: 2004,
        time_us,
        discovered_us: time_us + 5,
        logsource: "aws/cloudtrail".to_owned(),
        event_uid: "e".to_owned(),
        event_uids: vec!["d".to_owned(), "e".to_owned()],
        actor: "a1".to_owned(),
        resources: vec![],
        attack: vec!["T1530".to_owned(), "T1537".to_owned()],
        json: "{}".to_owned(),
        source: source.to_owned(),
    }
}

pub(crate) fn rejected(source: &str, ingest_us: i64, raw: &[u8]) -> RejectedRow {
    RejectedRow {
        tenant: "larkfield".to_owned(),
        source: source.to_owned(),
        member: "a.json.gz".to_owned(),
        record: 7,
        reason: "not an object".to_owned(),
        raw: raw.to_owned(),
        ingest_us,
    }
}

/// The single value of a one-row, one-column answer.
pub(crate) async fn one(lake: &Lake, sql: &str) -> Value {
    let answer = lake.sql(sql, 10).await.unwrap();
    assert_eq!((answer.rows.len(), answer.columns.len()), (1, 1), "{answer:?}");
    answer.rows[0][0].clone()
}

pub(crate) async fn count(lake: &Lake, table: &str) -> i64 {
    one(lake, &format!("SELECT count(*) FROM {table}")).await.as_i64().unwrap()
}

pub(crate) fn stored(appended: Appended) -> u64 {
    match appended {
        Appended::Stored { rows, .. } => rows,
        other => panic!("not stored: {other:?}"),
    }
}
