//! What every command is given: global options, the clock, configuration and content, each read when first asked for.
//!
//! It opens things; it decides nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::Global;
use crate::clock::Clock;
use crate::config::Config;
use crate::content::Content;
use crate::exit::{Failure, OrFail as _};
use crate::output::Format;

/// Handed to each command's `run`.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) clock: Clock,
    pub(crate) format: Format,
}

/// Threads for files and encoding, beside the workers. Each keeps freed memory of its own while it idles, and the default of
/// 512, kept for ten seconds, came to twenty of them and hundreds of MB; a machine's disks keep fewer busy.
const BLOCKING_THREADS_MAX: usize = 6;
const BLOCKING_THREAD_KEPT: Duration = Duration::from_millis(200);

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let clock = global.now.map_or(Clock::Real, Clock::Fixed);
        let format = Format::or_default(global.format);
        Self { global, clock, format }
    }

    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::load(self.global.config.as_deref())
    }

    /// `--content`, else `[content] dir`, else the copy in the program.
    pub(crate) fn content(&self, config: &Config) -> Result<Content, Failure> {
        match self.content_dir(config) {
            Some(dir) => Content::from_dir(dir),
            None => Ok(Content::embedded()),
        }
    }

    /// Where content is read from, if not from the program.
    pub(crate) fn content_dir<'a>(&'a self, config: &'a Config) -> Option<&'a Path> {
        self.global.content.as_deref().or(config.content.dir.as_deref())
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.global.data_dir
    }

    /// The data directory, which must exist already: reading commands do not create one by accident.
    pub(crate) fn existing_data_dir(&self) -> Result<PathBuf, Failure> {
        let dir = self.data_dir();
        if dir.join("state.sqlite").exists() {
            return Ok(dir.to_owned());
        }
        Err(Failure::usage(format!("`{}` holds no watertight data", dir.display()))
            .help("name the directory with --data-dir, or make one with `watertight ingest` or `watertight demo`"))
    }

    /// Runs the async part of a command to its end.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_keep_alive(BLOCKING_THREAD_KEPT)
            .build()
            .or_fail("failed to start the runtime")?;
        runtime.block_on(work)
    }
}
