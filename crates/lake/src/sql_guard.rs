//! Refuses SQL that would change something, before anything is planned.
//!
//! On the path: the first thing a user's query meets. The list is of what is *allowed*, so a statement that a later
//! engine learns is refused until someone thinks about it; the engine's own check runs as a second lock.

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement as Sql;

/// Longest query text.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// Why a text was not accepted.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It would change something; the statement's own words.
    Changes(String),
    /// It is not one statement.
    Count(usize),
    TooLong,
    Syntax(DataFusionError),
}

/// Accepts exactly one statement that only reads.
pub(crate) fn check(text: &str) -> Result<(), Refused> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(Refused::TooLong);
    }
    let statements = DFParser::parse_sql(text).map_err(Refused::Syntax)?;
    // A harmless statement must not smuggle another one behind it: all are looked at before the count is.
    for statement in &statements {
        read_only(statement)?;
    }
    if statements.len() == 1 { Ok(()) } else { Err(Refused::Count(statements.len())) }
}

fn read_only(statement: &Statement) -> Result<(), Refused> {
    match statement {
        Statement::Explain(explain) => read_only(&explain.statement),
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(_)
            | Sql::ShowTables { .. }
            | Sql::ShowColumns { .. }
            | Sql::ShowVariable { .. }
            | Sql::ExplainTable { .. } => Ok(()),
            other => Err(Refused::Changes(first_words(&other.to_string()))),
        },
        Statement::CopyTo(_) => Err(Refused::Changes("COPY".to_owned())),
        Statement::CreateExternalTable(_) => Err(Refused::Changes("CREATE EXTERNAL TABLE".to_owned())),
        other => Err(Refused::Changes(first_words(&other.to_string()))),
    }
}

/// `INSERT INTO` out of `INSERT INTO events VALUES (…)`: the leading upper-case words, at most three.
fn first_words(statement: &str) -> String {
    let keywords = statement.split_whitespace().take(3);
    let words: Vec<&str> = keywords.take_while(|word| word.chars().all(|c| c.is_ascii_uppercase())).collect();
    if words.is_empty() { "this statement".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reading_is_allowed() {
        for text in [
            "SELECT 1",
            "select * from events where raw like '%; DROP TABLE events%'",
            "WITH a AS (SELECT 1 AS x) SELECT x FROM a UNION ALL SELECT 2",
            "EXPLAIN SELECT 1",
            "EXPLAIN ANALYZE SELECT 1",
            "DESCRIBE events",
            "SHOW TABLES",
            "SHOW COLUMNS FROM events",
            "VALUES (1), (2)",
        ] {
            assert!(check(text).is_ok(), "{text}: {:?}", check(text));
        }
    }

    #[test]
    fn changes_are_refused_by_name() {
        for (text, name) in [
            ("INSERT INTO events VALUES (1)", "INSERT INTO"),
            ("DELETE FROM events", "DELETE FROM"),
            ("UPDATE events SET actor = ''", "UPDATE"),
            ("DROP TABLE events", "DROP TABLE"),
            ("TRUNCATE TABLE events", "TRUNCATE TABLE"),
            ("CREATE TABLE x AS SELECT 1", "CREATE TABLE"),
            ("CREATE VIEW x AS SELECT 1", "CREATE VIEW"),
            ("CREATE SCHEMA x", "CREATE SCHEMA"),
            ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", "CREATE EXTERNAL TABLE"),
            ("COPY events TO '/tmp/x.parquet'", "COPY"),
            ("COPY (SELECT 1) TO 'x.csv' STORED AS CSV", "COPY"),
            ("EXPLAIN ANALYZE INSERT INTO events VALUES (1)", "INSERT INTO"),
            ("SET datafusion.execution.batch_size = 1", "SET"),
            ("PREPARE p AS SELECT 1", "PREPARE"),
            ("SELECT 1; DROP TABLE events", "DROP TABLE"),
        ] {
            match check(text) {
                Err(Refused::Changes(found)) => assert!(found.starts_with(name), "{text}: {found}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn not_one_statement() {
        assert!(matches!(check("SELECT 1; SELECT 2"), Err(Refused::Count(2))));
        assert!(matches!(check("  "), Err(Refused::Count(0))));
        assert!(matches!(check("SELEC 1"), Err(Refused::Syntax(_))));
        assert!(matches!(check(&"x".repeat(TEXT_BYTES_MAX + 1)), Err(Refused::TooLong)));
        // Nesting is bounded by the parser, not by our stack.
        assert!(check(&format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000))).is_err());
    }
}
