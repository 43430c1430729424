//! Whose people they are: the column that names the customer, in the file itself or in the register of its people.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::config::Objects;

/// Who belongs to which customer, by the id the registers know people by.
#[derive(Debug, Default)]
pub(super) struct Directory {
    customer_of: HashMap<String, String>,
    /// Names of the key columns, to recognise them in other files.
    keys: BTreeSet<String>,
}

impl Directory {
    /// Reads every register that has the customer column; one that cannot be read is named when it is needed.
    pub(super) fn read(root: &Path, objects: &Objects) -> Self {
        let mut directory = Self::default();
        let Some(column) = &objects.customer_column else { return directory };
        for register in &objects.register {
            let Ok(mut reader) = csv::Reader::from_path(root.join(&register.path)) else { continue };
            let Ok(headers) = reader.headers().cloned() else { continue };
            let place = |name: &str| headers.iter().position(|header| header == name);
            let (Some(key), Some(customer)) = (place(&register.key), place(column)) else { continue };
            directory.keys.insert(register.key.clone());
            for record in reader.records().flatten() {
                if let (Some(id), Some(name)) = (record.get(key), record.get(customer)) {
                    directory.customer_of.insert(id.to_owned(), name.to_owned());
                }
            }
        }
        directory
    }

    pub(super) fn of_person(&self, id: &str) -> Option<String> {
        self.customer_of.get(id).cloned()
    }

    /// Customers named in a table, or known of the people it names.
    pub(super) fn of_file(&self, path: &Path, objects: &Objects) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let Some(column) = &objects.customer_column else { return found };
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            return self.of_json_lines(path, column);
        }
        let Ok(mut reader) = csv::Reader::from_path(path) else { return found };
        let Ok(headers) = reader.headers().cloned() else { return found };
        let named = headers.iter().position(|header| header == column);
        let key = headers.iter().position(|header| self.keys.contains(header));
        for record in reader.records().flatten() {
            let direct = named.and_then(|place| record.get(place)).filter(|name| !name.is_empty()).map(str::to_owned);
            let by_person = || key.and_then(|place| self.of_person(record.get(place)?));
            found.extend(direct.or_else(by_person));
        }
        found
    }

    fn of_json_lines(&self, path: &Path, column: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let Ok(file) = File::open(path) else { return found };
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let Ok(record) = serde_json::from_str::<Value>(&line) else { continue };
            let direct = record[column].as_str().map(str::to_owned);
            let by_person = || self.keys.iter().find_map(|key| self.of_person(record[key].as_str()?));
            found.extend(direct.or_else(by_person));
        }
        found
    }
}
