//! Decompressed bytes into records: envelopes, arrays, JSON lines, concatenated JSON, text lines.
//!
//! Between `read` and `format`. It finds where a record begins and ends and nothing else: whether the record is valid
//! JSON is the parser's question. Memory is bounded by one window, whatever the size of the input.

mod bits;
mod envelope;
mod find;
mod framer;
mod json;
mod scan;
pub mod spooled;
mod text;
mod window;

pub(crate) use find::check_depth;
pub(crate) use framer::without_mark;
pub use framer::{Damage, Framed, Framer};
pub(crate) use json::{Members, first_key, member_text, top_level_keys};
pub use scan::Scan;
pub(crate) use text::is_bracketed;
pub use window::Window;
