//! Writes the flat JSON object that rules see of a text line, straight into its bytes.
//!
//! Shared by the text formats. There is no tree in between: every line passes here, and a tree would cost ten times
//! the line. It neither sorts names nor looks for one that comes twice.

/// Room for a field's name and punctuation, so that the buffer rarely grows.
const NAME_BYTES_USUAL: usize = 16;

/// An object under construction: a comma before every member, the first of which becomes the brace.
#[derive(Debug)]
pub(super) struct Flat {
    out: Vec<u8>,
}

impl Flat {
    /// An object for about `fields` members out of a line of `line_bytes`.
    pub(super) fn new(fields: usize, line_bytes: usize) -> Self {
        Self { out: Vec::with_capacity(line_bytes + fields * NAME_BYTES_USUAL) }
    }

    /// A member that is text. `name` needs no escapes.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.string(value);
    }

    /// A member that is a whole number where its text is one that fits 64 bits, else text.
    pub(super) fn number(&mut self, name: &str, value: &str) {
        self.name(name);
        if is_plain_number(value) {
            self.out.extend_from_slice(value.as_bytes());
        } else if let Ok(number) = value.parse::<i64>() {
            self.out.extend_from_slice(number.to_string().as_bytes());
        } else {
            self.string(value);
        }
    }

    /// A member whose value is already JSON. `name` needs no escapes.
    pub(super) fn json(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// The object's text.
    pub(super) fn finish(mut self) -> Vec<u8> {
        match self.out.first_mut() {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
        self.out
    }

    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn string(&mut self, value: &str) {
        let plain = value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        if plain {
            self.out.push(b'"');
            self.out.extend_from_slice(value.as_bytes());
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(serde_json::Value::from(value).to_string().as_bytes());
        }
    }
}

/// A number already spelled as JSON spells it.
fn is_plain_number(text: &str) -> bool {
    // Eighteen digits always fit 64 bits.
    const DIGITS_MAX: usize = 18;
    let leading_zero = text.len() > 1 && text.starts_with('0');
    (1..=DIGITS_MAX).contains(&text.len()) && !leading_zero && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn agrees_with_an_object_built_as_a_tree() {
        let values = [
            "",
            "0",
            "7",
            "007",
            "+5",
            "-5",
            "-0",
            "-",
            "1e3",
            "1.5",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "999999999999999999",
            "1000000000000000000",
            "OK",
            "a\"b",
            "a\\b",
            "\u{0}",
            "\u{1f}",
            "\u{7f}",
            "ä",
            "\u{2028}",
            "٣",
        ];
        for value in values {
            let mut flat = Flat::new(2, value.len());
            flat.number("n", value);
            flat.text("t", value);
            let mut tree = Map::new();
            tree.insert("n".to_owned(), value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from));
            tree.insert("t".to_owned(), Value::from(value));
            assert_eq!(String::from_utf8(flat.finish()).unwrap(), Value::from(tree).to_string());
        }
        assert_eq!(Flat::new(0, 0).finish(), b"{}");
    }
}
