//! Where the shared corpora are, when they are.

use std::path::{Path, PathBuf};

/// The folder `shared/corpora` beside the repository; says so when it is not there.
pub(crate) fn corpora() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|folder| folder.join("shared/corpora")).find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: corpora not present");
    }
    found
}
