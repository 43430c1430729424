//! A new office opens: from that day on some employees sign in and work from a network never seen before.

use crate::cast;
use crate::clock::{MINUTE, Zone};
use crate::company::{DATA, PROD};
use crate::formats::cloudtrail::Call;
use crate::formats::signin::{AWS_SSO, SignIn};
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "new-office",
    title: "Work from the new office's network",
    resembles: "stolen-session",
    why_benign: "the network is in the company's list from its opening; people sign in on managed devices with a second factor and do their usual work",
    when: When::Weekdays,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    if stage.midnight < stage.world.company.new_office.1 {
        return Vec::new();
    }
    let mut actors = Vec::new();
    let teams = [(Team::Engineering, "Developer", PROD), (Team::Data, "DataAnalyst", DATA)];
    for (n, (team, set, account)) in teams.into_iter().enumerate() {
        let Some(&staff) = stage.world.people.team(team).get(n) else { continue };
        let ip = stage.world.company.new_office_ip(u8::try_from(n).unwrap_or(0) * 7 + 3);
        let mut at = Zone::NewYork.at(stage.midnight, 9, 0) + rng.range(0, 50 * MINUTE);
        let sign_in = SignIn {
            at,
            upn: &staff.upn,
            name: &staff.name,
            oid: &staff.oid,
            ip: &ip,
            country: "US",
            city: "Rochester",
            app: AWS_SSO,
            agent: staff.agent,
            error: 0,
            mfa: true,
            risk: "none",
            managed: true,
        };
        stage.sign_in(rng, &sign_in);
        let who = cast::person(account, set, staff);
        for name in ["DescribeInstances", "DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups"] {
            at += rng.range(MINUTE, 40 * MINUTE);
            stage.call(rng, &Call::new(at, &who, "ec2", name, &ip).agent(staff.agent));
        }
        actors.push(who.entity(&ip));
        actors.push(format!("entra:{}", staff.upn));
    }
    actors
}
