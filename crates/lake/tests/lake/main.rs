//! Tests of the lake on a real directory: one binary, because each one links the query engine.

mod append;
mod crash;
mod fixture;
mod maintain;
mod retention;
mod sql;
