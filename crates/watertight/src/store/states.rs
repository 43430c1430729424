//! The states that obligations and notices are in, as words of their documents.
//!
//! They are written into entries and read back from documents; nobody compares words by hand.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a duty to tell somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ObligationState {
    /// The law asks for it.
    Required,
    /// The law asks for it and something it names (a law-enforcement hold) puts it off.
    Suspended,
    /// The facts say that it was done outside this system.
    Satisfied,
    /// Everybody concerned was reached by our notice.
    Fulfilled,
    /// The facts that made it required have changed; it stays visible.
    NoLongerRequired,
}

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoticeState {
    Draft,
    Approved,
    /// Some messages are still to be tried.
    Sending,
    /// Every recipient's server took it.
    Sent,
    /// Nothing is left to try, and some were refused for good.
    SentInPart,
}

impl ObligationState {
    /// The state of an obligation's document; `None` when a newer program wrote it.
    pub(crate) fn of(document: &Value) -> Option<Self> {
        Self::deserialize(&document["state"]).ok()
    }

    /// Somebody still has to act, or will have to.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Required | Self::Suspended)
    }
}

impl NoticeState {
    /// The state of a notice's document; `None` when a newer program wrote it.
    pub(crate) fn of(document: &Value) -> Option<Self> {
        Self::deserialize(&document["state"]).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_of_a_newer_program_is_unknown_and_not_another_word() {
        assert_eq!(
            ObligationState::of(&json!({"state": "no_longer_required"})),
            Some(ObligationState::NoLongerRequired)
        );
        assert_eq!(ObligationState::of(&json!({"state": "delegated"})), None);
        assert_eq!(ObligationState::of(&json!({})), None);
        assert_eq!(NoticeState::of(&json!({"state": "sent_in_part"})), Some(NoticeState::SentInPart));
    }
}
