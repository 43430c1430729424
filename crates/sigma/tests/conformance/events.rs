//! Events made from a rule's own values: those that fit, those that nearly fit, and fields that are missing. From a fixed
//! seed, so that every run tries the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Events for each case.
const EVENTS: usize = 400;

/// A generator of numbers that needs nothing: xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Events for the rules of a case.
pub(crate) fn events(rules: &[Value]) -> Vec<Value> {
    let mut candidates: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for rule in rules {
        for (name, detection) in rule["detection"].as_object().into_iter().flatten() {
            if name != "condition" {
                collect(detection, &mut candidates);
            }
        }
    }
    let mut random = Random(0x5EED_5EED_5EED_5EED);
    let mut events = vec![json!({})];
    while events.len() < EVENTS {
        // How likely a field has one of the values that the rule names first, or is missing.
        let (fit, missing) = (random.below(11), random.below(4));
        let mut event = Map::new();
        for (field, values) in &candidates {
            let value = if random.below(10) < fit {
                values[random.below(values.len().div_ceil(4))].clone()
            } else if random.below(10) < missing {
                continue;
            } else {
                values[random.below(values.len())].clone()
            };
            event.insert(field.clone(), value);
        }
        events.push(Value::Object(event));
    }
    events
}

fn collect(detection: &Value, out: &mut BTreeMap<String, Vec<Value>>) {
    match detection {
        Value::Object(items) => {
            for (key, value) in items {
                let (field, modifiers) = key.split_once('|').unwrap_or((key, ""));
                let field = if field.is_empty() { "message" } else { field };
                let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                let entry = out.entry(field.to_owned()).or_default();
                add(entry, &values, modifiers);
            }
        }
        Value::Array(parts) if parts.iter().any(Value::is_object) => parts.iter().for_each(|part| collect(part, out)),
        Value::Array(values) => add(out.entry("message".to_owned()).or_default(), values, "contains"),
        keyword => add(out.entry("message".to_owned()).or_default(), std::slice::from_ref(keyword), "contains"),
    }
}

/// Fitting values first, then near ones.
fn add(out: &mut Vec<Value>, values: &[Value], modifiers: &str) {
    let mut near = vec![Value::Null, json!("other"), json!(7), json!("")];
    let texts: Vec<String> =
        values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    for (value, text) in values.iter().zip(&texts) {
        let plain = text.replace('*', "zz").replace('?', "q").replace('\\', "");
        let pattern = text.replace(".*", "xy").replace('\\', "").replace("(?ims)", "");
        if modifiers.contains("cidr") {
            networks(text, out, &mut near);
            continue;
        }
        let with_break = text.replace(".*", "xy").replace("\\r", "\r");
        out.extend([
            json!(plain),
            json!(text.replace(['*', '?'], "")),
            json!(pattern),
            json!(with_break),
            value.clone(),
        ]);
        if let Some(number) = value.as_i64() {
            let step = i64::from(modifiers.contains('g')) - i64::from(modifiers.contains('l'));
            out.splice(0..0, (0..8).map(|_| json!(number + step)));
            near.extend([json!(number - 1), json!(number + 1), json!(number.to_string())]);
        }
        near.extend([
            json!(format!("{plain}tail")),
            json!(format!("head{plain}")),
            json!(format!("head{plain}tail")),
            json!(plain.to_uppercase()),
            json!(plain.chars().skip(1).collect::<String>()),
        ]);
    }
    if modifiers.contains("all") {
        out.splice(0..0, (0..4).map(|_| json!(texts)));
    }
    if modifiers.contains("contains") {
        out.push(json!(texts.join(" ").replace(['*', '?'], "")));
    }
    out.extend(near);
}

/// Addresses inside and outside of a network.
fn networks(text: &str, inside: &mut Vec<Value>, outside: &mut Vec<Value>) {
    let base = text.split('/').next().unwrap_or_default();
    match base.rsplit_once('.') {
        Some((stem, _)) => inside.extend([json!(base), json!(format!("{stem}.77"))]),
        None => inside.extend([json!(base), json!(format!("{}1", base.trim_end_matches('0')))]),
    }
    outside.extend([json!("9.9.9.9"), json!("192.172.0.1"), json!("1234:5678:1::1")]);
}
