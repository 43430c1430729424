//! The campaign file goes to the marketing vendor by SFTP every weekday: hundreds of megabytes to a known address.

use crate::cast;
use crate::clock::{HOUR, MINUTE};
use crate::formats::vpcflow::Flow;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "vendor-transfer",
    title: "SFTP transfer to the marketing vendor",
    resembles: "egress-opened",
    why_benign: "the target is the vendor's network in the company's list, the same every weekday; no rule was changed for it",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let seed = stage.world.company.seed;
    let (private, vendor) = (cast::private_ip("sftp", 0), stage.world.company.vendor_ip());
    let (eni, instance) = (format!("eni-0{}", Rng::new(seed, "sftp", 0).hex(16)), cast::instance_id(seed, "sftp", 0));
    let mut at = stage.midnight + 8 * HOUR + rng.range(0, 15 * MINUTE);
    let port = rng.range(32_768, 60_999);
    for _ in 0..rng.range(5, 9) {
        let bytes = rng.range(40_000_000, 90_000_000);
        let out = Flow {
            vpc: 1,
            at,
            eni: &eni,
            instance: Some(&instance),
            source: (&private, port),
            target: (&vendor, 22),
            bytes,
            accept: true,
            egress: true,
        };
        stage.flow(rng, &out);
        let back = Flow { source: (&vendor, 22), target: (&private, port), bytes: bytes / 50, egress: false, ..out };
        stage.flow(rng, &back);
        at += MINUTE;
    }
    vec![format!("eni:{eni}")]
}
