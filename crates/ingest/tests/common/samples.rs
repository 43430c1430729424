//! Real samples of the corpora: which file holds which format, and the vendor's text inside each of its lines.

use std::path::Path;

use ingest::Format;
use serde_json::Value;

/// One sample: where it stands, its bytes, and what another product made of each of its records.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Vec<Value>,
}

/// Samples of one source.
pub(crate) struct Source {
    /// As it stands in the table and in the list of disagreements.
    pub(crate) name: &'static str,
    pub(crate) format: Format,
    pub(crate) samples: Vec<Sample>,
}

/// Elastic's pipeline tests: the vendor's text and the ECS document that is expected of it.
pub(crate) fn elastic(corpora: &Path, name: &'static str, format: Format) -> Source {
    let path = corpora.join("03-elastic-integrations").join(format!("{name}.jsonl"));
    let sample = |(index, line): (usize, Value)| {
        let expected = match &line["expected_ecs"] {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        Some(Sample { name: index.to_string(), bytes: text(line.get("raw")?).into_bytes(), expected })
    };
    Source { name, format, samples: lines(&path).into_iter().enumerate().filter_map(sample).collect() }
}

/// Panther's rule tests of one log type, and of no other: the event without the fields Panther adds.
pub(crate) fn panther(corpora: &Path, name: &'static str, log_type: &str, format: Format) -> Source {
    let sample = |(index, line): (usize, Value)| {
        if line["log_type"].as_array()?.iter().any(|one| one != log_type) {
            return None;
        }
        let mut event = line["event"].as_object()?.clone();
        event.retain(|name, _| !name.starts_with("p_"));
        let bytes = Value::Object(event).to_string().into_bytes();
        Some(Sample { name: index.to_string(), bytes, expected: Vec::new() })
    };
    let path = corpora.join("02-panther/panther_rule_tests.jsonl");
    Source { name, format, samples: lines(&path).into_iter().enumerate().filter_map(sample).collect() }
}

/// Lines of a collection whose vendor text stands at `pointer`, as far as `keep` says so.
pub(crate) fn collection(
    corpora: &Path,
    name: &'static str,
    format: Format,
    pointer: &str,
    keep: impl Fn(&Value) -> bool,
) -> Source {
    let sample = |(index, line): (usize, Value)| {
        let raw = line.pointer(pointer).filter(|_| keep(&line))?;
        Some(Sample { name: index.to_string(), bytes: text(raw).into_bytes(), expected: Vec::new() })
    };
    let path = corpora.join(name);
    Source { name, format, samples: lines(&path).into_iter().enumerate().filter_map(sample).collect() }
}

/// Whole files below a folder, as far as `keep` says so of their path.
pub(crate) fn files(corpora: &Path, name: &'static str, format: Format, keep: impl Fn(&str) -> bool) -> Source {
    let mut paths = Vec::new();
    let mut folders = vec![corpora.join(name)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if keep(&path.to_string_lossy()) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let sample = |path: std::path::PathBuf| Sample {
        name: path.strip_prefix(corpora.join(name)).unwrap().to_string_lossy().into_owned(),
        bytes: std::fs::read(&path).unwrap(),
        expected: Vec::new(),
    };
    Source { name, format, samples: paths.into_iter().map(sample).collect() }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(raw: &Value) -> String {
    raw.as_str().map_or_else(|| raw.to_string(), str::to_owned)
}
