//! Azure Firewall (`azure/firewall`): Network Activity of its rules, DNS Activity of its proxy.
//!
//! Structured categories (`AZFW…`) have names; the older ones say it in a sentence in `properties.msg`, which is read word by word. Rules see
//! what `resourcelog` says. Contents: Azure Firewall documentation, "Azure Firewall monitoring data reference".

use jiff::Timestamp;
use ocsf::{Action, Class, Connection, Dns, DnsQuery, Endpoint, Event, Status};

use super::azuregateway::finish;
use super::tree::{self, Tree, begin};
use super::{Format, Unreadable, aws, azure};

/// The categories, in lower case.
pub(super) fn is_category(category: &[u8]) -> bool {
    category.starts_with(b"azurefirewall") || category.starts_with(b"azfw")
}

/// A decision as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let mut tree = Tree::of_azure(raw)?;
    let when = tree.when(&["time"])?;
    let category = tree.take(&["category"]).unwrap_or_default();
    let message = tree.take(&["properties/msg", "properties/Msg"]);
    let is_dns = category.to_ascii_lowercase().contains("dns");
    let class = if is_dns { Class::DnsActivity } else { Class::NetworkActivity };
    let mut event = begin(Format::AzureFirewall, class, when, raw, ("Microsoft", "Azure Firewall"), &category);
    event.activity_id = if is_dns { 2 } else { 6 };
    match &message {
        Some(message) if is_dns => of_question(&mut event, message),
        Some(message) => of_sentence(&mut event, message),
        None => of_names(&mut event, &mut tree, when),
    }
    event.message = message;
    let address = event.src_endpoint.as_ref().and_then(|end| end.ip.as_deref());
    event.actor_key = address.and_then(aws::key_of_ip);
    event.status = match event.action {
        Some(Action::Denied) => Status::Failure,
        Some(Action::Allowed) => Status::Success,
        None => event.status,
    };
    if event.action == Some(Action::Denied) && class == Class::NetworkActivity {
        event.activity_id = 5;
    }
    finish(&mut event, tree, &["properties/SourcePort"]);
    // Network Activity wants one end at least.
    if event.src_endpoint.is_none() && event.dst_endpoint.is_none() {
        event.dst_endpoint = Some(Endpoint { name: Some("Unknown".to_owned()), ..Endpoint::default() });
    }
    Ok(event)
}

fn decision(word: &str) -> Option<Action> {
    match word.trim().trim_end_matches('.').to_ascii_lowercase().as_str() {
        "allow" | "alert" => Some(Action::Allowed),
        "deny" | "drop" | "block" => Some(Action::Denied),
        _ => None,
    }
}

fn protocol(name: &str) -> Option<u8> {
    match name.to_ascii_uppercase().as_str() {
        "ICMP" => Some(1),
        "TCP" | "HTTP" | "HTTPS" | "MSSQL" => Some(6),
        "UDP" => Some(17),
        _ => None,
    }
}

/// `TCP request from 192.0.2.7:50306 to 10.0.0.4:443. Action: Deny. Rule: x`
fn of_sentence(event: &mut Event, message: &str) {
    let mut words = message.split_whitespace();
    let first = words.next().unwrap_or_default();
    event.connection = protocol(first).map(|number| Connection { protocol_num: Some(number), ..Connection::default() });
    let after = |word: &str| {
        let mut words = message.split_whitespace().skip_while(|found| *found != word).skip(1);
        words.next().map(|text| text.trim_end_matches('.'))
    };
    event.src_endpoint = after("from").map(end);
    event.dst_endpoint = after("to").filter(|_| message.contains(" to ")).map(end);
    event.action = message.split_once("Action: ").and_then(|(_, rest)| decision(rest.split(['.', ' ']).next()?));
    let rule = message.split_once(" Rule: ").map(|(_, rest)| rest.trim().to_owned());
    if let Some(rule) = rule {
        event.metadata.event_code = Some(rule);
    }
    if let Some((_, seen)) = message.split_once(" IDS: ") {
        event.status_detail = seen.split(". ").next().map(str::to_owned);
    }
    if let Some((_, reason)) = message.split_once("Action: Deny. ").filter(|(_, rest)| !rest.is_empty()) {
        event.status_detail = Some(reason.trim_start_matches("Reason: ").to_owned());
    }
}

/// `address:port`, or a name with one.
fn end(written: &str) -> Endpoint {
    let found = azure::endpoint(written);
    if found.ip.is_some() {
        return found;
    }
    let (host, port) = written.rsplit_once(':').map_or((written, None), |(host, port)| (host, port.parse().ok()));
    Endpoint { hostname: Some(host.to_owned()), port, ..Endpoint::default() }
}

/// `DNS Request: 10.0.2.4:61248 - 6513 A IN host. udp 43 false 512 NXDOMAIN qr,rd,ra 145 0.002s`
fn of_question(event: &mut Event, message: &str) {
    let words: Vec<&str> = message.trim_start_matches("DNS Request: ").split_whitespace().collect();
    let at = |index: usize| words.get(index).map(|word| (*word).to_owned());
    event.src_endpoint = at(0).as_deref().map(end);
    let query = DnsQuery { hostname: at(5).unwrap_or_else(|| "unknown".to_owned()), kind: at(3), class: at(4) };
    set_dns(event, query, at(10));
}

fn set_dns(event: &mut Event, query: DnsQuery, rcode: Option<String>) {
    event.status = match rcode.as_deref() {
        Some("NOERROR") => Status::Success,
        Some(_) => Status::Failure,
        None => Status::Unknown,
    };
    event.status_code.clone_from(&rcode);
    event.dns = Some(Box::new(Dns { query, answers: Vec::new(), rcode }));
}

fn of_names(event: &mut Event, tree: &mut Tree, _when: Timestamp) {
    event.src_endpoint = tree::endpoint(tree.take(&["properties/SourceIp", "properties/SourceIP"]));
    let port = tree::port(tree.count(&["properties/DestinationPort"]));
    let target = tree.take(&["properties/DestinationIp", "properties/Fqdn", "properties/DestinationFqdn"]);
    event.dst_endpoint = target.map(|target| Endpoint { port, ..end(&target) });
    event.action = tree.take(&["properties/Action"]).as_deref().and_then(decision);
    let rule = tree.take(&["properties/Rule", "properties/SignatureId"]);
    event.metadata.event_code = rule.or(event.metadata.event_code.take());
    event.status_detail = tree.take(&["properties/ActionReason", "properties/ErrorMessage", "properties/Description"]);
    let name = tree.take(&["properties/Protocol"]);
    event.connection = name
        .and_then(|name| protocol(&name))
        .map(|number| Connection { protocol_num: Some(number), ..Connection::default() });
    if event.class == Class::DnsActivity {
        let hostname = tree.take(&["properties/QueryName"]).unwrap_or_else(|| "unknown".to_owned());
        let query = DnsQuery {
            hostname,
            kind: tree.take(&["properties/QueryType"]),
            class: tree.take(&["properties/QueryClass"]),
        };
        let rcode = tree.take(&["properties/ResponseCode"]);
        set_dns(event, query, rcode);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(category: &str, properties: &str) -> Event {
        let raw = format!(
            r#"{{"time":"2026-03-02T10:11:12Z","category":"{category}","resourceId":"/subscriptions/AA/x","properties":{properties}}}"#
        );
        normalize(raw.as_bytes()).unwrap()
    }

    #[test]
    fn sentences_and_names() {
        let denied = event(
            "AzureFirewallNetworkRule",
            r#"{"msg":"TCP request from 192.0.2.7:49680 to 10.0.0.4:1688. Action: Deny. "}"#,
        );
        assert_eq!(
            (denied.action, denied.activity_id, denied.hot().src_ip),
            (Some(Action::Denied), 5, Some("192.0.2.7"))
        );
        let allowed = event(
            "AzureFirewallApplicationRule",
            r#"{"msg":"HTTPS request from 10.0.0.1:59060 to shop.example:443. Action: Allow. Rule Collection: c. Rule: r"}"#,
        );
        assert_eq!(
            (allowed.dst_endpoint.unwrap().hostname.as_deref(), allowed.metadata.event_code.as_deref()),
            (Some("shop.example"), Some("r"))
        );
        let named = event(
            "AZFWNetworkRule",
            r#"{"SourceIp":"192.0.2.7","DestinationIp":"10.0.0.4","DestinationPort":443,"Protocol":"TCP","Action":"Allow","Rule":"r","RuleCollection":"c"}"#,
        );
        assert_eq!((named.action, named.hot().src_ip), (Some(Action::Allowed), Some("192.0.2.7")));
        assert_eq!(named.unmapped["properties"]["RuleCollection"], "c");
    }

    #[test]
    fn questions() {
        let old = event(
            "AzureFirewallDnsProxy",
            r#"{"msg":"DNS Request: 10.0.2.4:61248 - 6513 A IN wpad.example. udp 43 false 512 NXDOMAIN qr,rd,ra 145 0.002s"}"#,
        );
        assert_eq!((old.dns.unwrap().query.hostname.as_str(), old.status), ("wpad.example.", Status::Failure));
        let new = event(
            "AZFWDnsQuery",
            r#"{"SourceIp":"10.0.2.4","QueryName":"a.example.","QueryType":"A","ResponseCode":"NOERROR"}"#,
        );
        assert_eq!((new.dns.unwrap().rcode.as_deref(), new.status), (Some("NOERROR"), Status::Success));
    }
}
