//! SQL: what may be asked, what is refused, how errors read.

use lake::{ColumnKind, Filter, Lake, Options, QueryError};
use serde_json::json;

use crate::fixture::{count, march_us, month, one, open, txn};

async fn filled(dir: &std::path::Path) -> Lake {
    let lake = open(dir).await;
    lake.append_events(month("trail", 3, 50), &txn("trail", 1)).await.unwrap();
    lake
}

#[tokio::test]
async fn values_read_as_people_expect() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let sql = "SELECT day, time, delivery_time, class_uid, bytes, user_name, resources, raw FROM events \
               WHERE record = 4 AND day = '2026-03-02'";
    let answer = lake.sql(sql, 10).await.unwrap();
    let kinds: Vec<_> = answer.columns.iter().map(|column| column.kind).collect();
    use ColumnKind::{Date, Integer, List, Text, Time};
    assert_eq!(kinds, [Date, Time, Time, Integer, Integer, Text, List, Text]);
    let expected = json!({
        "day": "2026-03-02",
        "time": "2026-03-02T00:00:00.004Z",
        "delivery_time": "2026-03-02T00:00:00.504Z",
        "class_uid": 6003,
        "bytes": 40,
        "user_name": null,
        "resources": ["s3://larkfield-orders/4", "s3://larkfield-orders"],
        "raw": "{\"eventID\":\"4\",\"actor\":\"a4\"}",
    });
    let rows: Vec<_> = answer.objects().collect();
    assert_eq!(json!(rows), json!([expected]));
    assert!(!answer.truncated);
    let odd = lake.sql("SELECT 1.5 AS a, true AS b, NULL AS c, 'NaN'::double AS d, X'00ff' AS e, {x: 1} AS f", 1).await;
    assert_eq!(json!(odd.unwrap().rows), json!([[1.5, true, null, "NaN", "00ff", {"x": 1}]]));
}

#[tokio::test]
async fn questions_of_a_hunt() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    assert_eq!(one(&lake, "SELECT count(*) FROM events WHERE actor = 'a7' AND day >= '2026-03-02'").await, 10);
    assert_eq!(one(&lake, "SELECT count(*) FROM events WHERE raw LIKE '%\"eventID\":\"49\"%'").await, 3);
    assert_eq!(one(&lake, "SELECT count(*) FROM events WHERE time < '2026-03-01T00:00:00.010Z'").await, 10);
    assert_eq!(
        one(&lake, "SELECT count(*) FROM events WHERE array_has(resources, 's3://larkfield-orders/9')").await,
        3
    );
    assert_eq!(one(&lake, "SELECT count(DISTINCT actor) FROM events").await, 10);
    assert_eq!(
        one(&lake, "SELECT max(n) FROM (SELECT date_trunc('hour', time) h, count(*) n FROM events GROUP BY 1)").await,
        50
    );
    let names = lake.sql("SHOW TABLES", 100).await.unwrap();
    let names: Vec<_> = names.objects().map(|row| row["table_name"].clone()).collect();
    assert!(names.contains(&json!("events")) && names.contains(&json!("rejected")));
    let columns = lake.sql("DESCRIBE events", 100).await.unwrap();
    assert_eq!(columns.rows.len(), 25);
    let plan = lake.sql("EXPLAIN SELECT actor FROM events WHERE actor = 'x'", 100).await.unwrap();
    assert_eq!(plan.rows.len(), 2);
    let typed = Filter {
        actors: ["a1".to_owned(), "a2".to_owned()].into(),
        from_us: Some(march_us(2)),
        to_us: Some(march_us(3)),
        ..Filter::default()
    };
    assert_eq!(lake.read_events(&typed, 100).await.unwrap().len(), 10);
    let first: Vec<_> = lake.read_events(&typed, 3).await.unwrap().into_iter().map(|row| row.record).collect();
    assert_eq!(first, [1, 2, 11]);
    let mut stream = lake.stream_events(&typed).await.unwrap();
    let mut streamed = 0;
    while let Some(rows) = stream.next().await.unwrap() {
        streamed += rows.len();
    }
    assert_eq!(streamed, 10);
}

#[tokio::test]
async fn limits_cut_and_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let cut = lake.sql("SELECT * FROM events", 7).await.unwrap();
    assert_eq!((cut.rows.len(), cut.truncated), (7, true));
    let whole = lake.sql("SELECT * FROM events", 150).await.unwrap();
    assert_eq!((whole.rows.len(), whole.truncated), (150, false));
    let none = lake.sql("SELECT * FROM events", 0).await.unwrap();
    assert_eq!((none.rows.len(), none.truncated, none.columns.len()), (0, true, 25));
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let secret = dir.path().join("secret.csv");
    std::fs::write(&secret, "a,b\n1,2\n").unwrap();
    let secret = secret.display();
    let copy = format!("COPY (SELECT * FROM events) TO '{secret}.parquet'");
    let external = format!("CREATE EXTERNAL TABLE s STORED AS CSV LOCATION '{secret}'");
    let refused = [
        "INSERT INTO events SELECT * FROM events",
        "INSERT OVERWRITE events SELECT * FROM events",
        "DELETE FROM events WHERE true",
        "UPDATE events SET actor = 'x'",
        "MERGE INTO events USING findings ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE TABLE events",
        "DROP TABLE events",
        "DROP VIEW IF EXISTS events",
        "ALTER TABLE events ADD COLUMN x int",
        "CREATE TABLE mine AS SELECT * FROM events",
        "CREATE OR REPLACE TABLE events AS SELECT 1",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE SCHEMA s",
        "CREATE DATABASE d",
        "CREATE FUNCTION f(int) RETURNS int RETURN $1",
        "SET datafusion.execution.parquet.pushdown_filters = false",
        "RESET datafusion.execution.batch_size",
        "BEGIN",
        "COMMIT",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE p",
        "USE x",
        "GRANT SELECT ON events TO x",
        "ANALYZE TABLE events COMPUTE STATISTICS",
        "VACUUM events",
        "CALL x()",
        "KILL 1",
        "EXPLAIN ANALYZE INSERT INTO events SELECT * FROM events",
        "SELECT 1; DELETE FROM events",
        copy.as_str(),
        external.as_str(),
    ];
    for text in refused {
        let answer = lake.sql(text, 10).await;
        assert!(matches!(answer, Err(QueryError::NotReadOnly { .. } | QueryError::Sql { .. })), "{text}: {answer:?}");
    }
    // Files are out of reach: a table name is never a path.
    for text in [
        format!("SELECT * FROM '{secret}'"),
        format!("SELECT * FROM \"{secret}\""),
        "SELECT * FROM read_csv('/etc/passwd')".to_owned(),
        "SELECT * FROM parquet_metadata('x.parquet')".to_owned(),
        "SELECT pg_read_file('/etc/passwd')".to_owned(),
    ] {
        let answer = lake.sql(&text, 10).await;
        assert!(matches!(answer, Err(QueryError::Sql { .. })), "{text}: {answer:?}");
    }
    assert_eq!(count(&lake, "events").await, 150);
    assert!(!dir.path().join("secret.csv.parquet").exists());
}

#[tokio::test]
async fn errors_show_the_users_own_text() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let mut shown = Vec::new();
    for text in [
        "SELECT actr FROM events",
        "SELECT * FROM evnts",
        "SELEC 1",
        "SELECT count(* FROM events",
        "SELECT nosuch(actor) FROM events",
        "DELETE FROM events",
        "SELECT 1; SELECT 2",
        "",
        "SELECT 1/0",
        "SELECT actor::int FROM events",
    ] {
        let error = match lake.sql(text, 5).await {
            Err(error) => error.to_string(),
            Ok(rows) => panic!("{text}: {rows:?}"),
        };
        assert!(error.contains(text), "{error}");
        assert!(!error.contains('\n') && error.len() < 1000, "{error}");
        for word in
            ["DataFusion", "datafusion", "ParserError", "Box<", "SessionState", "backtrace", "Error during planning"]
        {
            assert!(!error.contains(word), "{error}");
        }
        shown.push(error);
    }
    println!("{}", shown.join("\n"));
}

#[tokio::test]
async fn lent_tables_join_with_the_lake() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let incidents = [
        json!({"id": "inc-1", "actor": "a1", "score": 1.5, "open": true, "facts": {"n": 1}, "opened": "2026-03-01T00:00:00Z"}),
        json!({"id": "inc-2", "actor": "a2", "score": 2, "open": null, "extra": 7}),
    ];
    lake.register_json("incidents", &[], &incidents).unwrap();
    let joined = "SELECT i.id, count(*) n FROM incidents i JOIN events e ON e.actor = i.actor GROUP BY 1 ORDER BY 1";
    assert_eq!(json!(lake.sql(joined, 9).await.unwrap().rows), json!([["inc-1", 15], ["inc-2", 15]]));
    let all = lake.sql("SELECT id, score, open, facts, extra FROM incidents ORDER BY id", 9).await.unwrap();
    assert_eq!(json!(all.rows), json!([["inc-1", 1.5, true, "{\"n\":1}", null], ["inc-2", 2.0, null, null, 7]]));

    let typed = [("id".to_owned(), ColumnKind::Text), ("opened".to_owned(), ColumnKind::Time)];
    lake.register_json("incidents", &typed, &incidents).unwrap();
    assert_eq!(one(&lake, "SELECT id FROM incidents WHERE opened < '2026-03-02'").await, "inc-1");
    lake.register_json("incidents", &typed, &[]).unwrap();
    assert_eq!(count(&lake, "incidents").await, 0);

    for (name, rows) in [
        ("events", json!([{"a": 1}])),
        ("Bad", json!([{"a": 1}])),
        ("1a", json!([{"a": 1}])),
        ("", json!([{"a": 1}])),
        ("x", json!([])),
        ("x", json!([1])),
    ] {
        let refused = lake.register_json(name, &[], rows.as_array().unwrap());
        assert!(matches!(refused, Err(QueryError::Register { .. })), "{name} {rows}");
    }
    let wrong = lake.register_json("x", &[("opened".to_owned(), ColumnKind::Time)], &[json!({"opened": 5})]);
    assert_eq!(wrong.unwrap_err().to_string(), "register table `x`: row 0, column `opened` is not an RFC 3339 time");
}

#[tokio::test]
async fn memory_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { memory_bytes: 4 << 20, spill_bytes: 1 << 20, threads: 1 };
    let lake = Lake::open(dir.path(), &options).await.unwrap();
    let greedy =
        "SELECT array_agg(a.value) FROM generate_series(1, 3000) a, generate_series(1, 3000) b GROUP BY b.value % 7";
    let refused = lake.sql(greedy, 10).await;
    assert!(matches!(refused, Err(QueryError::Memory { .. })), "{refused:?}");
    assert_eq!(one(&lake, "SELECT count(*) FROM generate_series(1, 1000)").await, 1000);
}
