//! The rules: all public ones for CloudTrail, then variants of them that look for other calls, up to any number.

use std::fs;
use std::path::Path;

use sigma::{LogSource, Options, Program};

use crate::corpus::files;

/// Texts of rules for CloudTrail, those of the public collection first.
pub(crate) fn texts(corpora: &Path, wanted: usize) -> Vec<String> {
    let folders = ["01-sigma/rules/rules/cloud/aws", "01-sigma/suzaku-aws"];
    let paths = folders.iter().flat_map(|folder| files(&corpora.join(folder)));
    let mut texts: Vec<String> = Vec::new();
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")) {
        let text = fs::read_to_string(path).unwrap();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    for number in 0..wanted.saturating_sub(texts.len()) {
        let copy =
            texts[number].replace("eventName: ", "eventName: Other").replace("eventName:\n", "eventName|cased:\n");
        texts.push(copy);
    }
    texts
}

pub(crate) fn compile(texts: &[String], count: usize) -> Program {
    let loaded = sigma::load(texts.iter().take(count).map(|text| ("rule", text)));
    assert_eq!(loaded.rules.len(), count);
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(errors.is_empty(), "{}", errors[0]);
    program
}

/// Every public rule sees every record, whatever log it was written for: keywords, web and Windows rules too.
pub(crate) fn compile_unrouted(corpora: &Path) -> Program {
    let paths = ["01-sigma/rules/rules", "01-sigma/suzaku-aws"].iter().flat_map(|folder| files(&corpora.join(folder)));
    let texts: Vec<String> = paths.map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut loaded = sigma::load(texts.iter().map(|text| ("rule", text)));
    for rule in &mut loaded.rules {
        rule.logsource = LogSource::default();
    }
    Program::compile(&loaded.rules, &Options::default()).0
}

/// Writes rules where the program can load them.
pub(crate) fn write(texts: &[String], count: usize, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (number, text) in texts.iter().take(count).enumerate() {
        fs::write(folder.join(format!("{number:04}.yml")), text).unwrap();
    }
}
