//! Random rules on random events, by us and by another engine, rsigma-eval 0.23. On common ground the two must agree on
//! every event. Where the language is read differently the ground has a name and a reason in [`GROUNDS`]: there they may
//! differ, and must do so at least once, so that no entry outlives its cause.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use rsigma_eval::event::JsonEvent;
use serde_json::{Map, Value, json};
use sigma::{Matcher, Options, Program};

/// Rules tried on common ground, each on several events.
const COMMON_RULES: usize = 3_000;
/// Rules tried on each other ground, at most.
const OTHER_RULES: usize = 1_000;
const EVENTS_PER_RULE: usize = 12;

/// What rules and events may hold beyond common ground: (name, why the engines differ there). `docs/sigma.md` lists the same.
const GROUNDS: &[(&str, &str)] = &[
    ("objects", "an object has a text, its compact JSON; there it has none"),
    ("dotted keys", "keys that contain dots are found inside objects too"),
    ("line breaks", "`*` stands for line breaks too"),
    ("null in arrays", "a member that is null is enough for `null`"),
    ("exists", "`exists` asks whether the field is there, null and empty included"),
    ("keywords", "keywords are searched in the whole record, in numbers too, each in any place"),
    ("words for truth", "`yes` does not spell `true`"),
    ("mapped addresses", "`::ffff:a.b.c.d` is the address a.b.c.d"),
    ("references", "each member of an array is a value on both sides of `fieldref`, and nothing equals nothing"),
    ("large numbers", "whole numbers are not rounded"),
    ("dashes", "only a dash that begins an option is an option's dash"),
    ("offsets", "what Base64 shares with its neighbours is cut off"),
    ("wide texts", "`wide` without Base64 is not ignored"),
    ("wildcards in parts", "a wildcard inside a value of `startswith` or `endswith` leaves the other end where it is"),
    ("sigma", "`Σ`, `σ` and `ς` are the same letter wherever they stand"),
];

/// A generator of numbers that needs nothing: xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    fn is(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What may be made beyond common ground; empty for common ground.
#[derive(Clone, Copy)]
struct Ground(&'static str);

impl Ground {
    fn has(self, name: &str) -> bool {
        assert!(GROUNDS.iter().any(|(known, _)| *known == name), "{name} has no reason");
        self.0 == name
    }
}

const TEXTS: &[&str] = &[
    "x",
    "X",
    "xy",
    "xyx",
    "Éa",
    "éA",
    "ÄÖ",
    "äö",
    "a*b",
    "a?b",
    "a\\b",
    "back\\",
    "%",
    "5",
    "5.0",
    "-1.5",
    "007",
    "1e2",
    "true",
    "False",
    "null",
    " x ",
    "10.1.2.3",
    "192.168.0.1",
    "2001:db8::1",
    "aaa",
    "aab",
    "",
    "{x}",
    "\"q\"",
    "日本",
    "a-b",
    "/f",
];
const PATTERNS: &[&str] = &[
    "x", "X*", "*y", "x?x", "*", "É*", "é?", "äÖ", r"a\*b", r"a\?b", r"a\\b", r"a\b", r"back\\", r"*\\", "5", "5.0",
    "true", "", "?", "a*b", "**", "*a*b*", "?*", " x ", "日*", "a-b", "/f",
];
/// Values of operators, without wildcards.
const PARTS: &[&str] =
    &["x", "X", "xy", "É", "é", "äÖ", r"a\*b", r"a\?b", r"a\\b", r"a\b", r"\\", "5", "true", " ", "日", "-b", "/"];
const REGEXES: &[&str] = &["^x", "x$", "x.x", "^(a|x)+$", r"\d+", "[A-Z]", "É", "^$", r"a\\b", "(?:10|192)\\.", "日."];
const FIELDS: &[&str] = &["a", "b", "c", "n.x", "n.y.z", "list.k", "list.deep.k", "gone", "gone.x"];

fn scalar(random: &mut Random, ground: Ground) -> Value {
    if ground.has("sigma") && random.is(40) {
        return json!(random.one(&["ςΣ", "σς", "xΣ"]));
    }
    if ground.has("line breaks") && random.is(40) {
        return json!(random.one(&["x\ny", "x\n", "a\nb"]));
    }
    if ground.has("large numbers") && random.is(40) {
        return random
            .one(&[&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64), &json!("9007199254740993")])
            .clone();
    }
    if ground.has("mapped addresses") && random.is(40) {
        return json!(random.one(&["::ffff:10.1.2.3", "::ffff:192.168.0.1"]));
    }
    if ground.has("words for truth") && random.is(40) {
        return json!(random.one(&["yes", "no", "1", "on"]));
    }
    if ground.has("dashes") && random.is(60) {
        return json!(random.one(&["cmd -f", "a/f", "cmd /f x", "a-f -x", "–f", "x -x"]));
    }
    if (ground.has("offsets") || ground.has("wide texts")) && random.is(60) {
        return json!(random.one(&["eHl4", "ZXh5eA==", "xyx", "x\0y\0x\0", "eAB5AHgA", "AHh5eHg=", "eHl4eHl4"]));
    }
    match random.below(10) {
        0..=6 => json!(random.one(TEXTS)),
        7 | 8 => random.one(&[&json!(5), &json!(0), &json!(-1.5), &json!(5.5), &json!(100), &json!(7)]).clone(),
        _ => json!(random.is(50)),
    }
}

fn value(random: &mut Random, ground: Ground) -> Value {
    match random.below(12) {
        0 if ground.has("null in arrays") => json!([Value::Null, scalar(random, ground)]),
        0 if !ground.has("references") => Value::Null,
        1 | 2 => {
            let count = 1 + random.below(3);
            (0..count).map(|_| scalar(random, ground)).collect()
        }
        3 if ground.has("exists") => random.one(&[&json!([]), &json!(""), &Value::Null]).clone(),
        4 if ground.has("objects") => json!({"x": scalar(random, ground), "5": [1, {"y": "xy"}]}),
        _ => scalar(random, ground),
    }
}

fn event(random: &mut Random, ground: Ground) -> Value {
    let mut event = Map::new();
    for field in ["a", "b", "c"] {
        if random.is(80) {
            event.insert(field.to_owned(), value(random, ground));
        }
    }
    if random.is(70) {
        let mut inner = Map::new();
        if random.is(80) {
            inner.insert("x".to_owned(), value(random, ground));
        }
        if random.is(60) {
            inner.insert("y".to_owned(), json!({"z": value(random, ground)}));
        }
        event.insert("n".to_owned(), Value::Object(inner));
    }
    if random.is(60) {
        let count = 1 + random.below(3);
        let items = (0..count).map(|_| json!({"k": scalar(random, ground), "deep": {"k": scalar(random, ground)}}));
        event.insert("list".to_owned(), items.collect());
    }
    if ground.has("dotted keys") {
        let dotted = random.one(&["n.x", "list.k", "n.y.z"]);
        event.insert(dotted.to_owned(), value(random, ground));
        event.insert("n".to_owned(), json!({"y.z": value(random, ground)}));
    }
    Value::Object(event)
}

/// A question about the members of a list, each by itself.
fn members(random: &mut Random) -> (String, Value) {
    let quantifier = random.one(&["any", "all", "none", "all_or_empty"]);
    let texts = |random: &mut Random| some(random, |random| json!(random.one(&["x", "5", "É", "a", "xy"]))).into();
    let operator = |random: &mut Random| random.one(&["", "|neq", "|contains|neq", "|startswith", "|re"]).to_owned();
    if random.is(50) {
        let field = random.one(&["a", "b", "c", "n.x", "n.y.z", "gone"]);
        return (format!("{field}[{quantifier}]{}", operator(random)), texts(random));
    }
    let map = |random: &mut Random| {
        let mut body = Map::new();
        for field in ["k", "deep.k", "none"].into_iter().take(1 + random.below(3)) {
            body.insert(format!("{field}{}", operator(random)), texts(random));
        }
        Value::Object(body)
    };
    match random.below(3) {
        0 => (format!("list[{quantifier}].k{}", operator(random)), texts(random)),
        1 => (format!("list[{quantifier}]"), map(random)),
        _ => {
            let condition = random.one(&["s0 and not s1", "not (s0 and s1)", "1 of s*"]);
            (format!("list[{quantifier}]"), json!({"s0": map(random), "s1": map(random), "condition": condition}))
        }
    }
}

/// One entry of a detection.
fn item(random: &mut Random, ground: Ground) -> (String, Value) {
    if ground.0 == "common" && random.is(15) {
        return members(random);
    }
    let field = random.one(FIELDS);
    let field = if ground.has("objects") && random.is(60) { "n" } else { field };
    let (modifiers, values): (&str, Vec<Value>) = match random.below(16) {
        0..=4 => ("", values(random, ground)),
        5 | 6 if ground.has("wildcards in parts") => {
            let operator = random.one(&["startswith", "endswith"]);
            (operator, some(random, |random| json!(random.one(PATTERNS))))
        }
        5..=8 => {
            let operator =
                random.one(&["contains", "startswith", "endswith", "contains|cased", "cased", "startswith|cased"]);
            (operator, some(random, |random| json!(random.one(PARTS))))
        }
        9 => (random.one(&["re", "re|i", "re|s", "re|i|m"]), some(random, |random| json!(random.one(REGEXES)))),
        10 => (
            random.one(&["lt", "lte", "gt", "gte"]),
            vec![random.one(&[&json!(5), &json!(-1), &json!(5.5), &json!(0)]).clone()],
        ),
        11 => (
            "cidr",
            some(random, |random| json!(random.one(&["10.0.0.0/8", "192.168.0.1/32", "2001:db8::/32", "0.0.0.0/0"]))),
        ),
        12 => {
            let operator = random.one(&["neq", "contains|neq", "startswith|neq"]);
            (operator, vec![json!(random.one(&["x", "5", "É", "a"]))])
        }
        13 => {
            let texts = ["x", "y", "a", "É"].map(|text| json!(text));
            let from = random.below(3);
            ("contains|all", texts[from..from + 2].to_vec())
        }
        14 => ("", vec![Value::Null]),
        _ => special(random, ground),
    };
    let modifiers = if modifiers.is_empty() { String::new() } else { format!("|{modifiers}") };
    let values = if values.len() == 1 && random.is(50) { values[0].clone() } else { Value::Array(values) };
    let values = if modifiers == "|exists" { values.get(0).cloned().unwrap_or(values) } else { values };
    (format!("{field}{modifiers}"), values)
}

/// What belongs to other grounds.
fn special(random: &mut Random, ground: Ground) -> (&'static str, Vec<Value>) {
    match ground.0 {
        "exists" => ("exists", vec![json!(random.is(50))]),
        "references" => {
            (random.one(&["fieldref", "fieldref|contains", "fieldref|startswith"]), vec![json!(random.one(FIELDS))])
        }
        "dashes" => ("windash|contains", vec![json!(random.one(&["-f", " -x", "/f"]))]),
        "offsets" => ("base64offset|contains", vec![json!(random.one(&["xyx", "xy"]))]),
        "wide texts" => (random.one(&["wide|contains", "utf16le|contains"]), vec![json!("xyx")]),
        _ => ("base64|contains", vec![json!(random.one(&["x", "xy", "xyx"]))]),
    }
}

fn some(random: &mut Random, make: impl Fn(&mut Random) -> Value) -> Vec<Value> {
    let count = 1 + random.below(5);
    (0..count).map(|_| make(random)).collect()
}

fn values(random: &mut Random, ground: Ground) -> Vec<Value> {
    some(random, |random| match random.below(8) {
        0 => random.one(&[&json!(5), &json!(5.5), &json!(-1.5), &json!(100)]).clone(),
        1 if ground.has("words for truth") => json!(random.is(50)),
        1 => json!(random.one(&["true", "FALSE"])),
        2 if ground.has("large numbers") => json!(9_007_199_254_740_993_i64),
        2 if ground.has("null in arrays") => Value::Null,
        2 if ground.has("sigma") => json!(random.one(&["Σς", "*Σ", "xσ"])),
        _ => json!(random.one(PATTERNS)),
    })
}

fn rule(random: &mut Random, ground: Ground) -> String {
    let mut detection = Map::new();
    let count = 1 + random.below(4);
    for number in 0..count {
        let map = |random: &mut Random| (0..=random.below(2)).map(|_| item(random, ground)).collect::<Map<_, _>>();
        let one = match random.below(6) {
            0 => json!([map(random), map(random)]),
            1 if ground.has("keywords") => some(random, |random| json!(random.one(&["x", "5", "xy*", "É"]))).into(),
            2 if ground.has("keywords") => json!({"|all": ["x", "y"]}),
            _ => Value::Object(map(random)),
        };
        detection.insert(format!("s{number}"), one);
    }
    let condition = condition(random, count, 3);
    detection.insert("condition".to_owned(), json!(condition));
    json!({"title": "random", "sigma-version": 3, "detection": detection}).to_string()
}

fn condition(random: &mut Random, names: usize, depth: usize) -> String {
    let leaf = depth == 0 || random.is(40);
    match random.below(if leaf { 6 } else { 9 }) {
        0 => "1 of s*".to_owned(),
        1 => "all of them".to_owned(),
        2 if 1 < names => "2 of s*".to_owned(),
        3 => "any of them".to_owned(),
        6 => format!("not ({})", condition(random, names, depth - 1)),
        7 => format!("{} and {}", condition(random, names, depth - 1), condition(random, names, depth - 1)),
        8 => format!("({} or {})", condition(random, names, depth - 1), condition(random, names, depth - 1)),
        _ => format!("s{}", random.below(names)),
    }
}

/// How many rules both engines took, how many events some rule found, and on which events they differ.
struct Outcome {
    taken: usize,
    hits: usize,
    differences: Vec<String>,
}

fn compare(ground: Ground, rules: usize, seed: u64, differences_max: usize) -> Outcome {
    let mut random = Random(seed);
    let mut outcome = Outcome { taken: 0, hits: 0, differences: Vec::new() };
    for _ in 0..rules {
        if differences_max <= outcome.differences.len() {
            break;
        }
        let text = rule(&mut random, ground);
        let loaded = sigma::load([("random.yml", &text)]);
        assert!(loaded.errors.is_empty(), "{}\n{text}", loaded.errors[0]);
        let (program, errors) = Program::compile(&loaded.rules, &Options::default());
        let mut engine = rsigma_eval::Engine::new();
        let parsed = rsigma_parser::parse_sigma_yaml(&text).unwrap();
        let theirs_refused = engine.add_collection(&parsed).is_err();
        if theirs_refused == errors.is_empty() {
            outcome.differences.push(format!("only one takes {text}: {errors:?}"));
        }
        if theirs_refused || !errors.is_empty() {
            continue;
        }
        outcome.taken += 1;
        let mut matcher = Matcher::new(&program);
        let source = program.log_source("", "");
        for _ in 0..EVENTS_PER_RULE {
            let event = event(&mut random, ground);
            let ours = !matcher.evaluate(source, &serde_json::to_vec(&event).unwrap()).unwrap().is_empty();
            let theirs = !engine.evaluate(&JsonEvent::borrow(&event)).is_empty();
            outcome.hits += usize::from(ours);
            if ours != theirs {
                outcome.differences.push(format!("ours {ours}: {text} on {event}"));
            }
        }
    }
    outcome
}

#[test]
fn engines_agree_on_common_ground() {
    for seed in [0x1234_5678_9ABC_DEF0, 0x0F1E_2D3C_4B5A_6978] {
        let Outcome { taken, hits, differences } = compare(Ground("common"), COMMON_RULES / 2, seed, usize::MAX);
        let count = differences.len();
        assert!(differences.is_empty(), "{count} differences:\n{}", differences[..count.min(12)].join("\n"));
        assert!(COMMON_RULES / 3 < taken && COMMON_RULES < hits, "{taken} rules, {hits} hits");
    }
}

#[test]
fn engines_differ_on_every_other_ground() {
    for (name, why) in GROUNDS {
        let outcome = compare(Ground(name), OTHER_RULES, 0x5EED_0001_0002_0003, 1);
        assert!(!outcome.differences.is_empty(), "they agree on {name} now ({why})");
    }
}

/// The page that explains our reading explains every ground.
#[test]
fn every_ground_is_explained_to_readers() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sigma.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (name, why) in GROUNDS {
        assert!(page.contains(why), "{name}: docs/sigma.md does not say `{why}`");
    }
}
