//! Comma, semicolon, tab or bar separated tables with a header line.

use std::io::{BufRead as _, BufReader, Read};

use super::{Options, Scan, ScanError, TableScanner};
use crate::Classifier;

/// Bytes of the first line looked at to find the separator.
const SNIFF_BYTES: usize = 64 * 1024;

impl Classifier {
    /// Scans a delimited table; its first record is the header. Bytes that are not UTF-8 are replaced.
    pub fn scan_csv(&self, reader: impl Read, options: &Options) -> Result<Scan, ScanError> {
        let mut reader = BufReader::with_capacity(SNIFF_BYTES, reader);
        let delimiter = delimiter(reader.fill_buf()?);
        let mut csv =
            ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(true).from_reader(reader);
        let mut scanner = TableScanner::new(self, options);
        let fail = |record: u64, error: &::csv::Error| ScanError::Csv { record, reason: error.to_string() };
        let header = csv.byte_headers().map_err(|error| fail(0, &error))?.clone();
        let places: Vec<Option<usize>> = header
            .iter()
            .map(|name| scanner.column(String::from_utf8_lossy(name).trim().trim_start_matches('\u{feff}')))
            .collect();
        let mut record = ::csv::ByteRecord::new();
        while !scanner.is_full() && csv.read_byte_record(&mut record).map_err(|error| fail(scanner.records, &error))? {
            let decoded: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
            let cells: Vec<(usize, &str)> =
                places.iter().zip(&decoded).filter_map(|(place, value)| Some(((*place)?, value.as_ref()))).collect();
            scanner.row(&cells);
        }
        Ok(scanner.finish("csv"))
    }
}

/// The separator that stands most often in the first line.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |mark: u8| line.iter().filter(|byte| **byte == mark).count();
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|mark| count(*mark)).unwrap_or(b',')
}
