//! Before leave, employees forward their mail to a colleague: an inbox rule that stays within the company's domains.

use crate::clock::{MINUTE, Zone};
use crate::formats::m365::{Operation, parameters};
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "internal-forwarding",
    title: "Mailbox forwarded to a colleague",
    resembles: "mailbox forwarding",
    why_benign: "the receiver is in one of the company's own mail domains",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let all = &stage.world.people.staff;
    let from = rng.index(all.len());
    let (staff, colleague) = (&all[from], &all[(from + 1) % all.len()]);
    let at = Zone::NewYork.at(stage.midnight, 16, 0) + rng.range(0, 90 * MINUTE);
    let more =
        parameters(&[("Name", "While I am away"), ("ForwardTo", &colleague.upn), ("StopProcessingRules", "False")]);
    let object = format!("{}\\While I am away", staff.upn);
    let rule = Operation {
        at,
        upn: &staff.upn,
        ip: &staff.office_ip,
        name: "New-InboxRule",
        workload: "Exchange",
        record_type: 1,
        object,
        more,
    };
    stage.m365(rng, &rule);
    vec![format!("entra:{}", staff.upn)]
}
