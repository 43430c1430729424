//! The demo's last words: every number with the command that checks it.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::compare::Compared;
use crate::exit::{Failure, OrFail as _};
use crate::flow::Turn;
use crate::instance::Instance;
use crate::output::Out;

/// What the summary is made of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) out: &'a Path,
    pub(super) now: Timestamp,
    pub(super) turns: &'a [(String, Turn)],
    pub(super) pack: &'a Path,
    pub(super) found: &'a Compared,
}

pub(super) async fn print(instance: &Instance, facts: &Facts<'_>) -> Result<(), Failure> {
    let total = facts.turns.iter().fold(Turn::default(), |sum, (_, turn)| sum.plus(*turn));
    let count = async |kind: &str| {
        Ok::<_, Failure>(instance.store.documents(kind).await.or_fail("failed to read documents")?.len())
    };
    let (incidents, obligations, notices) =
        (count("incident").await?, count("obligation").await?, count("notice").await?);
    let evaluations = instance.store.documents("evaluation").await.or_fail("failed to read documents")?;
    let open = |field: &str| evaluations.iter().filter_map(|answer| answer[field].as_u64()).sum::<u64>();
    let questions = open("pending") + open("review");
    let entries = instance.store.size().await.or_fail("failed to read the log")?;
    // As this very program was called: after `cargo run` it is on nobody's PATH.
    let program = std::env::current_exe().or_fail("failed to find this program")?;
    let program = quoted(&program);
    let with = format!(
        "{program} --config {} --data-dir {}",
        quoted(&facts.out.join("watertight.toml")),
        quoted(&facts.out.join("data"))
    );
    let mut out = Out::new();
    let mut line = |text: String| out.line(&text);
    line(format!("records      {:>8}   = {} events + {} rejected", total.records, total.events, total.rejected))?;
    line(format!("               {with} query \"SELECT sum(records), sum(events), sum(rejected) FROM batches\""))?;
    line(format!("findings     {:>8}", total.findings))?;
    line(format!(
        "               {with} query \"SELECT title, count(*) FROM findings GROUP BY title ORDER BY 2 DESC\""
    ))?;
    line(format!("incidents    {incidents:>8}"))?;
    line(format!("               {with} incident list"))?;
    line(format!("obligations  {obligations:>8}   and {questions} open questions of law"))?;
    line(format!("               {with} query \"SELECT count(*) FROM obligations\""))?;
    line(format!("               {with} duty list"))?;
    line(format!("notices      {notices:>8}   drafted, none sent"))?;
    line(format!("               {with} notice status"))?;
    line(format!("log entries  {entries:>8}"))?;
    line(format!("               {with} state rebuild --compare"))?;
    line(format!("pack                    {}", facts.pack.display()))?;
    line(format!("               {program} evidence verify {}", quoted(facts.pack)))?;
    line(String::new())?;
    leaks(&mut out, facts)?;
    out.flush()?;
    let found = facts.found;
    let json = serde_json::to_string_pretty(&json!(found)).or_fail("failed to print the comparison")?;
    crate::durable::write(&facts.out.join("comparison.json"), json.as_bytes())
}

/// What was found of what really leaked, and what was disturbed without a leak.
fn leaks(out: &mut Out, facts: &Facts<'_>) -> Result<(), Failure> {
    let (found, dir) = (facts.found, facts.out.display());
    out.line("what leaked, against the company's ground truth:")?;
    for story in &found.stories {
        let when = story.seconds_after_deed.map_or_else(
            || "not found".to_owned(),
            |s| if s < 0 { format!("{} s before the deed", -s) } else { format!("{s} s after the deed") },
        );
        let counted = story.subjects_counted.map_or_else(|| "-".to_owned(), |n| n.to_string());
        out.line(&format!(
            "  {:<22} {:>5} findings, first {:<24} people {counted} of {}",
            story.story, story.findings, when, story.subjects_true
        ))?;
    }
    out.line(&format!(
        "  {} of {} look-alikes stayed quiet; {} high findings and {} incidents without a leak behind them",
        found.look_alikes - found.look_alikes_disturbed.len(),
        found.look_alikes,
        found.false_high,
        found.false_incidents.len()
    ))?;
    for (look_alike, findings) in &found.look_alikes_disturbed {
        out.line(&format!("  {look_alike}: {findings} findings about something harmless"))?;
    }
    out.line(&format!("               diff against {dir}/company/ground-truth.json is in {dir}/comparison.json"))?;
    out.line(&format!("clock        simulated, {}", facts.now))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
