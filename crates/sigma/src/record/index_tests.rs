//! The index on sound and unsound records.

use super::{Index, escaped_bytes, prefix_xor};
use crate::error::RecordFault;
use crate::record::DEPTH_MAX;

fn fault(record: &str) -> Option<(RecordFault, usize)> {
    Index::default().build(record.as_bytes()).err().map(|error| (error.reason, error.offset))
}

#[test]
fn sound_records_pass() {
    let long = format!(r#"{{"a":"{}","b":[{{}},[]]}}"#, "x\\\\".repeat(100));
    for record in ["{}", " {} \n", r#"{"a":"}]\"{["}"#, r#"{"é":"日本"}"#, long.as_str()] {
        assert_eq!(fault(record), None, "{record}");
    }
}

#[test]
fn unsound_records_are_named() {
    use RecordFault::{ControlCharacter, Empty, NotAnObject, OpenBracket, OpenString, StrayBracket, TooDeep};
    let deep = "{\"a\":".to_owned() + &"[".repeat(DEPTH_MAX);
    let cases = [
        ("", Empty, 0),
        ("  \n", Empty, 0),
        ("[1]", NotAnObject, 0),
        ("  7", NotAnObject, 2),
        (r#"{"a":"b}"#, OpenString, 8),
        (r#"{"a":"b\"}"#, OpenString, 10),
        (r#"{"a":[1}"#, StrayBracket, 7),
        (r#"{"a":[1]"#, OpenBracket, 8),
        ("{\"a\":\"b\nc\"}", ControlCharacter, 7),
        (deep.as_str(), TooDeep, 5 + DEPTH_MAX - 1),
    ];
    for (record, reason, offset) in cases {
        assert_eq!(fault(record), Some((reason, offset)), "{record}");
    }
    let error = Index::default().build(b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!((error.reason, error.offset), (RecordFault::NotUtf8, 6));
}

#[test]
fn quotes_agree_with_a_byte_by_byte_reader() {
    // Every alignment of escapes against the 64-byte blocks.
    for backslashes in 0..9 {
        for shift in 0..130 {
            let record = format!("{{\"{}\":\"{}\\\"\"}}", "k".repeat(shift), "\\\\".repeat(backslashes));
            let mut index = Index::default();
            index.build(record.as_bytes()).unwrap();
            let (mut expected, mut is_escaped) = (Vec::new(), false);
            for (at, byte) in record.bytes().enumerate() {
                if byte == b'"' && !is_escaped {
                    expected.push(at);
                }
                is_escaped = byte == b'\\' && !is_escaped;
            }
            let mut quotes = index.quotes(0);
            let found: Vec<usize> =
                std::iter::from_fn(|| quotes.pair()).flat_map(|(open, close)| [open, close]).collect();
            assert_eq!(found, expected, "{record}");
        }
    }
}

#[test]
fn bit_helpers() {
    assert_eq!(prefix_xor(0b1_0010), 0b0_1110);
    let mut carry = 0;
    assert_eq!(escaped_bytes(0b0111, &mut carry), 0b1010);
    assert_eq!(carry, 0);
    assert_eq!(escaped_bytes(1 << 63, &mut carry), 0);
    assert_eq!(carry, 1);
}
