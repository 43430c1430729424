//! The one door to the Sigma language: everything that comes from `rsigma-parser` enters the crate here, so that its
//! version can change without touching the compiler. It parses documents; it does not judge what they mean.

use std::collections::BTreeMap;

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

/// The top-level attributes that the Sigma specification does not define, as JSON values.
/// A value that JSON cannot express (a map with a list as key) is reported by name.
pub(crate) fn custom_attributes(rule: &SigmaRule) -> (BTreeMap<String, serde_json::Value>, Vec<String>) {
    let mut attributes = BTreeMap::new();
    let mut unusable = Vec::new();
    for (name, value) in &rule.custom_attributes {
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
