//! Infrastructure code writes policies, public access blocks and security group rules that open nothing.

use crate::cast;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::holdings::{EXPORTS, GRADEBOOKS, ORDERS, RECORDS};
use crate::json::{J, j};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "terraform-run",
    title: "Infrastructure code touches policies and security groups",
    resembles: "public-bucket, egress-opened",
    why_benign: "policies name the company's own roles, blocks are switched on, egress rules name private ranges",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let who = cast::terraform(DATA, rng);
    let ip = cast::RUNNER_IP;
    let mut at = Zone::NewYork.at(stage.midnight, 10, 0) + rng.range(0, 400 * MINUTE);
    for bucket in [EXPORTS, ORDERS, RECORDS, GRADEBOOKS] {
        at += rng.range(2 * SECOND, 9 * SECOND);
        let role = rng.word(&["larkfield-shop-data", "larkfield-portal-data", "larkfield-reports"]);
        let policy = j!({"bucketPolicy": {"Version": "2012-10-17", "Statement": [
            {"Sid": "App", "Effect": "Allow", "Principal": {"AWS": (format!("arn:aws:iam::{DATA}:role/{role}"))}, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": (format!("arn:aws:s3:::{bucket}/*"))},
            {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": (format!("arn:aws:s3:::{bucket}/*")), "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]}});
        let call = Call::new(at, &who, "s3", "PutBucketPolicy", ip).agent(cast::TERRAFORM).writes().bucket(
            bucket,
            Some("policy"),
            policy,
            rng,
        );
        stage.call(rng, &call);
        let block = j!({"PublicAccessBlockConfiguration": {
            "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }});
        let call = Call::new(at + SECOND, &who, "s3", "PutBucketPublicAccessBlock", ip).agent(cast::TERRAFORM).writes();
        let call = call.bucket(bucket, Some("publicAccessBlock"), block, rng);
        stage.call(rng, &call);
    }
    for name in ["AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupEgress"] {
        at += rng.range(2 * SECOND, 9 * SECOND);
        let cidr = rng.word(&["10.20.0.0/16", "10.40.0.0/16", "10.60.0.0/16", "10.40.12.0/24"]);
        let call = rule(Call::new(at, &who, "ec2", name, ip), cidr, rng);
        stage.call(rng, &call);
    }
    vec![who.entity(ip)]
}

fn rule<'a>(call: Call<'a>, cidr: &'static str, rng: &mut Rng) -> Call<'a> {
    let group = format!("sg-0{}", rng.hex(16));
    let port = *rng.pick(&[443, 5432]);
    let item = j!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipRanges": {"items": [{"cidrIp": cidr, "description": "internal"}]}, "ipv6Ranges": {}, "prefixListIds": {}});
    let request = rng.uuid();
    let egress = call.name.ends_with("Egress");
    let revoked = call.name.starts_with("Revoke");
    let set = j!({
        "groupOwnerId": DATA, "groupId": (&group), "securityGroupRuleId": (format!("sgr-0{}", rng.hex(16))), "isEgress": egress,
        "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": cidr,
    });
    let mut response = j!({"requestId": request, "_return": true});
    if !revoked {
        response.set("securityGroupRuleSet", j!({"items": (J::Arr(vec![set]))}));
    }
    call.agent(cast::TERRAFORM)
        .writes()
        .params(j!({"groupId": group, "ipPermissions": {"items": (J::Arr(vec![item]))}}))
        .response(response)
}
