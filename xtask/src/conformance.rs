//! `cargo xtask conformance`: every real sample that is at hand, read, validated and compared, as one table.
//!
//! The measuring is a test of `ingest` (`tests/agreement.rs`), so that it also fails; this chore only shows what it prints.

use crate::{cargo, root};

pub(crate) fn run() -> Result<(), String> {
    let status = cargo()
        .args(["test", "-p", "ingest", "--test", "agreement", "--", "--nocapture"])
        .current_dir(root())
        .status()
        .map_err(|error| format!("cargo test: {error}"))?;
    if status.success() { Ok(()) } else { Err("a real sample is not read as documented; see above".to_owned()) }
}
