//! A loaded rule as its users see it: identity, meaning, documentation and its own tests, all plain public fields.
//! What the rule matches stays inside; it only comes to life in [`crate::Program::compile`].

mod attributes;
mod convert;
mod documents;
mod explain;
mod filter;
mod lint;
mod load;
mod locate;
mod metadata;
mod related;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{RuleError, Severity};
use crate::language;

pub use attributes::{Ads, GroupKey, RuleTest, Watertight};
pub(crate) use explain::explain;
pub use filter::Filter;
pub use load::{Loaded, load, load_with};
pub(crate) use locate::Place;
pub use related::{Related, Relation};

/// One Sigma detection rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule's `id`; a rule without one gets `unidentified-` and the start of its version, so that it stays the same
    /// as long as its text does.
    pub id: String,
    /// How correlations refer to the rule, beside its id.
    pub name: Option<String>,
    /// One line for a list of findings.
    pub title: String,
    /// Severity as the author sees it, if given.
    pub level: Option<Level>,
    /// Maturity, if given.
    pub status: Option<Status>,
    /// Which logs the rule is about.
    pub logsource: LogSource,
    /// All tags as written.
    pub tags: Vec<String>,
    /// ATT&CK technique ids from the tags, `attack.t1537` → `T1537`, in order, each once.
    pub attack: Vec<String>,
    /// What the rule is trying to catch.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// Known innocent causes.
    pub falsepositives: Vec<String>,
    /// Rules that this one came from or takes the place of.
    pub related: Vec<Related>,
    /// SHA-256 (hex) of the whole text of the file that the rule came from. All rules of a file share it. Where filters
    /// or pipelines change what the rule means, it is the SHA-256 of that and theirs, in the order of application.
    pub version: String,
    /// The name given to [`load`].
    pub file: String,
    /// 1-based line where the rule's document starts.
    pub line: usize,
    /// The `watertight:` mapping.
    pub watertight: Watertight,
    /// Alerting and detection strategy: the `ads:` mapping and `rsigma.ads.*` attributes.
    pub ads: Ads,
    /// The rule's own examples.
    pub tests: Vec<RuleTest>,
    /// Every other top-level attribute that Sigma does not define.
    pub custom: std::collections::BTreeMap<String, serde_json::Value>,
    /// The filters that narrow the rule: their conditions must hold as well.
    pub filters: Vec<Filter>,
    pub(crate) detection: language::Detections,
    /// Conditions that pipelines added: they must hold as well.
    pub(crate) added: Vec<Added>,
    pub(crate) source: Source,
}

/// A condition over its own detections, and the document that complaints about it are shown in.
#[derive(Debug, Clone)]
pub(crate) struct Added {
    pub(crate) detections: language::Detections,
    pub(crate) source: Source,
}

impl Rule {
    /// The text of its document, as written.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.source.document
    }

    /// The text that decides what it means, with what `action: global` and `repeat` laid under it. Filters and pipelines
    /// stand beside it.
    #[must_use]
    pub fn meaning(&self) -> &str {
        &self.source.meaning
    }
}

/// The text a rule came from, for errors that are found later than loading.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: Arc<str>,
    pub(crate) document: Arc<str>,
    /// The document after collection actions; the same where there are none.
    pub(crate) meaning: Arc<str>,
    pub(crate) first_line: usize,
}

impl Source {
    pub(crate) fn problem(&self, severity: Severity, place: Place, message: String, help: Option<String>) -> RuleError {
        let excerpt = self.document.lines().nth(place.line).unwrap_or_default();
        RuleError {
            severity,
            file: self.file.to_string(),
            line: self.first_line + place.line,
            column: place.column + 1,
            length: place.length.max(1),
            excerpt: excerpt.to_owned(),
            message,
            help,
        }
    }

    /// The 1-based line of the file where the document says its first thing.
    pub(crate) fn start_line(&self) -> usize {
        self.first_line + Place::start(&self.document).line
    }

    pub(crate) fn error(&self, place: Place, message: impl Into<String>, help: impl Into<Option<String>>) -> RuleError {
        self.problem(Severity::Error, place, message.into(), help.into())
    }
}

/// Which logs a rule is about. Names are compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSource {
    /// A kind of log across products, such as `webserver`.
    pub category: Option<String>,
    /// The product, such as `aws`.
    pub product: Option<String>,
    /// One log of the product, such as `cloudtrail`.
    pub service: Option<String>,
}

/// Severity as Sigma defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For enrichment and inventory, never an alert by itself.
    Informational,
    /// Rarely of interest alone.
    Low,
    /// Worth a regular review.
    Medium,
    /// Worth a prompt look.
    High,
    /// Worth waking someone up.
    Critical,
}

/// Maturity of a rule as Sigma defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// May be used in production.
    Stable,
    /// Mostly stable.
    Test,
    /// May be noisy.
    Experimental,
    /// Replaced by another rule.
    Deprecated,
    /// Cannot be used as it is.
    Unsupported,
}

impl Level {
    /// The word that Sigma uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not one of informational, low, medium, high, critical"))
    }
}

impl Status {
    /// The word that Sigma uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Test => "test",
            Self::Experimental => "experimental",
            Self::Deprecated => "deprecated",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for LogSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |value: &Option<String>| value.clone().unwrap_or_else(|| "*".to_owned());
        write!(out, "{}/{}", part(&self.product), part(&self.service))?;
        match &self.category {
            Some(category) => write!(out, " ({category})"),
            None => Ok(()),
        }
    }
}

/// The version of something that `other` changes.
pub(crate) fn combined_version(own: &str, other: &str) -> String {
    sha256(format!("{own}\n{other}\n").as_bytes())
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
