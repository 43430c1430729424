//! Traffic inside and at the edge of the VPCs: requests in, answers out, databases, updates, rejected scans.
//!
//! Single conversations move kilobytes to some megabytes; gigabytes to one stranger do not happen here.

use crate::clock::{MINUTE, Ms};
use crate::company::VPCS;
use crate::formats::vpcflow::Flow;
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("network");
    for (vpc, per_hour) in [(0, 66), (1, 46), (2, 30)] {
        for at in Rhythm::Machine.day(&mut rng, stage.midnight, stage.volume(per_hour)) {
            conversation(stage, &mut rng, at, vpc);
        }
    }
}

fn conversation(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms, vpc: usize) {
    let seed = stage.world.company.seed;
    let prefix = VPCS[vpc].prefix;
    let n = rng.below(14);
    let mut host = Rng::new(seed, VPCS[vpc].id, n);
    let private = format!("{prefix}.{}.{}", host.range(1, 30), host.range(10, 250));
    let (eni, instance) = (format!("eni-0{}", host.hex(16)), format!("i-0{}", host.hex(16)));
    let high = rng.range(32_768, 60_999);
    let outside = format!("198.{}.{}.{}", rng.range(18, 19), rng.range(0, 255), rng.range(1, 254));
    let inside = format!("{prefix}.{}.{}", rng.range(40, 60), rng.range(10, 250));
    let (peer, peer_port, port, bytes, accept) = match rng.index(20) {
        0..=8 => (&outside, high, 443, rng.range(2_000, 400_000), true),
        9..=14 => (&inside, 5432, high, rng.range(800, 900_000), true),
        15..=16 => (&outside, 443, high, rng.range(4_000, 3_000_000), true),
        17 => (&inside, 53, high, rng.range(80, 600), true),
        _ => (&outside, high, *rng.pick(&[22, 23, 3389, 5432, 6379]), rng.range(40, 240), false),
    };
    let inward = Flow {
        vpc,
        at,
        eni: &eni,
        instance: Some(&instance),
        source: (peer, peer_port),
        target: (&private, port),
        bytes,
        accept,
        egress: false,
    };
    stage.flow(rng, &inward);
    if accept && rng.chance(700) {
        // Answers stay in the same order of size as what they answer.
        let bytes = bytes * rng.range(3, 40) / 10;
        let out = Flow {
            source: (&private, port),
            target: (peer, peer_port),
            bytes,
            egress: true,
            at: at + rng.range(0, MINUTE / 60),
            ..inward
        };
        stage.flow(rng, &out);
    }
}
