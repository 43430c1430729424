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

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let seed = stage.world.company.seed;
    let n = rng.below(3);
    let host = cast::instance(seed, "larkfield-etl", n);
    let (instance, private) = (cast::instance_id(seed, "larkfield-etl", n), cast::private_ip("larkfield-etl", n));
    let eni = format!("eni-0{}", Rng::new(seed, &instance, 0).hex(16));
    let bucket = stage.world.cast.egress_bucket;

    // Gathering: from inside, with the host's own role, more than it usually reads.
    let mut at = stage.midnight + rng.range(0, 18 * 60) * MINUTE;
    let mut taken = stage.world.holdings.of(bucket).to_vec();
    rng.shuffle(&mut taken);
    taken.truncate(25 + rng.index(25));
    taken.sort_unstable();
    for &i in &taken {
        let object = &stage.world.holdings.objects[i];
        let call = Call::new(at, &host, "s3", "GetObject", &private).agent(cast::BOTO).object(
            bucket,
            &object.key,
            0,
            object.size,
            rng,
        );
        stage.call(rng, &call);
        at += rng.range(1, 15) * SECOND;
    }

    let (variant, opener, from) = if rng.chance(500) {
        ("opened with a deployment user's key", Principal::user(DATA, "svc-release"), cast::stranger_ip(rng))
    } else {
        let staff = stage.world.people.team(Team::Platform)[stage.world.cast.engineers[1]].clone();
        ("opened by an engineer's session", cast::person(DATA, "PlatformAdmin", &staff), cast::stranger_ip(rng))
    };
    let group = format!("sg-0{}", Rng::new(seed, "sg-etl", n).hex(16));
    at += rng.range(4, 50) * MINUTE;
    open(stage, rng, &opener, &from, &group, at);

    let port = *rng.pick(&[443_i64, 22, 8443, 9001]);
    let target = cast::stranger_ipv4(rng);
    at += rng.range(2, 20) * MINUTE;
    let deed = at;
    let minutes = rng.range(14, 45);
    for _ in 0..minutes {
        let bytes = rng.range(60_000_000, 240_000_000);
        let source_port = rng.range(32_768, 60_999);
        let out = Flow {
            vpc: VPC,
            at,
            eni: &eni,
            instance: Some(&instance),
            source: (&private, source_port),
            target: (&target, port),
            bytes,
            accept: true,
            egress: true,
        };
        stage.flow(rng, &out);
        let back =
            Flow { source: (&target, port), target: (&private, source_port), bytes: bytes / 60, egress: false, ..out };
        stage.flow(rng, &back);
        at += MINUTE;
    }
    let actors = vec![opener.entity(&from), format!("eni:{eni}"), host.entity(&private)];
    let resources = vec![
        format!("arn:aws:ec2:us-east-1:{DATA}:security-group/{group}"),
        format!("arn:aws:ec2:us-east-1:{DATA}:instance/{instance}"),
        format!("arn:aws:s3:::{bucket}"),
    ];
    Told { variant, deed, actors, resources, exposure: exposure::objects(stage.world, &taken) }
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
