//! What of a content set cannot be used, by kind, with the placeholders as they are configured.
//!
//! Asked before content is taken into use. Whether examples hold is asked when it is checked and proposed, not here.

use serde_json::{Value, json};

use crate::config::Config;
use crate::content::Content;
use crate::exit::Failure;
use crate::rules::{self, Extra};
use crate::{baselines, law};

#[derive(Debug, Default)]
pub(super) struct Mistakes {
    pub(super) rules: Vec<String>,
    pub(super) baselines: Vec<String>,
    pub(super) regimes: Vec<String>,
}

impl Mistakes {
    /// Pipelines that cannot be read are an error: without them the rules would mean something else.
    pub(super) fn of(content: &Content, config: &Config) -> Result<Self, Failure> {
        let rules = rules::load(Some(content), Extra::default(), config)?.errors;
        Ok(Self {
            rules: rules.iter().map(ToString::to_string).collect(),
            baselines: baselines::definitions(content).errors.iter().map(|error| format!("error: {error}")).collect(),
            regimes: law::faults(content),
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.rules.iter().chain(&self.baselines).chain(&self.regimes)
    }

    pub(super) fn counts(&self) -> Value {
        json!({"rules": self.rules.len(), "baselines": self.baselines.len(), "regimes": self.regimes.len()})
    }

    /// `2 mistakes in rules, 1 in regimes`; `None` without any.
    pub(super) fn told(&self) -> Option<String> {
        let kinds = [("rules", &self.rules), ("baselines", &self.baselines), ("regimes", &self.regimes)];
        let told: Vec<String> = kinds
            .iter()
            .filter(|(_, mistakes)| !mistakes.is_empty())
            .map(|(kind, mistakes)| format!("{} in {kind}", mistakes.len()))
            .collect();
        (!told.is_empty()).then(|| format!("mistakes: {}", told.join(", ")))
    }
}
