//! Answers `fieldref`: whether a text of one field relates to a text of another. What one record may cost is bounded here, by
//! pairs of texts and by the bytes that are read to compare them.

use std::sync::Arc;

use crate::error::{RecordError, RecordFault};
use crate::fields::NodeId;
use crate::matcher::Evaluation;
use crate::predicate::fold;
use crate::predicate::pattern::Shape;
use crate::record::{Value, text};

/// Pairs of texts that `fieldref` may compare in one record. Real ones need a handful; two long lists in a hostile one would
/// take hours.
const PAIRS_MAX: u64 = 1 << 22;

/// Bytes of texts that those pairs may have together: 256 MiB are read in a second at worst, and are 256 names looked for in a
/// text of 1 MiB. Pairs alone would allow four million of such texts.
const COMPARED_BYTES_MAX: u64 = 1 << 28;

/// What `fieldref` did in the present record.
#[derive(Debug, Default)]
pub(crate) struct References {
    spent: Spent,
    /// The texts of the fields named, ready to be compared: members of a list ask for the same ones, one after the other.
    named: Vec<Named>,
}

#[derive(Debug)]
struct Named {
    field: NodeId,
    is_cased: bool,
    texts: Arc<[Vec<u8>]>,
}

#[derive(Debug, Default)]
struct Spent {
    pairs: u64,
    bytes: u64,
}

impl References {
    pub(crate) fn next_record(&mut self) {
        self.spent = Spent::default();
        self.named.clear();
    }
}

impl Spent {
    /// Counts one comparison, before it is made.
    fn note(&mut self, bytes: usize) -> Result<(), RecordError> {
        self.pairs += 1;
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if PAIRS_MAX < self.pairs || COMPARED_BYTES_MAX < self.bytes {
            return Err(RecordError::at(0, RecordFault::TooManyComparisons));
        }
        Ok(())
    }

    fn any_relates(&mut self, texts: &[Vec<u8>], parts: &[Vec<u8>], shape: Shape) -> Result<bool, RecordError> {
        for text in texts {
            for part in parts {
                self.note(shape.bytes_read(text, part))?;
                if shape.relates(text, part) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Evaluation<'_> {
    /// Whether one of these values relates to some text of `other`, of the whole record.
    pub(crate) fn relates(
        &mut self,
        values: &[Value],
        other: NodeId,
        shape: Shape,
        is_cased: bool,
    ) -> Result<bool, RecordError> {
        let parts = self.named_texts(other, is_cased)?;
        let texts = self.texts(values, is_cased)?;
        self.state.references.spent.any_relates(&texts, &parts, shape)
    }

    /// The texts of a field that some `fieldref` names, read once in a record.
    fn named_texts(&mut self, field: NodeId, is_cased: bool) -> Result<Arc<[Vec<u8>]>, RecordError> {
        let mut named = self.state.references.named.iter();
        if let Some(named) = named.find(|named| named.field == field && named.is_cased == is_cased) {
            return Ok(Arc::clone(&named.texts));
        }
        self.complete(field)?;
        let values = self.state.values.of(field).to_vec();
        let texts: Arc<[Vec<u8>]> = self.texts(&values, is_cased)?.into();
        self.state.references.named.push(Named { field, is_cased, texts: Arc::clone(&texts) });
        Ok(texts)
    }

    fn texts(&mut self, values: &[Value], is_cased: bool) -> Result<Vec<Vec<u8>>, RecordError> {
        let (index, buffers) = (&self.state.index, &mut self.state.buffers);
        let mut texts = Vec::new();
        for value in values {
            if let Some(text) = text::of(value, self.record, index.has_escapes, &mut buffers.text)? {
                texts.push(if is_cased { text.to_vec() } else { fold(text, &mut buffers.folded).to_vec() });
            }
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPARED_BYTES_MAX, PAIRS_MAX, Shape, Spent};
    use crate::error::RecordFault;

    #[test]
    fn pairs_and_bytes_have_an_end() {
        let fault = |mut spent: Spent, bytes| spent.note(bytes).map_err(|error| error.reason);
        let all_but = |pairs: u64, bytes: u64| Spent { pairs: PAIRS_MAX - pairs, bytes: COMPARED_BYTES_MAX - bytes };
        assert_eq!(fault(all_but(1, 7), 7), Ok(()));
        assert_eq!(fault(all_but(0, 7), 7), Err(RecordFault::TooManyComparisons));
        assert_eq!(fault(all_but(1, 7), 8), Err(RecordFault::TooManyComparisons));
        assert_eq!(fault(all_but(1, 7), usize::MAX), Err(RecordFault::TooManyComparisons));
    }

    #[test]
    fn only_bytes_that_are_read_are_counted() {
        let (texts, parts) = ([b"abc".to_vec(), b"abcdef".to_vec()], [b"xxxxx".to_vec(), b"yyy".to_vec()]);
        // Of the first text the long part is not looked for: it cannot be there.
        for (shape, bytes) in [
            (Shape::Contains, 6 + 11 + 9),
            (Shape::StartsWith, 3 + 5 + 3),
            (Shape::EndsWith, 3 + 5 + 3),
            (Shape::Whole, 3),
        ] {
            let mut spent = Spent::default();
            assert!(!spent.any_relates(&texts, &parts, shape).unwrap());
            assert_eq!((spent.pairs, spent.bytes), (4, bytes), "{shape:?}");
        }
    }
}
