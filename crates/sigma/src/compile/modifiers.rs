//! What the chain of modifiers behind a field name means as a whole, and which chains mean nothing.

use super::Complaint;
use crate::language::{Modifier, modifier_name};
use crate::predicate::number::Comparison;
use crate::predicate::pattern::Shape;
use crate::predicate::time::Part;

/// How the field's value relates to the rule's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Text(Shape),
    Regex,
    Cidr,
    Exists,
    Compare(Comparison),
    /// A part of a point in time, compared as a number.
    Time(Part, Comparison),
    /// The rule's value names another field.
    Field(Shape),
}

/// A change to the rule's value, in the order written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf16Le,
    Utf16Be,
    /// Little endian with a byte order mark.
    Utf16,
    Base64,
    Base64Offset,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) operator: Operator,
    pub(super) encodings: Vec<Encoding>,
    pub(super) windash: bool,
    pub(super) expand: bool,
    /// Values are linked with AND.
    pub(super) all: bool,
    pub(super) is_cased: bool,
    pub(super) is_negated: bool,
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_matches_newline: bool,
}

impl Chain {
    pub(super) fn read(modifiers: &[Modifier]) -> Result<Self, Complaint> {
        let mut chain = Self::empty();
        let mut operator: Option<(Modifier, Operator)> = None;
        let mut has_field_reference = false;
        for modifier in modifiers {
            if chain.take_flag(*modifier) {
                continue;
            }
            if *modifier == Modifier::FieldRef {
                has_field_reference = true;
                if let Some((earlier, _)) = operator {
                    return Err(conflict(earlier, *modifier));
                }
                continue;
            }
            let Some(found) = operator_of(*modifier) else { continue };
            if let (Some((_, Operator::Time(part, Comparison::Equal))), Operator::Compare(comparison)) =
                (operator, found)
            {
                operator = Some((*modifier, Operator::Time(part, comparison)));
                continue;
            }
            if let Some((earlier, _)) = operator {
                return Err(conflict(earlier, *modifier));
            }
            operator = Some((*modifier, found));
        }
        chain.operator = match (has_field_reference, operator) {
            (true, None) => Operator::Field(Shape::Whole),
            (true, Some((_, Operator::Text(shape)))) => Operator::Field(shape),
            (true, Some((modifier, _))) => return Err(conflict(Modifier::FieldRef, modifier)),
            (false, Some((_, operator))) => operator,
            (false, None) => Operator::Text(Shape::Whole),
        };
        chain.check(modifiers)?;
        Ok(chain)
    }

    fn empty() -> Self {
        Self {
            operator: Operator::Text(Shape::Whole),
            encodings: Vec::new(),
            windash: false,
            expand: false,
            all: false,
            is_cased: false,
            is_negated: false,
            ignore_case: false,
            multi_line: false,
            dot_matches_newline: false,
        }
    }

    fn take_flag(&mut self, modifier: Modifier) -> bool {
        match modifier {
            Modifier::All => self.all = true,
            Modifier::Cased => self.is_cased = true,
            Modifier::Neq => self.is_negated = true,
            Modifier::Expand => self.expand = true,
            Modifier::WindAsh => self.windash = true,
            Modifier::IgnoreCase => self.ignore_case = true,
            Modifier::Multiline => self.multi_line = true,
            Modifier::DotAll => self.dot_matches_newline = true,
            Modifier::Wide => self.encodings.push(Encoding::Utf16Le),
            Modifier::Utf16be => self.encodings.push(Encoding::Utf16Be),
            Modifier::Utf16 => self.encodings.push(Encoding::Utf16),
            Modifier::Base64 => self.encodings.push(Encoding::Base64),
            Modifier::Base64Offset => self.encodings.push(Encoding::Base64Offset),
            _ => return false,
        }
        true
    }

    fn check(&self, modifiers: &[Modifier]) -> Result<(), Complaint> {
        let is_text = matches!(self.operator, Operator::Text(_));
        let changes_text = !self.encodings.is_empty() || self.windash;
        if changes_text && !is_text {
            return Err(complain(modifiers, "encodings and `windash` change texts, but this compares something else"));
        }
        if self.expand && matches!(self.operator, Operator::Exists | Operator::Field(_) | Operator::Time(..)) {
            return Err(complain(modifiers, "`expand` has nothing to expand here"));
        }
        let has_flags = self.ignore_case || self.multi_line || self.dot_matches_newline;
        if has_flags && self.operator != Operator::Regex {
            return Err(complain(modifiers, "`i`, `m` and `s` belong to `re`")
                .help("texts ignore case unless `cased` is given"));
        }
        let wide = |encoding: &&Encoding| !matches!(encoding, Encoding::Base64 | Encoding::Base64Offset);
        if 1 < self.encodings.iter().filter(wide).count() {
            return Err(complain(modifiers, "only one UTF-16 encoding can be applied"));
        }
        let base64 = self.encodings.iter().filter(|encoding| !wide(encoding)).count();
        if 1 < base64 {
            return Err(complain(modifiers, "only one of `base64` and `base64offset` can be applied"));
        }
        Ok(())
    }
}

fn operator_of(modifier: Modifier) -> Option<Operator> {
    Some(match modifier {
        Modifier::Contains => Operator::Text(Shape::Contains),
        Modifier::StartsWith => Operator::Text(Shape::StartsWith),
        Modifier::EndsWith => Operator::Text(Shape::EndsWith),
        Modifier::Re => Operator::Regex,
        Modifier::Cidr => Operator::Cidr,
        Modifier::Exists => Operator::Exists,
        Modifier::Gt => Operator::Compare(Comparison::Greater),
        Modifier::Gte => Operator::Compare(Comparison::GreaterOrEqual),
        Modifier::Lt => Operator::Compare(Comparison::Less),
        Modifier::Lte => Operator::Compare(Comparison::LessOrEqual),
        Modifier::Minute => Operator::Time(Part::Minute, Comparison::Equal),
        Modifier::Hour => Operator::Time(Part::Hour, Comparison::Equal),
        Modifier::Day => Operator::Time(Part::Day, Comparison::Equal),
        Modifier::Week => Operator::Time(Part::Week, Comparison::Equal),
        Modifier::Month => Operator::Time(Part::Month, Comparison::Equal),
        Modifier::Year => Operator::Time(Part::Year, Comparison::Equal),
        _ => return None,
    })
}

fn conflict(first: Modifier, second: Modifier) -> Complaint {
    let (first, second) = (modifier_name(first), modifier_name(second));
    Complaint::new(format!("|{second}"), format!("`{first}` and `{second}` cannot be combined in this order")).help(
        "a field has one comparison; only `fieldref` may be followed by `contains`, `startswith` or `endswith`, and a \
             part of a time by `lt`, `lte`, `gt` or `gte`",
    )
}

fn complain(modifiers: &[Modifier], message: &str) -> Complaint {
    let spelled: String = modifiers.iter().map(|modifier| format!("|{}", modifier_name(*modifier))).collect();
    Complaint::new(spelled, message)
}
