//! Records of whatever bytes against a fixed set of rules. Nothing may panic; a record that `serde_json` reads must be
//! read, and match the same whether it comes as given or as `serde_json` writes it again.

#![no_main]

use std::cell::RefCell;
use std::fmt;

use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use sigma::{LogSourceId, Matcher, Options, Program};

const RULES: &str = include_str!("rules.yml");

struct Engine {
    matcher: Matcher,
    source: LogSourceId,
}

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(engine());
}

fn engine() -> Engine {
    let loaded = sigma::load([("rules.yml", RULES)]);
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(errors.is_empty(), "{}", errors[0]);
    Engine { matcher: Matcher::new(&program), source: program.log_source("", "") }
}

fuzz_target!(|bytes: &[u8]| {
    ENGINE.with_borrow_mut(|engine| {
        let source = engine.source;
        let given = engine.matcher.evaluate(source, bytes).map(<[usize]>::to_vec);
        let Ok(value @ Value::Object(_)) = serde_json::from_slice::<Value>(bytes) else { return };
        let Ok(given) = given else {
            // serde_json knows no limit of depth below 128 and size; ours are smaller or equal.
            let depth = depth(&value);
            assert!(sigma::DEPTH_MAX <= depth, "{given:?} on {value}");
            return;
        };
        let Ok(again) = serde_json::to_vec(&value) else { return };
        let Ok(found) = engine.matcher.evaluate(source, &again) else { panic!("not read again: {value}") };
        // Numbers are written again as serde_json understood them, which may change their text; and keywords see both
        // values of a key that is given twice, of which only one is left.
        let members = serde_json::from_slice::<Members>(bytes).map(|members| members.0);
        if !has_fraction(&value) && members.ok() == Some(count(&value)) {
            assert_eq!(found, given, "{value}");
        }
    });
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(|value| 1 + count(value)).sum(),
        _ => 0,
    }
}

/// How many members all objects of a text have, those with equal keys counted each.
struct Members(usize);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Counting)
    }
}

struct Counting;

impl<'de> Visitor<'de> for Counting {
    type Value = Members;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_str<E>(self, _: &str) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_unit<E>(self) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Members, A::Error> {
        let mut total = 0;
        while let Some(Members(count)) = items.next_element()? {
            total += count;
        }
        Ok(Members(total))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
        let mut total = 0;
        while let Some((_, Members(count))) = members.next_entry::<String, Members>()? {
            total += 1 + count;
        }
        Ok(Members(total))
    }
}
