//! The whole command, as users run it: start, rule loading, reading files and printing findings included.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::corpus::Corpus;
use crate::rules;
use crate::usage::{cpu_of_children, highest_memory};

/// How often memory is asked for; the system keeps the highest value itself.
const POLL: Duration = Duration::from_millis(2);

/// The program and a directory for its input.
pub(crate) struct Whole {
    program: PathBuf,
    folder: PathBuf,
}

/// One run.
pub(crate) struct Run {
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    pub(crate) peak_mb: f64,
    pub(crate) findings: usize,
}

impl Whole {
    pub(crate) fn new(program: &str, folder: &str) -> Self {
        Self { program: PathBuf::from(program), folder: PathBuf::from(folder) }
    }

    /// Writes the files; those of the corpus before are gone.
    pub(crate) fn write_corpus(&self, corpus: &Corpus) {
        let logs = self.folder.join("logs");
        if logs.exists() {
            fs::remove_dir_all(&logs).unwrap();
        }
        fs::create_dir_all(&logs).unwrap();
        for (number, file) in corpus.files.iter().enumerate() {
            fs::write(logs.join(format!("{number:05}.json.gz")), file).unwrap();
        }
    }

    pub(crate) fn write_rules(&self, texts: &[String], count: usize) {
        rules::write(texts, count, &self.folder.join(format!("rules-{count}")));
    }

    pub(crate) fn run(&self, rules: usize, threads: usize) -> Run {
        let found = self.folder.join("findings.jsonl");
        let before = cpu_of_children();
        let begun = Instant::now();
        let mut child = Command::new(&self.program)
            .current_dir(&self.folder)
            .args(["detect", "--no-builtin", "--rules", &format!("rules-{rules}"), "--threads", &threads.to_string()])
            .arg("logs")
            .stdout(Stdio::from(File::create(&found).unwrap()))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let mut peak_mb: f64 = 0.0;
        let ended = loop {
            peak_mb = peak_mb.max(highest_memory(&status));
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            std::thread::sleep(POLL);
        };
        // Nothing may be rejected: that would be less work.
        assert!(ended.success(), "{ended}");
        let wall_seconds = begun.elapsed().as_secs_f64();
        let findings = fs::read(&found).unwrap().iter().filter(|byte| **byte == b'\n').count();
        Run { cpu_seconds: cpu_of_children() - before, wall_seconds, peak_mb, findings }
    }
}
