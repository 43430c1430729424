//! Drafts from templates, checks required content, binds approvals to a hash, and delivers what was approved.
//!
//! Stands between `duty` (what is owed) and `evidence` (what was done). It evaluates no law: the caller passes the
//! obligation and the content it demands. It reads no clock and stores nothing; only `deliver` moves bytes.

pub mod approval;
mod canonical;
mod check;
mod content;
pub mod deliver;
mod draft;
mod format;
mod html;
mod org;
mod recipients;
mod render;
mod template;
mod values;
mod words;

pub use check::{CheckReport, check_library, check_templates};
pub use content::{ContentSpec, FormatFault, Gap};
pub use draft::{Draft, DraftError, DraftInput, Message, Renderer, draft, render_for};
pub use org::{Contact, OrgProfile, Signatory};
pub use recipients::{Recipient, RecipientRoot};
pub use template::{ElementDef, Example, Library, Template, TemplateError};
