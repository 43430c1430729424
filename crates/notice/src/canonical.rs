//! One spelling for one JSON value, and SHA-256 in hex: what hashes are made of.
//!
//! Keys sorted by bytes, no white space, strings as `serde_json` escapes them. It does not normalise numbers or Unicode.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The canonical spelling.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            // Sorted here, because the map keeps insertion order when some other crate turns that feature on.
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort();
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index != 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_value(out, &members[key]);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index != 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// SHA-256 over length-prefixed parts, in hex.
pub(crate) fn sha256_hex(parts: &[&[u8]]) -> String {
    hex(&sha256(parts))
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_of_keys_does_not_matter_and_order_of_items_does() {
        let left: Value = serde_json::from_str(r#"{"b":[1,2],"a":{"y":"é\n","x":null}}"#).unwrap();
        let right: Value = serde_json::from_str(r#"{"a":{"x":null,"y":"é\n"},"b":[1,2]}"#).unwrap();
        assert_eq!(canonical(&left), canonical(&right));
        assert_eq!(canonical(&left), "{\"a\":{\"x\":null,\"y\":\"é\\n\"},\"b\":[1,2]}");
        assert_ne!(canonical(&json!([1, 2])), canonical(&json!([2, 1])));
    }
}
