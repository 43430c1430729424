//! The content delivery partner's account reads course media every night, as agreed.

use crate::actors::Principal;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::company::PARTNER;
use crate::formats::cloudtrail::Call;
use crate::holdings::MEDIA;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "partner-read",
    title: "Partner account reads course media",
    resembles: "stolen-session, access from a foreign account",
    why_benign: "the account is in the company's list of partners; course media are nobody's data",
    when: When::Daily,
    play,
};

const AGENT: &str = "aws-sdk-java/2.40.1 md/io#sync md/http#Apache ua/2.1 os/Linux lang/java#21";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let id = format!("AROA{}:media-sync", Rng::new(stage.world.company.seed, "partner", 0).base32(17));
    let who = Principal::Foreign { account: PARTNER, id };
    let ip = "198.18.240.17";
    let mut at = stage.midnight + 2 * HOUR + rng.range(0, 20 * MINUTE);
    for &i in stage.world.holdings.of(MEDIA) {
        let object = &stage.world.holdings.objects[i];
        let call =
            Call::new(at, &who, "s3", "GetObject", ip).agent(AGENT).object(MEDIA, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        at += rng.range(SECOND, 4 * SECOND);
    }
    vec![who.entity(ip)]
}
