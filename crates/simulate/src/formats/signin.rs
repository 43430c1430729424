//! Entra ID sign-in logs as a diagnostic setting archives them: JSON lines in one `PT1H.json` an hour.
//!
//! Interactive sign-ins of people, with device, place and the outcome of conditional access.

use crate::clock::{self, Ms};
use crate::company::TENANT;
use crate::formats::{Route, activity};
use crate::json::{J, j};
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

/// One sign-in.
#[derive(Debug, Clone)]
pub(crate) struct SignIn<'a> {
    pub(crate) at: Ms,
    pub(crate) upn: &'a str,
    pub(crate) name: &'a str,
    pub(crate) oid: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) country: &'a str,
    pub(crate) city: &'a str,
    pub(crate) app: (&'static str, &'static str),
    pub(crate) agent: &'a str,
    /// 0 is success; 50126 wrong password; 50074 strong authentication required.
    pub(crate) error: i64,
    pub(crate) mfa: bool,
    /// `none`, `low`, `medium`, `high`
    pub(crate) risk: &'static str,
    /// A device that the company manages.
    pub(crate) managed: bool,
}

/// (application id, display name)
pub(crate) const PORTAL: (&str, &str) = ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal");
pub(crate) const OFFICE: (&str, &str) = ("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome");
pub(crate) const AWS_SSO: (&str, &str) = ("9b0d3e61-2f5c-4a87-b1d6-c38f7e250a94", "AWS IAM Identity Center");

impl SignIn<'_> {
    fn record(&self, id: &str, rng: &mut Rng) -> J {
        let ticks = clock::ticks(self.at, rng.next());
        let correlation = rng.uuid();
        let reason = match self.error {
            0 => J::Null,
            50_126 => J::from("Invalid username or password or Invalid on-premise username or password."),
            _ => J::from("Strong Authentication is required."),
        };
        let mut status = j!({"errorCode": (self.error)});
        if reason != J::Null {
            status.set("failureReason", reason);
        }
        let requirement = if self.mfa { "multiFactorAuthentication" } else { "singleFactorAuthentication" };
        let access = match (self.error, self.mfa) {
            (0, true) => "success",
            (0, false) => "notApplied",
            _ => "failure",
        };
        let system = match self.agent {
            agent if agent.contains("Windows") => "Windows10",
            agent if agent.contains("Linux x86_64") => "Linux",
            agent if agent.contains("Android") => "Android",
            agent if agent.contains("iPhone") => "Ios 19.3",
            _ => "MacOs",
        };
        let browser = if self.agent.contains("Firefox") { "Firefox 147.0" } else { "Chrome 144.0.0" };
        let device_id = if self.managed { Rng::new(0, self.oid, 1).uuid() } else { String::new() };
        let state = if self.risk == "none" { "none" } else { "atRisk" };
        let properties = j!({
            "id": id, "createdDateTime": (format!("{ticks}+00:00")), "userDisplayName": (self.name), "userPrincipalName": (self.upn),
            "userId": (self.oid), "appId": (self.app.0), "appDisplayName": (self.app.1), "ipAddress": (self.ip), "status": status,
            "clientAppUsed": "Browser", "userAgent": (self.agent),
            "deviceDetail": {"deviceId": device_id, "operatingSystem": system, "browser": browser, "isManaged": (self.managed), "isCompliant": (self.managed)},
            "location": {"city": (self.city), "state": "", "countryOrRegion": (self.country), "geoCoordinates": {}},
            "correlationId": (&correlation), "conditionalAccessStatus": access, "appliedConditionalAccessPolicies": [],
            "originalRequestId": id, "isInteractive": true, "tokenIssuerType": "AzureAD", "processingTimeInMilliseconds": (rng.range(90, 800)),
            "riskDetail": "none", "riskLevelAggregated": (self.risk), "riskLevelDuringSignIn": (self.risk), "riskState": state,
            "riskEventTypes_v2": [], "resourceDisplayName": "Windows Azure Service Management API",
            "resourceId": "797f4846-ba00-4fd7-ba43-dac1f8f63013", "resourceTenantId": TENANT, "homeTenantId": TENANT,
            "authenticationRequirement": requirement, "userType": "Member", "flaggedForReview": false, "crossTenantAccessType": "none",
            "uniqueTokenIdentifier": (rng.alnum(22)), "sessionId": (rng.uuid()), "incomingTokenType": "none", "authenticationProtocol": "none",
        });
        let text = if self.error == 0 { J::Null } else { J::from("Authentication failed") };
        j!({
            "time": (format!("{ticks}Z")), "resourceId": (format!("/tenants/{TENANT}/providers/Microsoft.aadiam")),
            "operationName": "Sign-in activity", "operationVersion": "1.0", "category": "SignInLogs", "tenantId": TENANT,
            "resultType": (self.error.to_string()), "resultSignature": "None", "resultDescription": text, "durationMs": 0,
            "callerIpAddress": (self.ip), "correlationId": correlation, "identity": (self.name), "Level": 4, "location": (self.country),
            "properties": properties,
        })
    }
}

pub(crate) fn path(slot: Ms) -> String {
    format!(
        "telemetry/azure/signinlogs/insights-logs-signinlogs/tenantId={TENANT}/{}/PT1H.json",
        activity::hour_path(slot)
    )
}

impl Stage<'_> {
    pub(crate) fn sign_in(&mut self, rng: &mut Rng, sign_in: &SignIn<'_>) {
        let id = rng.uuid();
        let line = sign_in.record(&id, rng).text();
        self.push(Route::SignIn, sign_in.at, line, Some(id), Hushable::Never);
    }
}
