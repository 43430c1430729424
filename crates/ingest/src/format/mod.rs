//! Known log formats. One file each turns a record into (a) the JSON object that rules see and (b) an OCSF event.
//!
//! After `frame` on the path. To add a format: copy the nearest neighbour, add it to `Format` and to the matches in
//! this file, teach `recognise` its marks, and give `tests/` a sample.

mod activitylogs;
mod appjson;
mod auditlogs;
mod aws;
mod azure;
mod cloudtrail;
mod cloudtrail_class;
mod flat;
mod json;
mod m365;
mod recognise;
mod s3access;
mod signinlogs;
mod time;
mod unwrap;
mod vpcflow;
mod vpcflow_columns;

use std::borrow::Cow;

use ocsf::Event;

pub(crate) use recognise::{recognise, tells_nothing};
use vpcflow_columns::Columns;

/// A log format, named `product/service`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    CloudTrail,
    VpcFlow,
    S3Access,
    ActivityLogs,
    SignInLogs,
    AuditLogs,
    M365Audit,
    AppJson,
}

impl Format {
    /// Every known format.
    pub const ALL: [Self; 8] = [
        Self::CloudTrail,
        Self::VpcFlow,
        Self::S3Access,
        Self::ActivityLogs,
        Self::SignInLogs,
        Self::AuditLogs,
        Self::M365Audit,
        Self::AppJson,
    ];

    /// `product/service`, the id used everywhere.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::CloudTrail => "aws/cloudtrail",
            Self::VpcFlow => "aws/vpcflow",
            Self::S3Access => "aws/s3access",
            Self::ActivityLogs => "azure/activitylogs",
            Self::SignInLogs => "azure/signinlogs",
            Self::AuditLogs => "azure/auditlogs",
            Self::M365Audit => "m365/audit",
            Self::AppJson => "application/json",
        }
    }

    /// The format of an id; `None` for an unknown one.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }

    /// The Sigma logsource: product and service.
    #[must_use]
    pub fn logsource(self) -> (&'static str, &'static str) {
        self.id().split_once('/').unwrap_or((self.id(), ""))
    }

    fn is_azure(self) -> bool {
        matches!(self, Self::ActivityLogs | Self::SignInLogs | Self::AuditLogs)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

/// Why a record is no event, as a fragment that names the field (`eventTime is missing`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    fn missing(field: &str) -> Self {
        Self(format!("{field} is missing"))
    }
}

/// What is needed to understand the records of one member: its format, and for flow logs the order of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoder {
    format: Format,
    columns: Option<Columns>,
    /// Records are the `logEvents` of a log group and stand inside `message`.
    in_log_events: bool,
}

impl Decoder {
    /// The decoder of records that stand alone; flow log lines are then in the default order of version 2.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, columns: None, in_log_events: false }
    }

    /// A format taken on trust; the head still tells the order of flow log columns.
    pub(crate) fn forced(format: Format, head: &[u8]) -> Self {
        let columns = (format == Format::VpcFlow).then(|| Columns::of_head(head)).flatten();
        Self { format, columns, in_log_events: false }
    }

    /// The decoder of flow log lines whose columns [`Self::columns`] once told.
    #[must_use]
    pub fn with_columns(columns: &str) -> Self {
        Self::forced(Format::VpcFlow, columns.as_bytes())
    }

    /// The columns of a flow log, as its header line names them: without it a stored line cannot be understood again. `None`
    /// where lines are in a well-known order, and for every other format.
    #[must_use]
    pub fn columns(&self) -> Option<String> {
        self.columns.as_ref().map(Columns::header)
    }

    /// The format of the member.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The format of one record: Azure delivers several categories through one channel.
    #[must_use]
    pub fn format_of(&self, raw: &[u8]) -> Format {
        if !self.format.is_azure() {
            return self.format;
        }
        recognise::json_format(raw).filter(|format| format.is_azure()).unwrap_or(self.format)
    }

    /// True for a line that names columns and is no record.
    pub(crate) fn is_header(&self, line: &[u8]) -> bool {
        self.format == Format::VpcFlow && vpcflow_columns::is_header(line)
    }

    /// The vendor's record inside a delivery envelope.
    pub(crate) fn unwrap<'r>(&self, framed: &'r [u8]) -> Cow<'r, [u8]> {
        if self.in_log_events {
            return unwrap::log_event(framed);
        }
        match self.format {
            Format::CloudTrail => Cow::Borrowed(unwrap::event_bridge(framed)),
            _ => Cow::Borrowed(framed),
        }
    }

    /// The JSON object that rules see.
    pub fn view<'r>(&self, raw: &'r [u8]) -> Result<Cow<'r, [u8]>, Unreadable> {
        match self.format_of(raw) {
            Format::CloudTrail | Format::AppJson => Ok(Cow::Borrowed(raw)),
            Format::VpcFlow => vpcflow::view(raw, self.columns.as_ref()).map(Cow::Owned),
            Format::S3Access => s3access::view(raw).map(Cow::Owned),
            Format::ActivityLogs => activitylogs::view(raw).map(Cow::Owned),
            Format::SignInLogs => signinlogs::view(raw).map(Cow::Owned),
            Format::AuditLogs => auditlogs::view(raw).map(Cow::Owned),
            Format::M365Audit => m365::view(raw).map(Cow::Owned),
        }
    }

    /// Whether the record will become an event, without making it: for readers that only need to count. It does not
    /// find invalid JSON inside a CloudTrail record; whoever parses the record does.
    pub fn check(&self, raw: &[u8]) -> Result<(), Unreadable> {
        if self.format == Format::CloudTrail && cloudtrail::looks_complete(raw) {
            return Ok(());
        }
        if self.format == Format::VpcFlow {
            return vpcflow::check(raw, self.columns.as_ref());
        }
        self.normalize(raw).map(drop)
    }

    /// The record as an OCSF event.
    pub fn normalize(&self, raw: &[u8]) -> Result<Event, Unreadable> {
        match self.format_of(raw) {
            Format::CloudTrail => cloudtrail::normalize(raw),
            Format::VpcFlow => vpcflow::normalize(raw, self.columns.as_ref()),
            Format::S3Access => s3access::normalize(raw),
            Format::ActivityLogs => activitylogs::normalize(raw),
            Format::SignInLogs => signinlogs::normalize(raw),
            Format::AuditLogs => auditlogs::normalize(raw),
            Format::M365Audit => m365::normalize(raw),
            Format::AppJson => appjson::normalize(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip() {
        for format in Format::ALL {
            assert_eq!(Format::from_id(format.id()), Some(format));
            assert_eq!(format!("{}/{}", format.logsource().0, format.logsource().1), format.id());
        }
        assert_eq!(Format::from_id("aws/nothing"), None);
    }

    #[test]
    fn the_columns_of_a_flow_log_survive_being_told() {
        let header = "version interface-id bytes srcaddr bytes dstaddr flow-direction start end action";
        let line = b"5 eni-1 1 192.0.2.1 7 198.51.100.2 egress 1772538644 1772538645 ACCEPT";
        let decoder = Decoder::with_columns(header);
        let told = decoder.columns().expect("it has columns of its own");
        let again = Decoder::with_columns(&told);
        assert_eq!(again.columns(), Some(told));
        let normal = |decoder: &Decoder| decoder.normalize(line).expect("a flow");
        assert_eq!(normal(&again), normal(&decoder));
        assert_eq!(Decoder::new(Format::VpcFlow).columns(), None);
        assert_eq!(Decoder::new(Format::CloudTrail).columns(), None);
    }
}
