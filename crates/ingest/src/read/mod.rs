//! From a PATH to decoded bytes: files, directories, globs, stdin, S3; gzip, zstd and plain by content.
//!
//! First step of ingest. It knows no format; it bounds what decompression may cost and says where data is damaged.

mod bounded;
mod decompress;
mod gzip;
mod path;
mod s3;
mod utf16;

pub use decompress::decoded;
pub(crate) use decompress::{Buffers, decode};
pub use path::{Member, ReadError, expand, names, open_member, open_name};
pub use s3::{S3Config, S3Store};
pub(crate) use utf16::{Order, Utf16Reader};
