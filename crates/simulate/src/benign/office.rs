//! Mail and files in Microsoft 365: mailboxes read, documents opened and downloaded, tidy inbox rules.
//!
//! Forwarding rules live in `lookalikes`; here rules only move mail within the mailbox.

use crate::clock::Ms;
use crate::formats::m365::{Operation, parameters};
use crate::json::{J, j};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("office");
    for at in Rhythm::Office.day(&mut rng, stage.midnight, stage.volume(40)) {
        operation(stage, &mut rng, at);
    }
}

fn operation(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let staff = rng.pick(&stage.world.people.staff);
    let ip = if rng.chance(750) { &staff.office_ip } else { &staff.home_ip };
    let (name, workload, record_type, object, more) = match rng.index(40) {
        0..=14 => {
            let more = j!({"OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}], "OperationCount": (rng.range(1, 9)), "MailboxOwnerUPN": (&staff.upn)});
            ("MailItemsAccessed", "Exchange", 50, String::new(), more)
        }
        15..=38 => {
            let document = format!(
                "{}-{}.docx",
                rng.word(&["plan", "budget", "minutes", "roadmap", "contract"]),
                rng.range(1, 60)
            );
            let object = format!("https://larkfield.sharepoint.example/sites/team/Shared Documents/{document}");
            let more = j!({"EventSource": "SharePoint", "ItemType": "File", "SourceFileName": document, "UserAgent": (staff.agent), "SiteUrl": "https://larkfield.sharepoint.example/sites/team/"});
            (
                rng.word(&["FileAccessed", "FileAccessed", "FileModified", "FileDownloaded"]),
                "SharePoint",
                6,
                object,
                more,
            )
        }
        _ => {
            let name = rng.word(&["Newsletters", "Build reports"]);
            let mut more = parameters(&[("Name", name), ("From", "noreply@larkfield.example"), ("MoveToFolder", name)]);
            more.set("SessionId", J::from(rng.uuid()));
            ("New-InboxRule", "Exchange", 1, format!("{}\\{name}", staff.upn), more)
        }
    };
    stage.m365(rng, &Operation { at, upn: &staff.upn, ip, name, workload, record_type, object, more });
}
