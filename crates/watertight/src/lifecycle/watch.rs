//! Looking after a content directory: has it changed since it was last taken or refused, and has it come to rest?
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
    looked: Instant,
    sight: Sight,
}

/// What is known of a directory.
#[derive(Debug, Default)]
struct Sight {
    /// The version that was used or refused last; nothing while it waits for approval.
    settled: String,
    /// What the last look saw: half a change is not taken, because the next look sees something else.
    last: String,
    /// The version that was refused because nobody has approved it. It is offered at each look, until somebody has.
    waits: String,
}

impl Sight {
    /// Whether a version that is seen is to be offered: it is news and was the same at the look before.
    fn offers(&mut self, version: &str) -> bool {
        let at_rest = self.last == version;
        version.clone_into(&mut self.last);
        if self.settled == version || !at_rest {
            return false;
        }
        version.clone_into(&mut self.settled);
        true
    }
}

impl Watch {
    /// Begins with the version in use. Without a directory nothing ever changes.
    pub(crate) fn new(dir: Option<PathBuf>, in_use: String) -> Self {
        let sight = Sight { last: in_use.clone(), settled: in_use, waits: String::new() };
        Self { dir, looked: Instant::now(), sight }
    }

    /// It waits for approval.
    pub(crate) fn wait(&mut self, version: String) {
        self.sight.settled.clear();
        self.sight.waits = version;
    }

    /// Whether it was said before that this version waits.
    pub(crate) fn waits(&self, version: &str) -> bool {
        self.sight.waits == version
    }

    /// Content that two looks in a row have seen and that was not offered before.
    pub(crate) fn changed(&mut self) -> Option<Content> {
        let dir = self.dir.as_ref()?;
        if self.looked.elapsed() < LOOK_EVERY {
            return None;
        }
        self.looked = Instant::now();
        match Content::from_dir(dir) {
            Ok(content) => {
                let is_news = self.sight.offers(&content.version());
                is_news.then_some(content)
            }
            Err(failure) => {
                // Said once: the next look at the same trouble is silent.
                let trouble = failure.to_string();
                if self.sight.offers(&trouble) {
                    output::talk(format!("changed content is not taken: {trouble}"));
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Sight, Watch};

    #[test]
    fn content_is_offered_once_and_only_when_it_has_come_to_rest() {
        let mut sight = Sight { settled: "a".to_owned(), last: "a".to_owned(), waits: String::new() };
        let offered = |sight: &mut Sight, looks: &str| -> String {
            looks.split("").filter(|seen| !seen.is_empty() && sight.offers(seen)).collect()
        };
        assert_eq!(offered(&mut sight, "aaa"), "");
        assert_eq!(offered(&mut sight, "bc"), "", "it is still being written");
        assert_eq!(offered(&mut sight, "ccc"), "c");
        assert_eq!(offered(&mut sight, "baaa"), "a", "back again is news too");
    }

    #[test]
    fn content_that_waits_for_approval_is_offered_at_each_look() {
        let mut watch = Watch::new(None, "a".to_owned());
        assert!(!watch.sight.offers("b") && watch.sight.offers("b") && !watch.sight.offers("b"));
        watch.wait("b".to_owned());
        assert!(watch.waits("b") && watch.sight.offers("b"));
    }
}
