//! watertight: from the access log line to the delivered notice, with proof at each step.
//!
//! This crate is wiring: it opens things, calls the libraries in the order of the path, and turns answers into output and
//! exit codes. `flow.rs` is the path itself; `commands/` is what a person can ask for; it judges nothing.

mod backtest;
mod baselines;
mod cases;
mod cli;
mod clock;
mod commands;
mod config;
mod content;
mod context;
mod correlation;
mod coverage;
mod demo;
mod detector;
mod dispositions;
mod door;
mod durable;
mod entities;
mod exit;
mod exposure;
mod failpoint;
mod flow;
mod holds;
mod inlets;
mod instance;
mod law;
mod lease;
mod lifecycle;
mod notices;
mod ocsf_rules;
mod opaque_id;
mod output;
mod pack;
mod pipelines;
mod reading;
mod response;
mod rules;
mod running;
mod seal;
mod store;
mod stored_findings;
mod suppressions;
mod translate;
mod tuning;
mod utc_day;
mod web;
mod withheld;

use std::process::ExitCode;

use clap::Parser as _;

use crate::context::Context;

/// Scanning the lake allocates and frees in large pieces; the system's allocator gives each back at once and the scan spends
/// its time in page faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    start_tracing();
    let cli = cli::Cli::parse();
    match commands::run(cli.command, &Context::new(cli.global)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // An empty message is a reader that went away: nothing to say and nobody to say it to.
            if !failure.message.is_empty() {
                output::talk(&failure);
            }
            failure.exit.into()
        }
    }
}

/// Our own log goes to stderr; `WATERTIGHT_LOG` chooses what (default: warnings).
fn start_tracing() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("WATERTIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
