//! A host gathers objects, its security group is opened to the world, and gigabytes leave for one stranger.
//!
//! More bytes leave than were gathered: the host's scratch disk goes too, with nobody's data on it.
//! Look-alikes: rules for internal ranges; the daily transfer to the marketing vendor.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{MINUTE, Ms, SECOND};
use crate::company::DATA;
use crate::exposure;
use crate::formats::cloudtrail::Call;
use crate::formats::vpcflow::Flow;
use crate::json::{J, j};
use crate::options::StoryId;
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::EgressOpened,
    title: "A security group is opened for egress and a host sends gigabytes to a stranger",
    surfaces: &["network", "storage"],
    attack: &["T1562.007", "T1074.002", "T1048"],
    ocsf: &[2004],
    play,
};

/// The VPC of the data account.
const VPC: usize = 1;

/// The host that sends.
struct Host {
    session: Principal,
    instance: String,
    private: String,
    eni: String,
}

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let seed = stage.world.company.seed;
    let n = rng.below(3);
    let instance = cast::instance_id(seed, "larkfield-etl", n);
    let host = Host {
        session: cast::instance(seed, "larkfield-etl", n),
        private: cast::private_ip("larkfield-etl", n),
        eni: format!("eni-0{}", Rng::new(seed, &instance, 0).hex(16)),
        instance,
    };
    let bucket = stage.world.cast.egress_bucket;
    let mut taken = stage.world.holdings.of(bucket).to_vec();
    rng.shuffle(&mut taken);
    taken.truncate(25 + rng.index(25));
    taken.sort_unstable();
    let group = format!("sg-0{}", Rng::new(seed, "sg-etl", n).hex(16));
    launch(stage, rng, &host, &group, stage.midnight);
    let start = stage.midnight + rng.range(20 * MINUTE, 18 * 60 * MINUTE);
    let mut at = gather(stage, rng, &host, &taken, start);

    let (variant, opener) = if rng.chance(500) {
        ("opened with a deployment user's key", Principal::user(DATA, "svc-release"))
    } else {
        let staff = stage.world.people.team(Team::Platform)[stage.world.cast.engineers[1]];
        ("opened by an engineer's session", cast::person(DATA, "PlatformAdmin", staff))
    };
    let from = cast::stranger_ip(rng);
    at += rng.range(4 * MINUTE, 50 * MINUTE);
    open(stage, rng, &opener, &from, &group, at);

    let deed = at + rng.range(2 * MINUTE, 20 * MINUTE);
    send(stage, rng, &host, deed);
    let actors = vec![opener.entity(&from), format!("eni:{}", host.eni), host.session.entity(&host.private)];
    let resources = vec![
        format!("arn:aws:ec2:us-east-1:{DATA}:security-group/{group}"),
        format!("arn:aws:ec2:us-east-1:{DATA}:instance/{}", host.instance),
        format!("arn:aws:s3:::{bucket}"),
    ];
    Told { variant, deed, actors, resources, exposure: exposure::objects(stage.world, &taken) }
}

/// The group of hosts was renewed in the night: the one record that says which interface and which security group it has.
fn launch(stage: &mut Stage<'_>, rng: &mut Rng, host: &Host, group: &str, at: Ms) {
    let scaling = Principal::job(DATA, "AWSServiceRoleForAutoScaling", "AutoScaling");
    let groups = j!({"items": [{"groupId": group, "groupName": "larkfield-etl"}]});
    let interface =
        j!({"networkInterfaceId": (&host.eni), "privateIpAddress": (&host.private), "groupSet": (groups.clone())});
    let machine = j!({
        "instanceId": (&host.instance), "instanceType": "m7g.large", "privateIpAddress": (&host.private),
        "groupSet": (groups), "networkInterfaceSet": {"items": [interface]},
    });
    let request = rng.uuid();
    let call = Call::new(at + rng.range(MINUTE, 15 * MINUTE), &scaling, "ec2", "RunInstances", "autoscaling.amazonaws.com")
        .agent("autoscaling.amazonaws.com")
        .writes()
        .params(j!({"instanceType": "m7g.large", "minCount": (J::Int(1)), "maxCount": (J::Int(1))}))
        .response(j!({"requestId": request, "reservationId": (format!("r-0{}", rng.hex(16))), "instancesSet": {"items": [machine]}}));
    stage.call(rng, &call);
}

/// From inside, with the host's own role, but more than it usually reads; returns when it is done.
fn gather(stage: &mut Stage<'_>, rng: &mut Rng, host: &Host, taken: &[usize], mut at: Ms) -> Ms {
    for &i in taken {
        let object = &stage.world.holdings.objects[i];
        let call = Call::new(at, &host.session, "s3", "GetObject", &host.private).agent(cast::BOTO);
        let call = call.object(object.store, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        at += rng.range(SECOND, 15 * SECOND);
    }
    at
}

/// Some gigabytes to one stranger, a record a minute and direction.
fn send(stage: &mut Stage<'_>, rng: &mut Rng, host: &Host, mut at: Ms) {
    let (port, target) = (*rng.pick(&[443_i64, 22, 8443, 9001]), cast::stranger_ipv4(rng));
    for _ in 0..rng.range(14, 45) {
        let bytes = rng.range(60_000_000, 240_000_000);
        let source_port = rng.range(32_768, 60_999);
        let out = Flow {
            vpc: VPC,
            at,
            eni: &host.eni,
            instance: Some(&host.instance),
            source: (&host.private, source_port),
            target: (&target, port),
            bytes,
            accept: true,
            egress: true,
        };
        stage.flow(rng, &out);
        let (source, target) = (out.target, out.source);
        stage.flow(rng, &Flow { source, target, bytes: bytes / 60, egress: false, ..out });
        at += MINUTE;
    }
}

fn open(stage: &mut Stage<'_>, rng: &mut Rng, opener: &Principal, ip: &str, group: &str, at: Ms) {
    let all = j!({"ipProtocol": "-1", "groups": {}, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {}, "prefixListIds": {}});
    let request = rng.uuid();
    let rule = j!({
        "groupOwnerId": DATA, "groupId": group, "securityGroupRuleId": (format!("sgr-0{}", rng.hex(16))), "isEgress": true,
        "ipProtocol": "-1", "fromPort": (J::Int(-1)), "toPort": (J::Int(-1)), "cidrIpv4": "0.0.0.0/0",
    });
    let call = Call::new(at, opener, "ec2", "AuthorizeSecurityGroupEgress", ip)
        .agent(cast::CLI)
        .writes()
        .params(j!({"groupId": group, "ipPermissions": {"items": [all]}}))
        .response(j!({"requestId": request, "_return": true, "securityGroupRuleSet": {"items": [rule]}}));
    stage.call(rng, &call);
}
