//! A bucket is made public by a change of policy or ACL; strangers then fetch most of its objects.
//!
//! Look-alikes: product images are public on purpose; infrastructure code writes private policies daily.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{MINUTE, Ms, SECOND};
use crate::company::DATA;
use crate::exposure;
use crate::formats::cloudtrail::Call;
use crate::formats::s3access::Request;
use crate::json::j;
use crate::options::StoryId;
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::PublicBucket,
    title: "A bucket is opened to the world and emptied anonymously",
    surfaces: &["storage"],
    attack: &["T1530", "T1580"],
    ocsf: &[2004, 2006],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let bucket = stage.world.cast.public_bucket;
    let staff = stage.world.people.team(Team::Platform)[stage.world.cast.engineers[0]].clone();
    let engineer = cast::person(DATA, "PlatformAdmin", &staff);
    let opened = stage.midnight + rng.range(11 * 60 * MINUTE, 17 * 60 * MINUTE);
    let variant = open(stage, rng, &engineer, &staff.home_ip, bucket, opened);

    let mut strangers: Vec<String> = (0..1 + rng.index(3)).map(|_| cast::stranger_ip(rng)).collect();
    strangers.dedup();
    let mut taken = stage.world.holdings.of(bucket).to_vec();
    rng.shuffle(&mut taken);
    let share = 60 + rng.index(41);
    taken.truncate((taken.len() * share / 100).max(1));
    taken.sort_unstable();

    let mut at = opened + rng.range(15 * MINUTE, 240 * MINUTE);
    list(stage, rng, bucket, &strangers[0], at);
    let deed = at + 4 * SECOND;
    at = deed;
    for (n, &object) in taken.iter().enumerate() {
        fetch(stage, rng, object, &strangers[n % strangers.len()], at);
        at += rng.range(300, 9_000);
    }
    let mut actors = vec![engineer.entity("")];
    actors.extend(strangers.iter().map(|ip| Principal::Anonymous.entity(ip)));
    let resources = vec![format!("arn:aws:s3:::{bucket}")];
    Told { variant, deed, actors, resources, exposure: exposure::objects(stage.world, &taken) }
}

/// Takes the guard away, then opens the bucket by policy or by ACL.
fn open(stage: &mut Stage<'_>, rng: &mut Rng, engineer: &Principal, ip: &str, bucket: &str, at: Ms) -> &'static str {
    let guard = Call::new(at, engineer, "s3", "DeleteBucketPublicAccessBlock", ip).agent(cast::CLI).writes();
    let call = guard.bucket(bucket, Some("publicAccessBlock"), j!({}), rng);
    stage.call(rng, &call);
    let at = at + rng.range(20 * SECOND, 400 * SECOND);
    if rng.chance(350) {
        let grants = j!({"AccessControlPolicy": {
            "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
            "AccessControlList": {"Grant": [
                {"Grantee": {"xsi:type": "Group", "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"},
            ]},
        }});
        let call = Call::new(at, engineer, "s3", "PutBucketAcl", ip).agent(cast::CLI).writes();
        let call = call.bucket(bucket, Some("acl"), grants, rng);
        stage.call(rng, &call);
    }
    let (variant, principal) = if rng.chance(500) {
        ("policy for everyone", j!("*"))
    } else {
        ("policy for any AWS principal or none", j!({"AWS": "*"}))
    };
    let statement = j!({
        "Sid": "PartnerRead", "Effect": "Allow", "Principal": principal, "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [(format!("arn:aws:s3:::{bucket}")), (format!("arn:aws:s3:::{bucket}/*"))],
    });
    let policy = j!({"bucketPolicy": {"Version": "2012-10-17", "Statement": [statement]}});
    let call = Call::new(at + rng.range(5 * SECOND, 90 * SECOND), engineer, "s3", "PutBucketPolicy", ip)
        .agent(cast::CLI)
        .writes();
    let call = call.bucket(bucket, Some("policy"), policy, rng);
    stage.call(rng, &call);
    variant
}

fn list(stage: &mut Stage<'_>, rng: &mut Rng, bucket: &'static str, ip: &str, at: Ms) {
    let call = Call::new(at, &Principal::Anonymous, "s3", "ListObjects", ip).agent("curl/8.17.0").listing(bucket, rng);
    stage.call(rng, &call);
    let line = Request {
        at,
        bucket,
        who: &Principal::Anonymous,
        ip,
        agent: "curl/8.17.0",
        operation: "REST.GET.BUCKET",
        key: None,
        status: 200,
        bytes: 21_804,
    };
    stage.s3_line(rng, &line);
}

fn fetch(stage: &mut Stage<'_>, rng: &mut Rng, object: usize, ip: &str, at: Ms) {
    let object = &stage.world.holdings.objects[object];
    let agent = "python-requests/2.32.5";
    let call = Call::new(at, &Principal::Anonymous, "s3", "GetObject", ip).agent(agent).object(
        object.store,
        &object.key,
        0,
        object.size,
        rng,
    );
    stage.call(rng, &call);
    // Access logs are delivered on best effort.
    if rng.chance(970) {
        let (bucket, key) = (object.store, Some(object.key.as_str()));
        let who = &Principal::Anonymous;
        stage.s3_line(
            rng,
            &Request { at, bucket, who, ip, agent, operation: "REST.GET.OBJECT", key, status: 200, bytes: object.size },
        );
    }
}
