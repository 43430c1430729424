//! The break-glass account is tried as every month: sign-in with a second factor from the office, a few reads, out.

use crate::actors::Principal;
use crate::clock::{MINUTE, SECOND, Zone};
use crate::company::PROD;
use crate::formats::cloudtrail::Call;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::people::Team;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "break-glass-drill",
    title: "Drill of the break-glass account",
    resembles: "use of a privileged account",
    why_benign: "with a second factor, from the office, in office hours; only the account's own state is read",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let who = Principal::user(PROD, "breakglass-admin");
    let staff = *rng.pick(&stage.world.people.team(Team::Security));
    let ip = format!("198.51.100.{}", rng.range(16, 31));
    let mut at = Zone::NewYork.at(stage.midnight, 14, 0) + rng.range(0, 60 * MINUTE);
    let mut login = Call::new(at, &who, "signin", "ConsoleLogin", &ip).writes().agent(staff.agent);
    login.kind = "AwsConsoleSignIn";
    let more = j!({
        "LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No",
        "MFAIdentifier": (format!("arn:aws:iam::{PROD}:mfa/breakglass-admin")), "MFAUsed": "Yes",
    });
    stage.call(rng, &login.response(j!({"ConsoleLogin": "Success"})).extra(more));
    for name in ["GetUser", "ListMFADevices", "GetAccountSummary"] {
        at += rng.range(10 * SECOND, 60 * SECOND);
        stage.call(rng, &Call::new(at, &who, "iam", name, &ip).agent(staff.agent));
    }
    vec![who.entity(&ip)]
}
