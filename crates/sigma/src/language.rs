//! The one door to the Sigma language: everything that comes from `rsigma-parser` enters the crate here, so that its
//! version can change without touching the compiler. It parses documents; it does not judge what they mean.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize as _;

pub(crate) use rsigma_parser::{
    ArrayQuantifier, ConditionExpr, CorrelationRule, Detection, DetectionItem, Detections, FieldSpec, FilterRule,
    FilterRuleTarget, Modifier, Quantifier, Related, RelationType, SelectorPattern, SigmaRule, SigmaString, SigmaValue,
    SpecialChar, Status, StringPart,
};
pub(crate) use yaml_serde::{Mapping, Value as Yaml};

/// What one YAML text holds.
pub(crate) struct Parsed {
    pub(crate) rules: Vec<SigmaRule>,
    pub(crate) correlations: Vec<CorrelationRule>,
    pub(crate) filters: Vec<FilterRule>,
    /// The parser's own complaints, as text. With a rule they are warnings, without one the reason it is missing.
    pub(crate) problems: Vec<String>,
}

/// Parses one YAML document.
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

/// Every YAML document of a text, up to the first that cannot be read.
pub(crate) fn values(text: &str) -> Vec<Result<Yaml, String>> {
    let mut values = Vec::new();
    for document in yaml_serde::Deserializer::from_str(text) {
        let value = Yaml::deserialize(document).map_err(|error| format!("YAML parse error: {error}"));
        let is_broken = value.is_err();
        values.push(value);
        if is_broken {
            break;
        }
    }
    values
}

/// A document as text again, after it was put together from several.
pub(crate) fn spelled(value: &Yaml) -> Result<String, String> {
    yaml_serde::to_string(value).map_err(|error| error.to_string())
}

/// A document as JSON, if it is a correlation.
pub(crate) fn correlation_document(value: &Yaml) -> Option<serde_json::Map<String, serde_json::Value>> {
    let serde_json::Value::Object(fields) = serde_json::to_value(value).ok()? else { return None };
    fields.get("correlation").is_some_and(serde_json::Value::is_object).then_some(fields)
}

/// Something that the parser's linter found: the name of the check, what it says, the keys that lead to the place, and
/// what it would do about it.
pub(crate) struct Finding {
    pub(crate) check: String,
    pub(crate) message: String,
    pub(crate) path: Vec<String>,
    pub(crate) fix: Option<String>,
}

/// What the parser's linter calls an error or a warning. Its notes on style are left out.
pub(crate) fn lint(value: &Yaml) -> Vec<Finding> {
    use rsigma_parser::Severity::{Error, Warning};
    let found = rsigma_parser::lint_yaml_value(value).into_iter();
    found
        .filter(|one| matches!(one.severity, Error | Warning))
        .map(|one| Finding {
            check: one.rule.to_string(),
            message: one.message,
            path: one.path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            fix: one.fix.map(|fix| fix.title),
        })
        .collect()
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

/// So many `not` may follow each other. The parser limits brackets, but goes one call deeper for each of these, so that
/// sixteen thousand of them would end the process.
const NEGATIONS_MAX: usize = 32;

/// Whether a condition may be given to the parser.
pub(crate) fn check_condition(text: &str) -> Result<(), String> {
    let mut run = 0;
    for word in text.split(|letter: char| letter.is_whitespace() || letter == '(').filter(|word| !word.is_empty()) {
        run = if word.eq_ignore_ascii_case("not") { run + 1 } else { 0 };
        if NEGATIONS_MAX < run {
            return Err(format!("more than {NEGATIONS_MAX} `not` follow each other"));
        }
    }
    Ok(())
}

/// Parses an expression over names.
pub(crate) fn parse_condition(text: &str) -> Result<ConditionExpr, String> {
    check_condition(text)?;
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
