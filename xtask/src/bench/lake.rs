//! `cargo xtask bench lake [ROWS_PER_DAY] [DAYS]`: append, then questions to our lake and to DuckDB on the same files in turns,
//! then retention. Ours is an example of `lake`, with the program's allocator; DuckDB comes from PyPI below `target/rigs`.

use std::path::PathBuf;
use std::process::Command;

use crate::{cargo, rigs, root};

/// Five million events in 90 days.
const ROWS_PER_DAY: &str = "55556";
const DAYS: &str = "90";
/// As often each engine is asked, so that a busy moment does not meet one of them alone.
const TURNS: usize = 2;

/// The same questions as the example's, each three times: first and best. The tables are of this run, nothing was deleted.
const DUCKDB: &str = r#"
import sys, time, duckdb
base = duckdb.connect(config={"threads": 2})
files = f"{sys.argv[1]}/events/day=*/*.parquet"
base.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{files}', hive_partitioning=true)")
needle = "raw LIKE '%NEEDLE0123456789%'"
for name, sql in [
    ("rare principal", "SELECT count(*), min(time)::VARCHAR, max(time)::VARCHAR FROM events WHERE actor = 'aws:user:444455556666/rare'"),
    ("rare principal, whole rows", "SELECT * REPLACE (time::VARCHAR AS time, ingest_time::VARCHAR AS ingest_time, delivery_time::VARCHAR AS delivery_time) FROM events WHERE actor = 'aws:user:444455556666/rare'"),
    ("failures grouped", "SELECT operation, count(*), count(DISTINCT actor) FROM events WHERE status = 'AccessDenied' GROUP BY 1 ORDER BY 2 DESC"),
    ("needle in raw, all days", f"SELECT count(*) FROM events WHERE {needle}"),
]:
    times = []
    for _ in range(3):
        started, busy = time.perf_counter(), time.process_time()
        rows = base.execute(sql).fetchall()
        times.append(time.perf_counter() - started)
        busy = time.process_time() - busy
    print(f"duckdb: {name}: first {times[0]:.3f} s, best {min(times):.3f} s, {busy:.2f} CPU-s, {len(rows)} rows")
"#;

pub(super) fn run(args: &[String]) -> Result<(), String> {
    let python = rigs::duckdb()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let dir = target.join("bench/lake");
    let rows = args.first().map_or(ROWS_PER_DAY, String::as_str);
    let days = args.get(1).map_or(DAYS, String::as_str);
    // Of the whole workspace: one package alone would choose other features and build the engine again.
    let example = ["build", "--quiet", "--release", "--workspace", "--example", "bench_lake"];
    shown(cargo().args(example).current_dir(root()))?;
    let program = target.join("release/examples/bench_lake");
    let ours = |part: &str| shown(Command::new(&program).args([rows, days]).arg(&dir).arg(part));
    ours("fill")?;
    for _ in 0..TURNS {
        ours("query")?;
        shown(Command::new(&python).args(["-I", "-c", DUCKDB]).arg(&dir))?;
    }
    ours("maintain")
}

fn shown(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}
