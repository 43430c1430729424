//! Macie samples objects of every bucket, GuardDuty and Config look at everything, through service-linked roles.

use crate::actors::Principal;
use crate::clock::{HOUR, SECOND};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::holdings::STORES;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "security-services",
    title: "Reads by Macie, GuardDuty and Config",
    resembles: "stolen-session",
    why_benign: "service-linked roles, invoked by the services themselves",
    when: When::Daily,
    play,
};

const MACIE: &str = "macie.amazonaws.com";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let macie = Principal::job(DATA, "AWSServiceRoleForAmazonMacie", "classification-job");
    let config = Principal::job(DATA, "AWSServiceRoleForConfig", "AWSConfig-Describe");
    let mut at = stage.midnight + rng.range(1, 20) * HOUR;
    for store in STORES.iter().filter(|s| s.name.starts_with("larkfield-")) {
        for (name, sub) in [("GetBucketPolicy", "policy"), ("GetBucketPublicAccessBlock", "publicAccessBlock")] {
            let call = Call::new(at, &config, "s3", name, "config.amazonaws.com").agent("config.amazonaws.com");
            let call = call.bucket(store.name, Some(sub), j!({}), rng);
            stage.call(rng, &call);
        }
        let objects = stage.world.holdings.of(store.name);
        for _ in 0..5 {
            at += rng.range(SECOND, 8 * SECOND);
            let object = &stage.world.holdings.objects[*rng.pick(objects)];
            let call = Call::new(at, &macie, "s3", "GetObject", MACIE).agent(MACIE).object(
                store.name,
                &object.key,
                0,
                object.size,
                rng,
            );
            stage.call(rng, &call);
        }
    }
    vec![macie.entity(MACIE), config.entity("config.amazonaws.com")]
}
