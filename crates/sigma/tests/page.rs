//! The page that explains the language, `docs/sigma.md`, run: every example on it does what the page says.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use sigma::{Loaded, Matcher, Options, Pipeline, Program};

/// A fenced block: its line, what stands behind the fence, and its text.
type Block = (usize, String, String);

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (number, line) in page.lines().enumerate() {
        if let Some(info) = line.strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                blocks.push((number + 2, info.to_owned(), String::new()));
            }
        } else if is_open {
            let (_, _, text) = blocks.last_mut().unwrap();
            text.push_str(line);
            text.push('\n');
        }
    }
    blocks
}

/// The documents of an example. Titles, which would say nothing, may be left out on the page.
fn load(line: usize, text: &str) -> Loaded {
    let (mut pipelines, mut rules) = (Vec::new(), Vec::new());
    for document in text.split("---\n") {
        if document.starts_with("transformations:") {
            pipelines.push(Pipeline::parse("page", document).unwrap());
        } else if document.contains("title:") || document.starts_with("action: global") {
            rules.push(document.to_owned());
        } else {
            rules.push(format!("title: example in line {line}\n{document}"));
        }
    }
    let loaded = sigma::load_with([("page", rules.join("---\n"))], &pipelines);
    assert!(loaded.errors.is_empty(), "line {line}: {}", loaded.errors[0]);
    loaded
}

#[test]
fn every_example_of_the_page_holds() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sigma.md");
    let page = fs::read_to_string(page).unwrap();
    let mut present: Option<(Loaded, Program)> = None;
    let (mut events, mut examples) = (0, 0);
    for (line, info, text) in blocks(&page) {
        match info.as_str() {
            "yaml" => {
                let loaded = load(line, &text);
                let (program, errors) = Program::compile_with(&loaded.rules, &loaded.correlations, &Options::default());
                assert!(errors.is_empty(), "line {line}: {}", errors[0]);
                for number in 0..loaded.correlations.len() {
                    let outcomes =
                        sigma::test_correlation(number, &loaded.rules, &loaded.correlations, &Options::default());
                    assert!(!outcomes.is_empty() && outcomes.iter().all(sigma::TestOutcome::passed), "{outcomes:?}");
                }
                examples += 1;
                present = Some((loaded, program));
            }
            "json matches" | "json does not match" => {
                let (loaded, program) = present.as_ref().unwrap();
                let source = &loaded.rules[0].logsource;
                let part = |name: &Option<String>| name.clone().unwrap_or_default();
                let source = program.log_source(&part(&source.product), &part(&source.service));
                let mut matcher = Matcher::new(program);
                for (number, event) in text.lines().enumerate() {
                    assert!(serde_json::from_str::<Value>(event).is_ok(), "line {}", line + number);
                    let matches = !matcher.evaluate(source, event.as_bytes()).unwrap().is_empty();
                    assert_eq!(matches, info == "json matches", "line {}: {event}", line + number);
                    events += 1;
                }
            }
            other => panic!("line {line}: a block is called `{other}`"),
        }
    }
    assert!(12 < examples && 60 < events, "{examples} examples with {events} events");
}
