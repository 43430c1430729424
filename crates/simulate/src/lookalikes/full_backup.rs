//! Once a month the backup reads every object of every bucket, not only what has changed.

use crate::actors::Principal;
use crate::cast;
use crate::clock::{HOUR, MINUTE};
use crate::company::DATA;
use crate::formats::cloudtrail::Call;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "full-backup",
    title: "Monthly full backup reads every object",
    resembles: "role-chain, stolen-session",
    why_benign: "the backup role takes on nothing else, reads from inside and through the endpoint, in the hour after midnight",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let job = Principal::job(DATA, "larkfield-backup", &format!("full-{}", crate::clock::date(stage.midnight)));
    let addresses = [cast::private_ip("larkfield-backup", 1), cast::private_ip("larkfield-backup", 2)];
    let mut at = stage.midnight + HOUR + rng.range(0, 10 * MINUTE);
    for object in stage.world.holdings.objects.iter().filter(|object| object.store.starts_with("larkfield-")) {
        let ip = rng.pick(&addresses);
        let call = Call::new(at, &job, "s3", "GetObject", ip).agent(cast::BOTO);
        let call = call.object(object.store, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        at += rng.range(100, 2_500);
    }
    vec![job.entity(&addresses[0])]
}
