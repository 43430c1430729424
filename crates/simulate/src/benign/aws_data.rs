//! Applications reading and writing objects, and the CDN fetching public images: S3 data events and access logs.
//!
//! Each instance reads few objects of its own buckets, from inside, spread over the day.

use crate::actors::Principal;
use crate::cast;
use crate::clock::Ms;
use crate::formats::cloudtrail::Call;
use crate::formats::s3access::Request;
use crate::holdings::{EXPORTS, GRADEBOOKS, IMAGES, MEDIA, ORDERS, RECORDS, TICKETS};
use crate::people::public_ip;
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

/// Role, rhythm, requests in a busy hour, thousandths that are writes, buckets.
const APPLICATIONS: &[(&str, Rhythm, u64, u64, &[&str])] = &[
    ("larkfield-portal-data", Rhythm::Campus, 90, 60, &[MEDIA, MEDIA, GRADEBOOKS, RECORDS]),
    ("larkfield-shop-data", Rhythm::Shop, 80, 140, &[ORDERS, ORDERS, TICKETS, IMAGES]),
    ("larkfield-reports", Rhythm::Machine, 9, 20, &[EXPORTS, ORDERS]),
];

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("aws-data");
    for &(role, rhythm, per_hour, writes, buckets) in APPLICATIONS {
        for at in rhythm.day(&mut rng, stage.midnight, stage.volume(per_hour)) {
            let bucket = rng.word(buckets);
            request(stage, &mut rng, at, role, bucket, writes);
        }
    }
    for at in Rhythm::Shop.day(&mut rng, stage.midnight, stage.volume(26)) {
        image(stage, &mut rng, at);
    }
}

fn request(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms, role: &str, bucket: &'static str, writes: u64) {
    let seed = stage.world.company.seed;
    let n = rng.below(3);
    let (who, ip) = (cast::instance(seed, role, n), cast::private_ip(role, n));
    let objects = stage.world.holdings.of(bucket);
    let object = &stage.world.holdings.objects[*rng.pick(objects)];
    let write = rng.chance(writes);
    let (name, operation) = if write { ("PutObject", "REST.PUT.OBJECT") } else { ("GetObject", "REST.GET.OBJECT") };
    let (bytes_in, bytes_out) = if write { (object.size, 0) } else { (0, object.size) };
    let mut call =
        Call::new(at, &who, "s3", name, &ip).agent(cast::BOTO).object(bucket, &object.key, bytes_in, bytes_out, rng);
    call.read = !write;
    stage.call(rng, &call);
    if rng.chance(300) {
        let key = Some(object.key.as_str());
        stage.s3_line(
            rng,
            &Request {
                at,
                bucket,
                who: &who,
                ip: &ip,
                agent: cast::BOTO,
                operation,
                key,
                status: 200,
                bytes: bytes_out,
            },
        );
    }
}

/// A visitor's browser loads a product image straight from the public bucket.
fn image(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let images = stage.world.holdings.of(IMAGES);
    let object = &stage.world.holdings.objects[*rng.pick(images)];
    let (ip, agent) = (public_ip(rng), rng.word(crate::names::BROWSERS));
    let who = &Principal::Anonymous;
    let (key, bytes) = (Some(object.key.as_str()), object.size);
    stage.s3_line(
        rng,
        &Request { at, bucket: IMAGES, who, ip: &ip, agent, operation: "REST.GET.OBJECT", key, status: 200, bytes },
    );
}
