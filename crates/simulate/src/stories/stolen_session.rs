//! Credentials of an instance are used from outside: the thief looks around, is refused here and there, then copies a bucket.
//!
//! Look-alikes: the migration job and the backup read whole buckets too, from inside and with their own roles.

use crate::cast;
use crate::clock::{MINUTE, SECOND};
use crate::company::DATA;
use crate::exposure;
use crate::formats::cloudtrail::Call;
use crate::formats::s3access::Request;
use crate::holdings::STORES;
use crate::json::j;
use crate::options::StoryId;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::StolenSession,
    title: "A stolen instance session enumerates and copies a bucket from a new network",
    surfaces: &["storage", "identity"],
    attack: &["T1552.005", "T1078.004", "T1619", "T1530"],
    ocsf: &[2004, 2006],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let seed = stage.world.company.seed;
    let (role, n) = (*rng.pick(&["larkfield-portal-data", "larkfield-shop-data", "larkfield-reports"]), rng.below(3));
    let thief = cast::instance(seed, role, n);
    let ip = cast::stranger_ip(rng);
    let bucket = stage.world.cast.stolen_bucket;
    let agent = if rng.chance(500) { cast::CLI } else { cast::BOTO };
    let mut at = stage.midnight + rng.range(0, 21 * 60) * MINUTE;

    stage.call(rng, &Call::new(at, &thief, "sts", "GetCallerIdentity", &ip).agent(agent));
    at += rng.range(5, 60) * SECOND;
    stage.call(
        rng,
        &Call::new(at, &thief, "s3", "ListBuckets", &ip)
            .agent(agent)
            .params(j!({"Host": "s3.us-east-1.amazonaws.com"})),
    );
    for name in ["ListUsers", "ListRoles"] {
        at += rng.range(2, 20) * SECOND;
        stage.call(
            rng,
            &Call::new(at, &thief, "iam", name, &ip).agent(agent).denied(if name == "ListUsers" {
                "iam:ListUsers"
            } else {
                "iam:ListRoles"
            }),
        );
    }
    for store in STORES.iter().filter(|s| s.name.starts_with("larkfield-") && s.name != bucket) {
        at += rng.range(1, 9) * SECOND;
        let call = Call::new(at, &thief, "s3", "ListObjects", &ip).agent(agent).listing(store.name, rng);
        stage.call(rng, &call.denied("s3:ListBucket"));
    }
    let call = Call::new(at + SECOND, &thief, "s3", "ListObjects", &ip).agent(agent).listing(bucket, rng);
    stage.call(rng, &call);

    let mut taken = stage.world.holdings.of(bucket).to_vec();
    rng.shuffle(&mut taken);
    let share = 70 + rng.index(31);
    taken.truncate((taken.len() * share / 100).max(1));
    taken.sort_unstable();
    at += rng.range(1, 12) * MINUTE;
    let deed = at;
    for &i in &taken {
        let object = &stage.world.holdings.objects[i];
        let call =
            Call::new(at, &thief, "s3", "GetObject", &ip).agent(agent).object(bucket, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        if rng.chance(970) {
            let (key, bytes) = (Some(object.key.as_str()), object.size);
            stage.s3_line(
                rng,
                &Request {
                    at,
                    bucket,
                    who: &thief,
                    ip: &ip,
                    agent,
                    operation: "REST.GET.OBJECT",
                    key,
                    status: 200,
                    bytes,
                },
            );
        }
        at += rng.range(100, 4_000);
    }
    let resources = vec![format!("arn:aws:s3:::{bucket}"), format!("arn:aws:iam::{DATA}:role/{role}")];
    Told {
        variant: role,
        deed,
        actors: vec![thief.entity(&ip)],
        resources,
        exposure: exposure::objects(stage.world, &taken),
    }
}
