//! The columns of a VPC flow log: which field stands where in a line.
//!
//! Beside `vpcflow`, which reads the fields. Columns come from the header line where there is one, else they are version
//! 2's or all of version 5's. Values are not looked at.

use super::Unreadable;

/// All fields up to version 5 in the order the console offers them; the first 14 are version 2, the default
/// (AWS VPC user guide, "Flow log records"). Lines without a header are in one of these two orders.
pub(super) const NAMES: [&str; 29] = [
    "version",
    "account_id",
    "interface_id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log_status",
    "vpc_id",
    "subnet_id",
    "instance_id",
    "tcp_flags",
    "type",
    "pkt_srcaddr",
    "pkt_dstaddr",
    "region",
    "az_id",
    "sublocation_type",
    "sublocation_id",
    "pkt_src_aws_service",
    "pkt_dst_aws_service",
    "flow_direction",
    "traffic_path",
];
const VERSION_2: usize = 14;
/// Columns of a header line; AWS has 42 today.
const COLUMNS_MAX: usize = 128;

/// Index into `NAMES` of a field that an event is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Version = 0,
    Account = 1,
    Interface = 2,
    SourceAddress = 3,
    TargetAddress = 4,
    SourcePort = 5,
    TargetPort = 6,
    Protocol = 7,
    Packets = 8,
    Bytes = 9,
    Start = 10,
    End = 11,
    Action = 12,
    LogStatus = 13,
    Vpc = 14,
    Subnet = 15,
    Instance = 16,
    TcpFlags = 17,
    PacketSource = 19,
    PacketTarget = 20,
    Region = 21,
    Zone = 22,
    Direction = 27,
}

/// The order of the columns in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    /// Empty when a later column has the same name: the last one counts.
    name: String,
    /// Index into `NAMES`, when it is known by name.
    known: Option<usize>,
}

impl Columns {
    /// The columns, when the first line that is not blank names them.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        let line = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
        if !is_header(line) {
            return None;
        }
        let text = std::str::from_utf8(line).ok()?;
        let words: Vec<&str> = text.split_ascii_whitespace().take(COLUMNS_MAX).collect();
        let column = |(place, word): (usize, &&str)| {
            let shadowed = words.iter().skip(place + 1).any(|later| later == word);
            let name = if shadowed { String::new() } else { word.replace('-', "_") };
            let known = NAMES.iter().position(|known| *known == name);
            Column { name, known }
        };
        Some(Self(words.iter().enumerate().map(column).collect()))
    }

    /// A header line that names them. A column that a later one shadows has no name any more and is written as `-`.
    pub(super) fn header(&self) -> String {
        let name = |column: &Column| match column.name.as_str() {
            "" => "-".to_owned(),
            name => name.replace('_', "-"),
        };
        self.0.iter().map(name).collect::<Vec<_>>().join(" ")
    }
}

/// A line of column names: at least three of the well-known ones, and nothing that is a value.
pub(super) fn is_header(line: &[u8]) -> bool {
    // Values of the first column are digits; this settles nearly every line at once.
    if line.first().is_none_or(u8::is_ascii_digit) {
        return false;
    }
    const KNOWN: [&[u8]; 8] =
        [b"version", b"account-id", b"interface-id", b"srcaddr", b"dstaddr", b"action", b"log-status", b"bytes"];
    let is_name =
        |word: &[u8]| word.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-' || byte.is_ascii_digit());
    let mut known = 0;
    for word in line.trim_ascii().split(|byte| *byte == b' ') {
        if !is_name(word) {
            return false;
        }
        known += usize::from(KNOWN.contains(&word));
    }
    known >= 3
}

/// A line without a header in one of the two well-known orders, told apart by their lengths.
pub(super) fn is_default_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.trim_ascii().split(|byte| *byte == b' ').take(COLUMNS_MAX).collect();
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let known_length = words.len() == VERSION_2 || words.len() == NAMES.len();
    known_length
        && matches!(word(0), b"2" | b"3" | b"4" | b"5")
        && word(2).starts_with(b"eni-")
        && matches!(word(13), b"OK" | b"NODATA" | b"SKIPDATA")
}

/// Which field stands where in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'c>(pub(super) Option<&'c Columns>);

impl<'c> Layout<'c> {
    /// The name rules know the field by.
    pub(super) fn name(self, place: usize) -> Option<&'c str> {
        match self.0 {
            Some(columns) => columns.0.get(place).map(|column| column.name.as_str()).filter(|name| !name.is_empty()),
            None => NAMES.get(place).copied(),
        }
    }

    /// Index into `NAMES`.
    pub(super) fn known(self, place: usize) -> Option<usize> {
        match self.0 {
            Some(columns) => columns.0.get(place).and_then(|column| column.known),
            None => Some(place),
        }
    }

    /// How many fields a line may have.
    pub(super) fn fields_max(self) -> usize {
        self.0.map_or(NAMES.len(), |columns| columns.0.len())
    }

    /// A line with more or fewer fields than columns cannot be read: which field is missing is anyone's guess.
    pub(super) fn check(self, found: usize) -> Result<(), Unreadable> {
        let headless = if found == NAMES.len() { found } else { VERSION_2 };
        let expected = self.0.map_or(headless, |columns| columns.0.len());
        if found != expected {
            return Err(Unreadable(format!("line has {found} fields, the log has {expected} columns")));
        }
        Ok(())
    }
}
