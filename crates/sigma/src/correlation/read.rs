//! Reads the `correlation:` mapping of a document. Each mistake is placed at the author's own words. Whether the rules
//! that it names exist is decided later, when all documents are known.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::condition::{Bound, Condition, Operator, Subject};
use super::document::{CorrelationKind, CorrelationWindow};
use super::{expression, measure, timespan};
use crate::error::{RuleError, Severity};
use crate::rule::{Place, Source};

/// A window longer than this would need more history than is kept.
const TIMESPAN_DAYS_MAX: i64 = 400;
const DAY_US: i64 = 86_400_000_000;
/// Rules of one correlation; each is a bit of a word.
pub(crate) const RULES_MAX: usize = 64;
/// Fields of `group-by`.
pub(super) const GROUP_BY_MAX: usize = 16;
/// Keys that the mapping may have.
const KEYS: [&str; 10] =
    ["type", "rules", "group-by", "timespan", "timeframe", "condition", "aliases", "generate", "window", "gap"];

/// What the mapping says.
pub(crate) struct Section {
    pub(crate) kind: CorrelationKind,
    pub(crate) rules: Vec<String>,
    pub(crate) group_by: Vec<String>,
    pub(crate) aliases: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) timespan_us: i64,
    pub(crate) window: CorrelationWindow,
    pub(crate) condition: Condition,
    pub(crate) generate: bool,
}

/// Reads one document's mapping and collects complaints.
pub(crate) struct Reader<'d> {
    source: &'d Source,
    section: &'d Map<String, Value>,
    pub(crate) complaints: Vec<RuleError>,
}

impl<'d> Reader<'d> {
    pub(crate) fn new(source: &'d Source, section: &'d Map<String, Value>) -> Self {
        Self { source, section, complaints: Vec::new() }
    }

    /// `None` if there was an error among the complaints.
    pub(crate) fn read(&mut self, document: &Map<String, Value>) -> Option<Section> {
        self.check_keys();
        let kind = self.kind();
        let mut rules = self.texts("rules");
        let group_by = self.group_by();
        let aliases = self.aliases();
        let timespan_us = self.timespan();
        let window = self.window(document, timespan_us);
        let generate = self.generate(document);
        let condition = kind.and_then(|kind| self.condition(kind, &mut rules));
        self.check_rules(&rules);
        let (kind, condition) = (kind?, condition?);
        let section =
            Section { kind, rules, group_by, aliases, timespan_us: timespan_us?, window, condition, generate };
        let is_good = self.complaints.iter().all(|complaint| complaint.severity == Severity::Warning);
        is_good.then_some(section)
    }

    fn place(&self, near: &str) -> Place {
        Place::inside(&self.source.document, "correlation", near)
    }

    pub(super) fn error(&mut self, near: &str, message: impl Into<String>, help: &str) {
        let complaint = self.source.error(self.place(near), message, help.to_owned());
        self.complaints.push(complaint);
    }

    fn warn(&mut self, near: &str, message: String, help: &str) {
        let complaint = self.source.problem(Severity::Warning, self.place(near), message, Some(help.to_owned()));
        self.complaints.push(complaint);
    }

    fn check_keys(&mut self) {
        for key in self.section.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let help = "known keys are `type`, `rules`, `group-by`, `timespan`, `condition`, `aliases` and `generate`";
            self.error(&format!("{key}:"), format!("a correlation has no `{key}`"), help);
        }
    }

    /// Another engine's kinds of windows, whose keys stand at the top of the document or in the mapping.
    fn window(&mut self, document: &Map<String, Value>, timespan_us: Option<i64>) -> CorrelationWindow {
        let given = |key: &str| document.get(&format!("rsigma.{key}")).or_else(|| self.section.get(key));
        let (window, gap) = (given("window").cloned(), given("gap").cloned());
        let word = window.as_ref().map_or(Some("sliding"), Value::as_str);
        let gap_us = gap.as_ref().and_then(Value::as_str).and_then(timespan::read).filter(|gap| 0 < *gap);
        const HELP: &str =
            "write `window: session` with `gap: 5m`, `window: tumbling`, or nothing for windows that slide";
        match (word, &gap, gap_us) {
            (Some("sliding"), None, _) => CorrelationWindow::Sliding,
            (Some("tumbling"), None, _) => CorrelationWindow::Tumbling,
            (Some("session"), Some(_), Some(gap_us)) if Some(gap_us) <= timespan_us => {
                CorrelationWindow::Session { gap_us }
            }
            (Some("session"), None, _) => self.window_error("window", "a session needs a `gap`", HELP),
            (Some("session"), ..) => {
                self.window_error("gap", "`gap` must be a span of time no longer than the timespan", HELP)
            }
            (Some("sliding" | "tumbling"), Some(_), _) => self.window_error("gap", "only sessions have a `gap`", HELP),
            _ => self.window_error("window", "this kind of window is not known", HELP),
        }
    }

    fn window_error(&mut self, key: &str, message: &str, help: &str) -> CorrelationWindow {
        let document = &self.source.document;
        let near = [format!("rsigma.{key}"), format!("{key}:")];
        let found = near.iter().find_map(|near| Place::find_after(document, 0, near));
        let place = found.unwrap_or_else(|| Place::of_key(document, "correlation"));
        self.complaints.push(self.source.error(place, message, help.to_owned()));
        CorrelationWindow::Sliding
    }

    fn kind(&mut self) -> Option<CorrelationKind> {
        let word = self.section.get("type").and_then(Value::as_str);
        let kind = CorrelationKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == word);
        if kind.is_none() {
            let known = CorrelationKind::ALL.map(CorrelationKind::as_str).join(", ");
            let message = match word {
                Some(word) => format!("`{word}` is not a type of correlation"),
                None => "`type` is missing".to_owned(),
            };
            self.error("type:", message, &format!("the types are {known}"));
        }
        kind
    }

    /// A text or a list of texts.
    fn texts(&mut self, key: &str) -> Vec<String> {
        let texts: Option<Vec<String>> = match self.section.get(key) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::String(text)) => Some(vec![text.clone()]),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        texts.unwrap_or_else(|| {
            self.error(&format!("{key}:"), format!("`{key}` must be a text or a list of texts"), "write `[a, b]`");
            Vec::new()
        })
    }

    fn check_rules(&mut self, rules: &[String]) {
        if rules.is_empty() && self.complaints.is_empty() {
            self.error("rules:", "the correlation is about no rules", "list ids or names of rules under `rules`");
        }
        if RULES_MAX < rules.len() {
            let message = format!("{} rules are more than the limit of {RULES_MAX}", rules.len());
            self.error("rules:", message, "correlate groups of rules first, and then these correlations");
        }
    }

    fn group_by(&mut self) -> Vec<String> {
        let fields = self.texts("group-by");
        if GROUP_BY_MAX < fields.len() {
            let message = format!("{} fields are more than the limit of {GROUP_BY_MAX}", fields.len());
            self.error("group-by", message, "group by what tells one case from another");
        }
        if fields.is_empty() {
            let help = "list the fields whose values the events must share";
            self.warn("group-by", "without `group-by` all events are in one group".to_owned(), help);
        }
        fields
    }

    fn timespan(&mut self) -> Option<i64> {
        let Some(value) = self.section.get("timespan").or_else(|| self.section.get("timeframe")) else {
            self.error("timespan", "`timespan` is missing", "say how long the window is, such as `timespan: 5m`");
            return None;
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let near = if self.section.contains_key("timespan") { "timespan" } else { "timeframe" };
        let Some(span) = timespan::read(&text) else {
            let help = "write a whole number and a unit: `30s`, `5m`, `2h`, `7d`, `1w`, `1M`";
            self.error(near, format!("`{text}` is not a span of time"), help);
            return None;
        };
        if span == 0 {
            self.error(near, "a window of no length holds nothing", "write at least `1s`");
            return None;
        }
        if TIMESPAN_DAYS_MAX * DAY_US < span {
            let message = format!("`{text}` is longer than the limit of {TIMESPAN_DAYS_MAX} days");
            self.error(near, message, "look for what is rare over months with a query over the lake");
            return None;
        }
        Some(span)
    }

    /// At the top as the schema has it, or inside the mapping as it once was.
    fn generate(&mut self, document: &Map<String, Value>) -> bool {
        match document.get("generate").or_else(|| self.section.get("generate")) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(generate)) => *generate,
            Some(_) => {
                self.error("generate", "`generate` must be true or false", "write `generate: true` without quotes");
                false
            }
        }
    }

    fn aliases(&mut self) -> BTreeMap<String, BTreeMap<String, String>> {
        let Some(value) = self.section.get("aliases") else { return BTreeMap::new() };
        match serde_json::from_value(value.clone()) {
            Ok(aliases) => aliases,
            Err(_) => {
                let help = "write `alias: {rule name: field, other rule: other field}`";
                self.error("aliases", "`aliases` cannot be read", help);
                BTreeMap::new()
            }
        }
    }

    fn condition(&mut self, kind: CorrelationKind, rules: &mut Vec<String>) -> Option<Condition> {
        match self.section.get("condition") {
            None if kind.is_temporal() => Some(Condition::EveryRule),
            None => {
                self.error("condition", "`condition` is missing", "say how much is too much, such as `gte: 10`");
                None
            }
            Some(Value::Object(bounds)) => Some(self.bounds(kind, bounds)),
            Some(Value::String(text)) if kind.is_temporal() => self.expression(kind, text, rules),
            Some(Value::String(_)) => {
                let help = "an expression over rules needs `type: temporal` or `type: temporal_ordered`";
                self.error("condition", format!("`{kind}` needs a number to compare with"), help);
                None
            }
            Some(_) => {
                self.error("condition", "`condition` must be a mapping", "write `condition: {gte: 10}`");
                None
            }
        }
    }

    fn expression(&mut self, kind: CorrelationKind, text: &str, rules: &mut Vec<String>) -> Option<Condition> {
        let expression = match expression::read(text, rules) {
            Ok(expression) => expression,
            Err(complaint) => {
                self.error(&complaint.near, complaint.message, &complaint.help.unwrap_or_default());
                return None;
            }
        };
        if kind == CorrelationKind::TemporalOrdered && expression.required().is_none() {
            let help = "an order can be told for `a and b and not c`; write one correlation for each alternative";
            self.error("condition", "`temporal_ordered` cannot order alternatives", help);
            return None;
        }
        if expression.holds(&|_| false) {
            let help = "windows are looked at when an event arrives, never because none does";
            self.error("condition", "the condition holds when no rule matches", help);
            return None;
        }
        Some(Condition::Expression(expression))
    }

    fn bounds(&mut self, kind: CorrelationKind, mapping: &Map<String, Value>) -> Condition {
        let mut bounds = Vec::new();
        for (key, value) in mapping {
            let known = Operator::ALL.iter().find(|(word, _)| word == key);
            if let Some((_, operator)) = known {
                bounds.extend(self.bound(key, *operator, value));
            } else if key != "field" && key != "percentile" {
                let help = "write `lt`, `lte`, `gt`, `gte`, `eq`, `neq`, `field` or `percentile`";
                self.error(&format!("{key}:"), format!("a condition has no `{key}`"), help);
            }
        }
        if bounds.is_empty() && self.complaints.iter().all(|complaint| complaint.severity == Severity::Warning) {
            self.error("condition", "the condition compares with nothing", "write `gte: 10`, or a range of two");
        }
        let subject = Subject { fields: self.fields(kind, mapping), percentile: self.percentile(kind, mapping) };
        self.doubt(kind, &bounds);
        Condition::Bounds(bounds, subject)
    }

    fn bound(&mut self, key: &str, operator: Operator, value: &Value) -> Option<Bound> {
        let micros = value.is_number().then(|| measure::micros_of(&value.to_string())).flatten();
        let Some(micros) = micros else {
            self.error(&format!("{key}:"), format!("`{value}` is not a number"), "write a number without quotes");
            return None;
        };
        Some(Bound { operator, micros })
    }

    fn fields(&mut self, kind: CorrelationKind, mapping: &Map<String, Value>) -> Vec<String> {
        let fields: Option<Vec<String>> = match mapping.get("field") {
            None => Some(Vec::new()),
            Some(Value::String(field)) => Some(vec![field.clone()]),
            Some(Value::Array(fields)) => fields.iter().map(|field| field.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        let Some(fields) = fields else {
            self.error("field:", "`field` must be a text or a list of texts", "name the field whose values count");
            return Vec::new();
        };
        let needs_field = kind == CorrelationKind::ValueCount || kind.is_numeric();
        if needs_field && fields.is_empty() {
            self.error(
                "condition",
                format!("`{kind}` needs a `field`"),
                "name it inside the condition: `field: bytes`",
            );
        } else if !needs_field && !fields.is_empty() {
            let help = "use `value_count` to count the different values of a field";
            self.error("field:", format!("`{kind}` does not look at a field"), help);
        } else if kind.is_numeric() && 1 < fields.len() {
            self.error("field:", format!("`{kind}` works on one field"), "write one correlation for each field");
        }
        fields
    }

    fn percentile(&mut self, kind: CorrelationKind, mapping: &Map<String, Value>) -> u32 {
        const MEDIAN: u32 = 50;
        let is_wanted = kind == CorrelationKind::ValuePercentile;
        match mapping.get("percentile") {
            None if is_wanted => {
                let help = "write `percentile: 95`; without one it is the median";
                self.warn("condition", "`percentile` is missing".to_owned(), help);
                MEDIAN
            }
            None => MEDIAN,
            Some(value) => {
                let rank = value.as_u64().and_then(|rank| u32::try_from(rank).ok()).filter(|rank| *rank <= 100);
                if rank.is_none() || !is_wanted {
                    let help = "a whole number from 0 to 100, for `value_percentile` only";
                    self.error("percentile:", format!("`{value}` is not a percentile here"), help);
                }
                rank.unwrap_or(MEDIAN)
            }
        }
    }

    /// Conditions that work, but not as most people think.
    fn doubt(&mut self, kind: CorrelationKind, bounds: &[Bound]) {
        if kind.is_numeric() || bounds.is_empty() {
            return;
        }
        let holds = |count: usize| bounds.iter().all(|bound| bound.holds(measure::Measure::whole(count)));
        // Between two bounds nothing changes, so these counts stand for all.
        let near = bounds.iter().filter_map(|bound| usize::try_from(bound.micros / super::condition::MICROS).ok());
        let mut counts: Vec<usize> = near.flat_map(|count| [count.saturating_sub(1), count, count + 1]).collect();
        counts.extend([1, usize::MAX >> 1]);
        let can_hold = counts.iter().any(|count| 0 < *count && holds(*count));
        let help = "windows are looked at when an event arrives and always hold it; silence is not seen here";
        if !can_hold {
            self.error("condition", "no window can fit the condition", help);
        } else if holds(1) && !holds(usize::MAX >> 1) {
            self.warn("condition", "the condition holds with a single event already".to_owned(), help);
        }
    }
}
