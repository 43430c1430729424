//! Route 53 Resolver query logs (`aws/route53resolver`): DNS Activity.
//!
//! Rules see the record itself (`query_name`, `query_type`, `rcode`, `srcaddr`, `answers`, `firewall_rule_action`). The name has
//! its final dot there; the event's has none. Contents: Route 53 developer guide, "Values that appear in VPC Resolver query
//! logs".

use ocsf::{Account, Action, Class, Cloud, Connection, Dns, DnsAnswer, DnsQuery, Endpoint, Event, Status};

use super::json::{OneOrMore, Scalar, fields, parse};
use super::{Format, Unreadable, aws, time};

fields!(Record {
    version = "version": Scalar<'a>,
    account = "account_id": Scalar<'a>,
    region = "region": Scalar<'a>,
    vpc = "vpc_id": Scalar<'a>,
    when = "query_timestamp": Scalar<'a>,
    name = "query_name": Scalar<'a>,
    kind = "query_type": Scalar<'a>,
    class = "query_class": Scalar<'a>,
    rcode = "rcode": Scalar<'a>,
    answers = "answers": OneOrMore<Answer<'a>>,
    source = "srcaddr": Scalar<'a>,
    port = "srcport": Scalar<'a>,
    transport = "transport": Scalar<'a>,
    sources = "srcids": Sources<'a>,
    firewall_action = "firewall_rule_action": Scalar<'a>,
    firewall_group = "firewall_rule_group_id": Scalar<'a>,
});
fields!(Answer { data = "Rdata": Scalar<'a>, kind = "Type": Scalar<'a>, class = "Class": Scalar<'a> });
fields!(Sources { instance = "instance": Scalar<'a>, endpoint = "resolver_endpoint": Scalar<'a> });

/// A query as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let when = time::required("query_timestamp", record.when.required("query_timestamp")?)?;
    let name = record.name.required("query_name")?;

    let mut event = Event::new(Format::Route53Resolver.id(), Class::DnsActivity, when, raw);
    // One record holds question and answer.
    event.activity_id = 6;
    event.metadata = ocsf::Metadata {
        product_name: "Route 53 Resolver",
        vendor_name: "AWS",
        product_version: record.version.string(),
        event_code: record.kind.string(),
        ..ocsf::Metadata::default()
    };
    event.cloud = Some(Cloud {
        provider: "AWS",
        region: record.region.string(),
        zone: None,
        account: record.account.string().map(Account::aws),
    });
    event.dns = Some(Box::new(Dns {
        query: DnsQuery {
            hostname: without_dot(name).to_owned(),
            kind: record.kind.string(),
            class: record.class.string(),
        },
        answers: record.answers.0.iter().filter_map(answer).collect(),
        rcode: record.rcode.string(),
    }));
    event.status = match record.rcode.text() {
        Some("NOERROR") => Status::Success,
        Some(_) => Status::Failure,
        None => Status::Unknown,
    };
    event.status_code = record.rcode.string();
    event.src_endpoint = source(&record);
    event.actor_key = actor_key(&record);
    event.connection = protocol(record.transport.text().unwrap_or_default()).map(|number| Connection {
        direction_id: 2,
        protocol_num: Some(number),
        tcp_flags: None,
    });
    event.action = match record.firewall_action.text() {
        Some("ALLOW" | "ALERT") => Some(Action::Allowed),
        Some("BLOCK") => Some(Action::Denied),
        _ => None,
    };
    Ok(event)
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(name)
}

fn answer(answer: &Answer<'_>) -> Option<DnsAnswer> {
    let rdata = without_dot(answer.data.text()?).to_owned();
    Some(DnsAnswer { rdata, kind: answer.kind.string(), class: answer.class.string() })
}

fn source(record: &Record<'_>) -> Option<Endpoint> {
    let endpoint = Endpoint {
        port: record.port.count().and_then(|port| u16::try_from(port).ok()),
        instance_uid: record.sources.instance.string(),
        vpc_uid: record.vpc.string(),
        ..record.source.text().map(aws::endpoint).unwrap_or_default()
    };
    (!endpoint.is_anonymous()).then_some(endpoint)
}

/// The instance that asked, which is how other logs of that network can be met, else its address.
fn actor_key(record: &Record<'_>) -> Option<String> {
    let instance = record.sources.instance.text().map(|instance| format!("ec2:{instance}"));
    instance.or_else(|| record.source.text().and_then(aws::key_of_ip))
}

fn protocol(transport: &str) -> Option<u8> {
    match transport {
        "UDP" => Some(17),
        "TCP" => Some(6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_question() {
        let raw = br#"{"version":"1.100000","account_id":"111122223333","region":"eu-west-1","vpc_id":"vpc-1",
            "query_timestamp":"2026-03-02T10:11:12Z","query_name":"a2V5.exfil.example.","query_type":"TXT","query_class":"IN",
            "rcode":"NOERROR","answers":[{"Rdata":"ok","Type":"TXT","Class":"IN"}],"srcaddr":"10.0.0.7","srcport":"48701",
            "transport":"UDP","srcids":{"instance":"i-0abc"},"firewall_rule_action":"BLOCK"}"#;
        let event = normalize(raw).unwrap();
        assert_eq!((event.type_uid(), event.status, event.action), (400_306, Status::Success, Some(Action::Denied)));
        assert_eq!(event.dns.as_ref().unwrap().query.hostname, "a2V5.exfil.example");
        assert_eq!(event.actor_key.as_deref(), Some("ec2:i-0abc"));
        assert_eq!(event.hot().src_ip, Some("10.0.0.7"));
        assert_eq!(event.hot().operation, Some("TXT"));
    }

    #[test]
    fn the_root_keeps_its_dot() {
        assert_eq!([without_dot("."), without_dot("a.")], [".", "a"]);
    }
}
