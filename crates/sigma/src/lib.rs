//! Compiles and evaluates Sigma rules at the speed of reading.
//!
//! Third station of the path: records come in as raw JSON with the vendor's own field names, indices of matching rules
//! go out; what events mean together is told by [`correlation`]. The language is read by `rsigma-parser`; compiling and evaluating are done here. There is no input or output,
//! no clock and no global state, so the crate can be used by itself.
//!
//! ```
//! let rule = "
//! title: Bucket opened to everyone
//! logsource: {product: aws, service: cloudtrail}
//! detection:
//!   selection:
//!     eventSource: s3.amazonaws.com
//!     eventName: PutBucketAcl
//!     requestParameters|contains: AllUsers
//!   condition: selection
//! ";
//! let loaded = sigma::load([("bucket.yml", rule)]);
//! let (program, errors) = sigma::Program::compile(&loaded.rules, &sigma::Options::default());
//! assert!(errors.is_empty());
//!
//! let cloudtrail = program.log_source("aws", "cloudtrail");
//! let mut matcher = sigma::Matcher::new(&program);
//! let record = br#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl",
//!     "requestParameters":{"AccessControlPolicy":{"Grantee":"http://acs.amazonaws.com/groups/global/AllUsers"}}}"#;
//! assert_eq!(matcher.evaluate(cloudtrail, record), Ok(&[0][..]));
//! ```
//!
//! # What matches
//!
//! `docs/sigma.md` tells it whole, with an example of each.
//!
//! - A field name leads through nested objects, through arrays (any member will do) and through literal keys that
//!   contain dots. Names are case-sensitive. Of a key that occurs twice in an object, the last one counts.
//! - A value is compared as text, without regard to case unless `cased` is given; `re` is case-sensitive. Numbers and
//!   booleans have the text they are written with. A number in a rule compares as a number, also with texts that spell
//!   one; `true` and `false` also match the texts that spell them.
//! - An array is not a value: each of its members is. With several values in a record, one that fits is enough.
//! - An object's text is its JSON without white space between tokens, otherwise as written; so
//!   `requestParameters|contains` searches keys and values of the whole object.
//! - `null` matches a field that is absent or null. `exists` asks whether the field is there at all, null included.
//! - `neq` needs the field to be there and none of its values to be equal.
//! - In a rule that says `sigma-version: 3`, `field[any]`, `field[all]` and `field[none]` ask each member of a list by itself.
//! - Keywords are searched in every text, number and boolean of the record, not in keys; under a key that occurs twice, in
//!   both values.
//! - `*` stands for any characters, line breaks included; `?` for one. A backslash makes the next wildcard or backslash
//!   plain, and is plain itself before anything else.

mod compile;
pub mod correlation;
mod error;
mod expression;
mod fields;
mod language;
mod matcher;
mod members;
mod pipeline;
mod placeholder;
mod plan;
mod predicate;
mod program;
mod record;
mod references;
mod rule;
mod rule_test;
mod table;
mod values;

pub use compile::Options;
pub use correlation::{
    Change, Correlation, CorrelationKind, CorrelationLimits, CorrelationTest, CorrelationWindow, Correlator,
    CorrelatorLosses, CorrelatorSnapshot, CorrelatorStats, Episode, EventRef, Hit, HitLosses, TimedEvent,
    test_correlation,
};
pub use error::{RecordError, RecordFault, RuleError, Severity};
pub use matcher::Matcher;
pub use pipeline::Pipeline;
pub use placeholder::{Others, Placeholder, add_others};
pub use program::{LogSourceId, Program, ProgramStats};
pub use record::{DEPTH_MAX, RECORD_BYTES_MAX};
pub use rule::{
    Ads, Filter, GroupKey, Level, Loaded, LogSource, Related, Relation, Rule, RuleTest, Status, Watertight, load,
    load_with,
};
pub use rule_test::{TestOutcome, test_rule};
