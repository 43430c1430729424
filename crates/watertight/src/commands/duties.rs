//! `watertight duties`: facts in, one object a facts object out, in input order: who must be told what by when, and why.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use duty::Facts;
use jiff::Timestamp;
use serde_json::Value;

use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::law;
use crate::output::{self, Format, Out};

/// A facts file is never larger.
const FACTS_FILE_BYTES_MAX: u64 = 1 << 30;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The moment to ask about: a date (its last instant, UTC) or an instant; default: now
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Regime files from here instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    regimes: Option<PathBuf>,
    /// Files with one JSON object a line, or one object; `-` for stdin
    #[arg(required = true, value_name = "FACTS")]
    facts: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let config = context.config()?;
    let content = match &args.regimes {
        Some(dir) => below_regimes(Content::from_dir(dir)?),
        None => context.content(&config)?,
    };
    let law = law::load(&content);
    let as_of = as_of(args.as_of.as_deref(), context)?;
    let mut out = Out::new();
    for path in &args.facts {
        for (line, text) in objects(&read(path)?) {
            let facts = Facts::parse(&text).or_usage(format!("`{}` line {line}", path.display()))?;
            let answer = law.evaluate(&facts, as_of);
            match context.format {
                Format::Human => human(&answer, &mut out)?,
                Format::Json | Format::Jsonl | Format::Navigator => out.json(&answer)?,
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Files of a directory given with --regimes are regimes wherever they lie in it.
fn below_regimes(mut content: Content) -> Content {
    content.files.retain(|file| Path::new(&file.path).extension().is_some_and(|extension| extension == "toml"));
    for file in &mut content.files {
        file.path = format!("regimes/{}", file.path);
    }
    content
}

fn as_of(text: Option<&str>, context: &Context) -> Result<Timestamp, Failure> {
    let Some(text) = text else { return Ok(context.clock.now()) };
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let date: jiff::civil::Date = text.parse().or_usage(format!("`{text}` is neither a date nor an instant"))?;
    let end = date.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).or_usage(format!("`{text}` is out of range"))?;
    Ok(end.timestamp())
}

fn read(path: &Path) -> Result<String, Failure> {
    let doing = format!("failed to read facts from `{}`", path.display());
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(FACTS_FILE_BYTES_MAX).read_to_string(&mut text).or_usage(&doing)?;
    } else {
        let file = std::fs::File::open(path).or_usage(&doing)?;
        file.take(FACTS_FILE_BYTES_MAX).read_to_string(&mut text).or_usage(&doing)?;
    }
    Ok(text)
}

/// One object for the whole text, or one a line; each with the line it starts on.
fn objects(text: &str) -> Vec<(usize, String)> {
    if serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()) {
        return vec![(1, text.to_owned())];
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| (index + 1, line.to_owned())).collect()
}

/// For people: what is owed first, then what is not, each with its reason.
fn human(answer: &duty::Answer, out: &mut Out) -> Result<(), Failure> {
    let name = answer.id.as_deref().unwrap_or("these facts");
    out.line(&format!(
        "{name}: {} owed, {} not, {} waiting for facts",
        answer.required.len(),
        answer.not_required.len(),
        answer.pending.len()
    ))?;
    for owed in &answer.required {
        let due = owed.due_by.as_deref().or(owed.standard.as_deref()).unwrap_or("no date");
        out.line(&format!("  tell {} by {due}  [{}, {}]", owed.recipient, owed.rule_id, owed.citation))?;
        for reason in &owed.because {
            out.line(&format!("      because {reason}"))?;
        }
    }
    for pending in &answer.pending {
        out.line(&format!("  waiting: {} needs {}", pending.rule_id, pending.missing.join(", ")))?;
    }
    for review in &answer.review {
        out.line(&format!("  decide: {} {}", review.rule_id, review.question))?;
    }
    for spared in &answer.not_required {
        out.line(&format!("  not {} ({}): {}", spared.recipient, spared.rule_id, spared.reason))?;
    }
    let drafts = answer.required.iter().filter(|owed| owed.review_status == "draft").count();
    if 0 < drafts {
        output::talk(format!("note: {drafts} of these answers rest on regime texts that no lawyer has reviewed yet"));
    }
    Ok(())
}
