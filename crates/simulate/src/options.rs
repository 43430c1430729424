//! What the caller may choose: seed, span, volume and which leaks happen.
//!
//! Nothing here draws a random number; it only says what is asked for.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

/// Days that one run may cover; ten years.
pub const DAYS_MAX: u32 = 3660;
/// Largest multiple of the benign volume.
pub const SCALE_MAX: f64 = 1000.0;

/// One run of the simulator. The same options give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub seed: u64,
    /// Days of telemetry, 1 to [`DAYS_MAX`].
    pub days: u32,
    /// First day, in UTC.
    pub start: Date,
    /// Multiplies the benign background; look-alikes and stories keep their size. More than 0, up to [`SCALE_MAX`].
    pub scale: f64,
    pub stories: Stories,
}

impl Options {
    /// Seven days with the nine leaks that the demo tells of.
    #[must_use]
    pub fn demo(seed: u64, start: Date) -> Self {
        Self { seed, days: 7, start, scale: 1.0, stories: Stories::demo() }
    }
}

/// Which leaks happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stories {
    All,
    None,
    Only(Vec<StoryId>),
}

impl Stories {
    /// Those of the demo's week.
    #[must_use]
    pub fn demo() -> Self {
        Self::Only(StoryId::DEMO.to_vec())
    }

    #[must_use]
    pub fn includes(&self, id: StoryId) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Only(ids) => ids.contains(&id),
        }
    }
}

impl FromStr for Stories {
    type Err = UnknownStory;

    /// `all`, `none`, or story ids separated by commas.
    fn from_str(s: &str) -> Result<Self, UnknownStory> {
        match s.trim() {
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            list => list.split(',').map(|id| id.trim().parse()).collect::<Result<_, _>>().map(Self::Only),
        }
    }
}

/// A leak that the simulator can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoryId {
    PublicBucket,
    AzureSqlExport,
    StolenSession,
    EgressOpened,
    CheckoutCardLog,
    ApiErrorRecords,
    PortalPaging,
    GradebookExport,
    LoggingOff,
    CustomerWalk,
    StuffedAccounts,
    SupportBrowsing,
    TranscriptsTaken,
    RoleChain,
    SecretsThenExport,
}

impl StoryId {
    pub const ALL: [Self; 15] = [
        Self::PublicBucket,
        Self::AzureSqlExport,
        Self::StolenSession,
        Self::EgressOpened,
        Self::CheckoutCardLog,
        Self::ApiErrorRecords,
        Self::PortalPaging,
        Self::GradebookExport,
        Self::LoggingOff,
        Self::CustomerWalk,
        Self::StuffedAccounts,
        Self::SupportBrowsing,
        Self::TranscriptsTaken,
        Self::RoleChain,
        Self::SecretsThenExport,
    ];

    /// The leaks of the demo's week.
    pub const DEMO: [Self; 9] = [
        Self::PublicBucket,
        Self::AzureSqlExport,
        Self::StolenSession,
        Self::EgressOpened,
        Self::CheckoutCardLog,
        Self::ApiErrorRecords,
        Self::PortalPaging,
        Self::GradebookExport,
        Self::LoggingOff,
    ];

    /// The name on the command line and in the ground truth.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublicBucket => "public-bucket",
            Self::AzureSqlExport => "azure-sql-export",
            Self::StolenSession => "stolen-session",
            Self::EgressOpened => "egress-opened",
            Self::CheckoutCardLog => "checkout-card-log",
            Self::ApiErrorRecords => "api-error-records",
            Self::PortalPaging => "portal-paging",
            Self::GradebookExport => "gradebook-export",
            Self::LoggingOff => "logging-off",
            Self::CustomerWalk => "customer-walk",
            Self::StuffedAccounts => "stuffed-accounts",
            Self::SupportBrowsing => "support-browsing",
            Self::TranscriptsTaken => "transcripts-taken",
            Self::RoleChain => "role-chain",
            Self::SecretsThenExport => "secrets-then-export",
        }
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StoryId {
    type Err = UnknownStory;

    fn from_str(s: &str) -> Result<Self, UnknownStory> {
        Self::ALL.into_iter().find(|id| id.as_str() == s).ok_or_else(|| UnknownStory(s.to_owned()))
    }
}

/// A story name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no story is called `{0}`; the names are `all`, `none` or any of {names}", names = names())]
pub struct UnknownStory(pub String);

fn names() -> String {
    StoryId::ALL.map(StoryId::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for id in StoryId::ALL {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!("all".parse(), Ok(Stories::All));
        let two = Stories::Only(vec![StoryId::LoggingOff, StoryId::PortalPaging]);
        assert_eq!("logging-off, portal-paging".parse(), Ok(two));
        let error = "public-buckets".parse::<Stories>().unwrap_err().to_string();
        assert!(error.contains("`public-buckets`") && error.contains("public-bucket,"), "{error}");
    }
}
