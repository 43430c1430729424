//! The spool as the flow uses it: what was taken is read once, whatever dies in between, and what was read is removed.

use std::path::Path;
use std::time::Duration;

use ingest::source::BatchLimits;
use ingest::{Limits, Position, Source as _};
use receive::spool::Marks;
use receive::{Before, Refused, Spool, SpoolLimits, SpoolSource};

fn limits() -> SpoolLimits {
    SpoolLimits { gather: Duration::from_millis(1), ..SpoolLimits::default() }
}

fn record(number: usize) -> Vec<u8> {
    format!(r#"{{"timestamp":"2026-03-02T10:11:12Z","service":"checkout","event":"order.read","n":{number}}}"#)
        .into_bytes()
}

fn source(spool: &Spool, done: &[Position]) -> SpoolSource {
    SpoolSource::new(
        "shop",
        spool,
        None,
        Before { stored: done, unfinished: &[] },
        Limits::default(),
        BatchLimits::default(),
    )
    .expect("a spool")
}

fn segments(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).expect("a spool").map(|entry| entry.expect("a spool").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".spool")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_read_once_and_removed_when_it_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path(), limits()).unwrap();
    for number in 0..3 {
        spool.put(vec![record(number), b"no log".to_vec()]).await.unwrap();
    }
    let held = spool.held_bytes();
    assert!(0 < held);
    let mut source = source(&spool, &[]);
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(batch.records.len() + batch.rejected.len(), 6);
    assert_eq!((segments(dir.path()), spool.held_bytes()), (3, held));
    source.commit(&batch.position).await.unwrap();
    assert_eq!((segments(dir.path()), spool.held_bytes()), (0, 0));
    assert!(source.next_batch().await.unwrap().is_none());
    spool.put(vec![record(9)]).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(batch.records.len(), 1);
}

/// Batches end where they are full, in the middle of a segment or exactly at its end.
#[tokio::test(flavor = "multi_thread")]
async fn no_segment_goes_before_its_last_record_is_stored_and_none_stays_behind() {
    for records_max in 1..=5 {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path(), limits()).unwrap();
        for number in 0..4 {
            spool.put(vec![record(number), record(number + 10)]).await.unwrap();
        }
        let (mut stored, mut read) = (Vec::new(), 0);
        // As if the process began again after every batch, and as if it went on.
        for begins_again in [true, false] {
            let open = |stored: &[Position]| {
                let before = Before { stored, unfinished: &[] };
                let limit = BatchLimits { records_max, ..BatchLimits::default() };
                SpoolSource::new("shop", &spool, None, before, Limits::default(), limit).unwrap()
            };
            let mut source = open(&stored);
            while let Some(batch) = source.next_batch().await.unwrap() {
                read += batch.records.len();
                stored.extend(batch.members.iter().map(|member| member.after.clone()));
                source.commit(&batch.position).await.unwrap();
                let whole = read / 2;
                assert!(segments(dir.path()) >= 4 - whole, "{records_max}: a segment went with records in it");
                if begins_again {
                    source = open(&stored);
                }
                if begins_again && read == 4 {
                    break;
                }
            }
        }
        assert_eq!((read, segments(dir.path())), (8, 0), "{records_max}");
    }
}

/// A name that was used again would count as read.
#[tokio::test(flavor = "multi_thread")]
async fn names_are_never_used_twice_and_marks_outlive_their_segments() {
    let dir = tempfile::tempdir().unwrap();
    let mut positions = Vec::new();
    for round in 0..3_u64 {
        let spool = Spool::open(dir.path(), limits()).unwrap();
        assert_eq!(spool.mark("orders/0"), round.checked_sub(1));
        spool.put_marked(vec![record(0)], Marks::from([("orders/0".to_owned(), round)])).await.unwrap();
        let mut source = source(&spool, &positions);
        let batch = source.next_batch().await.unwrap().unwrap();
        assert_eq!(batch.records.len(), 1, "{round}");
        positions.push(batch.position.clone());
        // Every other time the process dies before the commit; the next start removes what was read.
        if round % 2 == 0 {
            source.commit(&batch.position).await.unwrap();
        }
    }
    let names: std::collections::HashSet<&str> =
        positions.iter().map(|position| position.member.name.as_str()).collect();
    assert_eq!(names.len(), 3);
    let spool = Spool::open(dir.path(), limits()).unwrap();
    let _cleaned = source(&spool, &positions);
    assert_eq!((segments(dir.path()), spool.held_bytes()), (0, 0));
    assert_eq!(spool.mark("orders/0"), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn puts_that_wait_together_share_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path(), SpoolLimits { gather: Duration::from_millis(200), ..limits() }).unwrap();
    let puts = (0..100).map(|number| {
        let spool = spool.clone();
        tokio::spawn(async move { spool.put(vec![record(number)]).await })
    });
    let puts: Vec<_> = puts.collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert!(segments(dir.path()) < 20, "{}", segments(dir.path()));
    let mut source = source(&spool, &[]);
    assert_eq!(source.next_batch().await.unwrap().unwrap().records.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_refuses_until_it_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path(), SpoolLimits { held_bytes_max: 1000, ..limits() }).unwrap();
    let mut taken = 0;
    let refused = loop {
        match spool.put(vec![record(taken)]).await {
            Ok(()) => taken += 1,
            Err(refused) => break refused,
        }
        assert!(taken < 100);
    };
    assert!(matches!(refused, Refused::Full { max: 1000, .. }), "{refused:?}");
    assert!(spool.held_bytes() <= 1000 + 200);
    let mut source = source(&spool, &[]);
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(batch.records.len(), taken);
    source.commit(&batch.position).await.unwrap();
    spool.put(vec![record(0)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_was_not_finished_was_promised_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path(), limits()).unwrap();
    spool.put(vec![record(0)]).await.unwrap();
    drop(spool);
    std::fs::write(dir.path().join("00000000000000000001.part"), b"half").unwrap();
    let spool = Spool::open(dir.path(), limits()).unwrap();
    assert_eq!(source(&spool, &[]).next_batch().await.unwrap().unwrap().records.len(), 1);
    assert_eq!(segments(dir.path()), 1);
    std::fs::write(dir.path().join("00000000000000000007.spool"), b"something else").unwrap();
    let error = Spool::open(dir.path(), limits()).unwrap_err().to_string();
    assert!(error.contains("00000000000000000007.spool") && error.contains("move it away"), "{error}");
}

/// Positions name files; a name from elsewhere removes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn only_segments_of_the_spool_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("elsewhere.json");
    std::fs::write(&elsewhere, b"{}").unwrap();
    let spool = Spool::open(&dir.path().join("spool"), limits()).unwrap();
    let name = elsewhere.to_string_lossy().into_owned();
    let member = ingest::Member { name, ..ingest::Member::default() };
    let _source = source(&spool, &[Position { member, record: 1, complete: true }]);
    assert!(elsewhere.exists());
}
