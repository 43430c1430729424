//! Canonical JSON (RFC 8785): keys ordered by UTF-16 code units, no spaces, ECMAScript numbers. The same value always gives
//! the same bytes, so it can be hashed. Deliberately not a general formatter: numbers that JSON readers disagree about are
//! refused, for a sealed number must be read alike by everyone.

use serde_json::{Map, Number, Value};

/// Above 2^53 - 1 an integer is not the same number in every reader.
const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Values nested deeper are somebody's mistake or attack.
const DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    #[error("write canonical JSON: the number {0} is not read alike everywhere; write it as a string")]
    Number(String),
    #[error("write canonical JSON: it is nested deeper than 32 levels")]
    TooDeep,
}

/// The canonical bytes of a value.
pub fn to_bytes(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    write(value, 0, &mut out)?;
    Ok(out)
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    if DEPTH_MAX < depth {
        return Err(CanonicalError::TooDeep);
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number_text(number)?.as_bytes()),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i != 0 {
                    out.push(b',');
                }
                write(item, depth + 1, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(members, depth, out)?,
    }
    Ok(())
}

fn write_object(members: &Map<String, Value>, depth: usize, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push(b'{');
    for (i, (key, value)) in sorted.into_iter().enumerate() {
        if i != 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(value, depth + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// RFC 8785 §3.2.2.2 escapes exactly what `serde_json` escapes: quote, backslash and controls, the short forms first.
fn write_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string always serialises and a Vec takes it");
}

/// ECMAScript's shortest form. Between 10^-6 and 10^21 that is Rust's own shortest form; below it ECMAScript changes to
/// exponents, and from 2^53 on a whole float reads back as an integer that is refused. Neither has business in evidence.
fn number_text(number: &Number) -> Result<String, CanonicalError> {
    let refused = || CanonicalError::Number(number.to_string());
    let integer = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
    if let Some(magnitude) = integer {
        return if magnitude <= INTEGER_MAX { Ok(number.to_string()) } else { Err(refused()) };
    }
    let Some(float) = number.as_f64() else { return Err(refused()) };
    let magnitude = float.abs();
    if magnitude == 0.0 {
        Ok("0".to_owned())
    } else if 1e-6 <= magnitude && magnitude < (INTEGER_MAX + 1) as f64 && reads_back(float) {
        Ok(float.to_string())
    } else {
        Err(refused())
    }
}

/// The plain JSON reader may miss the last bit of a long fraction; exact reading is a feature of it that would have to be
/// switched on for every crate of the program. A fraction it cannot read back is refused instead: seal it as text.
fn reads_back(float: f64) -> bool {
    serde_json::from_str::<f64>(&float.to_string()).is_ok_and(|read| read.to_bits() == float.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        String::from_utf8(to_bytes(&serde_json::from_str(json).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn follows_rfc_8785() {
        // §3.2.3: sorting by UTF-16 code units puts U+1F600 (D83D DE00) before U+FB33.
        let sorted =
            text("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,\"\\u00f6\":7}");
        assert_eq!(
            sorted,
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
        // §3.2.2.2 and appendix B.
        assert_eq!(
            text("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\""),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""
        );
        assert_eq!(text("[4.50, 2e-3, 2.75, -0.0, 1E2, 9007199254740991]"), "[4.5,0.002,2.75,0,100,9007199254740991]");
        assert_eq!(text("[null, true, false, {}, []]"), "[null,true,false,{},[]]");
    }

    proptest::proptest! {
        /// Written and read back, a number is the same number, and writes the same text.
        #[test]
        fn numbers_read_back_exactly(mantissa in -1_000_000_000_000_i64..1_000_000_000_000, shift in 0..14, any in proptest::num::f64::NORMAL) {
            let decimal = mantissa as f64 / 10_f64.powi(shift);
            for float in [decimal, any] {
                let Ok(written) = to_bytes(&Value::from(float)) else { continue };
                let read: Value = serde_json::from_slice(&written).unwrap();
                proptest::prop_assert_eq!(read.as_f64().unwrap(), float);
                proptest::prop_assert_eq!(to_bytes(&read).unwrap(), written);
            }
        }

        /// Scores and shares with a few decimals are never refused.
        #[test]
        fn short_decimals_can_be_sealed(thousandths in -10_000_000_i64..10_000_000) {
            proptest::prop_assert!(to_bytes(&Value::from(thousandths as f64 / 1000.0)).is_ok());
        }
    }

    #[test]
    fn refuses_what_readers_disagree_about() {
        for number in ["9007199254740992", "-9007199254740992", "18446744073709551615", "1e16", "1e21", "1e-7"] {
            assert!(to_bytes(&serde_json::from_str(number).unwrap()).is_err(), "{number}");
        }
        let deep = (0..40).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert_eq!(to_bytes(&deep), Err(CanonicalError::TooDeep));
    }
}
