//! Someone with an employee's password opens a SQL server's firewall and exports the database to a foreign account.
//!
//! Look-alikes: one office address is added to the firewall; the backup job exports into the company's own vault.

use crate::cast;
use crate::clock::{MINUTE, Ms, SECOND};
use crate::exposure;
use crate::formats::activity::{Action, Caller};
use crate::formats::signin::{PORTAL, SignIn};
use crate::holdings::{SQL_CAMPUS, SQL_CRM};
use crate::json::j;
use crate::options::StoryId;
use crate::people::{Staff, Team};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::stories::{Story, Told};

pub(super) const STORY: Story = Story {
    id: StoryId::AzureSqlExport,
    title: "A database is exported to a foreign storage account after its firewall was opened",
    surfaces: &["database", "network", "identity"],
    attack: &["T1078.004", "T1562.007", "T1537"],
    ocsf: &[2004],
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Told {
    let (store, server, database) = if rng.chance(500) {
        (SQL_CAMPUS, "larkfield-campus-sql", "campus")
    } else {
        (SQL_CRM, "larkfield-crm-sql", "crm")
    };
    let team = if rng.chance(500) { Team::Data } else { Team::Engineering };
    let staff = (*rng.pick(&stage.world.people.team(team))).clone();
    let who = Caller::Person { upn: &staff.upn, name: &staff.name, oid: &staff.oid };
    let (ip, country) = (cast::stranger_ip(rng), cast::stranger_country(rng));
    let mut at = stage.midnight + rng.range(0, 22 * 60 * MINUTE);

    sign_in(stage, rng, &staff, (&ip, country), at);
    at += rng.range(3 * MINUTE, 30 * MINUTE);
    let everywhere = rng.chance(600);
    let (variant, from, to) = if everywhere {
        ("firewall opened to every address", "0.0.0.0".to_owned(), "255.255.255.255".to_owned())
    } else {
        let base = ip.rsplit_once('.').map_or("198.18.7", |(net, _)| net);
        ("firewall opened to a stranger's network", format!("{base}.0"), format!("{base}.255"))
    };
    let server_id = format!("MICROSOFT.SQL/SERVERS/{server}");
    let rule =
        format!("{server_id}/FIREWALLRULES/{}", rng.pick(&["TEMP-ACCESS", "ALLOWALL", "VENDOR-TEST", "CLIENTIP-2026"]));
    let mut open = Action::new(at, &who, &ip, "MICROSOFT.SQL/SERVERS/FIREWALLRULES/WRITE", &rule);
    open.request = j!({"properties": {"startIpAddress": (&from), "endIpAddress": (&to)}});
    open.response = j!({"properties": {"startIpAddress": (&from), "endIpAddress": (&to)}, "type": "Microsoft.Sql/servers/firewallRules"});
    let rule_id = open.resource_id();
    at = stage.azure(rng, &open);

    at += rng.range(2 * MINUTE, 40 * MINUTE);
    let deed = at;
    let database_id = format!("{server_id}/DATABASES/{database}");
    let mut export = Action::new(at, &who, &ip, "MICROSOFT.SQL/SERVERS/DATABASES/EXPORT/ACTION", &database_id);
    let account = format!("st{}", rng.hex(14));
    export.request = j!({
        "storageKeyType": "StorageAccessKey", "storageKey": "*****",
        "storageUri": (format!("https://{account}.blob.core.windows.net/drop/{database}-{}.bacpac", rng.hex(6))),
        "administratorLogin": "sqladmin", "authenticationType": "SQL",
    });
    export.takes = rng.range(4 * MINUTE, 25 * MINUTE);
    let resource = export.resource_id();
    at = stage.azure(rng, &export);

    let mut close = Action::new(
        at + rng.range(2 * MINUTE, 30 * MINUTE),
        &who,
        &ip,
        "MICROSOFT.SQL/SERVERS/FIREWALLRULES/DELETE",
        &rule,
    );
    close.takes = SECOND;
    stage.azure(rng, &close);

    let tables = stage.world.holdings.of(store);
    Told {
        variant,
        deed,
        actors: vec![who.entity()],
        resources: vec![resource, rule_id],
        exposure: exposure::objects(stage.world, tables),
    }
}

/// The password is right; the network, the device and often the missing second factor are not.
fn sign_in(stage: &mut Stage<'_>, rng: &mut Rng, staff: &Staff, (ip, country): (&str, &str), at: Ms) {
    let risk = rng.word(&["none", "low", "medium"]);
    let sign_in = SignIn {
        at,
        upn: &staff.upn,
        name: &staff.name,
        oid: &staff.oid,
        ip,
        country,
        city: "",
        app: PORTAL,
        agent: crate::names::BROWSERS[3],
        error: 0,
        mfa: rng.chance(300),
        risk,
        managed: false,
    };
    stage.sign_in(rng, &sign_in);
}
