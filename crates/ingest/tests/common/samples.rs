//! Real samples of the corpora, as `data/samples.tsv` names them: which file, or which of its lines, holds which format.
//!
//! What stands there under no format, with a reason, is no log that this crate reads. Together the lines name every file, so
//! that a sample nobody looks at fails a test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ingest::Format;
use serde_json::Value;

/// One sample: where it stands, its bytes, and what another product made of each of its records.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Vec<Value>,
}

/// Samples of one source; without a format they must stay unknown.
pub(crate) struct Source {
    /// As it stands in the table and in the list of disagreements.
    pub(crate) name: String,
    pub(crate) format: Option<Format>,
    pub(crate) samples: Vec<Sample>,
}

/// A line of `samples.tsv`.
struct Claim {
    format: Option<Format>,
    path: String,
    selector: String,
}

const FOLDERS: [&str; 7] = [
    "02-panther",
    "03-elastic-integrations",
    "04-ocsf",
    "05-attack-data",
    "05-azure-resource-logs",
    "06-ecommerce-api",
    "06-edtech",
];

/// Every source, and the samples that no line names.
pub(crate) fn sources(corpora: &Path) -> (Vec<Source>, Vec<String>) {
    let claims = claims();
    let mut taken: Vec<Vec<Sample>> = claims.iter().map(|_| Vec::new()).collect();
    let mut unnamed = BTreeSet::new();
    for folder in FOLDERS {
        sort_into(corpora, folder, &claims, &mut taken, &mut unnamed);
    }
    // Rule tests of whole products stand beside the real records; only those that a line names are looked at.
    unnamed.retain(|sample| !sample.starts_with("02-panther"));
    let source = |(claim, samples): (Claim, Vec<Sample>)| Source { name: name(&claim), format: claim.format, samples };
    (claims.into_iter().zip(taken).map(source).collect(), unnamed.into_iter().collect())
}

fn name(claim: &Claim) -> String {
    let stem = Path::new(&claim.path).file_stem().unwrap().to_string_lossy().into_owned();
    if claim.selector == "*" { stem } else { format!("{stem} {}", claim.selector) }
}

fn claims() -> Vec<Claim> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let claim = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [format, path, selector, reason] = columns[..] else { panic!("`{line}` has no four columns") };
        let known = Format::from_id(format);
        assert!(known.is_some() || (format == "-" && reason.len() > 5), "`{line}`: no format and no reason");
        Claim { format: known, path: path.to_owned(), selector: selector.to_owned() }
    };
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(claim).collect()
}

/// Gives every sample below a folder to the first line that names it.
fn sort_into(
    corpora: &Path,
    folder: &str,
    claims: &[Claim],
    taken: &mut [Vec<Sample>],
    unnamed: &mut BTreeSet<String>,
) {
    for path in files(&corpora.join(folder)) {
        let shown = path.strip_prefix(corpora).unwrap().to_string_lossy().into_owned();
        for (kind, sample) in samples(&path, &shown) {
            let named = |claim: &Claim| {
                let by_path = shown == claim.path || shown.starts_with(&format!("{}/", claim.path));
                let by_text = |text: &str| String::from_utf8_lossy(&sample.bytes).contains(text);
                let by_kind = || kind.contains(&claim.selector);
                by_path && (claim.selector == "*" || claim.selector.strip_prefix('~').map_or_else(by_kind, by_text))
            };
            match claims.iter().position(named) {
                Some(at) => taken[at].push(sample),
                None => drop(unnamed.insert(format!("{shown}\t{kind}"))),
            }
        }
    }
}

/// What a selector is looked up in, and the sample: one for each line of a collection, else the file.
fn samples(path: &Path, shown: &str) -> Vec<(String, Sample)> {
    if path.extension().is_none_or(|extension| extension != "jsonl") {
        // The document expected of an example stands beside it, and is a sample of OCSF.
        let is_expected = shown.ends_with(".ocsf") || shown.contains("OCSF_") || shown.contains("ocsf_");
        let sample = Sample {
            name: shown.to_owned(),
            bytes: std::fs::read(path).unwrap(),
            expected: if is_expected { documents(path) } else { expected_beside(path) },
        };
        return vec![(if is_expected { "expected".to_owned() } else { shown.to_owned() }, sample)];
    }
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.enumerate().flat_map(|(index, line)| line_samples(index, &line)).collect()
}

/// The OCSF document beside an example, whatever it is called.
fn expected_beside(path: &Path) -> Vec<Value> {
    let beside = files(path.parent().unwrap()).into_iter().find(|other| {
        let name = other.file_name().unwrap().to_string_lossy().to_lowercase();
        let own = path.file_stem().unwrap().to_string_lossy().to_lowercase();
        let same = other.file_stem().unwrap().to_string_lossy().to_lowercase() == own;
        (name.ends_with(".ocsf") && same) || name.starts_with("ocsf_")
    });
    beside.map(|path| documents(&path)).unwrap_or_default()
}

fn documents(path: &Path) -> Vec<Value> {
    match serde_json::from_slice(&std::fs::read(path).unwrap()) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(_) => Vec::new(),
    }
}

fn line_samples(index: usize, line: &Value) -> Vec<(String, Sample)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).into_bytes();
    let kind = ["log_type", "log", "format", "category"].map(|name| &line[name]);
    let kind = kind.into_iter().find(|kind| !kind.is_null() && kind.to_string().len() < 200);
    let mut kind = kind.map(Value::to_string).unwrap_or_default();
    if let Some(category) = line.pointer("/record/category").or_else(|| line.pointer("/case")) {
        kind += &category.to_string();
    }
    let expected = match line.get("expected_ecs").or_else(|| line.get("ocsf_rows")) {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let raw = ["raw", "record", "doc", "event"].map(|name| line.get(name));
    // A collection of application logs holds the file in `log` and its kind in `log_type`.
    let log = line.get("log").filter(|_| line.get("log_type").is_some());
    let raw = log.or_else(|| raw.into_iter().flatten().find(|raw| !raw.is_null()));
    if let Some(events) = line.get("events").filter(|_| raw.is_none()) {
        return vec![(kind, Sample { name: index.to_string(), bytes: text(events), expected })];
    }
    let Some(raw) = raw else { return Vec::new() };
    let bytes = match raw {
        Value::Object(event) if line.get("rule_id").is_some() => {
            let mut event = event.clone();
            // What Panther adds to an event is not the vendor's.
            event.retain(|name, _| !name.starts_with("p_"));
            text(&Value::Object(event))
        }
        Value::Object(event) if event.keys().eq(["json"]) => text(&event["json"]),
        Value::Object(event) if event.contains_key("o365audit") => text(&event["event"]["original"]),
        raw => text(raw),
    };
    vec![(kind, Sample { name: index.to_string(), bytes, expected })]
}

/// Every file below a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}
