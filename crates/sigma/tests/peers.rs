//! The examples of `meaning/` on another engine, rsigma-eval 0.23: where it reads the language differently, and why we
//! stay with our reading. A difference that is not in the table, or no longer there, fails.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rsigma_eval::event::JsonEvent;
use serde_json::Value;

/// (file, example, why ours is right).
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("base64offset", "at offset 0", "the last character shares bits with what follows, so it must be cut off"),
    ("base64offset", "at offset 1", "as at offset 0"),
    ("booleans", "yes", "the specification compares texts; `yes` does not spell `true`"),
    ("cidr_v4", "the same address in version 6", "`::ffff:a.b.c.d` is the address a.b.c.d (RFC 4291, 2.5.5.2)"),
    (
        "contains",
        "inside an object, in a key",
        "public CloudTrail rules search `requestParameters`, which is an object, so objects have a text",
    ),
    ("contains", "inside an object, in a value", "as in a key"),
    ("contains_object_is_compact_json", "no white space between tokens", "as in a key"),
    ("exists_false", "there", "the specification: `exists` checks presence, \"not its value, be it empty or null\""),
    ("exists_true", "null is there", "as for `exists: false`"),
    ("field_and_its_parts", "both", "as for `contains`"),
    ("fieldref", "both null", "two absences are not an equality"),
    ("fieldref", "one of several", "an array has the values of its members on either side"),
    ("keywords", "a number", "keywords apply \"to the full log message\", numbers included"),
    ("keywords", "a number inside a text", "a keyword is a text even where YAML reads a number"),
    ("keywords_all", "in different fields", "keywords apply to the full log message, not to each text of it"),
    ("large_numbers_are_exact", "the nearest that floating point knows", "whole numbers are not rounded"),
    ("nested_fields", "literal at the end", "keys with dots also occur inside objects"),
    ("nested_fields", "literal at the start", "as at the end"),
    ("nested_fields", "one spelling of two", "any value of the field is enough"),
    ("null_value", "null among others", "any member of an array is enough, null too"),
    ("sigma_beyond_ascii", "at the end of a word", "`Σ`, `σ` and `ς` are the same letter wherever they stand"),
    ("sigma_beyond_ascii", "written as final", "as above"),
    ("time_parts_compared", "(the whole rule)", "as in pySigma, a part of a time may be compared with `lt` or `gt`"),
    ("utf16_kinds", "plain text", "`wide` without Base64 is not ignored"),
    ("utf16_kinds", "wide without base64", "as above: the text with its zero bytes is looked for"),
    ("wildcard_alone", "an object", "as for `contains`"),
    ("wildcards", "a line break for the star", "`*` stands for any characters"),
    (
        "windash",
        "a dash inside a word stays",
        "as in pySigma, the reference: only a dash that begins an option is an option's dash",
    ),
];

#[test]
fn differences_are_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meaning");
    let mut found = BTreeSet::new();
    let mut compared = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let rules = rsigma_parser::parse_sigma_yaml(&text).unwrap().rules;
        let mut engine = rsigma_eval::Engine::new();
        let errors = engine.add_rules(&rules);
        if !errors.is_empty() {
            found.insert((file, "(the whole rule)".to_owned()));
            continue;
        }
        for test in &sigma::load([(&file, text)]).rules[0].tests {
            let event = Value::Object(test.event.clone());
            let fires = !engine.evaluate(&JsonEvent::borrow(&event)).is_empty();
            compared += 1;
            if fires != test.fires {
                found.insert((file.clone(), test.name.clone()));
            }
        }
    }
    assert!(200 < compared);
    let known: BTreeSet<(String, String)> =
        DIFFERENCES.iter().map(|(file, example, _)| ((*file).to_owned(), (*example).to_owned())).collect();
    assert_eq!(found, known);
}
