//! The project's own chores, run as `cargo xtask <chore>`.
//!
//! This file only chooses; each chore has a file of its own. Nothing here ships with the product.

mod bench;
mod conformance;
mod r#gen;
mod rigs;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask <chore>

  tidy    arrows between crates, file headers, sizes, words that do not belong
  test    tidy, then every test, with what the tests need installed below target/rigs
  bench   detect | correlate | frame | classify | evidence | duty | lake | serve | threads: tables of ratios, one run
  conformance  real samples of every source: read, valid, and in agreement with other products, as a table
  gen     rewrite what is generated (docs/rules.md, docs/sources.md); `gen --check` only compares
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let chore = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let outcome = match chore.as_str() {
        "tidy" => tidy::run(),
        "test" => test::run(&rest),
        "bench" => bench::run(&rest),
        "conformance" => conformance::run(),
        "gen" => r#gen::run(&rest),
        _ => {
            say(HELP);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// A chore talks to a person on stderr; its data, where it has any, goes to stdout.
pub(crate) fn say(text: &str) {
    use std::io::Write as _;
    // A closed stderr is the reader's choice and no reason to fail a chore.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Cargo, as a person would call it. Run through `cargo run`, a chore inherits variables about its own package; build scripts
/// that watch them (`ring` does) would be run again, and with them most of the heavy crates.
pub(crate) fn cargo() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if of_package.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The root of the checkout.
pub(crate) fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
