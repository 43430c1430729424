//! Reading JSON records whose fields may have any type: borrowed, lenient about types, the last duplicate wins.
//!
//! `fields!` declares the members a format cares about; all others are skipped. A member of an unexpected type reads
//! as absent or `Other`, and the format decides whether it could do without.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Unreadable;

/// A member that should be plain: text, number or truth value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// An object or a list.
    Other,
}

impl Scalar<'_> {
    /// The text, when it is one and not empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Owned text; numbers and truth values are spelled out.
    pub(super) fn string(&self) -> Option<String> {
        match self {
            Scalar::Text(text) if !text.is_empty() => Some(text.clone().into_owned()),
            Scalar::Int(number) => Some(number.to_string()),
            Scalar::Float(number) => Some(number.to_string()),
            Scalar::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }

    /// A count: a number, a whole float (CloudTrail writes `5.0`), or digits in a string.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Scalar::Int(number) => u64::try_from(*number).ok(),
            Scalar::Float(number) => whole(*number),
            Scalar::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A truth value, also as text (`"true"`).
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Scalar::Bool(truth) => Some(*truth),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The text of a field that must be there.
    pub(super) fn required(&self, field: &str) -> Result<&str, Unreadable> {
        match self {
            Scalar::Absent => Err(Unreadable::missing(field)),
            Scalar::Text(text) if text.is_empty() => Err(Unreadable(format!("{field} is empty"))),
            Scalar::Text(text) => Ok(text),
            _ => Err(Unreadable(format!("{field} is not a string"))),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked in the same line")]
fn whole(number: f64) -> Option<u64> {
    // Above 2^53 a float no longer counts bytes exactly.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    (0.0..=EXACT_MAX).contains(&number).then(|| number.round() as u64)
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        // A count beyond i64 is nonsense in a log; it stays visible as a float.
        Ok(i64::try_from(number).map_or(Scalar::Other, Scalar::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(truth))
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }

    fn visit_none<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// A list of objects; anything else reads as an empty list.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The rest of a visitor that takes one shape only: any other plain value reads as `$default`.
macro_rules! other_values {
    ($value:ty, $default:expr) => {
        fn visit_str<E>(self, _: &str) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_i64<E>(self, _: i64) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_u64<E>(self, _: u64) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_f64<E>(self, _: f64) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_bool<E>(self, _: bool) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_unit<E>(self) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_none<E>(self) -> Result<$value, E> {
            Ok($default)
        }
    };
}
pub(super) use other_values;

/// Declares a struct of the members a format reads, with a lenient reader for it.
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($field:ident = $key:literal : $kind:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: $kind,)*
            marker: std::marker::PhantomData<&'a ()>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields<'a>(std::marker::PhantomData<$name<'a>>);

                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Fields<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut out = $name::default();
                        while let Some(key) = map.next_key::<$crate::format::json::Name<'de>>()? {
                            match key.0.as_ref() {
                                $($key => out.$field = map.next_value()?,)*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(out)
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                        Ok($name::default())
                    }

                    $crate::format::json::other_values!(Self::Value, $name::default());
                }

                deserializer.deserialize_any(Fields(std::marker::PhantomData))
            }
        }
    };
}
pub(super) use fields;

/// A member name, borrowed when it holds no escapes.
pub(super) struct Name<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
                let mut out = Vec::new();
                while let Some(element) = list.next_element()? {
                    out.push(element);
                }
                Ok(List(out))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(List::default())
            }

            other_values!(List<T>, List::default());
        }

        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}

/// A list of objects, or one object in its place; anything else reads as an empty list.
#[derive(Debug)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for EitherVisitor<T> {
            type Value = OneOrMore<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or an object")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMore<T>, A::Error> {
                let mut out = Vec::new();
                while let Some(element) = list.next_element()? {
                    out.push(element);
                }
                Ok(OneOrMore(out))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMore<T>, A::Error> {
                let one = T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(OneOrMore(vec![one]))
            }

            other_values!(OneOrMore<T>, OneOrMore::default());
        }

        deserializer.deserialize_any(EitherVisitor(std::marker::PhantomData))
    }
}

/// A member of any shape, kept as its text. Reads only through the fast parser.
#[derive(Debug, Default)]
pub(super) struct Raw<'a>(pub(super) Option<sonic_rs::LazyValue<'a>>);

impl Raw<'_> {
    /// The text, unless it is absent or null.
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_ref().map(sonic_rs::LazyValue::as_raw_str).filter(|text| *text != "null")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        sonic_rs::LazyValue::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

/// Parses a record that must be an object.
pub(super) fn parse<'a, T: Deserialize<'a>>(raw: &'a [u8]) -> Result<T, Unreadable> {
    let first = raw.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(Unreadable("record is not a JSON object".to_owned()));
    }
    // Checked before parsing: the parser hands out text of skipped values without looking at it again.
    let text = std::str::from_utf8(raw).map_err(|error| {
        let offset = error.valid_up_to();
        Unreadable(format!("record is not valid UTF-8 (byte {offset})"))
    })?;
    parse_text(text)
}

/// The same for text cut out of a record.
pub(super) fn parse_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    // The parser's message shows a picture of the place; the offset says enough and quotes no content.
    sonic_rs::from_str(text).map_err(|error| Unreadable(format!("record is not valid JSON (byte {})", error.offset())))
}
