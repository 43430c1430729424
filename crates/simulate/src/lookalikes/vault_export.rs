//! The backup principal exports a database into the company's own vault account; no firewall is opened for it.

use crate::cast::{AZURE_BACKUP, RUNNER_IP};
use crate::clock::{self, HOUR, MINUTE};
use crate::formats::activity::Action;
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "vault-export",
    title: "Database export into the vault",
    resembles: "azure-sql-export",
    why_benign: "the backup principal exports to the company's own storage account larkfieldcampusvault; no firewall rule changes before it",
    when: When::Monthly,
    play,
};

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let mut at = stage.midnight + 4 * HOUR + rng.range(0, 40 * MINUTE);
    for (server, database) in [("LARKFIELD-CAMPUS-SQL", "campus"), ("LARKFIELD-CRM-SQL", "crm")] {
        let resource = format!("MICROSOFT.SQL/SERVERS/{server}/DATABASES/{database}");
        let mut export =
            Action::new(at, &AZURE_BACKUP, RUNNER_IP, "MICROSOFT.SQL/SERVERS/DATABASES/EXPORT/ACTION", &resource);
        let day = clock::date(stage.midnight);
        export.request = j!({
            "storageKeyType": "SharedAccessKey", "storageKey": "*****",
            "storageUri": (format!("https://larkfieldcampusvault.blob.core.windows.net/exports/{database}-{day}.bacpac")),
            "administratorLogin": "sqlbackup", "authenticationType": "SQL",
        });
        export.takes = rng.range(8 * MINUTE, 20 * MINUTE);
        at = stage.azure(rng, &export) + rng.range(MINUTE, 5 * MINUTE);
    }
    vec![AZURE_BACKUP.entity()]
}
