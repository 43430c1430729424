//! Loading whatever bytes come: rules, correlations, filters and pipelines. Nothing may panic or hang, every complaint
//! must point into the text, and what loads must compile to a program or to complaints.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // A line of equals signs parts rules from a pipeline.
    let (rules, pipeline) = text.split_once("\n===\n").unwrap_or((text, ""));
    let pipelines = match sigma::Pipeline::parse("fuzz.yml", pipeline) {
        Ok(pipeline) => vec![pipeline],
        Err(complaints) => {
            assert!(!complaints.is_empty());
            complaints.iter().for_each(|complaint| check(complaint, pipeline));
            Vec::new()
        }
    };
    let loaded = sigma::load_with([("fuzz.yml", rules)], &pipelines);
    loaded.errors.iter().chain(&loaded.warnings).for_each(|complaint| check(complaint, rules));
    let (program, complaints) =
        sigma::Program::compile_with(&loaded.rules, &loaded.correlations, &sigma::Options::default());
    for complaint in &complaints {
        assert!(!complaint.to_string().is_empty());
    }
    let mut matcher = sigma::Matcher::new(&program);
    let source = program.log_source("aws", "cloudtrail");
    let _ = matcher.evaluate(source, br#"{"a":"b","c":[1,null,{"d":"x"}]}"#);
});

fn check(complaint: &sigma::RuleError, text: &str) {
    assert!(0 < complaint.line && 0 < complaint.column && 0 < complaint.length);
    assert!(complaint.line <= text.lines().count().max(1) + 1, "{complaint}");
    assert!(!complaint.to_string().is_empty());
}
