//! The vendors' file formats: one file per source, each with the record it writes and how records make a file.
//!
//! To add a source: copy a neighbour, add its `Route`, its path, and its encoding below.

pub(crate) mod activity;
pub(crate) mod application;
pub(crate) mod auditlog;
pub(crate) mod cloudtrail;
pub(crate) mod m365;
pub(crate) mod s3access;
pub(crate) mod signin;
pub(crate) mod vpcflow;

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};

use crate::clock::{DAY, HOUR, Ms};
use crate::company::VPCS;
use crate::rng::Rng;
use crate::stage::Record;

/// Where a record goes. Records of one route and span share a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// Account and region.
    CloudTrail(&'static str, &'static str),
    /// Index into `VPCS`.
    VpcFlow(usize),
    /// Bucket.
    S3Access(&'static str),
    Activity,
    SignIn,
    AuditLog,
    M365,
    /// Service.
    Application(&'static str),
}

impl Route {
    /// Source id.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::CloudTrail(..) => "aws/cloudtrail",
            Self::VpcFlow(_) => "aws/vpcflow",
            Self::S3Access(_) => "aws/s3access",
            Self::Activity => "azure/activitylogs",
            Self::SignIn => "azure/signinlogs",
            Self::AuditLog => "azure/auditlogs",
            Self::M365 => "m365/audit",
            Self::Application(_) => "application/json",
        }
    }

    /// How long a file of this route covers.
    pub(crate) fn span(self) -> Ms {
        match self {
            Self::CloudTrail(..) | Self::VpcFlow(_) | Self::Activity | Self::SignIn | Self::AuditLog => HOUR,
            Self::S3Access(_) => 4 * HOUR,
            Self::M365 | Self::Application(_) => DAY,
        }
    }

    /// A number that tells routes of one source apart, for seeding file names.
    pub(crate) fn number(self) -> u64 {
        let text = match self {
            Self::CloudTrail(account, region) => format!("{account}{region}"),
            Self::VpcFlow(vpc) => VPCS[vpc].id.to_owned(),
            Self::S3Access(name) | Self::Application(name) => name.to_owned(),
            Self::Activity | Self::SignIn | Self::AuditLog | Self::M365 => String::new(),
        };
        Rng::new(0, &text, 0).next()
    }
}

/// Path of the file below the output directory.
pub(crate) fn path(route: Route, slot: Ms, rng: &mut Rng) -> String {
    match route {
        Route::CloudTrail(account, region) => cloudtrail::path(account, region, slot, rng),
        Route::VpcFlow(vpc) => vpcflow::path(&VPCS[vpc], slot, rng),
        Route::S3Access(bucket) => s3access::path(bucket, slot, rng),
        Route::Activity => activity::path(slot),
        Route::SignIn => signin::path(slot),
        Route::AuditLog => auditlog::path(slot),
        Route::M365 => m365::path(slot),
        Route::Application(service) => application::path(service, slot),
    }
}

/// The bytes of the file.
pub(crate) fn encode(route: Route, records: &[Record]) -> io::Result<Vec<u8>> {
    match route {
        Route::CloudTrail(..) => gzip(&joined("{\"Records\":[", ",", "]}", records)),
        Route::VpcFlow(vpc) => gzip(&joined(vpcflow::header(&VPCS[vpc]), "\n", "\n", records)),
        Route::Application(_) => gzip(&joined("", "\n", "\n", records)),
        Route::Activity | Route::SignIn | Route::AuditLog => Ok(joined("", "\r\n", "\r\n", records)),
        Route::S3Access(_) | Route::M365 => Ok(joined("", "\n", "\n", records)),
    }
}

fn joined(before: &str, between: &str, after: &str, records: &[Record]) -> Vec<u8> {
    let size = records.iter().map(|r| r.line.len() + between.len()).sum::<usize>() + before.len() + after.len();
    let mut text = Vec::with_capacity(size);
    text.extend_from_slice(before.as_bytes());
    for (i, record) in records.iter().enumerate() {
        if i > 0 {
            text.extend_from_slice(between.as_bytes());
        }
        text.extend_from_slice(record.line.as_bytes());
    }
    text.extend_from_slice(after.as_bytes());
    text
}

/// Gzip with no name and no time, so that equal content gives equal bytes.
fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::with_capacity(text.len() / 8), Compression::new(4));
    encoder.write_all(text)?;
    encoder.finish()
}
