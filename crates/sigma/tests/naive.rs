//! The program against a slow and obvious reading of the same rules: random rules, several in one program, on random
//! records. Where the two differ, the obvious one is right.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};
use sigma::{Matcher, Options, Program};

#[derive(Debug, Clone)]
struct Item {
    field: &'static str,
    operator: &'static str,
    is_cased: bool,
    is_negated: bool,
    all: bool,
    values: Vec<Value>,
}

#[derive(Debug, Clone)]
struct NaiveRule {
    /// `s0`, `s1`, …: alternatives of items that must all hold.
    detections: Vec<Vec<Vec<Item>>>,
    condition: Condition,
}

#[derive(Debug, Clone)]
enum Condition {
    Name(usize),
    OneOf,
    AllOf,
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl NaiveRule {
    /// JSON is YAML.
    fn to_text(&self) -> String {
        let mut detection = Map::new();
        for (number, alternatives) in self.detections.iter().enumerate() {
            let maps = alternatives.iter().map(|items| items.iter().map(Item::to_entry).collect::<Map<_, _>>());
            detection.insert(format!("s{number}"), maps.map(Value::Object).collect());
        }
        detection.insert("condition".to_owned(), self.condition.to_text(self.detections.len()).into());
        json!({"title": "random", "detection": detection}).to_string()
    }

    fn fires(&self, event: &Value) -> bool {
        let holds: Vec<bool> = self
            .detections
            .iter()
            .map(|alternatives| alternatives.iter().any(|items| items.iter().all(|item| item.holds(event))))
            .collect();
        self.condition.holds(&holds)
    }
}

impl Condition {
    fn to_text(&self, names: usize) -> String {
        match self {
            Self::Name(number) => format!("s{}", number % names),
            Self::OneOf => "1 of s*".to_owned(),
            Self::AllOf => "all of them".to_owned(),
            Self::Not(inner) => format!("not ({})", inner.to_text(names)),
            Self::And(left, right) => format!("({} and {})", left.to_text(names), right.to_text(names)),
            Self::Or(left, right) => format!("({} or {})", left.to_text(names), right.to_text(names)),
        }
    }

    fn holds(&self, detections: &[bool]) -> bool {
        match self {
            Self::Name(number) => detections[number % detections.len()],
            Self::OneOf => detections.contains(&true),
            Self::AllOf => !detections.contains(&false),
            Self::Not(inner) => !inner.holds(detections),
            Self::And(left, right) => left.holds(detections) && right.holds(detections),
            Self::Or(left, right) => left.holds(detections) || right.holds(detections),
        }
    }
}

impl Item {
    fn to_entry(&self) -> (String, Value) {
        let mut key = self.field.to_owned();
        let flags = [(self.is_cased, "cased"), (self.is_negated, "neq"), (self.all, "all")];
        let operator = (!self.operator.is_empty()).then_some(self.operator);
        for modifier in operator.into_iter().chain(flags.iter().filter(|(is, _)| *is).map(|(_, name)| *name)) {
            key = format!("{key}|{modifier}");
        }
        let value = if self.operator == "exists" { self.values[0].clone() } else { json!(self.values) };
        (key, value)
    }

    fn holds(&self, event: &Value) -> bool {
        let mut found = Vec::new();
        let steps: Vec<&str> = self.field.split('.').collect();
        find(event, &steps, &mut found);
        if self.operator == "exists" {
            return found.is_empty() != (self.values[0] == json!(true));
        }
        let one = |wanted: &Value| match (wanted, self.operator) {
            (Value::Null, "") => found.is_empty() || found.iter().any(|value| value.is_null()),
            _ => found.iter().any(|value| self.relates(value, wanted, event)),
        };
        let holds = if self.all { self.values.iter().all(one) } else { self.values.iter().any(one) };
        if self.is_negated { !found.is_empty() && !holds } else { holds }
    }

    fn relates(&self, value: &Value, wanted: &Value, event: &Value) -> bool {
        let is_comparison = matches!(self.operator, "lt" | "lte" | "gt" | "gte");
        if is_comparison || (self.operator.is_empty() && wanted.is_number()) {
            let (Some(left), Some(right)) = (number(value), number(wanted)) else { return false };
            return match self.operator {
                "lt" => left < right,
                "lte" => left <= right,
                "gt" => left > right,
                "gte" => left >= right,
                _ => (left - right).abs() < 1e-9,
            };
        }
        if let (true, Value::Bool(wanted)) = (self.operator.is_empty(), wanted) {
            return value == &json!(wanted)
                || value.as_str().is_some_and(|text| text.to_lowercase() == wanted.to_string());
        }
        let fold = |text: String| if self.is_cased { text } else { text.to_lowercase() };
        let Some(text) = text(value).map(fold) else { return false };
        let wanted_text = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
        if self.operator == "fieldref" {
            let mut others = Vec::new();
            find(event, &wanted_text.split('.').collect::<Vec<_>>(), &mut others);
            return others.iter().filter_map(|other| self::text(other)).any(|other| fold(other) == text);
        }
        let pattern: Vec<char> = match self.operator {
            "contains" => format!("*{wanted_text}*"),
            "startswith" => format!("{wanted_text}*"),
            "endswith" => format!("*{wanted_text}"),
            _ => wanted_text,
        }
        .chars()
        .collect();
        let pattern: Vec<char> = fold(pattern.into_iter().collect()).chars().collect();
        fits(&pattern, &text.chars().collect::<Vec<_>>())
    }
}

/// Every value that the field can mean.
fn find<'v>(value: &'v Value, steps: &[&str], found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) if items.is_empty() && steps.is_empty() => found.push(value),
        Value::Array(items) => items.iter().for_each(|item| find(item, steps, found)),
        _ if steps.is_empty() => found.push(value),
        Value::Object(members) => {
            for count in 1..=steps.len() {
                if let Some(member) = members.get(&steps[..count].join(".")) {
                    find(member, &steps[count..], found);
                }
            }
        }
        _ => {}
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
            text.parse().ok()
        }
        _ => None,
    }
}

/// `*` any characters, `?` one, by trying everything.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skip| fits(rest, &text[skip..])),
        ['?', rest @ ..] => !text.is_empty() && fits(rest, &text[1..]),
        [first, rest @ ..] => text.first() == Some(first) && fits(rest, &text[1..]),
    }
}

const TEXTS: &[&str] =
    &["", "x", "X", "xy", "xyx", "É", "é", "a\"b", "\\n", "line\nbreak", "5", "true", "False", "{\"a\":\"x\"}", "-1.5"];
const PATTERNS: &[&str] = &["x", "X", "xy", "*x", "x*", "x?x", "*", "?", "É", "5", "true", "", "*y*", "\"a\"", "x*y?x"];
const FIELDS: &[&str] = &["a", "b", "c", "a.b", "a.c", "b.a.c", "a.b.c"];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => prop::sample::select(TEXTS).prop_map(|text| json!(text)),
        2 => prop::sample::select(vec![json!(0), json!(5), json!(5.5), json!(-1.5), json!(123_456_789_012_i64)]),
        1 => any::<bool>().prop_map(|value| json!(value)),
        1 => Just(Value::Null),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let keys = || prop::sample::select(vec!["a", "b", "c", "a.b", "b.a", "a.c", "d"]);
    let value = scalar().prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            2 => prop::collection::btree_map(keys(), inner, 0..4).prop_map(object),
        ]
    });
    prop::collection::btree_map(keys(), value, 0..6).prop_map(object)
}

fn object(members: std::collections::BTreeMap<&'static str, Value>) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn item() -> impl Strategy<Value = Item> {
    let text = || prop::sample::select(PATTERNS).prop_map(|text| json!(text));
    let plain =
        prop_oneof![4 => text(), 2 => scalar().prop_filter("patterns are made elsewhere", |value| !value.is_string())];
    let numbers = prop::sample::select(vec![json!(0), json!(5), json!("5.5"), json!(-1)]);
    let chosen = prop_oneof![
        6 => (Just(""), prop::collection::vec(plain, 1..4)),
        6 => (prop::sample::select(vec!["contains", "startswith", "endswith"]), prop::collection::vec(text(), 1..6)),
        2 => (prop::sample::select(vec!["lt", "lte", "gt", "gte"]), prop::collection::vec(numbers, 1..3)),
        1 => (Just("exists"), any::<bool>().prop_map(|is| vec![json!(is)])),
        1 => (Just("fieldref"), prop::sample::select(FIELDS).prop_map(|field| vec![json!(field)])),
    ];
    (prop::sample::select(FIELDS), chosen, any::<bool>(), prop::bool::weighted(0.15), any::<bool>()).prop_map(
        |(field, (operator, values), is_cased, is_negated, all)| Item {
            field,
            operator,
            is_cased: is_cased && operator != "exists",
            is_negated: is_negated && operator != "exists",
            all: all && 1 < values.len(),
            values,
        },
    )
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![(0_usize..4).prop_map(Condition::Name), Just(Condition::OneOf), Just(Condition::AllOf)];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Condition::And(Box::new(left), Box::new(right))),
            (inner.clone(), inner).prop_map(|(left, right)| Condition::Or(Box::new(left), Box::new(right))),
        ]
    })
}

fn rule() -> impl Strategy<Value = NaiveRule> {
    // Two items of one map must differ in their key, so the second asks for another field.
    let items = prop::collection::vec(item(), 1..3)
        .prop_filter("keys of a map differ", |items| items.len() < 2 || items[0].field != items[1].field);
    let detection = prop::collection::vec(items, 1..3);
    (prop::collection::vec(detection, 1..4), condition())
        .prop_map(|(detections, condition)| NaiveRule { detections, condition })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, rng_seed: RngSeed::Fixed(20_260_302), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn optimised_and_obvious_agree(
        rules in prop::collection::vec(rule(), 1..8),
        events in prop::collection::vec(event(), 1..8),
    ) {
        let texts: Vec<String> = rules.iter().map(NaiveRule::to_text).collect();
        let loaded = sigma::load(texts.iter().map(|text| ("random.yml", text)));
        prop_assert!(loaded.errors.is_empty(), "{:#?}", loaded.errors);
        let (program, errors) = Program::compile(&loaded.rules, &Options::default());
        prop_assert!(errors.is_empty(), "{}", errors[0]);
        let mut matcher = Matcher::new(&program);
        let source = program.log_source("", "");
        for event in &events {
            let expected: Vec<usize> = (0..rules.len()).filter(|number| rules[*number].fires(event)).collect();
            for record in [serde_json::to_vec(event).unwrap(), serde_json::to_vec_pretty(event).unwrap()] {
                let found = matcher.evaluate(source, &record).unwrap();
                prop_assert_eq!(found, &expected, "{} on {}", texts.join("\n"), String::from_utf8_lossy(&record));
            }
        }
    }
}
