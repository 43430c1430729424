//! Crawlers and the CDN fetch many product images anonymously: the bucket is public on purpose.

use crate::actors::Principal;
use crate::clock::{HOUR, SECOND};
use crate::formats::cloudtrail::Call;
use crate::formats::s3access::Request;
use crate::holdings::IMAGES;
use crate::lookalikes::{LookAlike, When};
use crate::people::public_ip;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "public-images",
    title: "Anonymous mass reading of product images",
    resembles: "public-bucket",
    why_benign: "the bucket is in the company's list of buckets that are public on purpose and holds nobody's data",
    when: When::Daily,
    play,
};

const AGENT: &str = "Mozilla/5.0 (compatible; Pricebot/2.1; +https://pricebot.example/bot)";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let ip = public_ip(rng);
    let mut at = stage.midnight + rng.range(0, 20) * HOUR;
    for &i in stage.world.holdings.of(IMAGES).iter().take(90) {
        let object = &stage.world.holdings.objects[i];
        let who = &Principal::Anonymous;
        let call =
            Call::new(at, who, "s3", "GetObject", &ip).agent(AGENT).object(IMAGES, &object.key, 0, object.size, rng);
        stage.call(rng, &call);
        let (key, bytes) = (Some(object.key.as_str()), object.size);
        stage.s3_line(
            rng,
            &Request {
                at,
                bucket: IMAGES,
                who,
                ip: &ip,
                agent: AGENT,
                operation: "REST.GET.OBJECT",
                key,
                status: 200,
                bytes,
            },
        );
        at += rng.range(SECOND, 5 * SECOND);
    }
    vec![Principal::Anonymous.entity(&ip)]
}
