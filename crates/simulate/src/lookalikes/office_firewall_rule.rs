//! A database engineer adds the office's one address to the SQL firewall and takes it away in the evening.

use crate::clock::{HOUR, MINUTE, Zone};
use crate::formats::activity::{Action, Caller};
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "office-firewall-rule",
    title: "Office address added to the SQL firewall",
    resembles: "azure-sql-export",
    why_benign: "one single address, of the company's own office; no export follows and the rule goes in the evening",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let staff = *rng.pick(&stage.world.people.team(Team::Data));
    let who = Caller::Person { upn: &staff.upn, name: &staff.name, oid: &staff.oid };
    let rule = "MICROSOFT.SQL/SERVERS/LARKFIELD-CAMPUS-SQL/FIREWALLRULES/OFFICE";
    let at = Zone::NewYork.at(stage.midnight, 9, 0) + rng.range(0, 90 * MINUTE);
    let mut open = Action::new(at, &who, &staff.office_ip, "MICROSOFT.SQL/SERVERS/FIREWALLRULES/WRITE", rule);
    let range = j!({"properties": {"startIpAddress": (&staff.office_ip), "endIpAddress": (&staff.office_ip)}});
    open.request = range.clone();
    open.response = range;
    stage.azure(rng, &open);
    let close = Action::new(at + 8 * HOUR, &who, &staff.office_ip, "MICROSOFT.SQL/SERVERS/FIREWALLRULES/DELETE", rule);
    stage.azure(rng, &close);
    vec![who.entity()]
}
