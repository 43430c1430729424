//! Which sources have given which logs, as far as the lake remembers. A source that is configured and has given nothing
//! feeds nobody.

use std::collections::{BTreeMap, BTreeSet};

use ingest::Format;
use ocsf::Class;
use serde::Serialize;
use serde_json::Value;
use sigma::{Correlation, CorrelationKind, Program};

use crate::config::Config;
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::ocsf_rules::OcsfRules;
use crate::rules;

/// More kinds of log than sources could give: formats, classes and sources multiplied.
const KINDS_MAX: usize = 10_000;

/// The logs that sources have given.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    /// Logsource and class → sources.
    given: BTreeMap<(String, u64), BTreeSet<String>>,
    /// Configured sources that have given nothing.
    pub(crate) silent: Vec<String>,
}

/// What feeds one watcher.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Supply {
    /// Logs that it is about, also those that nobody gives.
    pub(crate) logsources: BTreeSet<String>,
    #[serde(rename = "fed_by")]
    pub(crate) sources: BTreeSet<String>,
    pub(crate) is_fed: bool,
}

impl Fed {
    /// Before there is any data.
    pub(crate) fn silent(config: &Config) -> Self {
        Self { given: BTreeMap::new(), silent: config.source.iter().map(|source| source.id.clone()).collect() }
    }

    pub(crate) async fn read(instance: &Instance) -> Result<Self, Failure> {
        let query = "SELECT source, logsource, class_uid FROM events GROUP BY source, logsource, class_uid";
        let found = instance.lake.sql(query, KINDS_MAX).await.or_fail("failed to read which logs the sources gave")?;
        let mut fed = Self::default();
        for row in &found.rows {
            let text = |place: usize| row.get(place).and_then(Value::as_str).unwrap_or_default().to_owned();
            let class = row.get(2).and_then(Value::as_u64).unwrap_or_default();
            fed.given.entry((text(1), class)).or_default().insert(text(0));
        }
        let has_given: BTreeSet<&String> = fed.given.values().flatten().collect();
        let configured = instance.config.source.iter().map(|source| &source.id);
        let silent = configured.filter(|id| !has_given.contains(id)).cloned().collect();
        fed.silent = silent;
        Ok(fed)
    }

    pub(crate) fn of_rule(&self, program: &Program, ocsf: Option<&OcsfRules>, rule: usize) -> Supply {
        let is_about = |format: &Format| program.rules_for(rules::log_source(program, *format)).contains(&rule);
        let is_about_class = |class: &Class| ocsf.is_some_and(|ocsf| ocsf.is_about(program, rule, *class));
        let classes: Vec<Class> = Class::ALL.into_iter().filter(is_about_class).collect();
        if classes.is_empty() {
            let formats = Format::ALL.into_iter().filter(is_about).map(|format| format.id().to_owned()).collect();
            return self.of_logsources(formats);
        }
        let uids: Vec<u64> = classes.iter().map(|class| u64::from(class.uid())).collect();
        let giving = self.given.iter().filter(|((_, class), _)| uids.contains(class));
        let sources: BTreeSet<String> = giving.flat_map(|(_, sources)| sources.clone()).collect();
        let logsources = classes.iter().map(|class| format!("ocsf/{}", class.uid())).collect();
        Supply { logsources, is_fed: !sources.is_empty(), sources }
    }

    pub(crate) fn of_logsources(&self, logsources: BTreeSet<String>) -> Supply {
        let giving = self.given.iter().filter(|((logsource, _), _)| logsources.contains(logsource));
        let sources: BTreeSet<String> = giving.flat_map(|(_, sources)| sources.clone()).collect();
        Supply { logsources, is_fed: !sources.is_empty(), sources }
    }

    /// A correlation that joins different rules needs each of them, one that counts any of them.
    pub(crate) fn of_correlation(correlation: &Correlation, parts: &[Supply]) -> Supply {
        let joins = matches!(correlation.kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
        let is_fed = |part: &Supply| part.is_fed;
        Supply {
            logsources: parts.iter().flat_map(|part| part.logsources.clone()).collect(),
            sources: parts.iter().flat_map(|part| part.sources.clone()).collect(),
            is_fed: if joins { !parts.is_empty() && parts.iter().all(is_fed) } else { parts.iter().any(is_fed) },
        }
    }
}
