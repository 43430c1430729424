//! Opening what was touched and counting the people in it: each once, however many objects name them.
//!
//! Values are hashed as they are read; nothing personal is kept. One salt an incident lets objects be united.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use classify::{Classifier, Options, Scan, SubjectSet, TableScanner};

use super::traces::Traces;
use super::{ExposedObject, Exposure};
use crate::config::{Objects, Register};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;

/// Files one pattern may name.
const FILES_A_PATTERN_MAX: usize = 10_000;

/// What is gathered while objects are opened.
struct Gathered<'a> {
    classifier: &'a Classifier,
    options: Options,
    subjects: SubjectSet,
    exposure: Exposure,
}

pub(super) fn count(instance: &Instance, traces: &Traces) -> Result<Exposure, Failure> {
    let files: Vec<(&str, &str)> = instance.content.below("identifiers").collect();
    let (classifier, _) = Classifier::new(&files);
    let mut salt = [0_u8; 32];
    getrandom::fill(&mut salt).map_err(|error| Failure::failed(format!("failed to make a salt: {error}")))?;
    let options = Options { salt, ..Options::default() };
    let mut gathered = Gathered {
        classifier: &classifier,
        subjects: SubjectSet::with_limit(options.subject_keys_max),
        options,
        exposure: Exposure { events: traces.events, ..Exposure::default() },
    };
    let objects = &instance.config.objects;
    match &objects.root {
        None if !traces.objects.is_empty() || !traces.people.is_empty() => {
            gathered.exposure.not_opened.push("no [objects] root is configured".to_owned());
        }
        None => {}
        Some(root) => {
            for (pattern, reads) in &traces.objects {
                gathered.open(root, pattern, *reads, objects)?;
            }
            for (service, people) in &traces.people {
                gathered.look_up(root, service, people, objects)?;
            }
        }
    }
    for (service, texts) in &traces.texts {
        gathered.read_texts(service, texts)?;
    }
    Ok(gathered.finish(traces.unnamed_records))
}

impl Gathered<'_> {
    /// Every file a path or pattern names.
    fn open(&mut self, root: &Path, pattern: &str, reads: u64, objects: &Objects) -> Result<(), Failure> {
        let found = expand(root, pattern);
        if found.is_empty() {
            self.exposure.not_opened.push(pattern.to_owned());
        }
        for path in found {
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let file = File::open(&path).or_fail(format!("failed to open the exposed object `{shown}`"))?;
            match self.classifier.scan(&shown, BufReader::new(file), &self.options) {
                Ok(scan) => {
                    self.customers_of(&path, objects, None);
                    let object = ExposedObject { uri: shown.clone(), path: Some(shown), records: scan.records, reads };
                    self.take(scan, object);
                }
                Err(error) => self.exposure.not_opened.push(format!("{shown}: {error}")),
            }
        }
        Ok(())
    }

    /// People whom a log names by id: their rows of the register.
    fn look_up(&mut self, root: &Path, service: &str, people: &BTreeSet<String>, objects: &Objects) -> Result<(), Failure> {
        if people.is_empty() {
            return Ok(());
        }
        let Some(register) = objects.register.iter().find(|register| register.service.iter().any(|name| name == service)) else {
            self.exposure.not_opened.push(format!("{} people of `{service}`: no register is configured", people.len()));
            return Ok(());
        };
        let path = root.join(&register.path);
        let scan = self.scan_rows(&path, register, people)?;
        let missing = people.len() as u64 - scan.records.min(people.len() as u64);
        if 0 < missing {
            self.exposure.not_opened.push(format!("{missing} people of `{service}` are not in `{}`", register.path));
        }
        self.customers_of(&path, objects, Some((register, people)));
        let object = ExposedObject { uri: format!("rows of {}", register.path), path: None, records: scan.records, reads: 1 };
        self.take(scan, object);
        Ok(())
    }

    fn scan_rows(&self, path: &Path, register: &Register, people: &BTreeSet<String>) -> Result<Scan, Failure> {
        let doing = format!("failed to read the register `{}`", register.path);
        let mut reader = csv::Reader::from_path(path).or_fail(&doing)?;
        let headers = reader.headers().or_fail(&doing)?.clone();
        let key = headers.iter().position(|name| name == register.key);
        let key = key.ok_or_else(|| Failure::usage(format!("{doing}: it has no column `{}`", register.key)))?;
        let mut table = TableScanner::new(self.classifier, &self.options);
        let columns: Vec<Option<usize>> = headers.iter().map(|name| table.column(name)).collect();
        for record in reader.records() {
            let record = record.or_fail(&doing)?;
            if record.get(key).is_some_and(|id| people.contains(id)) {
                let cells: Vec<(usize, &str)> =
                    columns.iter().zip(&record).filter_map(|(column, value)| Some(((*column)?, value))).collect();
                table.row(&cells);
            }
        }
        Ok(table.finish("csv"))
    }

    /// Log records that hold the data themselves: their elements count, and people they name in full.
    fn read_texts(&mut self, service: &str, texts: &[String]) -> Result<(), Failure> {
        let joined = texts.join("\n");
        let scan = self.classifier.scan_jsonl(joined.as_bytes(), &self.options).or_fail("failed to read log records")?;
        let records = texts.len() as u64;
        let object = ExposedObject { uri: format!("log of {service}"), path: None, records, reads: records };
        self.take(scan, object);
        Ok(())
    }

    fn take(&mut self, scan: Scan, object: ExposedObject) {
        self.exposure.elements.extend(scan.verdict.elements());
        self.subjects.unite(&scan.subjects);
        self.exposure.objects.push(object);
    }

    /// Distinct values of the column that names customers.
    fn customers_of(&mut self, path: &Path, objects: &Objects, rows: Option<(&Register, &BTreeSet<String>)>) {
        let Some(column) = &objects.customer_column else { return };
        let Ok(mut reader) = csv::Reader::from_path(path) else { return };
        let Ok(headers) = reader.headers().cloned() else { return };
        let Some(place) = headers.iter().position(|name| name == column) else { return };
        let key = rows.and_then(|(register, people)| Some((headers.iter().position(|name| name == register.key)?, people)));
        for record in reader.records().flatten() {
            let wanted = key.is_none_or(|(key, people)| record.get(key).is_some_and(|id| people.contains(id)));
            if wanted && let Some(name) = record.get(place).filter(|name| !name.is_empty()) {
                self.exposure.customers.insert(name.to_owned());
            }
        }
    }

    fn finish(self, unnamed_records: u64) -> Exposure {
        let counted = self.subjects.counts();
        let mut exposure = self.exposure;
        exposure.subjects = counted.distinct_at_least;
        exposure.residency = counted.by_residency.into_iter().collect::<BTreeMap<_, _>>();
        exposure.subjects_at_most = (counted.distinct_at_least < unnamed_records).then_some(unnamed_records);
        exposure.objects.sort_by(|a, b| a.uri.cmp(&b.uri));
        exposure
    }
}

/// Files below the root that a pattern names, sorted. A pattern cannot climb out of the root.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    if Path::new(pattern).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Vec::new();
    }
    if !pattern.contains('*') {
        return Some(root.join(pattern)).filter(|path| path.is_file()).into_iter().collect();
    }
    let full = format!("{}/{pattern}", glob::Pattern::escape(&root.display().to_string()));
    let mut found: Vec<PathBuf> = glob::glob(&full).into_iter().flatten().flatten().filter(|path| path.is_file()).collect();
    found.sort();
    found.truncate(FILES_A_PATTERN_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_cannot_climb_out() {
        assert!(expand(Path::new("/tmp"), "../etc/passwd").is_empty());
        assert!(expand(Path::new("/tmp"), "/etc/passwd").is_empty());
    }
}
