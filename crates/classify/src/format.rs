//! What an object is, from its first bytes and its name: CSV, JSONL, one JSON document or text.

use std::io::{Cursor, Read};

use crate::Classifier;
use crate::table::{Options, Scan, ScanError};

/// Bytes that decide the format.
const SNIFF_BYTES: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Jsonl,
    Json,
    Text,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Text => "text",
        }
    }

    /// Recognises the format. The content decides; the name only settles what the content leaves open.
    pub fn recognise(name: &str, head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}');
        let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let object = |line: &str| line.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
        if object(first) && (second.is_empty() || second.starts_with('{') || extension == "jsonl") {
            return if second.is_empty() && extension == "json" { Self::Json } else { Self::Jsonl };
        }
        if extension == "jsonl" || extension == "ndjson" {
            return Self::Jsonl;
        }
        if first.starts_with(['{', '[']) && (extension == "json" || first.trim().len() == 1) {
            return Self::Json;
        }
        if matches!(extension.as_str(), "csv" | "tsv") || looks_delimited(text) {
            return Self::Csv;
        }
        Self::Text
    }
}

/// A header without digits and two more lines with the same number of separators, at least two.
fn looks_delimited(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(4).collect();
    let (Some(header), true) = (lines.first(), 3 <= lines.len()) else { return false };
    [',', ';', '\t', '|'].into_iter().any(|mark| {
        let wanted = header.matches(mark).count();
        let header_like = !header.chars().any(|letter| letter.is_ascii_digit()) && !header.contains(['{', '"']);
        2 <= wanted && header_like && lines.iter().skip(1).take(2).all(|line| line.matches(mark).count() == wanted)
    })
}

impl Classifier {
    /// Scans an object as what it is. `name` is its file name or key, used for its extension only.
    pub fn scan(&self, name: &str, mut reader: impl Read, options: &Options) -> Result<Scan, ScanError> {
        let mut head = Vec::new();
        let limit = u64::try_from(SNIFF_BYTES).unwrap_or(u64::MAX);
        reader.by_ref().take(limit).read_to_end(&mut head)?;
        let format = Format::recognise(name, &head);
        let whole = Cursor::new(head).chain(reader);
        match format {
            Format::Csv => self.scan_csv(whole, options),
            Format::Jsonl => self.scan_jsonl(whole, options),
            Format::Json => self.scan_json(whole, options),
            Format::Text => self.scan_plain(whole, options),
        }
    }
}
