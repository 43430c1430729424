//! Microsoft 365 unified audit log: one JSON object a line, a file a day.
//!
//! Mailbox, SharePoint and directory operations in the common schema with their own fields behind.

use crate::clock::{self, Ms};
use crate::company::TENANT;
use crate::formats::Route;
use crate::json::{J, j};
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

/// One audited operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    pub(crate) at: Ms,
    pub(crate) upn: &'a str,
    pub(crate) ip: &'a str,
    /// `New-InboxRule`, `FileDownloaded`, `MailItemsAccessed`, …
    pub(crate) name: &'static str,
    /// `Exchange`, `SharePoint`, `AzureActiveDirectory`
    pub(crate) workload: &'static str,
    pub(crate) record_type: i64,
    pub(crate) object: String,
    /// Fields after the common ones; an object.
    pub(crate) more: J,
}

impl Operation<'_> {
    fn record(&self, id: &str, rng: &mut Rng) -> J {
        let mut record = j!({
            "CreationTime": (clock::seconds(self.at).trim_end_matches('Z')), "Id": id, "Operation": (self.name), "OrganizationId": TENANT,
            "RecordType": (self.record_type), "ResultStatus": (if self.workload == "Exchange" { "True" } else { "Succeeded" }),
            "UserKey": (format!("10032{}", rng.hex_upper(11))), "UserType": 0, "Version": 1, "Workload": (self.workload),
            "ClientIP": (self.ip), "ObjectId": (&self.object), "UserId": (self.upn),
        });
        if let (J::Obj(fields), J::Obj(more)) = (&mut record, self.more.clone()) {
            fields.extend(more);
        }
        record
    }
}

/// `Parameters` of an Exchange cmdlet.
pub(crate) fn parameters(pairs: &[(&'static str, &str)]) -> J {
    let list = pairs.iter().map(|(name, value)| j!({"Name": (*name), "Value": (*value)})).collect::<Vec<_>>();
    j!({"AppId": "", "ClientAppId": "", "ExternalAccess": false, "OrganizationName": "larkfield.onmicrosoft.com", "Parameters": list})
}

pub(crate) fn path(slot: Ms) -> String {
    format!("telemetry/m365/audit/{}.jsonl", clock::date(slot))
}

impl Stage<'_> {
    pub(crate) fn m365(&mut self, rng: &mut Rng, operation: &Operation<'_>) {
        let id = rng.uuid();
        let line = operation.record(&id, rng).text();
        self.push(Route::M365, operation.at, line, Some(id), Hushable::Never);
    }
}
