//! Records as raw bytes: spelling variants that mean the same, and hostile ones that must be refused, never crash.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which stop at the first surprise")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sigma::{DEPTH_MAX, Matcher, Options, Program, RecordFault};

fn program(detection: &str) -> Program {
    let text = format!("title: t\ndetection: {{s: {{{detection}}}, condition: s}}\n");
    let loaded = sigma::load([("t.yml", text)]);
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(loaded.errors.is_empty() && errors.is_empty(), "{:?} {errors:?}", loaded.errors);
    program
}

fn fires(detection: &str, record: &str) -> bool {
    let program = program(detection);
    !Matcher::new(&program).evaluate(program.log_source("", ""), record.as_bytes()).unwrap().is_empty()
}

#[test]
fn watched_members_are_told_in_passing() {
    let program = program("eventName: x");
    let mut matcher = Matcher::watching(&program, &["eventTime", "eventName"]);
    let mut told = |record: &str| {
        matcher.evaluate(program.log_source("", ""), record.as_bytes()).unwrap();
        [0, 1, 2].map(|member| {
            matcher.watched(record.as_bytes(), member).map(|text| String::from_utf8_lossy(text).into_owned())
        })
    };
    let both = [Some("t".to_owned()), Some("x".to_owned()), None];
    assert_eq!(told(r#"{"eventTime":"t","n":{"eventTime":"inner"},"eventName":"x"}"#), both);
    assert_eq!(told(r#"{"eventTime":"first","eventName":"x","eventTime":"t"}"#), both, "the last one counts");
    assert_eq!(told(r#"{"eventName":["x"],"n":"x"}"#), [None, None, None], "nothing is left of the record before");
    assert_eq!(told(r#"{"eventTime":"a\"b","eventName":null}"#), [None, None, None]);
    assert_eq!(told(r#"{"eventTime":""}"#)[0].as_deref(), Some(""));
}

#[test]
fn spellings_of_the_same_record() {
    let cases = [
        r#"{"user":{"name":"Ann"}}"#,
        "\n{ \"user\" :\t{ \"name\" : \"Ann\" } } \r\n",
        r#"{"\u0075ser":{"n\u0061me":"\u0041nn"}}"#,
        r#"{"user":{"name":"bob","name":"Ann"}}"#,
        r#"{"user":{"name":"bob"},"user":{"name":"Ann"}}"#,
        r#"{"x":[1,-2.5e+3,true,false,null,{},[]],"user":{"x":0,"name":"Ann"}}"#,
    ];
    for record in cases {
        assert!(fires("user.name: ann", record), "{record}");
    }
    assert!(!fires("user.name: ann", r#"{"user":{"name":"Ann","name":"bob"}}"#), "the last key counts");
    assert!(!fires("user.name: ann", r#"{"user":{"name":"Ann"},"user":{}}"#), "the last key counts");
    assert!(fires("path: '/a\"b\\\\c'", r#"{"path":"\/a\"b\\c"}"#));
    assert!(fires("mood: 😀", r#"{"mood":"\ud83d\ude00"}"#));
}

#[test]
fn an_object_is_searched_as_written_without_white_space() {
    assert!(fires("r|contains: '{\"b\":[1,\"x y\"]}'", "{\"r\": { \"a\" : {\"b\" : [ 1 , \"x y\" ] } } }"));
    assert!(fires("r|contains: '\"z\":1,\"a\":2'", r#"{"r":{"z":1,"a":2}}"#), "members keep their order");
    assert!(fires("r|contains: '\\\"quoted\\\"'", r#"{"r":{"policy":"{\"quoted\":1}"}}"#), "escapes stay escapes");
}

#[test]
fn several_records_one_after_the_other() {
    let program = program("a: 1");
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    let list = br#"{"a":1},  {"a":2},{"a":[3,1]}]}"#;
    let (mut rest, mut hits) = (&list[..], Vec::new());
    loop {
        let (matched, length) = matcher.evaluate_next(source, rest).unwrap();
        hits.push(matched.len());
        rest = &rest[length..];
        if rest[0] != b',' {
            break;
        }
        rest = &rest[1..];
    }
    assert_eq!(hits, [1, 0, 1]);
    assert_eq!(rest, b"]}");
    // A fault in the next record is not this one's.
    let (matched, length) = matcher.evaluate_next(source, b"{\"a\":1},{\"b\":\"\x01\xff").unwrap();
    assert_eq!((matched.len(), length), (1, 7));
}

#[test]
fn unreadable_records_are_refused() {
    use RecordFault::{
        ControlCharacter, Empty, Grammar, InvalidEscape, NotAnObject, NotUtf8, OpenBracket, OpenString, StrayBracket,
        TooDeep, TrailingBytes,
    };
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
    let cases: [(&[u8], RecordFault, usize); 24] = [
        (b"", Empty, 0),
        (b" \n", Empty, 0),
        (b"null", NotAnObject, 0),
        (b"[{}]", NotAnObject, 0),
        (b"{} {}", TrailingBytes, 3),
        (b"{}}", TrailingBytes, 2),
        (b"{\"a\":1}x", TrailingBytes, 7),
        (b"{\"a\":\"b}", OpenString, 8),
        (b"{\"a\":[}", StrayBracket, 6),
        (b"{\"a\":{\"b\":1}", OpenBracket, 12),
        (b"{\"a\":\"\n\"}", ControlCharacter, 6),
        (b"{\"a\":\"\xc3\x28\"}", NotUtf8, 6),
        (b"{\"a\":\"\\x\"}", InvalidEscape, 6),
        (b"{\"a\" 1}", Grammar, 5),
        (b"{\"a\":}", Grammar, 5),
        (b"{\"a\":1,}", Grammar, 7),
        (b"{,}", Grammar, 1),
        (b"{\"a\":1 \"b\":2}", Grammar, 7),
        (b"{a:1}", Grammar, 1),
        (b"{\"a\":01}", Grammar, 6),
        (b"{\"a\":1.}", Grammar, 5),
        (b"{\"a\":tru}", Grammar, 5),
        (b"{\"a\":yes}", Grammar, 5),
        (deep.as_bytes(), TooDeep, 5 + DEPTH_MAX - 1),
    ];
    let program = program("a: 1");
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    for (record, reason, offset) in cases {
        let error = matcher.evaluate(source, record).unwrap_err();
        assert_eq!((error.reason, error.offset), (reason, offset), "{}", String::from_utf8_lossy(record));
    }
    assert_eq!(matcher.evaluate(source, b"{\"a\":1}"), Ok(&[0][..]), "a bad record leaves no trace");
}

#[test]
fn deep_records_within_the_limit_are_read() {
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(fires("a|contains: '1'", &nested(DEPTH_MAX)));
    let program = program("'|re': '1'");
    let mut matcher = Matcher::new(&program);
    assert_eq!(matcher.evaluate(program.log_source("", ""), nested(DEPTH_MAX).as_bytes()), Ok(&[0][..]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// What serde_json refuses at the places that rules look at is refused, what it accepts is accepted.
    #[test]
    fn damaged_records_never_pass_for_whole_ones(at in 0_usize..400, byte in any::<u8>(), cut in any::<bool>()) {
        let whole = br#"{"eventName":"PutBucketAcl","n":[1,-2.5e3,true,null],"user":{"id":"x\u00e9\"y","tags":["a",{}]},"s":"plain text","z":false}"#;
        let mut record = whole.to_vec();
        let at = at % record.len();
        if cut { record.remove(at); } else { record[at] = byte; }
        // A keyword makes the matcher read every value.
        let program = program("'|re': 'nowhere'");
        let read = Matcher::new(&program).evaluate(program.log_source("", ""), &record).is_ok();
        let valid = serde_json::from_slice::<serde_json::Value>(&record).is_ok_and(|value| value.is_object());
        // Escapes are looked at only where a text is compared, in keys not at all.
        if valid { prop_assert!(read, "{}", String::from_utf8_lossy(&record)); }
        if read && !valid {
            let text = String::from_utf8_lossy(&record).into_owned();
            let broken_escape = serde_json::from_str::<serde_json::Value>(&text).unwrap_err().to_string();
            prop_assert!(broken_escape.contains("escape") || broken_escape.contains("surrogate"), "{broken_escape}: {text}");
        }
    }
}

#[test]
fn a_record_above_the_limit_is_refused_and_one_below_is_read() {
    let program = program("a|contains: needle");
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    let sized = |bytes: usize| format!("{{\"a\":\"{}needle\"}}", "x".repeat(bytes - 14));
    let largest = sized(sigma::RECORD_BYTES_MAX);
    assert_eq!(largest.len(), sigma::RECORD_BYTES_MAX);
    assert_eq!(matcher.evaluate(source, largest.as_bytes()), Ok(&[0][..]));
    let error = matcher.evaluate(source, sized(sigma::RECORD_BYTES_MAX + 1).as_bytes()).unwrap_err();
    assert_eq!(error.reason, RecordFault::TooLarge);
    // Nothing but brackets, the most that fit.
    let brackets = format!("{{\"a\":[{}{{}}]}}", "{},".repeat(100_000));
    assert_eq!(matcher.evaluate(source, brackets.as_bytes()), Ok(&[][..]));
    assert_eq!(matcher.evaluate(source, b"{\"a\":\"needle\"}"), Ok(&[0][..]));
}
