//! An administrator consents to an application that is on the company's list of approved ones.

use crate::clock::{MINUTE, Zone};
use crate::company::APPROVED_APPS;
use crate::formats::auditlog::Change;
use crate::json::J;
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "admin-consent",
    title: "Administrator consents to an approved application",
    resembles: "OAuth consent",
    why_benign: "the application id is in the company's list of approved applications and an administrator consents from the office",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let admin = *rng.pick(&stage.world.people.team(Team::Platform));
    let &(app_id, name) = rng.pick(APPROVED_APPS);
    let at = Zone::NewYork.at(stage.midnight, 11, 0) + rng.range(0, 240 * MINUTE);
    let by = (admin.upn.as_str(), admin.oid.as_str(), admin.office_ip.as_str());
    let modified = vec![
        ("ConsentContext.IsAdminConsent", J::Null, J::from("True")),
        ("ConsentContext.OnBehalfOfAll", J::Null, J::from("True")),
        ("ConsentAction.Permissions", J::Null, J::from("[] => [[Scope: User.Read profile openid email]]")),
        ("TargetId.ServicePrincipalNames", J::Null, J::from(app_id)),
    ];
    let change = Change {
        at,
        by,
        activity: "Consent to application",
        category: "ApplicationManagement",
        operation: "Assign",
        target: ("ServicePrincipal", name, app_id),
        modified,
    };
    stage.directory(rng, &change);
    vec![format!("entra:{}", admin.upn)]
}
