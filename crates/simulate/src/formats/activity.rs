//! Azure Activity Log as a diagnostic setting archives it: JSON lines in one `PT1H.json` an hour.
//!
//! One action gives a `Start` and a terminal record with the same correlation id; reads are never logged.

use crate::clock::{self, Ms, SECOND};
use crate::company::{RESOURCE_GROUP, SUBSCRIPTION, TENANT};
use crate::formats::Route;
use crate::json::{J, j};
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

/// Who calls Azure Resource Manager.
#[derive(Debug, Clone)]
pub(crate) enum Caller<'a> {
    Person {
        upn: &'a str,
        name: &'a str,
        oid: &'a str,
    },
    /// A service principal.
    App {
        id: &'a str,
        oid: &'a str,
    },
}

impl Caller<'_> {
    /// The entity key that findings use for this actor.
    pub(crate) fn entity(&self) -> String {
        match self {
            Self::Person { upn, .. } => format!("entra:{upn}"),
            Self::App { id, .. } => format!("entra:{id}"),
        }
    }
}

/// One action on a resource.
#[derive(Debug, Clone)]
pub(crate) struct Action<'a> {
    pub(crate) at: Ms,
    pub(crate) who: &'a Caller<'a>,
    pub(crate) ip: &'a str,
    /// Upper case, as archived: `MICROSOFT.SQL/SERVERS/FIREWALLRULES/WRITE`.
    pub(crate) operation: &'static str,
    /// Below the resource group: `MICROSOFT.SQL/SERVERS/X`.
    pub(crate) resource: String,
    pub(crate) request: J,
    pub(crate) response: J,
    /// Time from `Start` to the terminal record.
    pub(crate) takes: Ms,
    pub(crate) fails: bool,
}

impl<'a> Action<'a> {
    pub(crate) fn new(at: Ms, who: &'a Caller<'a>, ip: &'a str, operation: &'static str, resource: &str) -> Self {
        let resource = resource.to_owned();
        Self { at, who, ip, operation, resource, request: J::Null, response: J::Null, takes: 2 * SECOND, fails: false }
    }

    /// The ARM id of the resource, upper case.
    pub(crate) fn resource_id(&self) -> String {
        let (subscription, group) = (SUBSCRIPTION.to_uppercase(), RESOURCE_GROUP.to_uppercase());
        format!("/SUBSCRIPTIONS/{subscription}/RESOURCEGROUPS/{group}/PROVIDERS/{}", self.resource.to_uppercase())
    }

    fn record(&self, terminal: bool, correlation: &str, rng: &mut Rng) -> J {
        let (result, signature, status) = match (terminal, self.fails) {
            (false, _) => ("Start", "Started.", ""),
            (true, false) => ("Success", "Succeeded.OK", "OK"),
            (true, true) => ("Failure", "Failed.Forbidden", "Forbidden"),
        };
        let at = if terminal { self.at + self.takes } else { self.at };
        let level = if self.fails && terminal { "Error" } else { "Information" };
        let resource_id = self.resource_id();
        let mut properties =
            j!({"eventCategory": "Administrative", "entity": (&resource_id), "message": (self.operation)});
        if terminal {
            properties.set("statusCode", status);
            properties.set("serviceRequestId", rng.uuid());
        }
        if self.request != J::Null {
            properties.set("requestbody", self.request.text());
        }
        if terminal && !self.fails && self.response != J::Null {
            properties.set("responseBody", self.response.text());
        }
        properties.set("hierarchy", format!("{TENANT}/{SUBSCRIPTION}"));
        j!({
            "RoleLocation": "East US", "ReleaseVersion": "6.2026.8.1+2b6f0c1d.release_2026w08", "time": (format!("{}Z", clock::ticks(at, rng.next()))),
            "resourceId": resource_id, "operationName": (self.operation), "category": "Administrative", "resultType": result,
            "resultSignature": signature, "durationMs": (if terminal { self.takes.to_string() } else { "0".to_owned() }),
            "callerIpAddress": (self.ip), "correlationId": correlation, "identity": (self.identity()), "level": level,
            "location": "global", "properties": properties, "tenantId": TENANT,
        })
    }

    fn identity(&self) -> J {
        let scope = self.resource_id();
        let (oid, kind, mut claims) = match self.who {
            Caller::Person { upn, name, oid } => {
                let claims = j!({
                    "aud": "https://management.core.windows.net/", "iss": (format!("https://sts.windows.net/{TENANT}/")), "name": (*name),
                    "ipaddr": (self.ip), "appid": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "appidacr": "0",
                    "http://schemas.microsoft.com/claims/authnmethodsreferences": "pwd,mfa",
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": (*upn),
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": (*upn),
                });
                (*oid, "User", claims)
            }
            Caller::App { id, oid } => {
                let issuer = format!("https://sts.windows.net/{TENANT}/");
                let claims = j!({
                    "aud": "https://management.core.windows.net/", "iss": issuer, "appid": (*id), "appidacr": "2", "idtyp": "app",
                });
                (*oid, "ServicePrincipal", claims)
            }
        };
        claims.set("http://schemas.microsoft.com/identity/claims/objectidentifier", oid);
        claims.set("http://schemas.microsoft.com/identity/claims/tenantid", TENANT);
        j!({
            "authorization": {
                "scope": scope, "action": (self.operation),
                "evidence": {
                    "role": "Contributor", "roleAssignmentScope": (format!("/subscriptions/{SUBSCRIPTION}")),
                    "roleDefinitionId": "b24988ac618042a0ab8820f7382dd24c", "principalId": (oid.replace('-', "")), "principalType": kind,
                },
            },
            "claims": claims,
        })
    }
}

pub(crate) fn path(slot: Ms) -> String {
    format!(
        "telemetry/azure/activitylogs/insights-activity-logs/resourceId=/SUBSCRIPTIONS/{}/{}/PT1H.json",
        SUBSCRIPTION.to_uppercase(),
        hour_path(slot)
    )
}

/// `y=2026/m=03/d=02/h=13/m=00`: the second `m` is the minute, always 00.
pub(crate) fn hour_path(slot: Ms) -> String {
    let d = clock::civil(slot);
    format!("y={:04}/m={:02}/d={:02}/h={:02}/m=00", d.year(), d.month(), d.day(), d.hour())
}

impl Stage<'_> {
    /// Records an action's start and end and returns when it ended.
    pub(crate) fn azure(&mut self, rng: &mut Rng, action: &Action<'_>) -> Ms {
        let correlation = rng.uuid();
        for terminal in [false, true] {
            let line = action.record(terminal, &correlation, rng).text();
            let at = if terminal { action.at + action.takes } else { action.at };
            self.push(Route::Activity, at, line, None, Hushable::Never);
        }
        action.at + action.takes
    }
}
