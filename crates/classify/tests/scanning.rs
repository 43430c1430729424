//! Laws of the scanner: streams agree with texts, borders hold, hostile texts neither stall nor panic, values stay private.
#![expect(clippy::unwrap_used, reason = "helpers of tests may stop the test")]

use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use classify::{Classifier, Format, Options, Sensitivity, Span};
use proptest::prelude::*;

fn classifier() -> Classifier {
    Classifier::builtin().0
}

fn streamed(classifier: &Classifier, reader: impl Read) -> Vec<Span> {
    let mut spans = Vec::new();
    classifier.scan_stream(reader, |span, _| spans.push(span)).unwrap();
    spans
}

#[test]
fn a_stream_finds_what_the_whole_text_holds_with_the_same_positions() {
    let classifier = classifier();
    let line = "2026-04-19T19:31:47Z ü payment card 4111 1111 1111 1111 for jörg.maß@example.com\n";
    for pad in [0, 1, 19, 20_479, 20_480, 262_140, 262_143] {
        let text = format!("{}{}", "x".repeat(pad), line.repeat(9000));
        let mut whole = classifier.scan_text(&text);
        let mut parts = streamed(&classifier, Cursor::new(&text));
        for span in whole.iter_mut().chain(&mut parts) {
            span.score = 0.0; // distance to context is measured inside a window
        }
        assert_eq!(whole.len(), parts.len(), "pad {pad}");
        assert_eq!(whole.iter().zip(&parts).find(|(one, other)| one != other), None, "pad {pad}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced_and_offsets_fit_the_decoded_text() {
    let classifier = classifier();
    let bytes = b"\xff\xfeid \xe2\x82 ssn=640-23-3133 \xc3".to_vec();
    let spans = streamed(&classifier, Cursor::new(&bytes));
    let decoded = String::from_utf8_lossy(&bytes);
    let values: Vec<&str> = spans.iter().map(|span| decoded.get(span.start..span.end).unwrap()).collect();
    assert_eq!(values, ["640-23-3133"]);
}

#[test]
fn lines_and_columns_count_from_one_and_in_characters() {
    let spans = classifier().scan_text("first\nüü ssn=640-23-3133");
    assert_eq!((spans[0].line, spans[0].column), (2, 8));
}

/// Every text is cheap per byte: a mebibyte of it must not take longer than a generous bound even without optimisation.
#[test]
fn hostile_texts_do_not_stall() {
    let classifier = classifier();
    let pieces = [
        "a@",
        "@",
        "eyJaaaaaaaa-",
        "eyJaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "Cookie: ",
        "1 ",
        "1-",
        "password=",
        "Basic A",
        "name: A b",
        "Patient A",
        "%B1",
        "postgres://a:b",
        "+1 ",
        "(1",
        "sv=2020-01-01&",
        "AccountKey=",
        "Q~",
        "8Q~aa",
        "\u{0}",
        "１２３",
        "DefaultEndpointsProtocol=https;",
        "4111 1111 ",
        "a:b:",
        "address 1 ",
        ". ",
        "Thanks,\n",
        "\n",
        "ssn ",
        "card",
    ];
    for piece in pieces {
        let text = piece.repeat(256 * 1024 / piece.len());
        let start = Instant::now();
        let spans = classifier.scan_text(&text);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(30), "`{piece}` took {took:?}");
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "overlaps for `{piece}`");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_gives_ordered_spans_on_character_borders(text in "(?s)(\\PC|[0-9@ .:/\\-+\\n]|ssn|card |name: |Patient |password=){0,60}") {
        let spans = classifier_once().scan_text(&text);
        for span in &spans {
            prop_assert!(text.get(span.start..span.end).is_some_and(|value| !value.is_empty()));
            prop_assert!((0.5..=1.0).contains(&span.score));
        }
        prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }

    /// The scan of a text is the scan of its parts when the parts are far apart: no state leaks from one place to another.
    #[test]
    fn distant_texts_do_not_influence_each_other(one in "[ -~]{0,60}", other in "[ -~]{0,60}") {
        let classifier = classifier_once();
        let gap = format!("\n\n{}\n\n", "~ ".repeat(200));
        let joined = format!("{one}{gap}{other}");
        let shift = one.len() + gap.len();
        let value = |spans: Vec<Span>, base: usize| spans.into_iter().map(move |span| (span.id, span.start + base, span.end + base));
        let mut expected: Vec<_> = value(classifier.scan_text(&format!("{one}{gap}")), 0).collect();
        expected.extend(value(classifier.scan_text(&format!("{gap}{other}")), one.len()));
        let found: Vec<_> = value(classifier.scan_text(&joined), 0).collect();
        prop_assert_eq!(found, expected, "{} | {}", shift, joined);
    }

    #[test]
    fn any_bytes_can_be_any_format(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let classifier = classifier_once();
        for name in ["a.csv", "a.jsonl", "a.json", "a.txt"] {
            // A CSV reader may refuse; nothing may panic.
            if let Ok(scan) = classifier.scan(name, Cursor::new(&bytes), &Options::default()) {
                prop_assert!(scan.verdict.subjects.by_residency.values().sum::<u64>() == scan.verdict.subjects.distinct_at_least);
            }
        }
    }
}

fn classifier_once() -> &'static Classifier {
    static ONCE: std::sync::OnceLock<Classifier> = std::sync::OnceLock::new();
    ONCE.get_or_init(classifier)
}

#[test]
fn formats_are_recognised_by_content() {
    let cases = [
        ("x", "{\"a\":1}\n{\"a\":2}\n", Format::Jsonl),
        ("x.json", "{\n  \"a\": 1\n}", Format::Json),
        ("x.json", "[{\"a\":1},{\"a\":2}]", Format::Json),
        ("x.csv", "a,b\n1,2\n", Format::Csv),
        ("x", "name,email,phone\na,b,c\nd,e,f\n", Format::Csv),
        ("x.log", "hello, world, this\nis text\n", Format::Text),
        ("x", "", Format::Text),
    ];
    for (name, text, expected) in cases {
        assert_eq!(Format::recognise(name, text.as_bytes()), expected, "{name}: {text}");
    }
}

#[test]
fn a_verdict_holds_no_value_and_a_clean_text_is_clean() {
    let classifier = classifier();
    let scan = classifier.scan("x.txt", Cursor::new("the weather is fine\n"), &Options::default()).unwrap();
    assert_eq!((scan.verdict.sensitivity, scan.verdict.identifiers.len()), (Sensitivity::None, 0));
    let secret = "password = \"dyhsp@ArqvgMO\"\nssn=640-23-3133\n";
    let scan = classifier.scan("x.txt", Cursor::new(secret), &Options::default()).unwrap();
    let printed = format!("{} {:?}", serde_json::to_string(&scan.verdict).unwrap(), scan);
    assert_eq!(scan.verdict.sensitivity, Sensitivity::Restricted);
    assert!(!printed.contains("dyhsp") && !printed.contains("3133"), "{printed}");
    let elements: Vec<String> = scan.verdict.elements().into_iter().collect();
    assert_eq!(elements, ["CRED", "SSN"]);
}
