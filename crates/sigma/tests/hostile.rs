//! Rule files that are made to hurt: they are refused or read in bounded time and memory, and never stop the process.

use std::fmt::Write as _;

use sigma::{Matcher, Options, Pipeline, Program, RecordFault};

/// Loads and compiles; gives what was said.
fn said(text: &str) -> Vec<String> {
    let loaded = sigma::load([("hostile.yml", text)]);
    let (_, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
    loaded.errors.iter().chain(&errors).map(|error| error.message.clone()).collect()
}

fn rule(condition: &str) -> String {
    format!("title: t\nlogsource: {{product: x}}\ndetection:\n  s: {{a: 1}}\n  condition: \"{condition}\"\n")
}

#[test]
fn deep_conditions_are_refused() {
    for depth in [10, 1_000, 16_000, 100_000] {
        let brackets = rule(&format!("{}s{}", "(".repeat(depth), ")".repeat(depth)));
        let negations = rule(&format!("{}s", "not ".repeat(depth)));
        let is_refused = 10 < depth;
        assert_eq!(said(&brackets).is_empty(), !is_refused, "{depth} brackets");
        assert_eq!(said(&negations).is_empty(), !is_refused, "{depth} negations");
        assert!(depth == 100_000 || said(&rule(&format!("s{}", " and s or s".repeat(depth / 3)))).is_empty());
        let correlation = format!(
            "title: t\ncorrelation: {{type: temporal, rules: [a], timespan: 1m, condition: \"{}a{}\"}}\n",
            "(".repeat(depth),
            ")".repeat(depth)
        );
        assert!(!said(&correlation).is_empty());
        let pipeline = format!(
            "transformations:\n  - type: drop_detection_item\n    rule_conditions: {{a: {{type: is_sigma_rule}}}}\n    rule_cond_expr: \"{}a\"\n",
            "not ".repeat(depth)
        );
        assert_eq!(Pipeline::parse("p.yml", &pipeline).is_ok(), !is_refused, "{depth} in a pipeline");
    }
}

#[test]
fn deep_and_repeated_yaml_is_refused() {
    let deep = format!("title: t\ndetection: {{s: {}1{}, condition: s}}\n", "[".repeat(50_000), "]".repeat(50_000));
    assert!(!said(&deep).is_empty());
    let mut bomb = "title: t\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{inner}]").unwrap();
    }
    bomb.push_str("detection: {s: {a: 1}, condition: s}\n");
    assert!(!said(&bomb).is_empty());
}

#[test]
fn actions_do_not_multiply_a_file() {
    let mut text = format!("action: global\ntitle: t\ndescription: {}\n", "x".repeat(60_000));
    text.push_str(&"---\ndetection: {s: {a: 1}, condition: s}\n".repeat(3_000));
    let said = said(&text);
    assert!(said.iter().any(|message| message.contains("merged documents")), "{said:?}");
}

#[test]
fn pipelines_do_not_multiply_a_rule() {
    let step = "  - {type: field_name_mapping, mapping: {a: [a, b], b: [a, b]}}\n";
    let pipeline = Pipeline::parse("p.yml", &format!("transformations:\n{}", step.repeat(64))).unwrap();
    let rule = "title: t\nlogsource: {product: x}\ndetection: {s: {a: 1}, condition: s}\n";
    let correlation =
        "title: c\ncorrelation: {type: event_count, rules: [t], group-by: [a], timespan: 1m, condition: {gte: 2}}\n";
    let loaded = sigma::load_with([("r.yml", rule), ("c.yml", correlation)], &[pipeline]);
    assert_eq!((loaded.rules.len(), loaded.correlations.len(), loaded.errors.len()), (0, 0, 2));
    let values = vec!["v".to_owned(); 200].join(", ");
    let pipeline = format!("vars: {{v: [{values}]}}\ntransformations:\n  - type: value_placeholders\n");
    let pipeline = Pipeline::parse("p.yml", &pipeline).unwrap();
    let rule = "title: t\nlogsource: {product: x}\ndetection: {s: {a|expand: ['%v%%v%%v%', '%v%%v%']}, condition: s}\n";
    let loaded = sigma::load_with([("r.yml", rule)], &[pipeline]);
    assert_eq!((loaded.rules.len(), loaded.errors.len()), (0, 1));
}

#[test]
fn deep_lists_are_refused() {
    let rule = |inside: &str| format!("sigma-version: 3\ntitle: t\ndetection: {{s: {inside}, condition: s}}\n");
    for depth in [4, 9, 1_000, 10_000] {
        let is_refused = 8 < depth;
        let path = rule(&format!("{{'{}x': 1}}", "a[any].".repeat(depth)));
        assert_eq!(said(&path).is_empty(), !is_refused, "{depth} lists in one name");
        let nested = rule(&format!("{}1{}", "{'a[any]': ".repeat(depth), "}".repeat(depth)));
        assert_eq!(said(&nested).is_empty(), !is_refused, "{depth} lists in each other");
    }
    let negations = rule(&format!("{{'a[any]': {{b: {{c: 1}}, condition: '{}b'}}}}", "not ".repeat(100_000)));
    assert!(!said(&negations).is_empty());
}

/// The first record of which a rule is asked; its end is its own, whatever is in it.
fn judged(rule: &str, record: &serde_json::Value) -> Result<bool, RecordFault> {
    let loaded = sigma::load([("hostile.yml", rule)]);
    let (program, errors) = Program::compile_with(&loaded.rules, &[], &Options::default());
    assert!(loaded.errors.is_empty() && errors.is_empty(), "{:?} {errors:?}", loaded.errors);
    let mut matcher = Matcher::new(&program);
    let record = serde_json::to_vec(record).expect("a record is JSON");
    let matched = matcher.evaluate(program.log_source("", ""), &record).map(|matched| !matched.is_empty());
    matched.map_err(|error| error.reason)
}

/// Without a search for the values of each member this would be a billion comparisons of a hundred thousand members.
#[test]
fn long_lists_are_asked_in_time_that_grows_with_them() {
    let rule = "sigma-version: 3\ntitle: t\ndetection: {s: {'a[any]': {k: x, 'l[any]|neq': y}}, condition: s}\n";
    let members = |last: &str| -> Vec<serde_json::Value> {
        let quiet = serde_json::json!({"k": "x", "l": ["y", "y"]});
        let mut members = vec![quiet; 100_000];
        members.push(serde_json::json!({"k": "x", "l": ["y", last]}));
        members
    };
    assert_eq!(judged(rule, &serde_json::json!({"a": members("z")})), Ok(true));
    assert_eq!(judged(rule, &serde_json::json!({"a": members("y")})), Ok(false));
}

#[test]
fn two_long_lists_are_not_compared_with_each_other() {
    let texts = |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}{n}")).collect::<Vec<String>>();
    let record = |count| serde_json::json!({"a": texts("a", count), "b": texts("b", count)});
    let plain = "title: t\ndetection: {s: {'a|fieldref': b}, condition: s}\n";
    let members = "sigma-version: 3\ntitle: t\ndetection: {s: {'a[any]|fieldref': b}, condition: s}\n";
    for rule in [plain, members] {
        assert_eq!(judged(rule, &record(1_000)), Ok(false));
        assert_eq!(judged(rule, &record(10_000)), Err(RecordFault::TooManyComparisons));
    }
}

/// Read anew for each member, the long text alone would be two hundred thousand million bytes.
#[test]
fn a_long_text_that_many_members_are_compared_with_is_read_once() {
    let record = |last: &str| {
        let mut members = vec!["short"; 200_000];
        members.push(last);
        serde_json::json!({"a": members, "b": ["LONG".repeat(1 << 18), "Last"]})
    };
    for modifier in ["", "|contains", "|startswith", "|endswith"] {
        let rule =
            format!("sigma-version: 3\ntitle: t\ndetection: {{s: {{'a[any]|fieldref{modifier}': b}}, condition: s}}\n");
        assert_eq!(judged(&rule, &record("lAST")), Ok(true), "{modifier}");
        assert_eq!(judged(&rule, &record("none")), Ok(false), "{modifier}");
    }
}

#[test]
fn long_texts_are_not_compared_without_end() {
    let record = |names: usize| serde_json::json!({"a": "a".repeat(1 << 20), "b": vec!["b"; names]});
    let plain = "title: t\ndetection: {s: {'a|fieldref|contains': b}, condition: s}\n";
    let members = "sigma-version: 3\ntitle: t\ndetection: {s: {'a[any]|fieldref|contains': b}, condition: s}\n";
    for rule in [plain, members] {
        assert_eq!(judged(rule, &record(200)), Ok(false));
        assert_eq!(judged(rule, &record(300)), Err(RecordFault::TooManyComparisons));
    }
}
