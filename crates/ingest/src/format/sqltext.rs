//! What the database formats share: what a statement does, and how databases spell an instant.
//!
//! No parser of SQL: the first word decides, and a statement that does two things counts as its first.

use jiff::Timestamp;

use super::time;

/// OCSF's activity of a statement or command: create, read, update, delete, or something else.
pub(super) fn activity(statement: &str) -> u8 {
    match word(statement).as_str() {
        "CREATE" | "INSERT" | "IMPORT" | "RESTORE" => 1,
        "SELECT" | "SHOW" | "COPY" | "FETCH" | "DECLARE" | "WITH" | "DESCRIBE" | "EXPLAIN" | "TABLE" | "VALUES"
        | "READ" | "BACKUP" => 2,
        "UPDATE" | "ALTER" | "MERGE" | "REPLACE" | "GRANT" | "REVOKE" | "SET" | "RENAME" | "WRITE" => 3,
        "DELETE" | "DROP" | "TRUNCATE" => 4,
        _ => 99,
    }
}

/// The first word of a statement, in capitals.
pub(super) fn word(statement: &str) -> String {
    let statement = statement.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let end = statement.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(statement.len());
    statement.get(..end).unwrap_or_default().to_ascii_uppercase()
}

/// `2026-03-02 10:11:12.610198+00`, the same with `UTC` or another zone's name behind it, or RFC 3339.
pub(super) fn instant(written: &str) -> Option<Timestamp> {
    if let Some(found) = time::instant(written) {
        return Some(found);
    }
    let offset = |short: &str| time::instant(&format!("{short}:00"));
    let (local, zone) = written.rsplit_once(' ')?;
    if !zone.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return offset(written);
    }
    let hours = match zone {
        "UTC" | "GMT" | "WET" => "+00",
        "CET" | "BST" | "WEST" => "+01",
        "CEST" | "EET" | "SAST" => "+02",
        "EEST" | "MSK" => "+03",
        "JST" => "+09",
        "EDT" => "-04",
        "EST" | "CDT" => "-05",
        "CST" | "MDT" => "-06",
        "MST" | "PDT" => "-07",
        "PST" => "-08",
        _ => return None,
    };
    time::instant(&format!("{local}{hours}:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_by_their_first_word() {
        for (statement, id) in [
            ("select 1", 2),
            (" (WITH x", 2),
            ("drop table", 4),
            ("Insert into", 1),
            ("grant", 3),
            ("vacuum", 99),
            ("", 99),
        ] {
            assert_eq!(activity(statement), id, "{statement}");
        }
    }

    #[test]
    fn instants_of_databases() {
        let expected: Timestamp = "2026-03-02T10:11:12Z".parse().unwrap();
        for text in [
            "2026-03-02 10:11:12 UTC",
            "2026-03-02 11:11:12 CET",
            "2026-03-02 10:11:12+00",
            "2026-03-02T10:11:12Z",
            "2026-03-02 10:11:12",
        ] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!([instant("2026-03-02 10:11:12 XYZ"), instant("")], [None; 2]);
    }
}
