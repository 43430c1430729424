//! Someone got a new telephone: the old second factor is removed and the new one registered some minutes later.

use crate::actors::Principal;
use crate::clock::{MINUTE, Zone};
use crate::company::PROD;
use crate::formats::auditlog::Change;
use crate::formats::cloudtrail::Call;
use crate::json::{J, j};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "device-replaced",
    title: "Second factor replaced",
    resembles: "MFA removed",
    why_benign: "the same person registers a new device within minutes, from the office",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let staff = rng.pick(&stage.world.people.staff);
    let start = Zone::NewYork.at(stage.midnight, 12, 0) + rng.range(0, 180 * MINUTE);
    let by = (staff.upn.as_str(), staff.oid.as_str(), staff.office_ip.as_str());
    for (minute, activity) in [(0, "User deleted security info"), (4, "User registered security info")] {
        let modified = vec![("StrongAuthenticationPhoneAppDetail", J::Null, J::from("Authenticator app"))];
        let at = start + minute * MINUTE;
        let change = Change {
            at,
            by,
            activity,
            category: "UserManagement",
            operation: "Update",
            target: ("User", &staff.upn, &staff.oid),
            modified,
        };
        stage.directory(rng, &change);
    }
    let user = Principal::user(PROD, "breakglass-admin");
    let ip = "198.51.100.18";
    let serial = format!("arn:aws:iam::{PROD}:mfa/breakglass-admin");
    for (minute, name) in [
        (20, "DeactivateMFADevice"),
        (21, "DeleteVirtualMFADevice"),
        (24, "CreateVirtualMFADevice"),
        (26, "EnableMFADevice"),
    ] {
        let call = Call::new(start + minute * MINUTE, &user, "iam", name, ip).agent(staff.agent).writes();
        stage.call(rng, &call.params(j!({"userName": "breakglass-admin", "serialNumber": (&serial)})));
    }
    vec![format!("entra:{}", staff.upn), user.entity(ip)]
}
