//! What a command says, as data: it may be carried out in one process and printed in another.
//!
//! Lines are kept in the order they were said. Nothing is printed before the command has ended.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::{Exit, Failure, OrFail as _, Outcome};
use crate::output::{self, Format};

/// Everything one command says.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    said: Vec<Said>,
    exit: Exit,
    failure: Option<Failure>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// For the person: stderr.
    Talk(String),
    /// For programs and people: stdout.
    Object(Value),
    Rows {
        columns: Vec<String>,
        rows: Vec<Value>,
    },
}

impl Answer {
    pub(crate) fn talk(&mut self, text: impl std::fmt::Display) {
        self.said.push(Said::Talk(text.to_string()));
    }

    pub(crate) fn object(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        self.said.push(Said::Object(serde_json::to_value(value).or_fail("failed to print")?));
        Ok(())
    }

    pub(crate) fn rows(&mut self, columns: &[&str], rows: Vec<Value>) {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        self.said.push(Said::Rows { columns, rows });
    }

    /// Nothing was said so far.
    pub(super) fn is_silent(&self) -> bool {
        self.said.is_empty()
    }

    /// The whole answer, with how the command ended.
    pub(super) fn ended(mut self, outcome: Outcome) -> Self {
        match outcome {
            Ok(exit) => self.exit = exit,
            Err(failure) => self.failure = Some(failure),
        }
        self
    }

    /// Prints as the one who asked wants it, and ends as the command ended.
    pub(super) fn print(self, format: Format) -> Outcome {
        for said in &self.said {
            match said {
                Said::Talk(text) => output::talk(text),
                Said::Object(value) => output::object(format, value)?,
                Said::Rows { columns, rows } => {
                    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                    output::rows(format, &columns, rows)?;
                }
            }
        }
        self.failure.map_or(Ok(self.exit), Err)
    }
}
