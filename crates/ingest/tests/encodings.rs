//! Compression and text encodings as the world sends them: in pieces, cut off, marked, mixed, or meant to hurt.
//!
//! What was readable is read, the sums hold, and the bytes of what was not are kept as they were.

mod common;

use common::{cloudtrail, gzip, read, read_with};
use ingest::{Format, Limits};

const FLOW: &str = "2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1772446272 1772446273 ACCEPT OK";
const FLOW_HEADER: &str = "account-id interface-id srcaddr dstaddr start action";
const FLOW_OF_HEADER: &str = "111122223333 eni-1 10.0.0.1 10.0.0.2 1772446272 ACCEPT";

fn application(event: &str) -> String {
    format!(r#"{{"timestamp":"2026-03-02T10:11:12Z","service":"checkout","event":"{event}","env":"prod"}}"#)
}

fn access(agent: &str) -> String {
    let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    format!(
        "{owner} larkfield [02/Mar/2026:10:11:12 +0000] 192.0.2.7 - 3E57427F3EXAMPLE REST.GET.OBJECT a.csv \
         \"GET /larkfield/a.csv HTTP/1.1\" 200 - 26 34 70 10 \"-\" \"{agent}\" -"
    )
}

fn lines(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| cloudtrail(&id.to_string()) + "\n").collect()
}

#[test]
fn a_last_gzip_member_that_is_cut_off_costs_only_its_own_end() {
    let whole = [gzip(lines(0..20).as_bytes()), gzip(lines(20..40).as_bytes())];
    let expected: Vec<String> = (0..40).map(|id: u32| id.to_string()).collect();
    let mut best = 0;
    for cut in 1..whole[1].len() {
        let outcome = read(&[&whole[0], &whole[1][..cut]].concat());
        let read = outcome.events.len();
        assert!(read >= 20, "cut at {cut}: the first member is whole, {read} events");
        assert_eq!(outcome.uids(), expected[..read], "cut at {cut}");
        assert_eq!(outcome.rejected.len(), 1, "cut at {cut}: {:?}", outcome.reasons());
        assert!(outcome.reasons()[0].contains("gzip data ends early"), "cut at {cut}: {:?}", outcome.reasons());
        best = best.max(read);
    }
    // All text was there and only the checksum was not.
    assert_eq!(best, 40);
}

#[test]
fn zstd_frames_one_behind_another_and_frames_without_data() {
    let [one, two] = [lines(0..3), lines(3..5)].map(|text| zstd::encode_all(text.as_bytes(), 1).unwrap());
    let no_data = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip".to_vec();
    for bytes in [[one.clone(), two.clone()].concat(), [no_data.clone(), one, no_data, two.clone()].concat()] {
        let outcome = read(&bytes);
        assert_eq!(outcome.uids(), ["0", "1", "2", "3", "4"], "{:?}", outcome.reasons());
        assert_eq!(outcome.reasons(), [""; 0]);
    }
    for cut in 8..two.len() {
        let outcome = read(&two[..cut]);
        assert_eq!(outcome.rejected.len(), 1, "cut at {cut}: {:?}", outcome.reasons());
    }
}

#[test]
fn a_zstd_bomb_is_stopped() {
    let mut text = lines(0..1).into_bytes();
    text.extend_from_slice(b"{\"padding\":\"");
    text.resize(50_000_000, b'a');
    let bomb = zstd::encode_all(text.as_slice(), 19).unwrap();
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    let limits = Limits { ratio_max: 100, ratio_checked_from_bytes: 1_000_000, ..Limits::default() };
    let outcome = read_with(&bomb, None, &limits);
    assert_eq!(outcome.uids(), ["0"]);
    assert_eq!(outcome.rejected.len(), 1);
    assert!(outcome.reasons()[0].contains("more than 100 times its size"), "{:?}", outcome.reasons());
    // Stopped near the limit, not at the end.
    let stopped: u64 = outcome.reasons()[0].split("after ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(stopped < 3_000_000, "{stopped}");

    let limits = Limits { decoded_bytes_max: 5_000_000, ..Limits::default() };
    let outcome = read_with(&bomb, None, &limits);
    assert_eq!(outcome.uids(), ["0"]);
    assert!(outcome.reasons()[0].contains("more than 5000000 bytes"), "{:?}", outcome.reasons());
}

#[test]
fn a_zstd_frame_that_asks_for_two_gigabytes_of_memory_is_refused() {
    // RFC 8878: magic, descriptor without content size, window 2^31 (exponent 21 in the upper five bits), and one raw
    // block of five bytes, the last.
    let mut frame = b"\x28\xb5\x2f\xfd\x00\xa8".to_vec();
    frame.extend_from_slice(&[(5 << 3) | 1, 0, 0]);
    frame.extend_from_slice(b"{}{}\n");
    let outcome = read(&frame);
    assert_eq!((outcome.events.len(), outcome.rejected.len()), (0, 1));
    assert!(outcome.reasons()[0].contains("memory"), "{:?}", outcome.reasons());
}

#[test]
fn byte_order_marks_and_line_ends_belong_to_no_record() {
    let access = access("curl/8.1");
    let application = application("login");
    let cloudtrail = cloudtrail("1");
    let cases: [(&str, Option<&str>, &str); 5] = [
        ("aws/cloudtrail", None, &cloudtrail),
        ("application/json", None, &application),
        ("aws/vpcflow", None, FLOW),
        ("aws/vpcflow", Some(FLOW_HEADER), FLOW_OF_HEADER),
        ("aws/s3access", None, &access),
    ];
    for (format, header, record) in cases {
        for mark in ["", "\u{feff}"] {
            for end in ["\n", "\r\n"] {
                let header = header.map(|header| format!("{header}{end}")).unwrap_or_default();
                let text = format!("{mark}{header}{record}{end}{end}{record}{end}{record}");
                for forced in [None, Format::from_id(format)] {
                    let outcome = read_with(text.as_bytes(), forced, &Limits::default());
                    assert_eq!(outcome.format, Format::from_id(format), "{text:?}");
                    assert_eq!(outcome.reasons(), [""; 0], "{text:?}");
                    let raws: Vec<&[u8]> = outcome.events.iter().map(|event| event.raw.as_slice()).collect();
                    assert_eq!(raws, [record.as_bytes(); 3], "{text:?}");
                }
            }
        }
    }
    // In the middle of a text the mark is no mark.
    let joined = format!("{FLOW}\n\u{feff}{FLOW}\n{FLOW}\n");
    let outcome = read(joined.as_bytes());
    assert_eq!(outcome.events.len(), 3);
    assert_eq!(outcome.events[1].metadata.product_version.as_deref(), Some("\u{feff}2"));
}

#[test]
fn zero_bytes_are_kept_and_written_as_json() {
    for (text, field) in [(FLOW.replace("eni-1", "eni-\u{0}1"), "interface_id"), (access("a\u{0}b"), "user_agent")] {
        let outcome = read(text.as_bytes());
        assert_eq!((outcome.events.len(), outcome.rejected.len()), (1, 0), "{:?}", outcome.reasons());
        assert_eq!(outcome.events[0].raw, text.as_bytes());
        let decoder = ingest::Decoder::new(outcome.format.unwrap());
        let view: serde_json::Value = serde_json::from_slice(&decoder.view(text.as_bytes()).unwrap()).unwrap();
        assert!(view[field].as_str().unwrap().contains('\u{0}'), "{view}");
    }
    // Inside JSON a bare zero byte is an error of the record, written as an escape it is text.
    let bare = application("lo\u{0}gin");
    let escaped = application("lo\\u0000gin");
    let outcome = read(format!("{bare}\n{escaped}\n").as_bytes());
    assert_eq!(outcome.rejected[0].raw, bare.as_bytes());
    assert_eq!(outcome.events[0].metadata.event_code.as_deref(), Some("lo\u{0}gin"));
}

#[test]
fn bytes_that_are_no_text_are_rejected_whole_and_kept_as_they_were() {
    let sign_in =
        r#"{"time":"2026-03-02T10:11:12Z","category":"SignInLogs","operationName":"x","properties":{"id":"x"}}"#;
    let audit = r#"{"CreationTime":"2026-03-02T10:11:12","Operation":"x","Workload":"z","RecordType":1,"UserId":"x"}"#;
    let (application, cloudtrail) = (application("x"), cloudtrail("x"));
    let records: [&str; 5] = [&cloudtrail, &application, sign_in, audit, FLOW];
    // Alone, cut short, overlong, half a surrogate, beyond the last character.
    let bad: [&[u8]; 5] = [b"\xff", b"\xe2\x82", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"];
    for record in records {
        for bytes in bad {
            // Into the last text of the record.
            let at = record.rfind('x').unwrap_or(record.len());
            let broken = [&record.as_bytes()[..at], bytes, &record.as_bytes()[at..]].concat();
            let text = [record.as_bytes(), b"\n", &broken, b"\n", record.as_bytes(), b"\n"].concat();
            let outcome = read(&text);
            assert_eq!(outcome.events.len(), 2, "{}: {:?}", String::from_utf8_lossy(&broken), outcome.reasons());
            assert_eq!(outcome.rejected.len(), 1);
            assert_eq!(outcome.rejected[0].record, 1);
            assert_eq!(outcome.rejected[0].raw, broken);
            assert!(outcome.reasons()[0].contains("is not valid UTF-8"), "{:?}", outcome.reasons());
        }
    }
}

/// Visitors write part of an access log: what they write cannot keep their visit out of sight.
#[test]
fn an_access_log_line_that_is_no_text_is_an_event_with_its_bytes() {
    let line = access("Wget").into_bytes();
    let at = line.windows(4).position(|four| four == b"Wget").unwrap();
    let broken = [&line[..at], b"\xff\xc0\xaf", &line[at..]].concat();
    let text = [&line[..], b"\n", &broken, b"\n"].concat();
    let outcome = read(&text);
    assert_eq!((outcome.events.len(), outcome.rejected.len()), (2, 0), "{:?}", outcome.reasons());
    assert_eq!(outcome.events[1].raw, broken);
    let agent = outcome.events[1].http_request.as_ref().and_then(|request| request.user_agent.clone());
    assert!(agent.is_some_and(|agent| agent.ends_with("Wget") && agent.contains('\u{fffd}')));
}

#[test]
fn depth_hidden_from_framing_is_refused_too() {
    let element = |message: &str| {
        let message = serde_json::to_string(message).unwrap();
        format!(r#"{{"id":"1","timestamp":1772446272000,"message":{message}}}"#)
    };
    let deep = |levels: usize| {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        cloudtrail("deep").replace("\"responseElements\":null", &format!("\"responseElements\":{nested}"))
    };
    let list = [element(&cloudtrail("1")), element(&deep(100_000)), element(&deep(100))].join(",");
    let outcome = read(format!("{{\"owner\":\"1\",\"logEvents\":[{list}]}}").as_bytes());
    assert_eq!(outcome.uids(), ["1", "deep"]);
    assert_eq!(outcome.reasons(), ["nested 100001 deep, the limit is 128"]);
    assert!(deep(100_000).as_bytes().starts_with(&outcome.rejected[0].raw));
    // Behind a first line that is no JSON, lines are not looked at by their brackets.
    let text = format!("no json\n{}\n  {}\n{}\n", cloudtrail("1"), deep(100_000), deep(100));
    let outcome = read_with(text.as_bytes(), Some(Format::CloudTrail), &Limits::default());
    assert_eq!(outcome.uids(), ["1", "deep"]);
    assert_eq!(outcome.reasons(), ["record is not a JSON object", "nested 100001 deep, the limit is 128"]);
}

#[test]
fn text_in_utf_16_is_read_behind_its_mark() {
    let (name, trail) = (application("l\u{f6}gin \u{1f600}"), cloudtrail("1"));
    let texts =
        [format!("{name}\r\n{name}\r\n"), format!("{{\"Records\":[{trail},{trail}]}}"), format!("{FLOW}\n{FLOW}")];
    for text in &texts {
        let plain = read(text.as_bytes());
        let raws = |outcome: &common::Outcome| outcome.events.iter().map(|event| event.raw.clone()).collect::<Vec<_>>();
        let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [little.clone(), big, gzip(&little), zstd::encode_all(&*little, 1).unwrap()] {
            let outcome = read(&bytes);
            assert_eq!((outcome.format, outcome.reasons()), (plain.format, Vec::new()), "{text}");
            assert_eq!((raws(&outcome).len(), raws(&outcome)), (2, raws(&plain)), "{text}");
        }
        let cut = read(little.get(..little.len() - 1).unwrap());
        assert!(!cut.events.is_empty() && !cut.skipped, "half a unit ends nothing: {:?}", cut.reasons());
    }
    assert!(read(b"\xff\xfen\0o\0t\0e\0s\0").skipped, "notes are no log in any encoding");
}
