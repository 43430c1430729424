//! `watertight query "SQL"`: the lake and the case data, in SQL.
//!
//! Tables: `events`, `findings`, `rejected` (the lake) and `incidents`, `incident_findings`, `obligations`, `notices`,
//! `batches`
//! (folded from the log). Read-only; the lake refuses everything else.

use lake::ColumnKind::{Integer, Object, Text, Time};
use lake::{ColumnKind, Lake};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::output;
use crate::store::Store;

/// Rows printed unless `--limit` says otherwise.
const ROWS_MAX: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One SELECT statement
    sql: String,
    /// Where to run it; only `local` in this version
    #[arg(long, default_value = "local", value_name = "local")]
    engine: String,
    /// The most rows to print
    #[arg(long, default_value_t = ROWS_MAX, value_name = "N")]
    limit: usize,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.engine != "local" {
        return Err(
            Failure::usage(format!("`{}` is not an engine of this version", args.engine)).help("leave --engine out")
        );
    }
    context.block_on(async {
        let instance = Instance::read(context).await?;
        lend_documents(&instance.lake, &instance.store).await?;
        let answer = instance.lake.sql(&args.sql, args.limit).await.or_usage("failed to run the query")?;
        let columns: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let rows: Vec<Value> = answer.objects().map(Value::Object).collect();
        output::rows(context.format, &columns, &rows)?;
        if answer.truncated {
            output::talk(format!("only the first {} rows are shown; give --limit for more", rows.len()));
        }
        Ok(Exit::Done)
    })
}

/// A table made of documents: its SQL name, the documents' kind, and its columns.
type Lent = (&'static str, &'static str, &'static [(&'static str, ColumnKind)]);

const LENT: &[Lent] = &[
    (
        "incidents",
        "incident",
        &[
            ("id", Text),
            ("number", Integer),
            ("title", Text),
            ("status", Text),
            ("severity", Text),
            ("priority", Text),
            ("breach", Object),
            ("opened_at", Time),
            ("discovered", Time),
            ("first_event", Time),
            ("last_event", Time),
            ("finding_count", Integer),
            ("facts", Object),
        ],
    ),
    (
        "obligations",
        "obligation",
        &[
            ("id", Text),
            ("incident", Text),
            ("rule_id", Text),
            ("jurisdiction", Text),
            ("recipient", Text),
            ("due_by", Time),
            ("due_kind", Text),
            ("standard", Text),
            ("citation", Text),
            ("state", Text),
        ],
    ),
    (
        "evaluations",
        "evaluation",
        &[
            ("incident", Text),
            ("as_of", Text),
            ("required", Integer),
            ("not_required", Integer),
            ("pending", Integer),
            ("review", Integer),
            ("next_fail_safe_at", Time),
        ],
    ),
    (
        "notices",
        "notice",
        &[
            ("id", Text),
            ("incident", Text),
            ("obligation", Text),
            ("template", Text),
            ("language", Text),
            ("state", Text),
            ("hash", Text),
            ("gaps", Object),
        ],
    ),
    (
        "batches",
        "batch",
        &[
            ("id", Text),
            ("source", Text),
            ("seq", Integer),
            ("records", Integer),
            ("events", Integer),
            ("rejected", Integer),
            ("findings", Integer),
            ("content_version", Text),
            ("last_event", Time),
        ],
    ),
];

async fn lend_documents(lake: &Lake, store: &Store) -> Result<(), Failure> {
    for (table, kind, columns) in LENT {
        let documents = store.documents(kind).await.or_fail("failed to read the documents")?;
        let rows: Vec<Value> = documents.iter().map(|document| pick(document, columns)).collect();
        let columns: Vec<(String, ColumnKind)> = columns.iter().map(|&(name, kind)| (name.to_owned(), kind)).collect();
        lake.register_json(table, &columns, &rows).or_fail(format!("failed to lend `{table}` to SQL"))?;
    }
    lend_members(lake, store).await
}

/// Which finding belongs to which incident.
async fn lend_members(lake: &Lake, store: &Store) -> Result<(), Failure> {
    let cases = store.cases().await;
    let members = cases
        .incidents
        .findings
        .iter()
        .filter_map(|(finding, record)| Some(json!({"finding": finding, "incident": record.incident.as_ref()?})));
    let rows: Vec<Value> = members.collect();
    let columns = [("incident".to_owned(), Text), ("finding".to_owned(), Text)];
    lake.register_json("incident_findings", &columns, &rows).or_fail("failed to lend `incident_findings` to SQL")
}

fn pick(document: &Value, columns: &[(&str, ColumnKind)]) -> Value {
    columns
        .iter()
        .map(|(name, _)| ((*name).to_owned(), document[*name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
