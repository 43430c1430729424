//! Sources give raw batches; decoders and mappings turn each record into one OCSF event or one rejection.
//!
//! Second room on the path, after `ocsf`. In = out: for every file, records = events + rejected, and a rejection keeps
//! its bytes, position and reason. It knows no rules, no law and no tables, and reads neither the clock nor the
//! environment.
//!
//! Three layers, each usable alone: [`read`] (paths, objects, decompression), [`frame`] (bytes into records),
//! [`format`](mod@format) (a record into the JSON that rules see and into an OCSF event). [`Reader`] joins them for one
//! file after another; [`source`] joins them into batches with positions.

pub mod format;
pub mod frame;
mod limits;
mod logfile;
pub mod read;
mod reject;
pub mod source;

pub use format::{Decoder, Format, Unreadable};
pub use limits::Limits;
pub use logfile::{Counts, Item, LogFile, Reader, Record};
pub use read::{Member, ReadError, S3Config, S3Store};
pub use reject::Rejected;
pub use source::{Files, Position, RawBatch, RawRecord, Source, SourceError};
