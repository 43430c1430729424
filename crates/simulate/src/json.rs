//! JSON with the key order of the writer, because vendors' files have one and byte-true output needs it.
//!
//! `j!` builds, `J::write` prints. It does not parse; that is for the readers.

use std::borrow::Cow;
use std::fmt::Write as _;

/// An ordered JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum J {
    Null,
    Bool(bool),
    Int(i64),
    /// A number printed with one decimal: tenths.
    Tenths(i64),
    Str(Cow<'static, str>),
    Arr(Vec<Self>),
    Obj(Vec<(Cow<'static, str>, Self)>),
}

impl J {
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Int(n) => push(out, format_args!("{n}")),
            Self::Tenths(n) => push(out, format_args!("{}.{}", n / 10, (n % 10).abs())),
            Self::Str(s) => write_str(s, out),
            Self::Arr(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Obj(fields) => {
                out.push('{');
                for (i, (key, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_str(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = String::with_capacity(512);
        self.write(&mut out);
        out
    }

    /// Adds a field; only objects have fields.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Self>) {
        debug_assert!(matches!(self, Self::Obj(_)), "set on something that is no object");
        if let Self::Obj(fields) = self {
            fields.push((Cow::Borrowed(key), value.into()));
        }
    }
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    out.write_fmt(args).unwrap_or_default();
}

fn write_str(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => push(out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

impl From<&str> for J {
    fn from(s: &str) -> Self {
        Self::Str(Cow::Owned(s.to_owned()))
    }
}
impl From<&String> for J {
    fn from(s: &String) -> Self {
        Self::Str(Cow::Owned(s.clone()))
    }
}
impl From<String> for J {
    fn from(s: String) -> Self {
        Self::Str(Cow::Owned(s))
    }
}
impl From<bool> for J {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i64> for J {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}
impl From<i32> for J {
    fn from(n: i32) -> Self {
        Self::Int(i64::from(n))
    }
}
impl From<u32> for J {
    fn from(n: u32) -> Self {
        Self::Int(i64::from(n))
    }
}
impl From<u64> for J {
    fn from(n: u64) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}
impl From<usize> for J {
    fn from(n: usize) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}
impl From<Vec<Self>> for J {
    fn from(items: Vec<Self>) -> Self {
        Self::Arr(items)
    }
}
impl<T: Into<Self>> From<Option<T>> for J {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Builds a `J`: `j!({"a": 1, "b": [x, "y"], "c": (expression.with(calls))})`.
/// A value is one token tree, so longer expressions stand in parentheses.
macro_rules! j {
    (null) => { $crate::json::J::Null };
    ({ $($key:literal : $value:tt),* $(,)? }) => {
        $crate::json::J::Obj(vec![ $( (std::borrow::Cow::Borrowed($key), $crate::json::j!($value)) ),* ])
    };
    ([ $($value:tt),* $(,)? ]) => { $crate::json::J::Arr(vec![ $( $crate::json::j!($value) ),* ]) };
    ($value:expr) => { $crate::json::J::from($value) };
}
pub(crate) use j;

#[cfg(test)]
mod tests {
    use super::J;

    #[test]
    fn prints_in_the_order_written_and_escapes_hostile_text() {
        let value = j!({"b": 1, "a": [null, true, "x\"\\\n\u{1}é"], "c": {}, "d": (J::Tenths(15))});
        let text = value.text();
        assert_eq!(text, "{\"b\":1,\"a\":[null,true,\"x\\\"\\\\\\n\\u0001é\"],\"c\":{},\"d\":1.5}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
