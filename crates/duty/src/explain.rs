//! The law itself, for `duty explain`: every rule with its text, version, sources and what would trigger it.

use serde::Serialize;

use crate::law::{Law, date_of};
use crate::regime::{Confidence, Kind, Status};

/// One rule as a reader sees it, before any facts.
#[derive(Debug, Clone, Serialize)]
pub struct RuleCard {
    pub rule_id: String,
    pub jurisdiction: String,
    pub regime: String,
    pub statute: String,
    pub status: Option<Status>,
    pub kind: Kind,
    pub role: Vec<String>,
    pub recipient: String,
    pub in_force: Vec<String>,
    pub deadline: Option<String>,
    pub citations: Vec<String>,
    pub sources: Vec<String>,
    pub confidence: Confidence,
    pub review_status: &'static str,
    pub content: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    pub sha256: String,
}

impl Law {
    /// Every loaded rule, in the order of the files.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleCard> {
        self.regimes
            .iter()
            .enumerate()
            .flat_map(|(at, regime)| (0..regime.file.rule.len()).filter_map(move |rule| self.card(at, rule)))
            .collect()
    }

    /// One rule by id.
    #[must_use]
    pub fn explain(&self, rule_id: &str) -> Option<RuleCard> {
        self.index.get(rule_id).and_then(|(regime, rule)| self.card(*regime, *rule))
    }

    /// The rule id nearest to a misspelt one.
    #[must_use]
    pub fn nearest_rule(&self, rule_id: &str) -> Option<&str> {
        crate::suggest::nearest(rule_id, self.index.keys().map(String::as_str))
    }

    fn card(&self, regime: usize, rule: usize) -> Option<RuleCard> {
        let regime = self.regimes.get(regime)?;
        let rule = regime.file.rule.get(rule)?;
        let statute = regime.statute(rule);
        let versions: Vec<_> = statute
            .into_iter()
            .flat_map(|statute| &statute.version)
            .filter(|version| rule.versions.is_empty() || rule.versions.contains(&version.id))
            .collect();
        let reviewed = !versions.is_empty() && versions.iter().all(|version| version.reviewed.is_some());
        let content = rule.content.as_ref().and_then(|name| regime.file.content.get(name));
        Some(RuleCard {
            rule_id: rule.id.clone(),
            jurisdiction: regime.file.jurisdiction.code.clone(),
            regime: regime.name.clone(),
            statute: statute.map(|statute| statute.title.clone()).unwrap_or_default(),
            status: statute.map(|statute| statute.status),
            kind: rule.kind,
            role: rule.role.clone(),
            recipient: rule.recipient.clone(),
            in_force: versions
                .iter()
                .map(|version| span(version.valid_from.as_ref(), version.valid_to.as_ref()))
                .collect(),
            deadline: rule.deadline.as_ref().map(crate::words::deadline),
            citations: rule.citations.clone(),
            sources: rule
                .sources
                .iter()
                .map(|source| format!("tier {}: {}", source.tier.to_string().trim_matches('"'), source.url))
                .collect(),
            confidence: rule.confidence,
            review_status: if reviewed { "reviewed" } else { "draft" },
            content: content.map(|content| content.must.clone()).unwrap_or_default(),
            notes: rule.notes.clone(),
            sha256: regime.sha256.clone(),
        })
    }
}

fn span(from: Option<&toml::value::Datetime>, to: Option<&toml::value::Datetime>) -> String {
    match (date_of(from), date_of(to)) {
        (Some(from), Some(to)) => format!("from {from} until before {to}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until before {to}"),
        (None, None) => "no date".to_owned(),
    }
}
