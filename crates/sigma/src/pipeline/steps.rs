//! The vocabulary of pipelines: which steps and conditions there are and what they take. One that is not here is refused
//! with the reason. Adding one means a line here, a variant in `item.rs` and an arm in `apply.rs` or `values.rs`.

use std::cmp::Ordering::{Equal, Greater, Less};

use super::item::{Action, FieldCondition, Fields, ItemCondition, Names, Renaming, RuleCondition};
use super::read::{Reader, scalar};
use super::values::Replacer;
use crate::language::{self, ConditionExpr, Detections, Mapping, SigmaValue, Yaml};
use crate::rule::LogSource;

/// Steps that exist elsewhere, and why they have no meaning here.
const WITHOUT_MEANING: &[(&str, &str)] = &[
    ("add_field", "fields to show belong to queries"),
    ("remove_field", "fields to show belong to queries"),
    ("set_field", "fields to show belong to queries"),
    ("query_expression_placeholders", "there is no query to put an expression into; use `value_placeholders`"),
    ("regex", "texts are compared with wildcards; write `re` in the rule"),
    ("field_name_transform", "it runs a function of Python; write the names into a `field_name_mapping`"),
    ("hashes_fields", "write the fields into the rule: `Hashes|contains` finds them too"),
    ("strict_field_mapping_failure", "use `detection_item_failure` with `exclude_fields`"),
];

/// The keys that every step may have.
const COMMON: [&str; 16] = [
    "id",
    "type",
    "rule_conditions",
    "rule_cond_op",
    "rule_cond_not",
    "rule_cond_expr",
    "rule_cond_expression",
    "detection_item_conditions",
    "detection_item_cond_op",
    "detection_item_cond_not",
    "detection_item_cond_expr",
    "field_name_conditions",
    "field_name_cond_op",
    "field_name_cond_not",
    "field_name_cond_expr",
    "field_name_cond_expression",
];

pub(super) fn action(reader: &mut Reader<'_>, fields: &Mapping, depth: usize) -> Option<Action> {
    let kind = reader.text(fields, "type")?;
    if let Some((_, why)) = WITHOUT_MEANING.iter().find(|(known, _)| *known == kind) {
        reader.fault(&kind, &format!("`{kind}` is not supported"), why);
        return None;
    }
    let Some(keys) = keys_of(&kind) else {
        reader.fault(
            &kind,
            &format!("`{kind}` is not a transformation"),
            &format!("the transformations are {}", known()),
        );
        return None;
    };
    reader.keys(fields, &COMMON, keys);
    Some(match kind.as_str() {
        "field_name_mapping" => Action::Rename(Renaming::Mapping(reader.mapping(fields, "mapping"))),
        "field_name_prefix_mapping" => Action::Rename(Renaming::PrefixMapping(reader.mapping(fields, "mapping"))),
        "field_name_prefix" => Action::Rename(Renaming::Prefix(reader.text(fields, "prefix")?)),
        "field_name_suffix" => Action::Rename(Renaming::Suffix(reader.text(fields, "suffix")?)),
        "drop_detection_item" => Action::DropItem,
        "add_condition" => Action::AddCondition(Box::new(added(reader, fields)?)),
        "change_logsource" => Action::ChangeLogSource(logsource(reader, fields)),
        "replace_string" => {
            let (pattern, replacement) = (reader.text(fields, "regex")?, reader.text(fields, "replacement")?);
            let skips_wildcards = reader.flag(fields, "skip_special");
            Action::ReplaceString { replacer: replacer(reader, "regex", &pattern, &replacement)?, skips_wildcards }
        }
        "value_placeholders" => Action::ValuePlaceholders(names(reader, fields)),
        "wildcard_placeholders" => Action::WildcardPlaceholders(names(reader, fields)),
        "map_string" => Action::MapString(reader.mapping(fields, "mapping")),
        "set_value" => Action::SetValue(value(reader, fields, "value")?),
        "convert_type" => match reader.text(fields, "target_type")?.as_str() {
            "str" => Action::ConvertToText,
            "num" | "int" | "float" => Action::ConvertToNumber,
            other => return unknown(reader, other, "a type", "str, num"),
        },
        "case" | "case_transformation" => {
            let key = if fields.contains_key("method") { "method" } else { "case_type" };
            match reader.text(fields, key)?.as_str() {
                "lower" => Action::LowerCase,
                "upper" => Action::UpperCase,
                other => return unknown(reader, other, "a case", "lower, upper"),
            }
        }
        "set_state" => Action::SetState { key: reader.text(fields, "key")?, value: state_value(reader, fields)? },
        "set_custom_attribute" => {
            let attribute = reader.text(fields, "attribute")?;
            let value = fields.get("value").and_then(|value| serde_json::to_value(value).ok());
            Action::SetCustomAttribute { attribute, value: value.unwrap_or_default() }
        }
        "rule_failure" => Action::RuleFailure(reader.text(fields, "message")?),
        "detection_item_failure" => Action::ItemFailure(reader.text(fields, "message")?),
        "nest" => {
            let items = fields.get("items").or_else(|| fields.get("transformations")).and_then(Yaml::as_sequence);
            let Some(items) = items else {
                reader.fault("nest", "`items` must be a list", "");
                return None;
            };
            Action::Nest(items.iter().filter_map(|item| reader.item(item, depth + 1)).collect())
        }
        _ => return None,
    })
}

const STEPS: &[(&str, &[&str])] = &[
    ("field_name_mapping", &["mapping"]),
    ("field_name_prefix_mapping", &["mapping"]),
    ("field_name_prefix", &["prefix"]),
    ("field_name_suffix", &["suffix"]),
    ("drop_detection_item", &[]),
    ("add_condition", &["conditions", "negated"]),
    ("change_logsource", &["category", "product", "service"]),
    ("replace_string", &["regex", "replacement", "skip_special"]),
    ("value_placeholders", &["include", "exclude"]),
    ("wildcard_placeholders", &["include", "exclude"]),
    ("map_string", &["mapping"]),
    ("set_value", &["value"]),
    ("convert_type", &["target_type"]),
    ("case", &["method", "case_type"]),
    ("case_transformation", &["method", "case_type"]),
    ("set_state", &["key", "val", "value"]),
    ("set_custom_attribute", &["attribute", "value"]),
    ("rule_failure", &["message"]),
    ("detection_item_failure", &["message"]),
    ("nest", &["items", "transformations"]),
];

fn keys_of(kind: &str) -> Option<&'static [&'static str]> {
    STEPS.iter().find(|(known, _)| *known == kind).map(|(_, keys)| *keys)
}

fn known() -> String {
    STEPS.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ")
}

fn unknown<T>(reader: &mut Reader<'_>, word: &str, what: &str, known: &str) -> Option<T> {
    reader.fault(word, &format!("`{word}` is not {what} that is known here"), &format!("known are {known}"));
    None
}

fn replacer(reader: &mut Reader<'_>, key: &str, pattern: &str, replacement: &str) -> Option<Box<Replacer>> {
    match Replacer::new(pattern, replacement) {
        Ok(replacer) => Some(Box::new(replacer)),
        Err(why) => {
            let help = "patterns are those of the `regex` crate: no look-around and no back-references";
            reader.fault(key, &format!("the regular expression cannot be used: {why}"), help);
            None
        }
    }
}

fn logsource(reader: &mut Reader<'_>, fields: &Mapping) -> LogSource {
    LogSource {
        category: reader.optional_text(fields, "category"),
        product: reader.optional_text(fields, "product"),
        service: reader.optional_text(fields, "service"),
    }
}

fn names(reader: &mut Reader<'_>, fields: &Mapping) -> Names {
    Names { include: reader.list(fields, "include"), exclude: reader.list(fields, "exclude").unwrap_or_default() }
}

fn value(reader: &mut Reader<'_>, fields: &Mapping, key: &str) -> Option<SigmaValue> {
    match fields.get(key) {
        Some(value @ (Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_))) => {
            Some(SigmaValue::from_yaml(value))
        }
        _ => {
            reader.fault(key, &format!("`{key}` must be a text, a number, true, false or null"), "");
            None
        }
    }
}

fn state_value(reader: &mut Reader<'_>, fields: &Mapping) -> Option<String> {
    let key = if fields.contains_key("val") { "val" } else { "value" };
    reader.text(fields, key)
}

/// The fields and values of `add_condition`, read like a detection of a rule.
fn added(reader: &mut Reader<'_>, fields: &Mapping) -> Option<Detections> {
    let condition = if reader.flag(fields, "negated") { "not added" } else { "added" };
    let Some(conditions) = fields.get("conditions").filter(|conditions| conditions.is_mapping()) else {
        reader.fault("add_condition", "`conditions` must be a mapping of fields to values", "");
        return None;
    };
    let mut detection = Mapping::new();
    detection.insert("added".into(), conditions.clone());
    detection.insert("condition".into(), condition.into());
    let mut document = Mapping::new();
    document.insert("title".into(), "added".into());
    document.insert("detection".into(), Yaml::Mapping(detection));
    let parsed = language::spelled(&Yaml::Mapping(document)).map(|text| language::parse(&text));
    match parsed {
        Ok(parsed) if parsed.problems.is_empty() => parsed.rules.into_iter().next().map(|rule| rule.detection),
        Ok(parsed) => {
            let problem = parsed.problems.first().cloned().unwrap_or_default();
            reader.fault("conditions", &format!("the condition cannot be read: {problem}"), "");
            None
        }
        Err(problem) => {
            reader.fault("conditions", &format!("the condition cannot be read: {problem}"), "");
            None
        }
    }
}

pub(super) fn rule_condition(reader: &mut Reader<'_>, fields: &Mapping) -> Option<RuleCondition> {
    const KNOWN: &str = "logsource, contains_field, contains_detection_item, processing_item_applied, processing_state, \
        is_sigma_rule, is_sigma_correlation_rule, rule_attribute, tag";
    let kind = reader.text(fields, "type")?;
    let mut keys = |own: &[&str]| reader.keys(fields, &["id", "type"], own);
    Some(match kind.as_str() {
        "logsource" => {
            keys(&["category", "product", "service"]);
            RuleCondition::LogSource(logsource(reader, fields))
        }
        "contains_field" => {
            keys(&["field"]);
            RuleCondition::ContainsField(reader.text(fields, "field")?)
        }
        "contains_detection_item" => {
            keys(&["field", "value"]);
            RuleCondition::ContainsItem { field: reader.text(fields, "field")?, value: value(reader, fields, "value")? }
        }
        "processing_item_applied" => {
            keys(&["processing_item_id"]);
            RuleCondition::Applied(reader.text(fields, "processing_item_id")?)
        }
        "processing_state" => {
            keys(&["key", "val", "value"]);
            RuleCondition::State { key: reader.text(fields, "key")?, value: state_value(reader, fields)? }
        }
        "is_sigma_rule" => RuleCondition::IsRule,
        "is_sigma_correlation_rule" => RuleCondition::IsCorrelation,
        "rule_attribute" => {
            keys(&["attribute", "value", "op"]);
            attribute(reader, fields)?
        }
        "tag" => {
            keys(&["tag"]);
            RuleCondition::Tag(reader.text(fields, "tag")?)
        }
        other => return unknown(reader, other, "a condition on rules", KNOWN),
    })
}

fn attribute(reader: &mut Reader<'_>, fields: &Mapping) -> Option<RuleCondition> {
    let attribute = reader.text(fields, "attribute")?;
    let value = reader.text(fields, "value")?;
    let operator = reader.optional_text(fields, "op").unwrap_or_else(|| "eq".to_owned());
    let order = match operator.as_str() {
        "eq" => vec![Equal],
        "ne" => vec![Less, Greater],
        "gt" => vec![Greater],
        "gte" => vec![Greater, Equal],
        "lt" => vec![Less],
        "lte" => vec![Less, Equal],
        other => return unknown(reader, other, "a comparison", "eq, ne, gt, gte, lt, lte"),
    };
    if attribute == "level" {
        return match value.parse() {
            Ok(level) => Some(RuleCondition::Level { order, level }),
            Err(problem) => {
                reader.fault(&value, &problem, "");
                None
            }
        };
    }
    if operator != "eq" {
        reader.fault("op:", "only levels have an order here", "compare other attributes with `eq`");
        return None;
    }
    Some(RuleCondition::Attribute { attribute, value })
}

pub(super) fn item_condition(reader: &mut Reader<'_>, fields: &Mapping) -> Option<ItemCondition> {
    const KNOWN: &str = "match_string, contains_wildcard, is_null, processing_state";
    let kind = reader.text(fields, "type")?;
    let needs_all = match reader.optional_text(fields, "cond").as_deref() {
        None | Some("any") => false,
        Some("all") => true,
        Some(other) => return unknown(reader, other, "a link", "any, all"),
    };
    let mut keys = |own: &[&str]| reader.keys(fields, &["id", "type", "cond"], own);
    Some(match kind.as_str() {
        "match_string" => {
            keys(&["pattern", "negate"]);
            let pattern = reader.text(fields, "pattern")?;
            let is_negated = reader.flag(fields, "negate");
            ItemCondition::MatchString { replacer: replacer(reader, "pattern", &pattern, "")?, needs_all, is_negated }
        }
        "contains_wildcard" => {
            keys(&[]);
            ItemCondition::ContainsWildcard { needs_all }
        }
        "is_null" => {
            keys(&[]);
            ItemCondition::IsNull { needs_all }
        }
        "processing_state" => {
            keys(&["key", "val", "value"]);
            ItemCondition::State { key: reader.text(fields, "key")?, value: state_value(reader, fields)? }
        }
        other => return unknown(reader, other, "a condition on detection items", KNOWN),
    })
}

pub(super) fn field_condition(reader: &mut Reader<'_>, fields: &Mapping) -> Option<FieldCondition> {
    let kind = reader.text(fields, "type")?;
    if kind == "processing_state" {
        reader.keys(fields, &["id", "type"], &["key", "val", "value"]);
        return Some(FieldCondition::State { key: reader.text(fields, "key")?, value: state_value(reader, fields)? });
    }
    if kind != "include_fields" && kind != "exclude_fields" {
        return unknown(reader, &kind, "a condition on fields", "include_fields, exclude_fields, processing_state");
    }
    reader.keys(fields, &["id", "type"], &["fields", "mode", "match_type"]);
    let listed = reader.list(fields, "fields").unwrap_or_default();
    let mode = ["mode", "match_type"].into_iter().find_map(|key| fields.get(key).and_then(scalar));
    let listed = match mode.as_deref() {
        None | Some("plain") => Fields::Plain(listed),
        Some("re" | "regex") => {
            let patterns: Vec<Replacer> =
                listed.iter().filter_map(|pattern| replacer(reader, pattern, pattern, "").map(|one| *one)).collect();
            Fields::Patterns(patterns)
        }
        Some(other) => return unknown(reader, other, "a mode", "plain, re"),
    };
    Some(if kind == "include_fields" { FieldCondition::Include(listed) } else { FieldCondition::Exclude(listed) })
}

/// The names that an expression uses.
pub(super) fn names_in(expression: &ConditionExpr) -> Vec<String> {
    match expression {
        ConditionExpr::Identifier(name) => vec![name.clone()],
        ConditionExpr::And(parts) | ConditionExpr::Or(parts) => parts.iter().flat_map(names_in).collect(),
        ConditionExpr::Not(inner) => names_in(inner),
        ConditionExpr::Selector { .. } => Vec::new(),
    }
}
