//! `watertight classify`: what sensitive data files hold, one object a file, or one a match with `--spans`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use classify::{Classifier, Options};
use ingest::{Limits, Member};
use serde_json::{Value, json};

use crate::content::Content;
use crate::context::Context;
use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::output::{self, Out};

/// With `--spans` a file is held whole, so that offsets are exact.
const SPANS_BYTES_MAX: u64 = 256 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One object a match: offsets, line, column, score
    #[arg(long)]
    spans: bool,
    /// Print the matched values too
    #[arg(long, requires = "spans")]
    reveal: bool,
    /// Look at the first N rows or lines of each file
    #[arg(long, value_name = "N")]
    sample: Option<u64>,
    /// Write the result to the objects as tags
    #[arg(long)]
    tag: bool,
    /// Identifier files from here instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    identifiers: Option<PathBuf>,
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.tag {
        return Err(
            Failure::usage("--tag needs object stores that this version does not write to").help("leave --tag out")
        );
    }
    let classifier = classifier(args, context)?;
    let options = Options { rows_max: args.sample, ..Options::default() };
    let mut out = Out::new();
    let mut failed = 0_usize;
    for path in &args.paths {
        for member in ingest::read::expand(path).or_usage("failed to read")? {
            let outcome = if args.spans {
                spans(&classifier, &member, args.reveal, &mut out)
            } else {
                verdict(&classifier, &member, &options, context.format, &mut out)
            };
            if let Err(failure) = outcome {
                failed += 1;
                output::talk(&failure);
            }
        }
    }
    out.flush()?;
    if failed == 0 { Ok(Exit::Done) } else { Err(Failure::failed(format!("{failed} files could not be read"))) }
}

fn classifier(args: &Args, context: &Context) -> Result<Classifier, Failure> {
    let content = match &args.identifiers {
        Some(dir) => {
            let mut content = Content::from_dir(dir)?;
            content.files.iter_mut().for_each(|file| file.path = format!("identifiers/{}", file.path));
            content
        }
        None => context.content(&context.config()?)?,
    };
    let files: Vec<(&str, &str)> = content.below("identifiers").collect();
    let (classifier, errors) = Classifier::new(&files);
    errors.iter().for_each(output::talk);
    Ok(classifier)
}

/// The text of a file, whatever it is packed in. An archive of several files would get a false all-clear, so it is refused.
fn open(member: &Member) -> Result<Box<dyn std::io::Read>, Failure> {
    let name = &member.name;
    let input = ingest::read::open_member(member).or_usage(format!("failed to open `{name}`"))?;
    let doing = format!("failed to read `{name}`");
    let mut text = ingest::read::decoded(input, &Limits::default()).or_fail(&doing)?;
    let mut head = Vec::new();
    text.by_ref().take(ZIP_MAGIC.len() as u64).read_to_end(&mut head).or_fail(&doing)?;
    if head == ZIP_MAGIC {
        return Err(Failure::usage(format!("`{name}` is an archive; this version classifies single files"))
            .help("unpack it first"));
    }
    Ok(Box::new(std::io::Cursor::new(head).chain(text)))
}

/// First bytes of zip, and so of xlsx and docx.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

fn verdict(
    classifier: &Classifier,
    member: &Member,
    options: &Options,
    format: output::Format,
    out: &mut Out,
) -> Result<(), Failure> {
    let name = member.name.as_str();
    let scan = classifier.scan(inner_name(name), open(member)?, options).or_fail(format!("failed to read `{name}`"))?;
    let mut row = serde_json::to_value(&scan.verdict).or_fail("failed to print")?;
    if let Some(fields) = row.as_object_mut() {
        fields.insert("path".to_owned(), json!(name));
        fields.insert("records".to_owned(), json!(scan.records));
        fields.insert("malformed".to_owned(), json!(scan.malformed));
        fields.insert("sampled".to_owned(), json!(scan.sampled));
    }
    if format == output::Format::Human {
        let found: Vec<String> =
            scan.verdict.identifiers.iter().map(|found| format!("{} ×{}", found.id, found.count)).collect();
        let people = scan.verdict.subjects.distinct_at_least;
        return out.line(&format!(
            "{name}: {:?}, at least {people} people; {}",
            scan.verdict.sensitivity,
            found.join(", ")
        ));
    }
    out.json(&row)
}

fn spans(classifier: &Classifier, member: &Member, reveal: bool, out: &mut Out) -> Result<(), Failure> {
    let name = member.name.as_str();
    let mut bytes = Vec::new();
    open(member)?.take(SPANS_BYTES_MAX + 1).read_to_end(&mut bytes).or_fail(format!("failed to read `{name}`"))?;
    if SPANS_BYTES_MAX < bytes.len() as u64 {
        return Err(Failure::usage(format!("`{name}` is larger than {SPANS_BYTES_MAX} bytes, the most for --spans")));
    }
    let text = String::from_utf8_lossy(&bytes);
    for (record_id, text) in texts(inner_name(name), &text) {
        for span in classifier.scan_text(&text) {
            let mut row = json!({"path": name, "id": span.id, "start": span.start, "end": span.end, "line": span.line, "column": span.column, "score": span.score});
            if let Some(id) = &record_id {
                row["record_id"] = id.clone();
            }
            if reveal {
                row["value"] = json!(text.get(span.start..span.end));
            }
            out.json(&row)?;
        }
    }
    Ok(())
}

/// `people.csv.gz` is a table like `people.csv`.
fn inner_name(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// The whole text, or, for JSONL with `text` and `id` fields, each record's text with its id.
fn texts<'t>(name: &str, text: &'t str) -> Vec<(Option<Value>, std::borrow::Cow<'t, str>)> {
    let jsonl = Path::new(name).extension().is_some_and(|extension| extension == "jsonl") || text.starts_with('{');
    let records: Option<Vec<_>> = jsonl
        .then(|| {
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| {
                    let record: Value = serde_json::from_str(line).ok()?;
                    let text = record["text"].as_str()?.to_owned();
                    Some((Some(record.get("id")?.clone()), std::borrow::Cow::Owned(text)))
                })
                .collect()
        })
        .flatten();
    records.unwrap_or_else(|| vec![(None, std::borrow::Cow::Borrowed(text))])
}
