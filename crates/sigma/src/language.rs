//! The one door to the Sigma language: everything that comes from `rsigma-parser` enters the crate here, so that its
//! version can change without touching the compiler. It parses documents; it does not judge what they mean.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize as _;

pub(crate) use rsigma_parser::{
    ConditionExpr, CorrelationRule, Detection, DetectionItem, Detections, FilterRule, Modifier, Quantifier,
    SelectorPattern, SigmaRule, SigmaString, SigmaValue, SpecialChar, Status, StringPart,
};

/// What one YAML text holds.
pub(crate) struct Parsed {
    pub(crate) rules: Vec<SigmaRule>,
    pub(crate) correlations: Vec<CorrelationRule>,
    pub(crate) filters: Vec<FilterRule>,
    /// The parser's own complaints, as text. With a rule they are warnings, without one the reason it is missing.
    pub(crate) problems: Vec<String>,
}

/// Parses one YAML text, which may hold several documents when it uses `action: global`.
pub(crate) fn parse(text: &str) -> Parsed {
    match rsigma_parser::parse_sigma_yaml(text) {
        Ok(collection) => Parsed {
            rules: collection.rules,
            correlations: collection.correlations,
            filters: collection.filters,
            problems: collection.errors,
        },
        Err(error) => Parsed {
            rules: Vec::new(),
            correlations: Vec::new(),
            filters: Vec::new(),
            problems: vec![error.to_string()],
        },
    }
}

/// The first document of a YAML text as JSON, if it is a correlation that stands by itself.
pub(crate) fn correlation_document(text: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let document = yaml_serde::Deserializer::from_str(text).next()?;
    let value = yaml_serde::Value::deserialize(document).ok()?;
    let serde_json::Value::Object(fields) = serde_json::to_value(value).ok()? else { return None };
    let is_alone =
        fields.get("correlation").is_some_and(serde_json::Value::is_object) && !fields.contains_key("action");
    is_alone.then_some(fields)
}

/// Everything but the `correlation:` mapping of a correlation document. The mapping itself is read by us, because the
/// parser knows no fractions and passes over keys that it does not know.
pub(crate) fn correlation_frame(document: &serde_json::Map<String, serde_json::Value>) -> Parsed {
    let mut document = document.clone();
    for key in ["generate", "rsigma.window", "rsigma.gap"] {
        document.remove(key);
    }
    let stand_in = serde_json::json!({
        "type": "event_count", "rules": ["rule"], "group-by": ["field"], "timespan": "1s", "condition": {"gte": 1},
    });
    document.insert("correlation".to_owned(), stand_in);
    // JSON is YAML.
    parse(&serde_json::Value::Object(document).to_string())
}

/// Parses an expression over names.
pub(crate) fn parse_condition(text: &str) -> Result<ConditionExpr, String> {
    rsigma_parser::parse_condition(text).map_err(|error| error.to_string())
}

/// Whether a name fits a pattern with `*`.
pub(crate) fn name_matches(pattern: &str, name: &str) -> bool {
    rsigma_parser::detection_name_matches(pattern, name)
}

/// The top-level attributes that the Sigma specification does not define, as JSON values.
/// A value that JSON cannot express (a map with a list as key) is reported by name.
pub(crate) fn custom_attributes(
    all: &HashMap<String, yaml_serde::Value>,
) -> (BTreeMap<String, serde_json::Value>, Vec<String>) {
    let mut attributes = BTreeMap::new();
    let mut unusable = Vec::new();
    for (name, value) in all {
        match serde_json::to_value(value) {
            Ok(value) => {
                attributes.insert(name.clone(), value);
            }
            Err(_) => unusable.push(name.clone()),
        }
    }
    unusable.sort();
    (attributes, unusable)
}

/// All modifiers, for an author who mistyped one.
pub(crate) const MODIFIERS: &str = "contains, startswith, endswith, all, exists, cased, neq, re (i, m, s), cidr, lt, lte, \
    gt, gte, fieldref, base64, base64offset, utf16, utf16le, utf16be, wide, windash, expand, minute, hour, day, week, \
    month, year";

/// The modifier as authors write it.
pub(crate) fn modifier_name(modifier: Modifier) -> &'static str {
    match modifier {
        Modifier::Contains => "contains",
        Modifier::StartsWith => "startswith",
        Modifier::EndsWith => "endswith",
        Modifier::All => "all",
        Modifier::Base64 => "base64",
        Modifier::Base64Offset => "base64offset",
        Modifier::Wide => "wide",
        Modifier::Utf16be => "utf16be",
        Modifier::Utf16 => "utf16",
        Modifier::WindAsh => "windash",
        Modifier::Re => "re",
        Modifier::Cidr => "cidr",
        Modifier::Cased => "cased",
        Modifier::Exists => "exists",
        Modifier::Expand => "expand",
        Modifier::FieldRef => "fieldref",
        Modifier::Gt => "gt",
        Modifier::Gte => "gte",
        Modifier::Lt => "lt",
        Modifier::Lte => "lte",
        Modifier::Neq => "neq",
        Modifier::IgnoreCase => "i",
        Modifier::Multiline => "m",
        Modifier::DotAll => "s",
        Modifier::Minute => "minute",
        Modifier::Hour => "hour",
        Modifier::Day => "day",
        Modifier::Week => "week",
        Modifier::Month => "month",
        Modifier::Year => "year",
    }
}

/// A field name with its brackets unescaped, or `None` if it selects array members by position.
pub(crate) fn literal_field(name: &str) -> Option<String> {
    if rsigma_parser::fieldpath::first_unescaped(name, b'[').is_some() {
        return None;
    }
    Some(rsigma_parser::fieldpath::unescape_brackets(name).into_owned())
}
