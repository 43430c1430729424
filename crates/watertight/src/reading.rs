//! Understanding stored records again: which decoder a raw record needs.
//!
//! For what looks at the lake's records as the flow did: backtests, and baselines that learn again.
//!
//! Most records say everything themselves. A line of a flow log needs the header of its file, which the entry of its batch has.

use std::collections::{BTreeMap, HashMap};

use ingest::{Decoder, Format};

use crate::exit::{Failure, OrFail as _};
use crate::store::Store;

/// Decoders by format, and those of flow logs by batch.
#[derive(Debug)]
pub(crate) struct Reading {
    plain: Vec<(Format, Decoder)>,
    /// By source and batch number: the number of columns and the place among `flow`.
    of_batch: BTreeMap<(String, i64), Vec<(usize, usize)>>,
    flow: Vec<Decoder>,
}

impl Reading {
    pub(crate) async fn open(store: &Store) -> Result<Self, Failure> {
        let (mut flow, mut known) = (Vec::new(), HashMap::new());
        let mut of_batch = BTreeMap::new();
        for (batch, headers) in store.batch_columns().await.or_fail("failed to read the columns of flow logs")? {
            let mut places = Vec::new();
            for header in headers {
                let columns = header.split(' ').count();
                let place = *known.entry(header).or_insert_with_key(|header| {
                    flow.push(Decoder::with_columns(header));
                    flow.len() - 1
                });
                places.push((columns, place));
            }
            of_batch.insert(batch, places);
        }
        let plain = Format::ALL.into_iter().map(|format| (format, Decoder::new(format))).collect();
        Ok(Self { plain, of_batch, flow })
    }

    /// The decoder of a record. `None` for a flow log line that fits two headers of its batch: a guess could swap addresses.
    pub(crate) fn decoder(&self, format: Format, batch: (&str, i64), raw: &str) -> Option<&Decoder> {
        let plain = || self.plain.iter().find(|(known, _)| *known == format).map(|(_, decoder)| decoder);
        if format != Format::VpcFlow {
            return plain();
        }
        // A row that is an object names its columns itself.
        if raw.starts_with('{') {
            return plain();
        }
        let Some(places) = self.of_batch.get(&(batch.0.to_owned(), batch.1)) else { return plain() };
        let values = values(raw);
        let mut fitting = places.iter().filter(|(columns, _)| *columns == values);
        match (fitting.next(), fitting.next()) {
            (Some((_, place)), None) => self.flow.get(*place),
            (None, _) => plain(),
            (Some(_), Some(_)) => None,
        }
    }
}

/// How many values a line of a flow log has, with white space between or, as a row of a table, commas.
fn values(line: &str) -> usize {
    if line.contains(',') && !line.contains(' ') {
        return line.split(',').count();
    }
    line.split_ascii_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_stand_between_spaces_or_commas() {
        let lines =
            [("5 eni-1 - 7", 4), ("5 eni-1  7\n", 3), ("5,eni-1,-,7", 4), ("5,,,7\r\n", 4), ("5 a,b 7", 3), ("", 0)];
        for (line, count) in lines {
            assert_eq!(values(line), count, "{line:?}");
        }
    }
}
