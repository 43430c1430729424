//! Detection inside the flow: rules over every record, and sensitive data in the records of applications.
//!
//! A content version is compiled once and kept; a replay asks for the version its batch was assigned with.
//! `sigma` and `classify` judge; this file gathers what they say into findings.

use std::collections::{BTreeMap, BTreeSet};

use classify::Classifier;
use ingest::Format;
use jiff::Timestamp;
use ocsf::{Confidence, DataSeen, Event, Finding, FindingClass, RuleRef, Severity, finding_uid};
use sigma::{Hit, HitLosses, Matcher, RecordError};

use crate::baselines::{self, Learning};
use crate::config::Config;
use crate::content::{Content, File};
use crate::correlation::Windows;
use crate::exit::{Failure, OrFail as _};
use crate::flow::{Normal, Normalised};
use crate::instance::Instance;
use crate::ocsf_rules::OcsfRules;
use crate::output;
use crate::rules::{self, Extra, RuleSet};
use crate::store::Store;
use crate::translate;

/// The compiled content sets in use.
#[derive(Debug)]
pub(crate) struct Detectors {
    current: Detector,
    /// The set of an older batch that is being replayed.
    replayed: Option<Detector>,
    /// Sources that have said they have nothing new.
    exhausted: BTreeSet<String>,
    /// What is normal.
    pub(crate) learning: Learning,
}

/// One compiled content set.
pub(crate) struct Detector {
    version: String,
    pub(crate) rules: RuleSet,
    matcher: Matcher,
    ocsf: Option<OcsfRules>,
    classifier: Classifier,
    /// The open windows of correlations; `None` when they have to be filled from the lake.
    pub(crate) windows: Option<Windows>,
    /// It is not today's: a batch of it is rare, and its windows are not worth their memory until then.
    is_replayed: bool,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector")
            .field("version", &self.version)
            .field("rules", &self.rules.rules.len())
            .finish_non_exhaustive()
    }
}

impl Detectors {
    /// Compiles today's content with today's placeholders and keeps both under one version, so that a replay can use them.
    /// Says which rules are not used and why.
    pub(crate) async fn open(instance: &Instance) -> Result<Self, Failure> {
        let (store, config) = (&instance.store, &instance.config);
        let (current, content) = prepare(&instance.content, config)?;
        for error in &current.rules.errors {
            output::talk(error);
        }
        rules::tell_waiting(&current.rules);
        store.keep_content(&current.version, &content).await.or_fail("failed to keep the content")?;
        let learning = Learning::open(&instance.dir, &content, config)?;
        Ok(Self { current, replayed: None, exhausted: BTreeSet::new(), learning })
    }

    /// Takes other content into use, between two batches. Content with a rule that cannot be used is refused. Windows are
    /// filled again from the stored hits, so those of unchanged correlations go on.
    pub(crate) async fn swap(&mut self, instance: &Instance, content: &Content) -> Result<(), Failure> {
        let (current, content) = prepare(content, &instance.config)?;
        if let Some(error) = baselines::definitions(&content).errors.first() {
            return Err(Failure::usage(error.to_string()));
        }
        if let Some(error) = current.rules.errors.first() {
            current.rules.errors.iter().skip(1).for_each(output::talk);
            return Err(Failure::usage(error.to_string()));
        }
        instance.store.keep_content(&current.version, &content).await.or_fail("failed to keep the content")?;
        // What was learned is on disk, and the new baselines go on from there.
        self.learning.settle()?;
        self.learning = Learning::open(&instance.dir, &content, &instance.config)?;
        self.current = current;
        Ok(())
    }

    /// The version new batches are assigned with.
    pub(crate) fn content(&self) -> &str {
        &self.current.version
    }

    /// The source has nothing new for now.
    pub(crate) fn note_exhausted(&mut self, source: &str) {
        if !self.exhausted.contains(source) {
            self.exhausted.insert(source.to_owned());
            if let Some(windows) = &mut self.current.windows {
                windows.settle(source);
            }
        }
    }

    /// The sources that have nothing new while this one does.
    pub(crate) fn exhausted_besides(&mut self, source: &str) -> BTreeSet<String> {
        self.exhausted.remove(source);
        self.exhausted.clone()
    }

    pub(crate) async fn for_version(&mut self, store: &Store, version: &str) -> Result<&mut Detector, Failure> {
        if version == self.current.version {
            return Ok(&mut self.current);
        }
        if self.replayed.as_ref().is_none_or(|replayed| replayed.version != version) {
            let content = store.content(version).await.or_fail("failed to read kept content")?;
            let content =
                content.ok_or_else(|| Failure::failed(format!("content version `{version}` was not kept")))?;
            self.replayed = Some(Detector { is_replayed: true, ..Detector::compile(&content)? });
        }
        // Its hits go to the lake and not into today's windows, which have to be filled again.
        self.current.windows = None;
        self.replayed.as_mut().ok_or_else(|| Failure::failed("content was not compiled"))
    }
}

impl Detector {
    fn compile(content: &Content) -> Result<Self, Failure> {
        let config = Config { placeholders: placeholders_of(content)?, ..Config::default() };
        let rules = rules::load(Some(content), Extra::default(), &config)?;
        let files: Vec<(&str, &str)> = content.below("identifiers").collect();
        let (classifier, errors) = Classifier::new(&files);
        if let Some(error) = errors.first() {
            return Err(Failure::usage(format!("failed to use the identifiers: {error}")));
        }
        let matcher = Matcher::new(&rules.program);
        let ocsf = OcsfRules::of(&rules.rules);
        Ok(Self { version: content.version(), rules, matcher, ocsf, classifier, windows: None, is_replayed: false })
    }

    /// Takes the windows back once the log has what they told.
    pub(crate) fn keep_windows(&mut self, windows: Option<Windows>) {
        self.windows = windows.filter(|_| !self.is_replayed);
    }

    /// Everything that is noticed in a batch, in the order of its records; `unusual` is what baselines
    /// noticed.
    pub(crate) fn detect(&mut self, normal: &Normal, unusual: Vec<Finding>, tenant: &str, now: Timestamp) -> Detected {
        let mut detected = Detected { findings: unusual, ..Detected::default() };
        let (mut matched, mut json) = (Vec::new(), Vec::new());
        for seen in &normal.events {
            matched.clear();
            if let Err(error) = self.judge(seen, &mut matched, &mut json, &mut detected) {
                tracing::warn!(event = %seen.event.uid(), %error, "no rule could look at this event");
                detected.not_evaluated += 1;
            }
            let alone = matched.iter().filter(|&&rule| self.rules.program.reports_alone(rule));
            let alone = alone.filter_map(|&rule| self.rules.rules.get(rule));
            detected.findings.extend(alone.map(|rule| translate::finding(rule, &seen.event, tenant, now)));
            if seen.event.format.starts_with("application/") {
                detected.findings.extend(data_finding(&self.classifier, &seen.event, tenant, now));
            }
        }
        detected
    }

    /// The rules that one event matches: those that see the vendor's record, and those that see it as OCSF.
    fn judge(
        &mut self,
        seen: &Normalised,
        matched: &mut Vec<usize>,
        json: &mut Vec<u8>,
        detected: &mut Detected,
    ) -> Result<(), RecordError> {
        let Some(format) = Format::from_id(seen.event.format) else { return Ok(()) };
        let source = rules::log_source(&self.rules.program, format);
        matched.extend_from_slice(self.matcher.evaluate(source, seen.view())?);
        detected.note_hits(&mut self.matcher, seen.view(), &seen.event);
        if let Some(ocsf) = self.ocsf.as_ref().filter(|ocsf| ocsf.asks(seen.event.class)) {
            matched.extend_from_slice(ocsf.evaluate(&self.rules.program, &mut self.matcher, &seen.event, json)?);
            detected.note_hits(&mut self.matcher, json, &seen.event);
        }
        Ok(())
    }
}

/// Compiles content together with today's placeholders; returns the content that has both.
fn prepare(content: &Content, config: &Config) -> Result<(Detector, Content), Failure> {
    let content = with_placeholders(content, config)?;
    Ok((Detector::compile(&content)?, content))
}

/// The file that carries the placeholders' values inside a kept content set.
const CONFIGURED: &str = "configured/placeholders.json";

/// Findings depend on what the placeholders stood for: their values are part of what a version names.
fn with_placeholders(content: &Content, config: &Config) -> Result<Content, Failure> {
    let text = serde_json::to_string(&config.placeholders).or_fail("failed to keep the placeholders")?;
    let mut content = content.clone();
    content.files.push(File { path: CONFIGURED.to_owned(), text });
    Ok(content)
}

fn placeholders_of(content: &Content) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let file = content.files.iter().find(|file| file.path == CONFIGURED);
    file.map_or_else(
        || Ok(BTreeMap::new()),
        |file| serde_json::from_str(&file.text).or_fail("failed to read the kept placeholders"),
    )
}

/// What detection says of a batch.
#[derive(Debug, Default)]
pub(crate) struct Detected {
    pub(crate) findings: Vec<Finding>,
    /// What correlations are made of.
    pub(crate) hits: Vec<Hit>,
    /// Events that are deeper or larger than rules read.
    pub(crate) not_evaluated: usize,
}

impl Detected {
    /// What the record that was just matched brings to correlations.
    fn note_hits(&mut self, matcher: &mut Matcher, view: &[u8], event: &Event) {
        let (uid, time_us) = (event.uid(), event.time.as_microsecond());
        match matcher.hits(view, time_us, uid, &mut self.hits) {
            Ok(losses) if losses == HitLosses::default() => {}
            Ok(losses) => tracing::debug!(event = uid, ?losses, "an event is not whole in its correlations"),
            Err(error) => tracing::warn!(event = uid, %error, "an event could not be correlated"),
        }
    }
}

/// Sensitive data inside a log record: a leak by itself, because logs travel further than databases.
fn data_finding(classifier: &Classifier, event: &Event, tenant: &str, now: Timestamp) -> Option<Finding> {
    let text = String::from_utf8_lossy(&event.raw);
    let mut data: Vec<DataSeen> = Vec::new();
    for span in classifier.scan_text(&text) {
        let Some(identifier) = classifier.identifier(&span.id) else { continue };
        if !is_never_logged(identifier) || span.score < SCORE_SURE {
            continue;
        }
        match data.iter_mut().find(|seen| *seen.identifier == *identifier.id) {
            Some(seen) => seen.count += 1,
            None => data.push(DataSeen {
                identifier: identifier.id.to_string(),
                category: identifier.category.clone(),
                count: 1,
            }),
        }
    }
    // By category and the first by name, so that a card number and the code beside it are one finding, whatever the order.
    let category = data.iter().map(|seen| seen.category.clone()).min()?;
    let hot = event.hot();
    let named = event.service.as_ref().and_then(|service| service.name.as_deref());
    let service = named.filter(|name| is_service_name(name)).unwrap_or("application").to_owned();
    let rule_id = format!("data-in-logs.{category}");
    let resource = format!("log:{service}");
    Some(Finding {
        uid: finding_uid(tenant, &rule_id, DATA_RULE_VERSION, hot.uid),
        tenant: tenant.to_owned(),
        class: FindingClass::DataSecurity,
        rule: RuleRef {
            id: rule_id.clone(),
            title: format!("{category} data in the log of {service}"),
            version: DATA_RULE_VERSION.to_owned(),
            surface: surface_of(&service),
        },
        severity: Severity::High,
        confidence: Confidence::High,
        time: hot.time,
        discovered: now,
        logsource: hot.format.to_owned(),
        event_uid: hot.uid.to_owned(),
        event_uids: vec![hot.uid.to_owned()],
        actor: None,
        group_keys: vec![format!("resource:{resource}/{category}")],
        observables: Vec::new(),
        resources: vec![resource],
        attack: vec!["T1552.001".to_owned()],
        data,
        linked_keys: Vec::new(),
        chain: Vec::new(),
        correlation: None,
        anomaly: None,
    })
}

/// A title is read by people and stays readable in the log: what a record calls itself goes in only if it is a plain name.
fn is_service_name(name: &str) -> bool {
    const CHARS_MAX: usize = 40;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= CHARS_MAX && name.chars().all(allowed)
}

/// Bumped when the meaning of these findings changes, because it is part of their ids.
const DATA_RULE_VERSION: &str = "1";
/// What counts as sure: a checksum with a word beside it, or a fixed prefix.
const SCORE_SURE: f32 = 0.84;

/// Payment data, secrets and government numbers have no business in a log; mail addresses and IP addresses are its trade.
fn is_never_logged(identifier: &classify::Identifier) -> bool {
    identifier.severity == classify::Severity::Critical
}

/// `checkout` → `checkout`, `product-api` → `product_api`: services are named for their surface.
fn surface_of(service: &str) -> String {
    service.replace('-', "_")
}
