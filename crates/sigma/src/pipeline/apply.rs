//! Carries out pipelines on what was loaded. All pipelines are one chain, ordered by priority; each rule and correlation
//! goes through it by itself, and nothing that one of them does is seen by another.

use std::collections::BTreeMap;

use super::conditions::{State, Subject};
use super::item::{Action, Item};
use super::{Pipeline, detections, values};
use crate::correlation::Correlation;
use crate::error::RuleError;
use crate::language::{DetectionItem, Detections};
use crate::rule::{Added, Loaded, LogSource, Place, Rule, Source, combined_version};

/// Items that a rule may come to have, so that names that become several cannot grow without end.
const ITEMS_MAX: usize = 10_000;

/// Puts everything that was loaded through the pipelines. What is refused goes to the errors.
pub(crate) fn apply(pipelines: &[Pipeline], loaded: &mut Loaded) {
    if pipelines.is_empty() {
        return;
    }
    let mut ordered: Vec<&Pipeline> = pipelines.iter().collect();
    ordered.sort_by_key(|pipeline| pipeline.priority);
    let vars = ordered.iter().flat_map(|pipeline| pipeline.vars.clone()).collect();
    let chain = Chain { pipelines: ordered, vars };
    let logsources = LogSources::of(&loaded.rules, &loaded.correlations);
    for mut rule in std::mem::take(&mut loaded.rules) {
        match chain.rule(&mut rule) {
            Ok(()) => loaded.rules.push(rule),
            Err(error) => loaded.errors.push(*error),
        }
    }
    for mut correlation in std::mem::take(&mut loaded.correlations) {
        match chain.correlation(&mut correlation, &logsources) {
            Ok(()) => loaded.correlations.push(correlation),
            Err(error) => loaded.errors.push(*error),
        }
    }
}

/// The log sources of rules by what correlations call them, as they were before the pipelines. A correlation has those of
/// all that it is about.
struct LogSources(BTreeMap<String, Vec<LogSource>>);

/// Correlations about correlations are followed so far.
const DEPTH_MAX: usize = 8;

impl LogSources {
    fn of(rules: &[Rule], correlations: &[Correlation]) -> Self {
        let mut known = BTreeMap::new();
        for rule in rules {
            let logsources = vec![rule.logsource.clone()];
            known.extend(
                [Some(rule.id.clone()), rule.name.clone()].into_iter().flatten().map(|name| (name, logsources.clone())),
            );
        }
        let mut known = Self(known);
        for _ in 0..DEPTH_MAX {
            for correlation in correlations {
                let logsources = known.about(correlation);
                let names = [Some(correlation.id.clone()), correlation.name.clone()].into_iter().flatten();
                known.0.extend(names.map(|name| (name, logsources.clone())));
            }
        }
        known
    }

    fn about(&self, correlation: &Correlation) -> Vec<LogSource> {
        let mut all: Vec<LogSource> = Vec::new();
        for logsource in correlation.rules.iter().filter_map(|name| self.0.get(name)).flatten() {
            if !all.contains(logsource) {
                all.push(logsource.clone());
            }
        }
        all
    }
}

struct Chain<'p> {
    pipelines: Vec<&'p Pipeline>,
    vars: BTreeMap<String, Vec<String>>,
}

impl Chain<'_> {
    fn rule(&self, rule: &mut Rule) -> Result<(), Box<RuleError>> {
        let mut state = State::default();
        for pipeline in &self.pipelines {
            let mut is_changed = false;
            for item in &pipeline.items {
                let changes = self.rule_item(item, rule, &mut state);
                is_changed |= changes.map_err(|problem| refused(&rule.source, pipeline, item, problem))?;
            }
            if is_changed {
                rule.version = combined_version(&rule.version, &pipeline.version);
            }
        }
        Ok(())
    }

    /// Whether the step was meant for the rule.
    fn rule_item(&self, item: &Item, rule: &mut Rule, state: &mut State) -> Result<bool, String> {
        if !item.rule.is_open(|condition| condition.holds(&subject_of_rule(rule), state)) {
            return Ok(false);
        }
        match &item.action {
            Action::ChangeLogSource(logsource) => rule.logsource = logsource.clone(),
            Action::AddCondition(detections) => {
                let (detections, source) = ((**detections).clone(), rule.source.clone());
                rule.added.push(Added { detections, source });
            }
            Action::SetCustomAttribute { attribute, value } => {
                rule.custom.insert(attribute.clone(), value.clone());
            }
            Action::SetState { key, value } => state.values.extend([(key.clone(), value.clone())]),
            Action::RuleFailure(message) => return Err(message.clone()),
            Action::Nest(items) => {
                for inner in items {
                    self.rule_item(inner, rule, state)?;
                }
            }
            _ => self.detections(item, rule, state)?,
        }
        state.applied.extend(item.id.clone());
        Ok(true)
    }

    fn detections(&self, item: &Item, rule: &mut Rule, state: &State) -> Result<(), String> {
        let mut size = Size::default();
        let is_left = self.change(item, &mut rule.detection, state, &mut size)?;
        if !is_left {
            return Err("nothing of the rule's condition would be left".to_owned());
        }
        let mut keep = Vec::new();
        for filter in &mut rule.filters {
            keep.push(self.change(item, &mut filter.detection, state, &mut size)?);
        }
        let mut kept = keep.iter();
        rule.filters.retain(|_| kept.next().copied().unwrap_or(true));
        for added in &mut rule.added {
            if !self.change(item, &mut added.detections, state, &mut size)? {
                return Err("nothing of an added condition would be left".to_owned());
            }
        }
        Ok(())
    }

    fn change(&self, item: &Item, detections: &mut Detections, state: &State, size: &mut Size) -> Result<bool, String> {
        let mut count = |new: Vec<DetectionItem>| size.plus(&new).map(|()| new);
        detections::change(detections, &mut |one: &DetectionItem| {
            let has_field = |name: Option<&str>| item.field.is_open(|condition| condition.holds(name, state));
            if !item.detection.is_open(|condition| condition.holds(one, state)) {
                return count(vec![one.clone()]);
            }
            if let Action::Rename(renaming) = &item.action {
                return count(renaming.rename(one, &|name| has_field(Some(name)))?);
            }
            if !has_field(one.field.name.as_deref()) {
                return count(vec![one.clone()]);
            }
            match &item.action {
                Action::DropItem => Ok(Vec::new()),
                Action::ItemFailure(message) => Err(message.clone()),
                action => {
                    let mut changed = one.clone();
                    values::change(action, &mut changed, &self.vars)?;
                    count(vec![changed])
                }
            }
        })
    }

    fn correlation(&self, correlation: &mut Correlation, logsources: &LogSources) -> Result<(), Box<RuleError>> {
        let mut state = State::default();
        for pipeline in &self.pipelines {
            let mut is_changed = false;
            for item in &pipeline.items {
                let changes = correlation_item(item, correlation, logsources, &mut state);
                is_changed |= changes.map_err(|problem| refused(&correlation.source, pipeline, item, problem))?;
            }
            if is_changed {
                correlation.version = combined_version(&correlation.version, &pipeline.version);
            }
        }
        Ok(())
    }
}

/// What a rule has come to in one step, with its filters and what pipelines added.
#[derive(Default)]
struct Size {
    items: usize,
    bytes: usize,
}

impl Size {
    fn plus(&mut self, new: &[DetectionItem]) -> Result<(), String> {
        self.items += new.len();
        self.bytes += new.iter().map(values::bytes).sum::<usize>();
        if ITEMS_MAX < self.items {
            return Err(format!("the rule would have more than {ITEMS_MAX} items"));
        }
        if values::RULE_BYTES_MAX < self.bytes { Err(values::too_large()) } else { Ok(()) }
    }
}

/// A correlation has names of fields, but no detections.
fn correlation_item(
    item: &Item,
    correlation: &mut Correlation,
    logsources: &LogSources,
    state: &mut State,
) -> Result<bool, String> {
    let own = subject_of_correlation(correlation, logsources);
    if !item.rule.is_open(|condition| condition.holds(&own, state)) {
        return Ok(false);
    }
    match &item.action {
        Action::Rename(renaming) => {
            let is_meant = |name: &str| item.field.is_open(|condition| condition.holds(Some(name), state));
            correlation.rename_fields(&|name| renaming.of(name).filter(|_| is_meant(name)))?;
        }
        Action::SetCustomAttribute { attribute, value } => {
            correlation.custom.insert(attribute.clone(), value.clone());
        }
        Action::SetState { key, value } => state.values.extend([(key.clone(), value.clone())]),
        Action::RuleFailure(message) => return Err(message.clone()),
        Action::Nest(items) => {
            for inner in items {
                correlation_item(inner, correlation, logsources, state)?;
            }
        }
        // The rest changes detections and log sources, which are those of the rules.
        _ => return Ok(false),
    }
    state.applied.extend(item.id.clone());
    Ok(true)
}

fn subject_of_rule(rule: &Rule) -> Subject<'_> {
    let mut attributes = texts(&rule.custom);
    let own = [
        ("title", Some(&rule.title)),
        ("id", Some(&rule.id)),
        ("name", rule.name.as_ref()),
        ("author", rule.author.as_ref()),
        ("description", rule.description.as_ref()),
    ];
    attributes.extend(own.into_iter().filter_map(|(key, value)| Some((key, value?.clone()))));
    attributes.extend(rule.status.map(|status| ("status", status.as_str().to_owned())));
    Subject {
        rule: Some(rule),
        logsources: vec![rule.logsource.clone()],
        level: rule.level,
        tags: &rule.tags,
        attributes,
    }
}

fn subject_of_correlation<'c>(correlation: &'c Correlation, logsources: &LogSources) -> Subject<'c> {
    let mut attributes = texts(&correlation.custom);
    let own = [("title", Some(&correlation.title)), ("id", Some(&correlation.id)), ("name", correlation.name.as_ref())];
    attributes.extend(own.into_iter().filter_map(|(key, value)| Some((key, value?.clone()))));
    Subject {
        rule: None,
        logsources: logsources.about(correlation),
        level: correlation.level,
        tags: &correlation.tags,
        attributes,
    }
}

fn texts(custom: &BTreeMap<String, serde_json::Value>) -> BTreeMap<&str, String> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    custom.iter().map(|(key, value)| (key.as_str(), text(value))).collect()
}

fn refused(source: &Source, pipeline: &Pipeline, item: &Item, problem: String) -> Box<RuleError> {
    let place = Place::of_key(&source.document, "logsource");
    let line = pipeline.source.first_line + item.place.line;
    let help = format!("the pipeline `{}` says so ({}:{line})", pipeline.name, pipeline.file);
    Box::new(source.error(place, problem, help))
}
