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

impl<T, E: std::error::Error> OrFail<T> for Result<T, E> {
    fn or_fail(self, doing: impl std::fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::failed(format!("{doing}: {}", chain(&error))))
    }

    fn or_usage(self, doing: impl std::fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::usage(format!("{doing}: {}", chain(&error))))
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
    use super::Failure;

    #[test]
    fn an_error_is_called_so_once() {
        assert_eq!(Failure::usage("error: no condition").to_string(), "error: no condition");
        assert_eq!(Failure::usage("no rule").help("name one").to_string(), "error: no rule\n  = help: name one");
    }
}
