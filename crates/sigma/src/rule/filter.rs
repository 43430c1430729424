//! Sigma filters: a document beside the rules that narrows them, such as for an account of one's own. A filter's condition
//! must hold in addition to the rule's own, so one that leaves something out says `not selection`.

use std::collections::HashSet;

use super::{LogSource, Place, Rule, Source, combined_version};
use crate::error::{RuleError, Severity};
use crate::language::{self, FilterRule, FilterRuleTarget};

/// One Sigma filter, as it narrows a rule.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The document's `id`, if given.
    pub id: Option<String>,
    /// One line for a list.
    pub title: String,
    /// The rules it is about must name all that stands here.
    pub logsource: LogSource,
    /// SHA-256 (hex) of the whole text of its file.
    pub version: String,
    /// The name given to [`crate::load`].
    pub file: String,
    /// 1-based line where the document starts.
    pub line: usize,
    pub(crate) detection: language::Detections,
    pub(crate) source: Source,
    rules: FilterRuleTarget,
}

impl Filter {
    pub(super) fn new(parsed: FilterRule, source: &Source, version: &str) -> Self {
        let logsource = parsed.logsource.unwrap_or_default();
        Self {
            id: parsed.id,
            title: parsed.title,
            logsource: LogSource {
                category: logsource.category,
                product: logsource.product,
                service: logsource.service,
            },
            version: version.to_owned(),
            file: source.file.to_string(),
            line: source.start_line(),
            detection: parsed.detection,
            source: source.clone(),
            rules: parsed.rules,
        }
    }

    /// The text that decides what it means, with what `action: global` and `repeat` laid under it.
    #[must_use]
    pub fn meaning(&self) -> &str {
        &self.source.meaning
    }

    /// A rule that says less than the filter's log source may see other logs too, which the filter is not for.
    fn is_about(&self, rule: &Rule) -> bool {
        let contains = |own: &Option<String>, rule: &Option<String>| match (own, rule) {
            (None, _) => true,
            (Some(own), Some(rule)) => own.eq_ignore_ascii_case(rule),
            (Some(_), None) => false,
        };
        let (own, rule) = (&self.logsource, &rule.logsource);
        contains(&own.category, &rule.category)
            && contains(&own.product, &rule.product)
            && contains(&own.service, &rule.service)
    }

    fn names(&self, rule: &Rule) -> bool {
        match &self.rules {
            FilterRuleTarget::Any => true,
            FilterRuleTarget::Specific(names) => {
                names.iter().any(|name| *name == rule.id || Some(name) == rule.name.as_ref())
            }
        }
    }
}

/// Gives each rule its filters, in the order of the files. Tells which filters change nothing.
pub(super) fn apply(filters: &[Filter], rules: &mut [Rule]) -> Vec<RuleError> {
    let mut used = HashSet::new();
    for rule in rules.iter_mut() {
        let own: Vec<(usize, &Filter)> =
            filters.iter().enumerate().filter(|(_, filter)| filter.names(rule) && filter.is_about(rule)).collect();
        for (number, filter) in own {
            used.insert(number);
            rule.version = combined_version(&rule.version, &filter.version);
            rule.filters.push(filter.clone());
        }
    }
    let idle = filters.iter().enumerate().filter(|(number, _)| !used.contains(number));
    idle.map(|(_, filter)| without_effect(filter, rules)).collect()
}

fn without_effect(filter: &Filter, rules: &[Rule]) -> RuleError {
    let document = &filter.source.document;
    let (place, message, help) = match &filter.rules {
        FilterRuleTarget::Specific(names) if !rules.iter().any(|rule| filter.names(rule)) => {
            let first = names.first().map(String::as_str).unwrap_or_default();
            let help = "name rules by `id` or `name`, or write `rules: any`";
            (Place::inside(document, "filter", first), "the filter is about no rule that is loaded".to_owned(), help)
        }
        _ => {
            let message = format!("no rule that the filter is about is for {}", filter.logsource);
            let help = "a filter applies to rules whose `logsource` holds everything that the filter's says";
            (Place::of_key(document, "logsource"), message, help)
        }
    };
    filter.source.problem(Severity::Warning, place, message, Some(help.to_owned()))
}
