//! A stolen session takes on a second role, and that one reads every object of a bucket over several addresses.
//!
//! Identity, storage and network of one actor under two names. Look-alikes: the full backup reads every object of every
//! bucket; auditors take on roles in each account.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{self, HOUR, MINUTE, Ms, SECOND};
use crate::company::DATA;
use crate::exposure;
use crate::formats::cloudtrail::Call;
use crate::json::j;
use crate::options::StoryId;
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::RoleChain,
    title: "A stolen session takes on a second role and reads a bucket over several addresses",
    surfaces: &["storage", "identity"],
    attack: &["T1078.004", "T1550.001", "T1530"],
    ocsf: &[2004, 2006],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let seed = stage.world.company.seed;
    let n = rng.below(3);
    let first = cast::instance(seed, "larkfield-shop-data", n);
    let second_role = rng.word(&["larkfield-reports", "larkfield-analytics-read"]);
    let session = rng.word(&["botocore-session-1772446272", "sdk-go-1772446272", "s3-sync"]);
    let second = Principal::job(DATA, second_role, session);
    let addresses: Vec<String> = (0..3 + rng.index(4)).map(|_| cast::stranger_ip(rng)).collect();
    let start = stage.midnight + rng.range(0, 20 * 60 * MINUTE);
    take_on(stage, rng, &first, (&second, second_role, session), &addresses, start);

    let bucket = stage.world.cast.chained_bucket;
    let mut at = start + rng.range(2 * MINUTE, 25 * MINUTE);
    let listing = Call::new(at, &second, "s3", "ListObjects", &addresses[0]).agent(cast::BOTO).listing(bucket, rng);
    stage.call(rng, &listing);
    at += rng.range(10 * SECOND, 90 * SECOND);
    let deed = at;
    let taken = stage.world.holdings.of(bucket).to_vec();
    for &i in &taken {
        let object = &stage.world.holdings.objects[i];
        let ip = rng.pick(&addresses).clone();
        let call = Call::new(at, &second, "s3", "GetObject", &ip).agent(cast::BOTO);
        let call = call.object(object.store, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        at += rng.range(200, 5_000);
    }
    let mut actors = vec![first.entity(&addresses[0]), second.entity(&addresses[0])];
    actors.sort_unstable();
    let resources = vec![format!("arn:aws:s3:::{bucket}"), format!("arn:aws:iam::{DATA}:role/{second_role}")];
    Told { variant: second_role, deed, actors, resources, exposure: exposure::objects(stage.world, &taken) }
}

/// The first session asks who it is and takes on the second role.
fn take_on(
    stage: &mut Stage<'_>,
    rng: &mut Rng,
    first: &Principal,
    (second, role, session): (&Principal, &str, &str),
    addresses: &[String],
    at: Ms,
) {
    let ip = &addresses[0];
    stage.call(rng, &Call::new(at, first, "sts", "GetCallerIdentity", ip).agent(cast::BOTO));
    let at = at + rng.range(10 * SECOND, 80 * SECOND);
    let arn = format!("arn:aws:iam::{DATA}:role/{role}");
    let expires = clock::us_style(at + HOUR);
    let call = Call::new(at, first, "sts", "AssumeRole", ip)
        .agent(cast::BOTO)
        .params(j!({"roleArn": (&arn), "roleSessionName": session, "durationSeconds": 3600}))
        .response(j!({
            "credentials": {"accessKeyId": (format!("ASIA{}", rng.base32(16))), "sessionToken": (rng.alnum(120)), "expiration": expires},
            "assumedRoleUser": {"assumedRoleId": (format!("AROA{}:{session}", rng.base32(17))), "arn": (second.arn())},
        }))
        .resource(arn, "AWS::IAM::Role");
    stage.call(rng, &call);
}
