//! Rule files that are made to hurt: they are refused or read in bounded time and memory, and never stop the process.

use std::fmt::Write as _;

use sigma::{Options, Pipeline, Program};

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
