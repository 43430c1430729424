//! From what the parser read to a rule or correlation as its users see it, with the attributes that are our own. What a
//! detection means is not asked here.

use std::collections::HashMap;

use serde::Deserialize;

use super::attributes::{self, AttributeError, Attributes, RuleTest};
use super::{Level, LogSource, Place, Rule, Source, Status};
use crate::correlation::{Correlation, CorrelationTest, Section};
use crate::error::RuleError;
use crate::language::{self, CorrelationRule, SigmaRule};

pub(super) fn convert(rule: SigmaRule, source: &Source, version: &str) -> Result<Rule, Vec<RuleError>> {
    let own: Attributes<RuleTest> = own_attributes(&rule.custom_attributes, source)?;
    Ok(Rule {
        id: rule.id.unwrap_or_else(|| unidentified(version)),
        name: rule.name,
        title: rule.title,
        level: rule.level.and_then(|level| level.as_str().parse::<Level>().ok()),
        status: rule.status.map(status),
        logsource: LogSource {
            category: rule.logsource.category,
            product: rule.logsource.product,
            service: rule.logsource.service,
        },
        attack: attack_ids(&rule.tags),
        tags: rule.tags,
        description: rule.description,
        author: rule.author,
        references: rule.references,
        falsepositives: rule.falsepositives,
        related: rule.related.into_iter().map(Into::into).collect(),
        version: version.to_owned(),
        file: source.file.to_string(),
        line: source.start_line(),
        watertight: own.watertight,
        ads: own.ads,
        tests: own.tests,
        custom: own.rest,
        filters: Vec::new(),
        detection: rule.detection,
        added: Vec::new(),
        source: source.clone(),
    })
}

pub(super) fn convert_correlation(
    frame: CorrelationRule,
    section: Section,
    source: &Source,
    version: &str,
) -> Result<Correlation, Vec<RuleError>> {
    let own: Attributes<CorrelationTest> = own_attributes(&frame.custom_attributes, source)?;
    Ok(Correlation {
        id: frame.id.unwrap_or_else(|| unidentified(version)),
        name: frame.name,
        title: frame.title,
        level: frame.level.and_then(|level| level.as_str().parse::<Level>().ok()),
        status: frame.status.map(status),
        attack: attack_ids(&frame.tags),
        tags: frame.tags,
        description: frame.description,
        author: frame.author,
        references: frame.references,
        falsepositives: frame.falsepositives,
        related: frame.related.into_iter().map(Into::into).collect(),
        version: version.to_owned(),
        file: source.file.to_string(),
        line: source.start_line(),
        watertight: own.watertight,
        ads: own.ads,
        tests: own.tests,
        custom: own.rest,
        kind: section.kind,
        rules: section.rules,
        group_by: section.group_by,
        aliases: section.aliases,
        timespan_us: section.timespan_us,
        window: section.window,
        generate: section.generate,
        condition: section.condition,
        source: source.clone(),
    })
}

fn unidentified(version: &str) -> String {
    format!("unidentified-{}", version.get(..16).unwrap_or(version))
}

/// What of a document Sigma does not define, read as far as we define it.
fn own_attributes<T: for<'de> Deserialize<'de>>(
    custom: &HashMap<String, yaml_serde::Value>,
    source: &Source,
) -> Result<Attributes<T>, Vec<RuleError>> {
    let (custom, unusable) = language::custom_attributes(custom);
    let unreadable = |key: &String| {
        let place = Place::of_key(&source.document, key);
        source.error(place, format!("`{key}` holds a map whose keys are not texts"), None)
    };
    let mut errors: Vec<RuleError> = unusable.iter().map(unreadable).collect();
    match attributes::read(custom) {
        Ok(own) if errors.is_empty() => Ok(own),
        Ok(_) => Err(errors),
        Err(found) => {
            errors.extend(found.into_iter().map(|error| attribute_error(source, &error)));
            Err(errors)
        }
    }
}

fn status(status: language::Status) -> Status {
    match status {
        language::Status::Stable => Status::Stable,
        language::Status::Test => Status::Test,
        language::Status::Experimental => Status::Experimental,
        language::Status::Deprecated => Status::Deprecated,
        language::Status::Unsupported => Status::Unsupported,
    }
}

fn attribute_error(source: &Source, error: &AttributeError) -> RuleError {
    let place = match &error.near {
        Some(near) => Place::inside(&source.document, &error.key, near),
        None => Place::of_key(&source.document, &error.key),
    };
    let help = match error.key.as_str() {
        "tests" if is_correlation(source) => {
            Some("each test is `name: …`, `fires: true|false` and `events: [{at: 0s, event: {…}}]`".to_owned())
        }
        "tests" => Some("each test is `name: …`, `fires: true|false` and `event: {…}`".to_owned()),
        "watertight" => Some("known keys are `surface`, `group_by` (`actor`, `resource`) and `owner`".to_owned()),
        _ => None,
    };
    source.error(place, error.message.clone(), help)
}

fn is_correlation(source: &Source) -> bool {
    source.document.lines().any(|line| line.starts_with("correlation:"))
}

/// `attack.t1537` → `T1537`, `attack.t1098.003` → `T1098.003`; tactics and other tags are left out.
fn attack_ids(tags: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for tag in tags {
        let Some(rest) = tag.to_ascii_lowercase().strip_prefix("attack.").map(str::to_ascii_uppercase) else {
            continue;
        };
        let digits = rest.strip_prefix('T').unwrap_or_default();
        let is_technique = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_technique && !ids.contains(&rest) {
            ids.push(rest);
        }
    }
    ids
}
