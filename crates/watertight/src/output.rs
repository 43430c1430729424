//! stdout is data, stderr is talk. This file is the only one that writes to either.
//!
//! A reader that goes away (`| head`) ends the command quietly; that is no error of ours.

use std::io::{BufWriter, IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::Value;

use crate::exit::{Failure, OrFail as _};

/// `--format`: human when stdout is a terminal and nothing is said, jsonl otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
    Jsonl,
    /// A layer for the ATT&CK Navigator; only `rule coverage` has one.
    Navigator,
}

impl Format {
    pub(crate) fn or_default(chosen: Option<Self>) -> Self {
        chosen.unwrap_or(if std::io::stdout().is_terminal() { Self::Human } else { Self::Jsonl })
    }
}

/// Says something to the person at the terminal.
pub(crate) fn talk(text: impl std::fmt::Display) {
    // A closed stderr is the reader's choice.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Buffered stdout that knows a closed pipe from a full disk.
#[derive(Debug)]
pub(crate) struct Out(BufWriter<std::io::Stdout>);

impl Out {
    pub(crate) fn new() -> Self {
        Self(BufWriter::with_capacity(1 << 16, std::io::stdout()))
    }

    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.0.write_all(text.as_bytes()).and_then(|()| self.0.write_all(b"\n")).or_closed()
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.write_all(bytes).or_closed()
    }

    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.0, value).map_err(std::io::Error::from).or_closed()?;
        self.0.write_all(b"\n").or_closed()
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().or_closed()
    }
}

trait OrClosed {
    fn or_closed(self) -> Result<(), Failure>;
}

impl OrClosed for std::io::Result<()> {
    fn or_closed(self) -> Result<(), Failure> {
        match self {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(closed()),
            other => other.or_fail("failed to write to stdout"),
        }
    }
}

/// The reader has what it wanted. An empty message tells `main` to say nothing.
fn closed() -> Failure {
    Failure { exit: crate::exit::Exit::Done, message: String::new(), help: None }
}

/// Prints rows: a table for people, one object a line or one array for programs.
/// `columns` chooses and orders what people see; programs get every key.
pub(crate) fn rows(format: Format, columns: &[&str], rows: &[Value]) -> Result<(), Failure> {
    let mut out = Out::new();
    match format {
        Format::Json | Format::Navigator => out.json(&rows)?,
        Format::Jsonl => rows.iter().try_for_each(|row| out.json(row))?,
        Format::Human => table(columns, rows).iter().try_for_each(|line| out.line(line))?,
    }
    out.flush()
}

/// Prints one object.
pub(crate) fn object(format: Format, value: &impl Serialize) -> Result<(), Failure> {
    let mut out = Out::new();
    if format == Format::Human {
        let text = serde_json::to_string_pretty(value).or_fail("failed to print")?;
        out.line(&text)?;
    } else {
        out.json(value)?;
    }
    out.flush()
}

/// A cell is shown at most this wide; log content is hostile and may be endless.
const CELL_CHARS_MAX: usize = 60;

fn table(columns: &[&str], rows: &[Value]) -> Vec<String> {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row.get(column))).collect()).collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            cells.iter().map(|row| row[i].chars().count()).chain([column.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let show = |row: Vec<String>| -> String {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![show(columns.iter().map(|&column| column.to_owned()).collect())];
    lines.extend(cells.into_iter().map(show));
    lines
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    // Control characters in log content could repaint a terminal; show them as what they are.
    let clean: String =
        text.chars().take(CELL_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if CELL_CHARS_MAX < text.chars().count() { format!("{clean}…") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_cells_cannot_repaint_a_terminal() {
        let rows = vec![serde_json::json!({"a": "\u{1b}[2Jboo", "b": "x".repeat(200)})];
        let lines = table(&["a", "b"], &rows);
        assert!(!lines.join("").contains('\u{1b}'));
        assert!(lines[1].chars().count() < 80, "long cells are cut: {}", lines[1]);
    }
}
