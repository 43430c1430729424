//! One step of a pipeline: what it does, and to which rules, detection items and fields. Plain data, read by `read.rs` and
//! carried out by `apply.rs`.

use std::collections::BTreeMap;

use super::Gate;
use super::values::Replacer;
use crate::language::{Detections, SigmaValue};
use crate::rule::{Level, LogSource, Place};

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) id: Option<String>,
    pub(super) place: Place,
    pub(super) action: Action,
    pub(super) rule: Gate<RuleCondition>,
    pub(super) detection: Gate<ItemCondition>,
    pub(super) field: Gate<FieldCondition>,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Rename(Renaming),
    DropItem,
    /// Another condition that must hold.
    AddCondition(Box<Detections>),
    ChangeLogSource(LogSource),
    ReplaceString {
        replacer: Box<Replacer>,
        skips_wildcards: bool,
    },
    ValuePlaceholders(Names),
    WildcardPlaceholders(Names),
    MapString(BTreeMap<String, Vec<String>>),
    SetValue(SigmaValue),
    ConvertToText,
    ConvertToNumber,
    LowerCase,
    UpperCase,
    SetState {
        key: String,
        value: String,
    },
    SetCustomAttribute {
        attribute: String,
        value: serde_json::Value,
    },
    RuleFailure(String),
    ItemFailure(String),
    Nest(Vec<Item>),
}

/// How fields get other names.
#[derive(Debug, Clone)]
pub(super) enum Renaming {
    Mapping(BTreeMap<String, Vec<String>>),
    PrefixMapping(BTreeMap<String, Vec<String>>),
    Prefix(String),
    Suffix(String),
}

/// Which placeholders are meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum RuleCondition {
    LogSource(LogSource),
    ContainsField(String),
    ContainsItem { field: String, value: SigmaValue },
    Applied(String),
    State { key: String, value: String },
    IsRule,
    IsCorrelation,
    Attribute { attribute: String, value: String },
    Level { order: Vec<std::cmp::Ordering>, level: Level },
    Tag(String),
}

#[derive(Debug, Clone)]
pub(super) enum ItemCondition {
    MatchString { replacer: Box<Replacer>, needs_all: bool, is_negated: bool },
    ContainsWildcard { needs_all: bool },
    IsNull { needs_all: bool },
    State { key: String, value: String },
}

#[derive(Debug, Clone)]
pub(super) enum FieldCondition {
    Include(Fields),
    Exclude(Fields),
    State { key: String, value: String },
}

#[derive(Debug, Clone)]
pub(super) enum Fields {
    Plain(Vec<String>),
    Patterns(Vec<Replacer>),
}
