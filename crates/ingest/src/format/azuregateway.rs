//! What Azure's gateways for web traffic have alike: requests and what the firewall made of them, and what every resource log ends
//! with.
//!
//! Beside the formats of Application Gateway and Front Door, which say where each value stands. Rules see what `resourcelog` says and the W3C
//! names.

use ocsf::{Account, Action, Cloud, Event, Status};

use super::resourcelog;
use super::said::{Paths, Said};
use super::tree::{self, Tree};
use super::{Format, Unreadable};

/// A gateway's product, and where its logs say what.
pub(super) struct Gateway {
    pub(super) format: Format,
    pub(super) product: &'static str,
    pub(super) paths: Paths,
    /// What all logs of one request have alike.
    pub(super) request_id: &'static str,
}

impl Gateway {
    /// The object rules see.
    pub(super) fn view(&self, raw: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let lifted = resourcelog::lifted(raw)?;
        Said::of(&mut Tree::of_azure(raw)?, &self.paths).view(&lifted)
    }

    /// A request as an event.
    pub(super) fn normalize(&self, raw: &[u8]) -> Result<Event, Unreadable> {
        let mut tree = Tree::of_azure(raw)?;
        let said = Said::of(&mut tree, &self.paths);
        let when = said.when("time")?;
        let mut event = said.event(self.format, when, raw, ("Microsoft", self.product));
        decide(&mut event, &mut tree, "properties/action");
        event.metadata.correlation_uid = tree.take(&[self.request_id]);
        finish(&mut event, tree, &["properties/clientPort"]);
        Ok(event)
    }
}

/// What the firewall made of the request: `Blocked`, `Allowed`, `Matched`, `Detected`, `Log`, ….
fn decide(event: &mut Event, tree: &mut Tree, path: &str) {
    let Some(action) = tree.take(&[path]) else { return };
    event.action = match action.to_ascii_lowercase().as_str() {
        "blocked" | "block" | "deny" => Some(Action::Denied),
        "allowed" | "allow" | "matched" | "detected" | "log" => Some(Action::Allowed),
        _ => None,
    };
    if event.http_response.is_none() {
        event.status = if event.action == Some(Action::Denied) { Status::Failure } else { Status::Unknown };
    }
    event.metadata.event_code = tree.take(&["properties/ruleId", "properties/ruleName"]);
    event.message = tree.take(&["properties/message", "properties/details/message"]);
    event.status_detail = Some(action);
}

/// The port of the client, the resource and its subscription; what is left survives.
pub(super) fn finish(event: &mut Event, mut tree: Tree, ports: &[&str]) {
    let port = tree::port(tree.count(ports)).filter(|port| 0 < *port);
    if let Some(end) = event.src_endpoint.as_mut().filter(|_| port.is_some()) {
        end.port = port;
    }
    let resource = tree.take(&["resourceId", "ResourceId"]);
    let account = resource.as_deref().and_then(resourcelog::subscription).map(Account::azure_subscription);
    event.cloud = Some(Cloud { provider: "Azure", region: tree.take(&["location"]), zone: None, account });
    let kind = resource.as_deref().and_then(resourcelog::provider);
    event.resources.extend(tree::resource(resource, None, kind.as_deref()));
    event.unmapped = tree.rest();
}
