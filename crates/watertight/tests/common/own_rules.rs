//! A content directory of the test's own, with two rules about exports and a correlation, and events that they are about.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Place, copy_dir};

/// A stable rule of high level: loud from the first day.
pub(crate) const LARGE: &str = "9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0001";
/// A rule under test of medium level.
pub(crate) const ANY: &str = "9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0002";
/// Three exports of one person within an hour.
pub(crate) const MANY: &str = "9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0004";

/// Both single rules and the correlation in one file, so that a change of one touches the file of all.
pub(crate) fn rules(comment: &str) -> String {
    format!(
        "# {comment}
title: Large ledger export
id: {LARGE}
status: stable
logsource: {{product: application, service: json}}
detection: {{selection: {{event: ledger.export, resource.count|gte: 1000}}, condition: selection}}
level: high
watertight: {{surface: product_api}}
---
title: Any ledger export
id: {ANY}
status: test
logsource: {{product: application, service: json}}
detection: {{selection: {{event: ledger.export}}, condition: selection}}
level: medium
watertight: {{surface: product_api}}
---
title: Ledger page
id: 9d2a7d2c-6f0e-4b8f-9c58-3f6c1a1d0003
name: ledger_page
status: stable
logsource: {{product: application, service: json}}
detection: {{selection: {{event: ledger.page}}, condition: selection}}
level: informational
watertight: {{surface: product_api}}
---
title: Many ledger pages
id: {MANY}
status: stable
correlation: {{type: event_count, rules: [ledger_page], group-by: [user.id], timespan: 1h, condition: {{gte: 3}}}}
level: high
watertight: {{surface: product_api}}
"
    )
}

/// The repository's content without its own rules, in the place; configured there.
pub(crate) fn content(place: &Place, comment: &str) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content");
    let dir = place.path("content");
    copy_dir(&repository, &dir);
    for entry in std::fs::read_dir(dir.join("rules")).expect("content has rules") {
        let path = entry.expect("list a directory").path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).expect("remove rules");
        }
    }
    place.write("content/rules/own/ledger.yml", rules(comment));
    dir
}

/// One event of one person, at a minute of 2 March 2026.
pub(crate) fn event(kind: &str, minute: u32, user: &str, count: u32) -> String {
    let (hour, rest) = (10 + minute / 60, minute % 60);
    json!({
        "timestamp": format!("2026-03-02T{hour:02}:{rest:02}:00Z"), "service": "ledger", "event": kind,
        "event_id": format!("{kind}-{user}-{minute}"), "user": {"id": user, "role": "clerk"},
        "client": {"ip": "192.0.2.10", "country": "IE"}, "http": {"method": "GET", "path": "/v1/ledger", "status": 200},
        "resource": {"type": "ledger", "id": format!("l-{minute}"), "count": count},
    })
    .to_string()
}

pub(crate) fn write(place: &Place, file: &str, events: &[String]) {
    place.write(file, events.join("\n") + "\n");
}
