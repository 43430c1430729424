//! The README's promise: the demo runs headless, and every number of its summary can be checked with the command beside it.

mod common;

use common::{Place, run, watertight};
use serde_json::Value;

#[test]
fn every_command_of_the_summary_works() {
    let place = Place::new();
    let out = place.path("demo");
    let out = out.to_str().expect("a UTF-8 path");
    let mut demo = watertight();
    demo.current_dir(place.path("")).args(["demo", "--headless", "--out", out]);
    let demo = run(demo).ok();
    assert!(!demo.stderr.contains("WARN"), "the first thing a newcomer sees has no warnings:\n{}", demo.stderr);
    let summary = demo.stdout;
    assert!(place.path("demo/pack.zip").is_file(), "the pack is there");

    // The commands name the program as it was called: after `cargo run` it is on nobody's PATH.
    let program = format!("{} ", env!("CARGO_BIN_EXE_watertight"));
    let commands: Vec<Vec<String>> =
        summary.lines().filter_map(|line| line.trim_start().strip_prefix(program.as_str())).map(words).collect();
    assert!(6 <= commands.len(), "the summary shows how to check it:\n{summary}");
    for words in &commands {
        let mut command = watertight();
        command.current_dir(place.path("")).args(words);
        run(command).ok();
    }

    // Records, from the summary and from the command under it.
    let shown = number_after(&summary, "records");
    let mut command = watertight();
    command
        .current_dir(place.path(""))
        .args(commands.iter().find(|words| words.contains(&"query".to_owned())).expect("a query"));
    let row = run(command).ok().json();
    let counted = row.as_object().and_then(|row| row.values().filter_map(Value::as_u64).max());
    assert_eq!(Some(shown), counted, "{row}");
    let mut command = watertight();
    let counts_obligations = |words: &&Vec<String>| words.iter().any(|word| word.contains("FROM obligations"));
    command
        .current_dir(place.path(""))
        .args(commands.iter().find(counts_obligations).expect("a query for obligations"));
    let row = run(command).ok().json();
    let counted = row.as_object().and_then(|row| row.values().find_map(Value::as_u64));
    assert_eq!(Some(number_after(&summary, "obligations")), counted, "{row}");
    for (what, verb) in [("incidents", ["incident", "list"]), ("notices", ["notice", "status"])] {
        let words = commands
            .iter()
            .find(|words| words.ends_with(&verb.map(str::to_owned)))
            .unwrap_or_else(|| panic!("no command for {what}"));
        let mut command = watertight();
        command.current_dir(place.path("")).args(words);
        let rows = run(command).ok().stdout.lines().count() as u64;
        assert_eq!(rows, number_after(&summary, what), "{what}");
    }

    // A directory with something in it is not overwritten.
    let mut again = watertight();
    again.args(["demo", "--headless", "--out", out]);
    run(again).exits(2);
}

/// The first number of the line that begins with `word`.
#[track_caller]
fn number_after(summary: &str, word: &str) -> u64 {
    let line = summary
        .lines()
        .find(|line| line.starts_with(word))
        .unwrap_or_else(|| panic!("no line `{word}` in:\n{summary}"));
    line.split_ascii_whitespace().find_map(|part| part.parse().ok()).unwrap_or_else(|| panic!("no number in `{line}`"))
}

/// Splits a shown command as a shell would, as far as the summary goes: spaces and double quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_ascii_whitespace().map(str::to_owned));
        }
    }
    words
}
