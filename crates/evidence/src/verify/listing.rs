//! Populations: asks the sealed entries the certificate's question again and compares with the listing, row by row. A row that
//! was left out, added, moved or reworded has a name and a line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};

use super::bundle::Expected;
use super::report::{FaultKind, PopulationChecked, Report};
use super::source::Source;
use crate::hash::Hash;
use crate::pack::Manifest;
use crate::pack::names::{CERTIFICATE_END, LISTING_END, POPULATIONS_PREFIX, certificate_of, is_plain_name, listing_of};
use crate::population::{CERTIFICATE_VERSION, Certificate, FindingRow, Form, Matcher, Place, Row, finding_set};

const CERTIFICATE_BYTES_MAX: usize = 1 << 20;
/// Different questions in one pack; each is asked of every entry.
const POPULATIONS_MAX: usize = 256;
/// A row repeats an entry of less than 64 KiB and adds attributes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// A certificate that can be asked again.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) certificate: Certificate,
    pub(super) matcher: Matcher,
}

/// The certificates of a pack; what cannot be asked is a fault.
pub(super) fn certificates(source: &Source, report: &mut Report) -> Vec<Asked> {
    let mut asked = Vec::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for file in source.names_below(POPULATIONS_PREFIX) {
        let name = file.strip_suffix(CERTIFICATE_END).or_else(|| file.strip_suffix(LISTING_END));
        match name.filter(|name| is_plain_name(name)) {
            Some(name) => drop(names.insert(name)),
            None => report.fault(
                FaultKind::Unexpected,
                format!("{POPULATIONS_PREFIX}{file}"),
                "it is neither listing nor certificate",
            ),
        }
    }
    if POPULATIONS_MAX < names.len() {
        report.fault(
            FaultKind::LimitExceeded,
            POPULATIONS_PREFIX,
            "there are more than 256 populations; the others were not checked",
        );
    }
    for name in names.into_iter().take(POPULATIONS_MAX) {
        match certificate(source, name) {
            Ok(one) => asked.push(one),
            Err(detail) => report.fault(FaultKind::CertificateWrong, certificate_of(name), detail),
        }
    }
    asked
}

fn certificate(source: &Source, name: &str) -> Result<Asked, String> {
    let bytes = source.read(&certificate_of(name), CERTIFICATE_BYTES_MAX)?;
    let certificate: Certificate = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if certificate.v != CERTIFICATE_VERSION || certificate.name != name {
        return Err(format!("it is version {} for `{}`", certificate.v, certificate.name));
    }
    let matcher = certificate.query.compile().map_err(|error| error.to_string())?;
    Ok(Asked { certificate, matcher })
}

/// Compares a listing and its certificate with what the entries say. Returns the ids of the rows, for the samples.
pub(super) fn check(
    source: &Source,
    certificate: &Certificate,
    expected: &[Expected],
    manifest: Option<&Manifest>,
    report: &mut Report,
) -> Vec<String> {
    let rows = match certificate.form {
        Form::Entries => check_entries(source, certificate, expected, report),
        Form::FindingSet => check_findings(source, certificate, expected, report),
    };
    check_certificate(certificate, rows.len() as u64, expected, manifest, report);
    report.populations.push(PopulationChecked {
        name: certificate.name.clone(),
        rows: rows.len() as u64,
        replayed: report.entries,
    });
    rows
}

fn check_certificate(
    certificate: &Certificate,
    rows: u64,
    expected: &[Expected],
    manifest: Option<&Manifest>,
    report: &mut Report,
) {
    let place = certificate_of(&certificate.name);
    let mut wrong = |detail: String| report.fault(FaultKind::CertificateWrong, &place, detail);
    if certificate.rows != rows {
        wrong(format!("it certifies {} rows, the listing has {rows}", certificate.rows));
    }
    if manifest.is_some_and(|manifest| manifest.tree != certificate.tree) {
        wrong("it was made for another checkpoint than the one in the pack".to_owned());
    }
    if certificate.replayed != certificate.tree.size {
        wrong(format!("it asked {} entries of {}", certificate.replayed, certificate.tree.size));
    }
    let place_of = |row: &Expected| Place { index: row.index, id: row.id.clone(), at: row.at.clone() };
    if certificate.first != expected.first().map(place_of) || certificate.last != expected.last().map(place_of) {
        wrong("its first or last row is not that of the sealed entries".to_owned());
    }
}

fn check_entries(
    source: &Source,
    certificate: &Certificate,
    expected: &[Expected],
    report: &mut Report,
) -> Vec<String> {
    let listing = listing_of(&certificate.name);
    let sealed: BTreeMap<u64, &Expected> = expected.iter().map(|row| (row.index, row)).collect();
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    let mut ids = Vec::new();
    let mut last = None;
    let read = for_each_line(source, &listing, |line, text| {
        let place = format!("{listing}, line {line}");
        let row: Row = match serde_json::from_slice(text) {
            Ok(row) => row,
            Err(error) => return report.fault(FaultKind::RowChanged, place, format!("it is no row: {error}")),
        };
        match sealed.get(&row.index) {
            None => {
                let detail = format!("`{}` (entry {}) is not in the population the entries give", row.id, row.index);
                report.fault(FaultKind::RowAdded, place, detail);
            }
            Some(_) if !seen.insert(row.index) => {
                report.fault(FaultKind::RowAdded, place, format!("`{}` (entry {}) is listed twice", row.id, row.index));
            }
            Some(entry) if row.sealed_digest().is_none() || row.sealed_digest() != entry.sealed => {
                let detail = format!("`{}` does not say what entry {} sealed", row.id, row.index);
                report.fault(FaultKind::RowChanged, place, detail);
            }
            Some(_) if Some(row.index) < last => {
                report.fault(
                    FaultKind::RowMoved,
                    place,
                    format!("`{}` (entry {}) stands after entry {}", row.id, row.index, last.unwrap_or(0)),
                );
            }
            Some(_) => {}
        }
        last = last.max(Some(row.index));
        ids.push(row.id);
    });
    if let Err(detail) = read {
        report.fault(FaultKind::MemberChanged, &listing, detail);
    }
    for missing in expected.iter().filter(|row| !seen.contains(&row.index)) {
        let detail = format!(
            "`{}` (entry {}, {}) belongs to the population and is not listed",
            missing.id, missing.index, missing.at
        );
        report.fault(FaultKind::RowRemoved, &listing, detail);
    }
    ids
}

/// Rows of one batch, gathered to recompute its root.
#[derive(Default)]
struct Batch {
    ids: Vec<String>,
    first_line: u64,
}

fn check_findings(
    source: &Source,
    certificate: &Certificate,
    expected: &[Expected],
    report: &mut Report,
) -> Vec<String> {
    let listing = listing_of(&certificate.name);
    let mut batches: BTreeMap<u64, Batch> = BTreeMap::new();
    let mut ids = Vec::new();
    let mut last: Option<(u64, String)> = None;
    let read = for_each_line(source, &listing, |line, text| {
        let place = format!("{listing}, line {line}");
        let row: FindingRow = match serde_json::from_slice(text) {
            Ok(row) => row,
            Err(error) => return report.fault(FaultKind::RowChanged, place, format!("it is no row: {error}")),
        };
        let this = (row.batch, row.id.clone());
        match &last {
            Some(before) if *before == this => {
                report.fault(FaultKind::RowAdded, place, format!("finding `{}` is listed twice", row.id))
            }
            Some(before) if this < *before => {
                report.fault(FaultKind::RowMoved, place, format!("finding `{}` is out of order", row.id))
            }
            _ => {}
        }
        let batch = batches.entry(row.batch).or_insert_with(|| Batch { first_line: line, ..Batch::default() });
        batch.ids.push(row.id.clone());
        ids.push(row.id);
        last = Some(this);
    });
    if let Err(detail) = read {
        report.fault(FaultKind::MemberChanged, &listing, detail);
    }
    for sealed in expected {
        check_batch(&listing, sealed, &batches.remove(&sealed.index).unwrap_or_default(), report);
    }
    for (index, batch) in batches {
        let place = format!("{listing}, line {}", batch.first_line);
        report.fault(FaultKind::RowAdded, place, format!("entry {index} is no batch of this population"));
    }
    ids
}

fn check_batch(listing: &str, sealed: &Expected, batch: &Batch, report: &mut Report) {
    let place = format!("{listing}, batch entry {}", sealed.index);
    let Some(findings) = sealed.findings else {
        return report.fault(FaultKind::EntryUnreadable, place, "the entry has no findings_root and findings_count");
    };
    let rows = batch.ids.len() as u64;
    let listed: (Hash, u64) = {
        let set = finding_set(batch.ids.iter().map(String::as_str));
        (set.root, rows)
    };
    if listed == (findings.root, findings.count) {
        return;
    }
    let (kind, detail) = match rows.cmp(&findings.count) {
        std::cmp::Ordering::Less => {
            (FaultKind::RowRemoved, format!("{} findings were sealed, {rows} are listed", findings.count))
        }
        std::cmp::Ordering::Greater => {
            (FaultKind::RowAdded, format!("{} findings were sealed, {rows} are listed", findings.count))
        }
        std::cmp::Ordering::Equal => {
            (FaultKind::RowChanged, format!("the {rows} findings listed are not the ones that were sealed"))
        }
    };
    report.fault(kind, place, detail);
}

fn for_each_line(source: &Source, name: &str, mut f: impl FnMut(u64, &[u8])) -> Result<(), String> {
    source.with_reader(name, |reader| {
        let mut reader = BufReader::with_capacity(128 * 1024, reader);
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            let read = reader.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut text);
            if read.map_err(|error| error.to_string())? == 0 {
                break;
            }
            if text.pop_if(|last| *last == b'\n').is_none() {
                return Err(format!("line {line} is cut off or longer than 1 MiB"));
            }
            f(line, &text);
        }
        Ok(())
    })
}
