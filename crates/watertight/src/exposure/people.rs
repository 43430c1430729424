//! Opening what was touched and counting the people in it: each once, however many objects name them.
//!
//! Values are hashed as they are read; nothing personal is kept. One salt an incident lets objects be united.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use classify::{Classifier, Options, Scan, SubjectSet, TableScanner};

use super::traces::Traces;
use super::{ExposedObject, Exposure, customers};
use crate::config::{Objects, Register};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;

/// Medium confidence and up, as a verdict counts it.
const SCORE_LIKELY: f32 = 0.65;

/// Files one pattern may name.
const FILES_A_PATTERN_MAX: usize = 10_000;

/// What is gathered while objects are opened.
struct Gathered<'a> {
    classifier: &'a Classifier,
    options: Options,
    subjects: SubjectSet,
    exposure: Exposure,
    customers: customers::Directory,
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
        exposure: Exposure {
            events: traces.events,
            event_uids: traces.event_uids,
            not_opened: traces.not_read.clone(),
            assumptions: traces.assumptions.clone(),
            ..Exposure::default()
        },
        customers: customers::Directory::default(),
    };
    let objects = &instance.config.objects;
    match &objects.root {
        None if !traces.objects.is_empty() || !traces.people.is_empty() => {
            gathered.exposure.not_opened.push("no [objects] root is configured".to_owned());
        }
        None => {}
        Some(root) => {
            gathered.customers = customers::Directory::read(root, objects);
            for (pattern, reads) in &traces.objects {
                gathered.open(root, pattern, *reads, objects);
            }
        }
    }
    let mut people = traces.people.clone();
    for (service, texts) in &traces.texts {
        // People whom the log does not name by id may be named in its text by their mail address.
        let addresses = gathered.read_texts(service, texts)?;
        if !people.contains_key(service) {
            people.insert(service.clone(), addresses);
        }
    }
    if let Some(root) = &objects.root {
        for (service, people) in &people {
            gathered.look_up(root, service, people, objects, traces.texts.contains_key(service))?;
        }
    }
    Ok(gathered.finish(traces.unnamed_records))
}

impl Gathered<'_> {
    /// Every file a path or pattern names.
    fn open(&mut self, root: &Path, pattern: &str, reads: u64, objects: &Objects) {
        let found = expand(root, pattern);
        if found.is_empty() {
            self.exposure.not_opened.push(pattern.to_owned());
        }
        for path in found {
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) => {
                    self.exposure.not_opened.push(format!("{shown}: {error}"));
                    continue;
                }
            };
            match self.classifier.scan(&shown, BufReader::new(file), &self.options) {
                Ok(scan) => {
                    self.exposure.customers.extend(self.customers.of_file(&path, objects));
                    let object = ExposedObject { uri: shown.clone(), path: Some(shown), records: scan.records, reads };
                    self.take(&scan, object);
                }
                Err(error) => self.exposure.not_opened.push(format!("{shown}: {error}")),
            }
        }
    }

    /// People whom a log names by id: their rows of the register.
    /// Where the log itself held the data (`in_text`), the register only says where they live; else the whole row got out.
    fn look_up(
        &mut self,
        root: &Path,
        service: &str,
        people: &BTreeSet<String>,
        objects: &Objects,
        in_text: bool,
    ) -> Result<(), Failure> {
        if people.is_empty() {
            return Ok(());
        }
        let Some(register) =
            objects.register.iter().find(|register| register.service.iter().any(|name| name == service))
        else {
            self.exposure.not_opened.push(format!("{} people of `{service}`: no register is configured", people.len()));
            return Ok(());
        };
        let path = root.join(&register.path);
        let scan = self.scan_rows(&path, register, people)?;
        let missing = people.len() as u64 - scan.records.min(people.len() as u64);
        if 0 < missing {
            self.exposure.not_opened.push(format!("{missing} people of `{service}` are not in `{}`", register.path));
        }
        self.exposure.customers.extend(people.iter().filter_map(|id| self.customers.of_person(id)));
        if in_text {
            self.subjects.unite(&scan.subjects);
            return Ok(());
        }
        let object =
            ExposedObject { uri: format!("rows of {}", register.path), path: None, records: scan.records, reads: 1 };
        self.take(&scan, object);
        Ok(())
    }

    fn scan_rows(&self, path: &Path, register: &Register, people: &BTreeSet<String>) -> Result<Scan, Failure> {
        let doing = format!("failed to read the register `{}`", register.path);
        let mut reader = csv::Reader::from_path(path).or_fail(&doing)?;
        let headers = reader.headers().or_fail(&doing)?.clone();
        let key = headers.iter().position(|name| name == register.key);
        let key = key.ok_or_else(|| Failure::usage(format!("{doing}: it has no column `{}`", register.key)))?;
        let address = headers.iter().position(|name| name == "email");
        let mut table = TableScanner::new(self.classifier, &self.options);
        let columns: Vec<Option<usize>> = headers.iter().map(|name| table.column(name)).collect();
        for record in reader.records() {
            let record = record.or_fail(&doing)?;
            let named = |place: usize| record.get(place).is_some_and(|value| people.contains(value));
            if named(key) || address.is_some_and(named) {
                let cells: Vec<(usize, &str)> =
                    columns.iter().zip(&record).filter_map(|(column, value)| Some(((*column)?, value))).collect();
                table.row(&cells);
            }
        }
        Ok(table.finish("csv"))
    }

    /// Log records that hold the data themselves: their elements count. Returns the mail addresses in them.
    fn read_texts(&mut self, service: &str, texts: &[String]) -> Result<BTreeSet<String>, Failure> {
        let joined = texts.join("\n");
        let mut addresses = BTreeSet::new();
        let mut elements = BTreeSet::new();
        let classifier = self.classifier;
        let gather = |span: classify::Span, value: &str| {
            if SCORE_LIKELY <= span.score {
                elements.extend(classifier.identifier(&span.id).and_then(|identifier| identifier.element.clone()));
            }
            if &*span.id == "EMAIL" {
                addresses.insert(value.to_owned());
            }
        };
        classifier.scan_stream(joined.as_bytes(), gather).or_fail("failed to read log records")?;
        self.exposure.elements.extend(elements);
        // An object inside a message has keys, and keys say more than free text.
        let objects: Vec<&str> = texts.iter().filter_map(|text| object_in(text)).collect();
        let scan = classifier.scan_jsonl(objects.join("\n").as_bytes(), &self.options);
        self.exposure.elements.extend(scan.or_fail("failed to read log records")?.verdict.elements());
        let records = texts.len() as u64;
        self.exposure.objects.push(ExposedObject {
            uri: format!("log of {service}"),
            path: None,
            records,
            reads: records,
        });
        Ok(addresses)
    }

    fn take(&mut self, scan: &Scan, object: ExposedObject) {
        self.exposure.elements.extend(scan.verdict.elements());
        self.subjects.unite(&scan.subjects);
        self.exposure.objects.push(object);
    }

    fn finish(self, unnamed_records: u64) -> Exposure {
        let counted = self.subjects.counts();
        let capped = self.subjects.is_capped();
        let mut exposure = self.exposure;
        exposure.lower_bound |= capped || !exposure.not_opened.is_empty();
        exposure.subjects = counted.distinct_at_least;
        exposure.residency = counted.by_residency.into_iter().collect::<BTreeMap<_, _>>();
        exposure.subjects_at_most = (counted.distinct_at_least < unnamed_records).then_some(unnamed_records);
        exposure.objects.sort_by(|a, b| a.uri.cmp(&b.uri));
        exposure
    }
}

/// The JSON object a message ends or consists of, if there is one.
fn object_in(text: &str) -> Option<&str> {
    let object = text.get(text.find('{')?..=text.rfind('}')?)?;
    serde_json::from_str::<serde::de::IgnoredAny>(object).is_ok().then_some(object)
}

/// Files below the root that a pattern names, sorted. A pattern cannot climb out of the root; what comes from a log is escaped
/// in it, so that a key with a star names one object.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    if Path::new(pattern).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Vec::new();
    }
    let full = format!("{}/{pattern}", glob::Pattern::escape(&root.display().to_string()));
    let mut found: Vec<PathBuf> =
        glob::glob(&full).into_iter().flatten().flatten().filter(|path| path.is_file()).collect();
    // A link must not lead a pattern out of the root.
    let home = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    found.retain(|path| path.canonicalize().is_ok_and(|real| real.starts_with(&home)));
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
