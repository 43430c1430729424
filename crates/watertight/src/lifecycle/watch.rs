//! Looking after a content directory: has it changed since it was last taken or refused?
//!
//! It is read whole every few seconds, because editors and mounts keep modification times in too many ways. It judges nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::content::Content;
use crate::output;

/// How often a directory is looked at. A content set is about a megabyte.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A content directory and what was last seen in it.
#[derive(Debug)]
pub(crate) struct Watch {
    dir: Option<PathBuf>,
    seen: String,
    looked: Instant,
}

impl Watch {
    /// Begins with what was read at the start, used or not. Without a directory nothing ever changes.
    pub(crate) fn new(dir: Option<PathBuf>) -> Self {
        let seen = dir.as_ref().and_then(|dir| Content::from_dir(dir).ok()).map(|content| content.version());
        Self { dir, seen: seen.unwrap_or_default(), looked: Instant::now() }
    }

    /// Content that was not seen before.
    pub(crate) fn changed(&mut self) -> Option<Content> {
        let dir = self.dir.as_ref()?;
        if self.looked.elapsed() < LOOK_EVERY {
            return None;
        }
        self.looked = Instant::now();
        match Content::from_dir(dir) {
            Ok(content) => {
                let version = content.version();
                if version == self.seen {
                    return None;
                }
                self.seen = version;
                Some(content)
            }
            Err(failure) => {
                // Said once: the next look at the same trouble is silent.
                let trouble = failure.to_string();
                if self.seen != trouble {
                    output::talk(format!("changed content is not taken: {trouble}"));
                    self.seen = trouble;
                }
                None
            }
        }
    }
}
