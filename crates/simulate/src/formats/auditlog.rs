//! Entra ID audit logs: changes to users, groups, applications and consents, archived like sign-ins.
//!
//! `modifiedProperties` carry JSON inside strings, as the service writes them.

use crate::clock::{self, Ms};
use crate::company::TENANT;
use crate::formats::{Route, activity};
use crate::json::{J, j};
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

/// One change in the directory.
#[derive(Debug, Clone)]
pub(crate) struct Change<'a> {
    pub(crate) at: Ms,
    /// The person who did it: (upn, object id, address).
    pub(crate) by: (&'a str, &'a str, &'a str),
    /// `Consent to application`, `Add member to group`, …
    pub(crate) activity: &'static str,
    /// `ApplicationManagement`, `UserManagement`, `GroupManagement`
    pub(crate) category: &'static str,
    pub(crate) operation: &'static str,
    /// (kind, display name, id)
    pub(crate) target: (&'static str, &'a str, &'a str),
    /// (property, old, new): the values are put into JSON strings.
    pub(crate) modified: Vec<(&'static str, J, J)>,
}

impl Change<'_> {
    fn record(&self, id: &str, rng: &mut Rng) -> J {
        let ticks = clock::ticks(self.at, rng.next());
        let correlation = rng.uuid();
        let (upn, oid, ip) = self.by;
        let modified = self
            .modified
            .iter()
            .map(|(name, old, new)| j!({"displayName": (*name), "oldValue": (quoted(old)), "newValue": (quoted(new))}))
            .collect::<Vec<_>>();
        let (kind, display, target) = self.target;
        let properties = j!({
            "id": id, "category": (self.category), "correlationId": (&correlation), "result": "success", "resultReason": "",
            "activityDisplayName": (self.activity), "activityDateTime": (format!("{ticks}+00:00")), "loggedByService": "Core Directory",
            "operationType": (self.operation), "userAgent": null,
            "initiatedBy": {"user": {"id": oid, "displayName": null, "userPrincipalName": upn, "ipAddress": ip, "roles": []}},
            "targetResources": [{"id": target, "displayName": display, "type": kind, "modifiedProperties": modified, "administrativeUnits": []}],
            "additionalDetails": [{"key": "User-Agent", "value": "EvoSTS"}],
        });
        j!({
            "time": (format!("{ticks}Z")), "resourceId": (format!("/tenants/{TENANT}/providers/Microsoft.aadiam")),
            "operationName": (self.activity), "operationVersion": "1.0", "category": "AuditLogs", "tenantId": TENANT,
            "resultSignature": "None", "durationMs": 0, "callerIpAddress": ip, "correlationId": correlation, "identity": upn, "Level": 4,
            "properties": properties,
        })
    }
}

fn quoted(value: &J) -> J {
    if *value == J::Null { J::Null } else { J::from(value.text()) }
}

pub(crate) fn path(slot: Ms) -> String {
    format!(
        "telemetry/azure/auditlogs/insights-logs-auditlogs/tenantId={TENANT}/{}/PT1H.json",
        activity::hour_path(slot)
    )
}

impl Stage<'_> {
    pub(crate) fn directory(&mut self, rng: &mut Rng, change: &Change<'_>) {
        let id = format!("Directory_{}_{}_{}", rng.uuid(), rng.base32(5), rng.digits(9));
        let line = change.record(&id, rng).text();
        self.push(Route::AuditLog, change.at, line, Some(id), Hushable::Never);
    }
}
