//! How a command ends: the exit codes of the contract, and one place that turns an error into words.
//!
//! Libraries have their own error enums; here they become a sentence that says whose mistake, where and what next.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// Exit codes scripts rely on (docs/cli.md).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exit {
    #[default]
    Done,
    Failed,
    Usage,
    /// Findings at or above `--fail-level`.
    Findings,
    /// Evidence does not verify.
    Evidence,
    /// An obligation is overdue.
    Overdue,
    /// Finished, but some input was rejected.
    Rejected,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Findings => 3,
            Exit::Evidence => 4,
            Exit::Overdue => 5,
            Exit::Rejected => 6,
        })
    }
}

/// Why a command could not do its job. `help` says what to do next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// What every command returns.
pub(crate) type Outcome = Result<Exit, Failure>;

impl Failure {
    /// The user's call or configuration is at fault.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: None }
    }

    /// Something we were asked to do did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), help: None }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a library says of a rule begins with the word already.
        let message = self.message.strip_prefix("error: ").unwrap_or(&self.message);
        write!(f, "error: {message}")?;
        if let Some(help) = &self.help {
            write!(f, "\n  = help: {help}")?;
        }
        Ok(())
    }
}

/// Joins what we were doing with why it failed: `.or_fail("failed to open the lake")?`.
pub(crate) trait OrFail<T> {
    fn or_fail(self, doing: impl std::fmt::Display) -> Result<T, Failure>;
    fn or_usage(self, doing: impl std::fmt::Display) -> Result<T, Failure>;
}

impl<T, E: std::error::Error + 'static> OrFail<T> for Result<T, E> {
    fn or_fail(self, doing: impl std::fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| match of_our_query(&error) {
            Some((why, help)) => Failure::failed(format!("{doing}: {why}")).help(help),
            None => Failure::failed(format!("{doing}: {}", chain(&error))),
        })
    }

    fn or_usage(self, doing: impl std::fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::usage(format!("{doing}: {}", chain(&error))))
    }
}

/// What to say of a query that the program wrote itself. The person at the terminal has not seen its text and could change
/// nothing in it, and names from logs stand in it; a query of their own goes through `or_usage` and is shown.
fn of_our_query(error: &(dyn std::error::Error + 'static)) -> Option<(String, &'static str)> {
    use lake::{MaintainError, QueryError};
    let query = error.downcast_ref::<QueryError>().or_else(|| match error.downcast_ref::<MaintainError>()? {
        MaintainError::Query(query) => Some(query),
        _ => None,
    })?;
    match query {
        QueryError::Memory { limit_bytes, .. } => {
            let why = format!("it needs more than {limit_bytes} bytes of memory and the space for spilling");
            Some((why, "choose a shorter period, or free space where temporary files are kept"))
        }
        QueryError::Sql { reason, .. } => Some((
            format!("the lake could not answer: {reason}"),
            "if files of the lake are missing or damaged, restore them; if not, this is a fault of watertight",
        )),
        QueryError::NotReadOnly { .. } => {
            Some(("the lake refused to answer".to_owned(), "this is a fault of watertight"))
        }
        QueryError::Register { .. } | QueryError::Storage(_) => None,
    }
}

/// An error and its causes on one line, each cause once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Failure, OrFail as _};

    #[test]
    fn an_error_is_called_so_once() {
        assert_eq!(Failure::usage("error: no condition").to_string(), "error: no condition");
        assert_eq!(Failure::usage("no rule").help("name one").to_string(), "error: no rule\n  = help: name one");
    }

    #[test]
    fn the_text_of_our_own_queries_is_not_shown() {
        let text = || "SELECT json FROM findings WHERE actor = 'dana@larkfield.example'".to_owned();
        let sql = || lake::QueryError::Sql { text: text(), reason: "part-1.parquet is not there".to_owned() };
        let memory = || lake::QueryError::Memory { text: text(), limit_bytes: 1024 };
        for failure in [
            Err::<(), _>(sql()).or_fail("failed to read stored findings").unwrap_err(),
            Err::<(), _>(lake::MaintainError::Query(sql())).or_fail("failed to compact the lake").unwrap_err(),
            Err::<(), _>(memory()).or_fail("failed to read stored findings").unwrap_err(),
        ] {
            let said = failure.to_string();
            assert!(!said.contains("SELECT") && !said.contains("dana") && said.contains("= help:"), "{said}");
        }
        let own = Err::<(), _>(sql()).or_usage("failed to run the query").unwrap_err().to_string();
        assert!(own.contains("SELECT json"), "who asks sees what was asked: {own}");
    }
}
