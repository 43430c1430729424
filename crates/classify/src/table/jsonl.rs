//! JSON: one object a line, or one document. Key paths are columns (`user.email`); text fields are texts.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::{Options, Scan, ScanError, TableScanner};
use crate::Classifier;
use crate::scan::Span;

/// Bytes of one line; a longer line is cut into pieces, each scanned as text.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Nesting that is followed; deeper values are left out by the parser.
const DEPTH_MAX: usize = 64;

/// A span inside a record of a JSONL file.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RecordSpan {
    /// The record's `id` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    #[serde(flatten)]
    pub span: Span,
}

impl Classifier {
    /// Scans one JSON object a line. Lines that are not JSON are scanned as text and counted as malformed.
    pub fn scan_jsonl(&self, reader: impl Read, options: &Options) -> Result<Scan, ScanError> {
        let mut scanner = TableScanner::new(self, options);
        let mut lines = Lines { reader: BufReader::new(reader) };
        while !scanner.is_full()
            && let Some(line) = lines.next()?
        {
            document(&mut scanner, &line);
        }
        Ok(scanner.finish("jsonl"))
    }

    /// Scans one JSON document; the elements of a top-level list are its rows.
    pub fn scan_json(&self, mut reader: impl Read, options: &Options) -> Result<Scan, ScanError> {
        let mut scanner = TableScanner::new(self, options);
        let mut bytes = Vec::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        reader.by_ref().take(limit).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Array(rows)) => rows.iter().for_each(|row| record(&mut scanner, row)),
            _ => document(&mut scanner, &text),
        }
        Ok(scanner.finish("json"))
    }

    /// Spans of a JSONL file: inside `text` with the record's `id` where both exist, else inside the line.
    ///
    /// Offsets, lines and columns of a record with `text` are inside that text; those of other lines are inside the whole input.
    pub fn jsonl_spans(&self, reader: impl Read, mut each: impl FnMut(RecordSpan)) -> Result<(), ScanError> {
        let mut lines = Lines { reader: BufReader::new(reader) };
        let (mut offset, mut number) = (0, 0);
        while let Some(line) = lines.next()? {
            let parsed = serde_json::from_str::<Value>(&line).ok();
            let field = |name: &str| parsed.as_ref().and_then(|record| record.get(name));
            if let (Some(Value::String(text)), Some(id)) = (field("text"), field("id")) {
                let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                for span in self.scan_text(text) {
                    each(RecordSpan { record_id: Some(id.clone()), span });
                }
            } else {
                for mut span in self.scan_text(&line) {
                    span.start += offset;
                    span.end += offset;
                    span.line += number;
                    each(RecordSpan { record_id: None, span });
                }
            }
            offset += line.len();
            number += 1;
        }
        Ok(())
    }
}

/// Lines with their line breaks, decoded, each at most `LINE_BYTES_MAX`.
struct Lines<R> {
    reader: R,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<String>, ScanError> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())))
    }
}

fn document(scanner: &mut TableScanner<'_>, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => record(scanner, &value),
        Err(_) => {
            scanner.malformed();
            if let Some(place) = scanner.column("") {
                scanner.row(&[(place, text)]);
            }
        }
    }
}

fn record(scanner: &mut TableScanner<'_>, value: &Value) {
    let mut leaves = Vec::new();
    flatten(value, &mut String::new(), 0, &mut leaves);
    let cells: Vec<(usize, &str)> =
        leaves.iter().filter_map(|(path, value)| Some((scanner.column(path)?, value.as_str()))).collect();
    scanner.row(&cells);
}

fn flatten(value: &Value, path: &mut String, depth: usize, leaves: &mut Vec<(String, String)>) {
    if DEPTH_MAX < depth {
        return;
    }
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => leaves.push((path.clone(), number.to_string())),
        Value::String(text) => leaves.push((path.clone(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| flatten(item, path, depth + 1, leaves)),
        Value::Object(fields) => {
            for (key, field) in fields {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                flatten(field, path, depth + 1, leaves);
                path.truncate(length);
            }
        }
    }
}
