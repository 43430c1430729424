//! Credentials of an instance are used from outside: the thief looks around, is refused here and there, then copies a bucket.
//!
//! Look-alikes: the migration job and the backup read whole buckets too, from inside and with their own roles.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{MINUTE, Ms, SECOND};
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

/// Who uses the session now, from where and with what.
struct Thief {
    session: Principal,
    ip: String,
    agent: &'static str,
}

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let seed = stage.world.company.seed;
    let (role, n) = (rng.word(&["larkfield-portal-data", "larkfield-shop-data", "larkfield-reports"]), rng.below(3));
    let session = cast::instance(seed, role, n);
    let thief = Thief { session, ip: cast::stranger_ip(rng), agent: rng.word(&[cast::CLI, cast::BOTO]) };
    let bucket = stage.world.cast.stolen_bucket;

    let arrival = stage.midnight + rng.range(0, 21 * 60 * MINUTE);
    let at = look_around(stage, rng, &thief, arrival);
    let listing = Call::new(at, &thief.session, "s3", "ListObjects", &thief.ip).agent(thief.agent).listing(bucket, rng);
    stage.call(rng, &listing);

    let deed = at + rng.range(MINUTE, 12 * MINUTE);
    let mut taken = stage.world.holdings.of(bucket).to_vec();
    rng.shuffle(&mut taken);
    let share = 70 + rng.index(31);
    taken.truncate((taken.len() * share / 100).max(1));
    taken.sort_unstable();
    copy(stage, rng, &thief, &taken, deed);

    let actors = vec![thief.session.entity(&thief.ip)];
    let resources = vec![format!("arn:aws:s3:::{bucket}"), format!("arn:aws:iam::{DATA}:role/{role}")];
    Told { variant: role, deed, actors, resources, exposure: exposure::objects(stage.world, &taken) }
}

/// Asks who the session is, lists what can be listed and is refused the rest; returns when that is done.
fn look_around(stage: &mut Stage<'_>, rng: &mut Rng, thief: &Thief, mut at: Ms) -> Ms {
    let (who, ip, agent) = (&thief.session, &thief.ip, thief.agent);
    stage.call(rng, &Call::new(at, who, "sts", "GetCallerIdentity", ip).agent(agent));
    at += rng.range(5 * SECOND, 60 * SECOND);
    let host = j!({"Host": "s3.us-east-1.amazonaws.com"});
    stage.call(rng, &Call::new(at, who, "s3", "ListBuckets", ip).agent(agent).params(host));
    for (name, action) in [("ListUsers", "iam:ListUsers"), ("ListRoles", "iam:ListRoles")] {
        at += rng.range(2 * SECOND, 20 * SECOND);
        stage.call(rng, &Call::new(at, who, "iam", name, ip).agent(agent).denied(action));
    }
    let wanted = stage.world.cast.stolen_bucket;
    for store in STORES.iter().filter(|s| s.name.starts_with("larkfield-") && s.name != wanted) {
        at += rng.range(SECOND, 9 * SECOND);
        let call = Call::new(at, who, "s3", "ListObjects", ip).agent(agent).listing(store.name, rng);
        stage.call(rng, &call.denied("s3:ListBucket"));
    }
    at + SECOND
}

fn copy(stage: &mut Stage<'_>, rng: &mut Rng, thief: &Thief, taken: &[usize], mut at: Ms) {
    let (who, ip, agent) = (&thief.session, thief.ip.as_str(), thief.agent);
    for &i in taken {
        let object = &stage.world.holdings.objects[i];
        let call = Call::new(at, who, "s3", "GetObject", ip).agent(agent);
        let call = call.object(object.store, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        // Access logs are delivered on best effort.
        if rng.chance(970) {
            let (bucket, key, bytes) = (object.store, Some(object.key.as_str()), object.size);
            let operation = "REST.GET.OBJECT";
            stage.s3_line(rng, &Request { at, bucket, who, ip, agent, operation, key, status: 200, bytes });
        }
        at += rng.range(100, 4_000);
    }
}
