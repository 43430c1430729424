//! The analytics job reads the whole lake every night.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{HOUR, MINUTE};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::holdings::LAKE;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "lake-etl",
    title: "Nightly load of the data lake",
    resembles: "stolen-session",
    why_benign: "the analytics role reads its own lake every night from inside; the events are pseudonymous",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let job = Principal::job(DATA, "larkfield-analytics", "emr-nightly");
    let ip = cast::private_ip("larkfield-analytics", 0);
    let mut at = stage.midnight + 3 * HOUR + rng.range(0, 20 * MINUTE);
    let call = Call::new(at, &job, "s3", "ListObjects", &ip).agent(cast::BOTO).listing(LAKE, rng);
    stage.call(rng, &call);
    for &i in stage.world.holdings.of(LAKE) {
        let object = &stage.world.holdings.objects[i];
        at += rng.range(50, 900);
        let call = Call::new(at, &job, "s3", "GetObject", &ip).agent(cast::BOTO).object(
            LAKE,
            &object.key,
            0,
            object.size,
            rng,
        );
        stage.call(rng, &call);
    }
    vec![job.entity(&ip)]
}
