//! An employee travels and signs in from a hotel abroad, on the managed laptop with the second factor.

use crate::cast;
use crate::clock::{HOUR, MINUTE};
use crate::formats::m365::Operation;
use crate::formats::signin::{OFFICE, SignIn};
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "travelling-employee",
    title: "Sign-in from a hotel abroad",
    resembles: "azure-sql-export, stolen-session",
    why_benign: "managed and compliant device, second factor, and nothing but mail and documents afterwards",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let staff = *rng.pick(&stage.world.people.team(Team::Marketing));
    let (ip, country) = (cast::stranger_ipv4(rng), cast::stranger_country(rng));
    let at = stage.midnight + 7 * HOUR + rng.range(0, 120 * MINUTE);
    let sign_in = SignIn {
        at,
        upn: &staff.upn,
        name: &staff.name,
        oid: &staff.oid,
        ip: &ip,
        country,
        city: "",
        app: OFFICE,
        agent: staff.agent,
        error: 0,
        mfa: true,
        risk: "low",
        managed: true,
    };
    stage.sign_in(rng, &sign_in);
    for n in 1..12 {
        let object = format!("https://larkfield.sharepoint.example/sites/team/Shared Documents/deck-{n}.pptx");
        let at = at + n * rng.range(2 * MINUTE, 9 * MINUTE);
        let more = j!({"EventSource": "SharePoint", "ItemType": "File", "UserAgent": (staff.agent)});
        stage.m365(
            rng,
            &Operation {
                at,
                upn: &staff.upn,
                ip: &ip,
                name: "FileAccessed",
                workload: "SharePoint",
                record_type: 6,
                object,
                more,
            },
        );
    }
    vec![format!("entra:{}", staff.upn)]
}
