//! The command line as a list: global options, and one line per command. What a command does is in its own file.
//!
//! `docs/cli.md` is the contract; this file is where it is spelled for the parser.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::commands;
use crate::output::Format;

/// Detects data leaks, works out who must be told and by when, and keeps evidence an auditor can check.
#[derive(Debug, Parser)]
#[command(name = "watertight", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// Configuration file (default: watertight.toml, if it exists)
    #[arg(long, global = true, value_name = "FILE", env = "WATERTIGHT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the lake, the log and the keys are
    #[arg(long, global = true, value_name = "DIR", env = "WATERTIGHT_DATA_DIR", default_value = "./watertight-data")]
    pub(crate) data_dir: PathBuf,
    /// Read content (rules, regimes, …) from here instead of the copy in the program
    #[arg(long, global = true, value_name = "DIR", env = "WATERTIGHT_CONTENT")]
    pub(crate) content: Option<PathBuf>,
    /// How to print: human on a terminal, jsonl otherwise
    #[arg(long, global = true, value_enum, env = "WATERTIGHT_FORMAT")]
    pub(crate) format: Option<Format>,
    /// The instant to take for now (RFC 3339), for any command that reasons about time
    #[arg(long, global = true, value_name = "RFC3339", env = "WATERTIGHT_NOW")]
    pub(crate) now: Option<Timestamp>,
}

/// One variant a command. Main jobs first, then what manages things.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole path on a synthetic company that leaks data
    Demo(commands::demo::Args),
    /// Run the system: sources, detection, cases, notices, API and pages
    Serve(commands::serve::Args),
    /// Find leaks in logs, offline
    Detect(commands::detect::Args),
    /// Turn logs into OCSF events, one JSON a line
    Normalize(commands::normalize::Args),
    /// Find personal, payment, health, student and secret data in files
    Classify(commands::classify::Args),
    /// Measure the exposure of an incident: objects, people, where they live
    Scope(commands::scope::Args),
    /// Say who must be told what by when, for given facts
    Duties(commands::duties::Args),
    /// Check, test and look at detection rules
    #[command(subcommand)]
    Rule(commands::rule::Command),
    /// What baselines have learned; their examples
    #[command(subcommand)]
    Baseline(commands::baseline::Command),
    /// Run every content file's own examples
    #[command(subcommand)]
    Content(commands::content::Command),
    /// Ask the lake and the case data, in SQL
    Query(commands::query::Args),
    /// What the lake holds; retention and legal holds
    #[command(subcommand)]
    Lake(commands::lake::Command),
    /// Where records come from
    #[command(subcommand)]
    Source(commands::source::Command),
    /// Read the configured sources to their end: lake, findings, incidents, log
    Ingest(commands::ingest::Args),
    /// Incidents and their facts
    #[command(subcommand)]
    Incident(commands::incident::Command),
    /// Findings, and what people say they were worth
    #[command(subcommand)]
    Finding(commands::finding::Command),
    /// What somebody answers for, so that it opens no incident for a time
    #[command(subcommand)]
    Suppression(commands::suppression::Command),
    /// Obligations and their clocks
    #[command(subcommand)]
    Duty(commands::duty::Command),
    /// Notices: draft, check, approve, send
    #[command(subcommand)]
    Notice(commands::notice::Command),
    /// The sealed log: checkpoints, proofs, packs, erasure
    #[command(subcommand)]
    Evidence(commands::evidence::Command),
    /// Write the synthetic company's telemetry and its ground truth
    Simulate(commands::simulate::Args),
    /// Projections and the log they come from
    #[command(subcommand)]
    State(commands::state::Command),
    /// What is misconfigured, missing or silent, and the command that mends it
    Doctor(commands::doctor::Args),
    /// The configuration as read
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Print completions for a shell
    Completions(commands::completions::Args),
    /// Print the manual page
    Man(commands::man::Args),
}
