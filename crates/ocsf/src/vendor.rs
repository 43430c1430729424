//! What only some event classes carry: the finding of a vendor's product (2004) and a DNS question (4003).
//!
//! A [`VendorFinding`] is what GuardDuty, Macie, Defender and their like wrote down. It is not our own `Finding`: that
//! one comes from a rule, stands behind detection and opens incidents.

use serde::Serialize;

/// OCSF `finding_info`: at least `uid`. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VendorFinding {
    pub uid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_url: Option<String>,
    /// Written as the event's own `status_id`.
    #[serde(skip)]
    pub status: FindingStatus,
}

/// OCSF `status_id` of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FindingStatus {
    #[default]
    Unknown,
    New,
    InProgress,
    Suppressed,
    Resolved,
    Archived,
}

impl FindingStatus {
    /// The OCSF `status_id`.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::New => 1,
            Self::InProgress => 2,
            Self::Suppressed => 3,
            Self::Resolved => 4,
            Self::Archived => 5,
        }
    }

    /// The word OCSF gives it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::New => "New",
            Self::InProgress => "In Progress",
            Self::Suppressed => "Suppressed",
            Self::Resolved => "Resolved",
            Self::Archived => "Archived",
        }
    }

    /// The OCSF activity that goes with it: a finding is created, updated or closed.
    #[must_use]
    pub fn activity_id(self) -> u8 {
        match self {
            Self::Unknown | Self::New => 1,
            Self::InProgress => 2,
            Self::Suppressed | Self::Resolved | Self::Archived => 3,
        }
    }
}

/// A DNS question with its answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dns {
    pub query: DnsQuery,
    pub answers: Vec<DnsAnswer>,
    /// `NOERROR`, `NXDOMAIN`, … as the resolver spells it.
    pub rcode: Option<String>,
}

impl Dns {
    /// The number of the response code (RFC 6895 section 2.3) with OCSF's caption of it; 99 and the resolver's own word for a name
    /// that is not in the list.
    #[must_use]
    pub fn rcode(&self) -> Option<(u8, &str)> {
        const NAMES: [(&str, &str); 11] = [
            ("NOERROR", "NoError"),
            ("FORMERR", "FormError"),
            ("SERVFAIL", "ServError"),
            ("NXDOMAIN", "NXDomain"),
            ("NOTIMP", "NotImp"),
            ("REFUSED", "Refused"),
            ("YXDOMAIN", "YXDomain"),
            ("YXRRSET", "YXRRSet"),
            ("NXRRSET", "NXRRSet"),
            ("NOTAUTH", "NotAuth"),
            ("NOTZONE", "NotZone"),
        ];
        let name = self.rcode.as_deref()?;
        let at = NAMES.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        let known = at.and_then(|at| Some((u8::try_from(at).ok()?, NAMES.get(at)?.1)));
        Some(known.unwrap_or((99, name)))
    }
}

/// `dns_query`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DnsQuery {
    pub hostname: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// `dns_answer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DnsAnswer {
    pub rdata: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_codes_have_their_numbers() {
        let dns = |rcode: &str| Dns { rcode: Some(rcode.to_owned()), ..Dns::default() };
        assert_eq!(dns("SERVFAIL").rcode(), Some((2, "ServError")));
        assert_eq!(dns("nxdomain").rcode(), Some((3, "NXDomain")));
        assert_eq!(dns("odd").rcode(), Some((99, "odd")));
        assert_eq!(Dns::default().rcode(), None);
    }
}
