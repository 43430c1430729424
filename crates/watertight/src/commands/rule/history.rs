//! `watertight rule history`: content versions as the log has them, the newest first.

use serde_json::Value;

use crate::context::Context;
use crate::exit::{Exit, OrFail as _, Outcome};
use crate::instance::Instance;
use crate::output;

pub(super) fn run(context: &Context) -> Outcome {
    context.block_on(async {
        let instance = Instance::read(context).await?;
        let mut rows = instance.store.documents("content").await.or_fail("failed to read content versions")?;
        rows.sort_by_key(|row| std::cmp::Reverse(row["last"]["position"].as_u64()));
        let in_use = rows.iter().filter_map(|row| row["use"].as_u64()).max();
        for row in &mut rows {
            row["at"] = row["last"]["at"].clone();
            row["state"] = Value::from(state(row, in_use));
            row["changed"] = Value::from(changed(row));
        }
        output::rows(context.format, &["at", "state", "author", "approver", "rules", "changed", "id"], &rows)?;
        Ok(Exit::Done)
    })
}

fn state(row: &Value, in_use: Option<u64>) -> &'static str {
    match row["use"].as_u64() {
        Some(number) if Some(number) == in_use => "in_use",
        Some(_) => "used",
        None if row["approver"].is_string() => "approved",
        None => "proposed",
    }
}

/// `+3 ~1 -0`: rules added, changed and removed against the version before.
fn changed(row: &Value) -> String {
    let count = |kind: &str| row["changes"][kind]["count"].as_u64().unwrap_or(0);
    format!("+{} ~{} -{}", count("added"), count("changed"), count("removed"))
}
