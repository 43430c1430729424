//! The portal's own principal issues short download links for students all day.

use crate::cast::{AZURE_PORTAL, RUNNER_IP};
use crate::clock::{HOUR, seconds};
use crate::formats::activity::Action;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "student-sas",
    title: "Download links for students",
    resembles: "SAS issued",
    why_benign: "the portal's principal issues read-only links to single blobs that end within the hour",
    when: When::Daily,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let account = "MICROSOFT.STORAGE/STORAGEACCOUNTS/LARKFIELDCAMPUSBLOB";
    for at in Rhythm::Campus.day(rng, stage.midnight, 1_500) {
        let mut action = Action::new(
            at,
            &AZURE_PORTAL,
            RUNNER_IP,
            "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTSERVICESAS/ACTION",
            account,
        );
        action.request = j!({
            "canonicalizedResource": (format!("/blob/larkfieldcampusblob/coursework/unit-{:03}.pdf", rng.range(0, 60))),
            "signedResource": "b", "signedPermission": "r", "signedProtocol": "https", "signedExpiry": (seconds(at + HOUR)),
        });
        stage.azure(rng, &action);
    }
    vec![AZURE_PORTAL.entity()]
}
