//! Input that means harm or is broken: sums always hold, nothing panics, what is good survives what is not.

mod common;

use common::{cloudtrail, gzip, read, read_with};
use ingest::{Format, Item, Limits, Reader};

fn records(ids: &[&str]) -> String {
    let list: Vec<String> = ids.iter().map(|id| cloudtrail(id)).collect();
    format!("{{\"Records\":[{}]}}", list.join(","))
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("id-{index}")).collect()
}

#[test]
fn framings_give_the_same_records() {
    let [one, two] = [cloudtrail("1"), cloudtrail("2")];
    let pretty = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    };
    let framings = [
        format!("{{\"Records\":[{one},{two}]}}"),
        format!("{{ \"Records\" :\n[ {one} ,\r\n{two} ] , \"next\":\"}}]\" }}\n"),
        format!("{{\"records\":[{one},{two}]}}"),
        format!("[{one},{two}]"),
        format!("{one}\n{two}\n"),
        format!("{one}\r\n\r\n{two}"),
        format!("{one}{two}"),
        format!("{one} {two}"),
        format!("{}\n{}\n", pretty(&one), pretty(&two)),
        format!("[\n{},\n{}\n]", pretty(&one), pretty(&two)),
        format!("{{\"Records\":[{one}]}}\n{{\"Records\":[{two}]}}\n"),
        format!("{{\"Records\":[{one}]}}[{two}]"),
        format!("{one}\n[{two}]"),
        format!("{one}\n{{\"Records\":[{two}]}}"),
        format!("\u{feff}{{\"Records\":[{one},{two}]}}"),
    ];
    for text in framings {
        for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
            let outcome = read(&bytes);
            assert_eq!(outcome.uids(), ["1", "2"], "{text}: {:?}", outcome.reasons());
            assert_eq!(outcome.reasons(), [""; 0], "{text}");
        }
    }
}

#[test]
fn several_gzip_members_are_one_text() {
    let [one, two] = [records(&["1"]), records(&["2"])];
    let joined = [gzip(one.as_bytes()), gzip(two.as_bytes())].concat();
    assert_eq!(read(&joined).uids(), ["1", "2"]);
    // Equal members end with equal checksums and lengths; the second must not be lost.
    let twins = [gzip(one.as_bytes()), gzip(one.as_bytes())].concat();
    assert_eq!(read(&twins).uids(), ["1", "1"]);
    // A record may span the border.
    let (head, tail) = one.split_at(100);
    assert_eq!(read(&[gzip(head.as_bytes()), gzip(tail.as_bytes())].concat()).uids(), ["1"]);
    // Zero padding is no damage, other bytes are.
    assert_eq!(read(&[gzip(one.as_bytes()), vec![0; 512]].concat()).reasons(), [""; 0]);
    let trailing = read(&[gzip(one.as_bytes()), b"garbage".to_vec()].concat());
    assert_eq!(trailing.uids(), ["1"]);
    assert_eq!(trailing.reasons(), ["bytes behind gzip member 1 are no gzip"]);
}

#[test]
fn a_gzip_cut_anywhere_keeps_what_came_before() {
    let all = ids(40);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let whole = gzip(records(&all).as_bytes());
    let mut best = 0;
    for cut in (0..whole.len()).step_by(7) {
        let outcome = read(&whole[..cut]);
        if outcome.skipped {
            assert!(cut < 3, "cut at {cut} was skipped");
            continue;
        }
        assert_eq!(outcome.uids(), all[..outcome.events.len()], "cut at {cut}");
        assert_eq!(outcome.rejected.len(), 1, "cut at {cut}: {:?}", outcome.reasons());
        assert!(outcome.events.len() >= best, "cut at {cut}");
        best = outcome.events.len();
    }
    assert!(best >= 39, "{best}");
}

#[test]
fn a_flipped_bit_never_loses_the_count() {
    let all = ids(40);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let whole = gzip(records(&all).as_bytes());
    for at in (10..whole.len()).step_by(11) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let outcome = read(&damaged);
        assert!(!outcome.skipped || at < 40, "byte {at}");
        if !outcome.skipped {
            assert!(!outcome.rejected.is_empty(), "byte {at}: the checksum must have told");
        }
    }
}

#[test]
fn a_gzip_bomb_is_stopped() {
    let mut text = records(&["1"]).into_bytes();
    text.pop();
    text.extend_from_slice(b",\"padding\":\"");
    text.resize(20_000_000, b'a');
    let limits = Limits {
        ratio_max: 100,
        ratio_checked_from_bytes: 1_000_000,
        whole_decoded_bytes_max: 1000,
        ..Limits::default()
    };
    let outcome = read_with(&gzip(&text), None, &limits);
    assert_eq!(outcome.uids(), ["1"]);
    assert!(outcome.reasons()[0].contains("more than 100 times its size"), "{:?}", outcome.reasons());
    let limits = Limits { decoded_bytes_max: 5_000_000, ratio_max: 10_000, ..limits };
    let outcome = read_with(&gzip(&text), None, &limits);
    assert!(outcome.reasons()[0].contains("more than 5000000 bytes"), "{:?}", outcome.reasons());
}

#[test]
fn a_record_above_the_limit_is_one_rejection() {
    let limits = Limits { record_bytes_max: 100_000, rejected_raw_bytes_max: 100, ..Limits::default() };
    let huge = cloudtrail("huge").replace("aws-cli", &"x".repeat(1_000_000));
    for text in [
        format!("{{\"Records\":[{},{huge},{}]}}", cloudtrail("1"), cloudtrail("2")),
        format!("{}\n{huge}\n{}\n", cloudtrail("1"), cloudtrail("2")),
    ] {
        let outcome = read_with(text.as_bytes(), None, &limits);
        assert_eq!(outcome.uids(), ["1", "2"]);
        assert_eq!(outcome.rejected.len(), 1);
        assert_eq!(outcome.rejected[0].record, 1);
        assert_eq!(outcome.rejected[0].raw.len(), 100);
        assert!(outcome.reasons()[0].contains("is above the limit of 100000"), "{:?}", outcome.reasons());
    }
}

#[test]
fn a_line_of_100_megabytes_is_one_rejection() {
    let mut text = format!("{}\n", cloudtrail("1")).into_bytes();
    text.extend_from_slice(b"{\"a\":\"");
    text.resize(100_000_000, b'x');
    text.extend_from_slice(b"\n");
    text.extend_from_slice(cloudtrail("2").as_bytes());
    let outcome = read(&text);
    assert_eq!(outcome.uids(), ["1", "2"]);
    assert_eq!(outcome.rejected.len(), 1, "{:?}", outcome.reasons());

    let flow = "2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1772446272 1772446273 ACCEPT OK\n";
    let mut text = flow.as_bytes().to_vec();
    text.resize(100_000_000, b'x');
    text.push(b'\n');
    text.extend_from_slice(flow.as_bytes());
    let outcome = read(&text);
    assert_eq!((outcome.events.len(), outcome.rejected.len()), (2, 1));
}

#[test]
fn deep_nesting_is_refused_before_any_parser() {
    let deep = |levels: usize| {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        cloudtrail("deep").replace("\"responseElements\":null", &format!("\"responseElements\":{nested}"))
    };
    let text = format!("{{\"Records\":[{},{},{}]}}", cloudtrail("1"), deep(10_000), deep(100));
    let outcome = read(text.as_bytes());
    assert_eq!(outcome.uids(), ["1", "deep"]);
    assert_eq!(outcome.reasons(), ["nested 10001 deep, the limit is 128"]);
    // Many brackets in one block are not deep.
    let wide = cloudtrail("wide")
        .replace("\"responseElements\":null", &format!("\"responseElements\":[{}[]]", "[],".repeat(5_000)));
    assert_eq!(read(wide.as_bytes()).uids(), ["wide"]);
    // Azure records are read by another parser, with aliases built from nested lists.
    for levels in [100, 100_000] {
        let nested = format!("{}{}", "{\"a\":[".repeat(levels / 2), "]}".repeat(levels / 2));
        let azure = format!(
            r#"{{"time":"2026-03-02T10:11:12Z","category":"AuditLogs","operationName":"x","properties":{{"targetResources":[{nested}]}}}}"#
        );
        let outcome = read(azure.as_bytes());
        assert_eq!(outcome.events.len() + outcome.rejected.len(), 1);
    }
}

#[test]
fn bad_lines_cost_only_themselves() {
    let good = cloudtrail("good");
    let cases: [(&str, &str); 8] = [
        (r#"{"eventVersion":"1.08","userIde"#, "line ends inside a string"),
        (r#"{"eventVersion":"1.08","userIdentity":{"#, "line ends inside an object"),
        ("not json at all", "neither a JSON object nor a list"),
        ("]", "neither a JSON object nor a list"),
        (r#"{"eventVersion":"1.08",}"#, "record is not valid JSON"),
        (r#"{"eventVersion":"1.08"}"#, "eventTime is missing"),
        ("{\"eventVersion\":\"\u{0}\",\"a\":\u{0}}", "record is not valid JSON"),
        (r#"{"eventTime":1e999}"#, ""),
    ];
    for (bad, reason) in cases {
        let outcome = read(format!("{good}\n{bad}\n{good}\n").as_bytes());
        assert_eq!(outcome.events.len(), 2, "{bad}: {:?}", outcome.reasons());
        assert_eq!(outcome.rejected.len(), 1, "{bad}");
        assert_eq!(outcome.rejected[0].record, 1, "{bad}");
        assert!(outcome.reasons()[0].starts_with(reason), "{bad}: {:?}", outcome.reasons());
    }
}

#[test]
fn bytes_that_are_no_text() {
    let mut text = format!("{}\n", cloudtrail("1")).into_bytes();
    text.extend_from_slice(&cloudtrail("bad").into_bytes());
    let at = text.len() - 5;
    text[at] = 0xff;
    text.extend_from_slice(format!("\n{}\n", cloudtrail("2")).as_bytes());
    let outcome = read(&text);
    assert_eq!(outcome.uids(), ["1", "2"]);
    assert!(outcome.reasons()[0].starts_with("record is not valid UTF-8"), "{:?}", outcome.reasons());

    let zeros = [cloudtrail("1").as_bytes(), &[0; 100], b"\n", cloudtrail("2").as_bytes()].concat();
    let outcome = read(&zeros);
    assert_eq!(outcome.uids(), ["1", "2"]);
    assert_eq!(outcome.rejected.len(), 1);
}

#[test]
fn fields_of_wrong_types_are_named() {
    let base = cloudtrail("x");
    let cases = [
        (r#""eventTime":"2026-03-02T10:11:12Z""#, r#""eventTime":5"#, Some("eventTime is not a string")),
        (r#""eventTime":"2026-03-02T10:11:12Z""#, r#""eventTime":"soon""#, Some("eventTime `soon` is not a time")),
        (r#""eventTime":"2026-03-02T10:11:12Z""#, r#""eventTime":null"#, Some("eventTime is missing")),
        (r#""eventName":"GetObject""#, r#""eventName":["GetObject"]"#, Some("eventName is not a string")),
        (r#""eventName":"GetObject""#, r#""eventName":"""#, Some("eventName is empty")),
        (r#""readOnly":true"#, r#""readOnly":"true""#, None),
        (r#""responseElements":null"#, r#""responseElements":[1,"a",{}]"#, None),
        (r#""userAgent":"aws-cli""#, r#""userAgent":12345678901234567890123456789012345"#, None),
        (r#""eventID":"x""#, r#""eventID":18446744073709551615"#, None),
        (r#""userAgent":"aws-cli""#, r#""userIdentity":"nobody","resources":"none""#, None),
        (r#""userAgent":"aws-cli""#, r#""eventName":"Second""#, None),
    ];
    for (from, to, reason) in cases {
        let text = base.replace(from, to);
        assert_ne!(text, base);
        let outcome = read(text.as_bytes());
        assert_eq!(outcome.reasons(), reason.map_or(vec![], |reason| vec![reason]), "{to}");
    }
    // Of duplicate members the last one counts.
    let twice = base
        .replace(r#""userAgent":"aws-cli""#, r#""eventID":"later""#)
        .replace(r#""eventID":"x","#, r#""eventID":"x","eventID":"last","#);
    assert_eq!(read(twice.as_bytes()).uids(), ["last"]);
}

#[test]
fn lists_of_anything_are_counted() {
    let good = cloudtrail("good");
    let outcome = read(format!("{{\"Records\":[{good},1,\"x,]\",null,[1,2],true,{{}},{good}]}}").as_bytes());
    assert_eq!(outcome.uids(), ["good", "good"]);
    assert_eq!(outcome.rejected.len(), 6, "{:?}", outcome.reasons());
    assert_eq!(read(b"{\"Records\":[]}").format, Some(Format::CloudTrail));
    assert_eq!(read(b"{\"Records\":[]}").events.len(), 0);
    for empty in [&b""[..], b" \n", b"[]", b"{}", b"\xEF\xBB\xBF", b"null", b"[", b"{"] {
        let outcome = read(empty);
        assert!(outcome.skipped, "{:?}", String::from_utf8_lossy(empty));
    }
}

#[test]
fn a_cut_wrapper_says_so() {
    let text = records(&["1", "2"]);
    for (cut, events) in [(text.len() - 1, 2), (text.len() - 2, 2), (text.len() - 3, 1), (text.len() - 100, 1), (40, 0)]
    {
        let outcome = read(&text.as_bytes()[..cut]);
        assert_eq!(outcome.events.len(), events, "cut at {cut}");
        assert_eq!(outcome.rejected.len(), 1, "cut at {cut}: {:?}", outcome.reasons());
        assert!(outcome.reasons()[0].starts_with("input ends"), "{:?}", outcome.reasons());
    }
}

#[test]
fn random_bytes_never_panic() {
    let seeds = [records(&["1", "2", "3"]), format!("{}\n{}\n", cloudtrail("1"), cloudtrail("2"))];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..600 {
        let mut bytes = seeds[round % 2].clone().into_bytes();
        for _ in 0..=(random() % 6) {
            let at = usize::try_from(random() % bytes.len() as u64).unwrap();
            let noise = b"\"\\{}[],:\n\x00\xff1";
            match random() % 3 {
                0 => bytes[at] = noise[usize::try_from(random() % noise.len() as u64).unwrap()],
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, noise[usize::try_from(random() % noise.len() as u64).unwrap()]),
            }
        }
        for format in [None, Some(Format::CloudTrail), Some(Format::S3Access), Some(Format::VpcFlow)] {
            read_with(&bytes, format, &Limits::default());
        }
        for format in [Format::ActivityLogs, Format::SignInLogs, Format::AuditLogs, Format::M365Audit, Format::AppJson]
        {
            read_with(&bytes, Some(format), &Limits::default());
        }
    }
}

/// Whoever may send a statement may send one of a million lines; each is looked at once. Looking at all before it would take hours.
#[test]
fn a_statement_of_very_many_lines_is_read_once() {
    let first = "2026-03-02 10:11:14 UTC,\"ann\",\"campus\",1,,s,1,\"idle\",2026-03-02 10:11:06 UTC,3/2,0,LOG,00000,\"statement: SELECT";
    let plain = "2026-03-02 10:11:12 UTC [1] ann@campus LOG:  statement: SELECT a";
    let keycloak = "2026-03-02 10:11:12,548 ERROR [org.keycloak.services] (Server -- 64) failed";
    let cases = [
        (first, "x\n", 1_000_000, "\",,,", Format::PostgreSql),
        (plain, "\tx\n", 10_000, "\tx", Format::PostgreSql),
        (keycloak, "\tx\n", 10_000, "\tx", Format::Keycloak),
    ];
    for (first, line, lines, last, format) in cases {
        let text = format!("{first}\n{}{last}\n{first}{last}\n", line.repeat(lines));
        let mut reader = Reader::new(Limits::default());
        let input = Box::new(std::io::Cursor::new(text.into_bytes()));
        let mut file = reader.open_stream("m", input, Some(format)).unwrap().unwrap();
        let mut lengths = Vec::new();
        while let Some(item) = file.next() {
            let Item::Record(record) = item else { panic!("{item:?}") };
            lengths.push(record.raw.len());
        }
        let one = first.len() + last.len();
        assert_eq!(lengths, [one + 1 + lines * line.len(), one], "{first}");
    }
}

/// Each record cut out of another repeats what stands around it.
#[test]
fn a_record_that_grows_when_taken_apart_is_rejected_whole() {
    let (filling, records) = ("x".repeat(1 << 20), vec!["{}"; 100_000].join(","));
    let text = format!(
        "{{\"resourceLogs\":[{{\"resource\":\"{filling}\",\"scopeLogs\":[{{\"logRecords\":[{records}]}}]}}]}}\n"
    );
    let outcome = read_with(text.as_bytes(), Some(Format::Otlp), &Limits::default());
    assert_eq!(outcome.reasons(), ["taken apart, the record is longer than 67108864 bytes"]);
    assert!(text.as_bytes().starts_with(&outcome.rejected[0].raw) && !outcome.rejected[0].raw.is_empty());
}
