//! Tests of the lake on a real directory: one binary, because each one links the query engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

mod append;
mod crash;
mod fixture;
mod maintain;
mod retention;
mod sql;
