//! Which rows are meant, typed: the scope of a hold and the question of a reader. One meaning in two places: a hold keeps
//! exactly the rows that [`crate::Lake::read_events`] returns for the same filter.
//!
//! On the path: holds, retention, `scope`. It deliberately takes no SQL text, so that a stored hold means the same for
//! ever and log content in it needs no quoting.

use std::collections::BTreeSet;

use datafusion::common::ScalarValue;
use datafusion::functions_nested::expr_fn::{array_has_any, make_array};
use datafusion::prelude::{Expr, col, lit};
use serde::{Deserialize, Serialize};

use crate::rows::day_of;
use crate::schema::{DAY, time_column};
use crate::table::TableName;

/// Rows for which every given part is true; an empty part means *any*. The default filter means all rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    pub tenant: Option<String>,
    pub source: Option<String>,
    /// This batch of the source.
    pub seq: Option<i64>,
    /// Any of these actors.
    pub actors: BTreeSet<String>,
    /// Any of these among the row's resources.
    pub resources: BTreeSet<String>,
    /// Any of these vendor event ids.
    pub event_uids: BTreeSet<String>,
    /// Not before this instant, microseconds.
    pub from_us: Option<i64>,
    /// Before this instant.
    pub to_us: Option<i64>,
}

impl Filter {
    /// This filter with the event ids of another added; `None` unless both ask for event ids of one tenant and nothing else.
    pub(crate) fn with_events_of(&self, other: &Self) -> Option<Self> {
        let without_ids = |filter: &Self| Self { event_uids: BTreeSet::new(), ..filter.clone() };
        let only_tenant = Self { tenant: self.tenant.clone(), ..Self::default() };
        let by_ids = |filter: &Self| !filter.event_uids.is_empty() && without_ids(filter) == only_tenant;
        (by_ids(self) && by_ids(other))
            .then(|| Self { event_uids: self.event_uids.union(&other.event_uids).cloned().collect(), ..self.clone() })
    }

    /// The filter as an expression over a table's columns; `None` when it can match no row there.
    ///
    /// A rejected record has neither actor, resource, event id nor time of its own. So that nothing is lost which could
    /// belong to a hold, a filter with a source or a window keeps *all* records rejected from that source since the
    /// window began; a filter by actor, resource or id alone reaches none.
    pub(crate) fn expression(&self, table: TableName) -> Option<Expr> {
        let mut parts = Vec::new();
        parts.extend(self.tenant.as_ref().map(|tenant| col("tenant").eq(lit(tenant.as_str()))));
        parts.extend(self.source.as_ref().map(|source| col("source").eq(lit(source.as_str()))));
        parts.extend(self.seq.map(|seq| col("seq").eq(lit(seq))));
        let named = !self.actors.is_empty() || !self.resources.is_empty() || !self.event_uids.is_empty();
        if table == TableName::Rejected {
            let bounded = self.source.is_some() || self.from_us.is_some();
            if named && !bounded {
                return None;
            }
            parts.extend(self.from_us.map(|from| since(table, from)));
        } else {
            parts.extend(self.from_us.map(|from| since(table, from)));
            parts.extend(self.to_us.map(|to| before(table, to)));
            parts.extend(one_of("event_uid", &self.event_uids));
            if matches!(table, TableName::Hits | TableName::Links) {
                // They have no actor and no resource of their own and can be made again from the events that are held.
                if !self.actors.is_empty() || !self.resources.is_empty() {
                    return None;
                }
            } else {
                parts.extend(one_of("actor", &self.actors));
                parts.extend(overlaps("resources", &self.resources));
            }
        }
        Some(parts.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)))
    }
}

/// Rows that any of the filters matches; `None` when there is no filter, that is no row. All columns a filter asks about
/// have a value in every row, so *not held* is never *unknown*.
pub(crate) fn any_of(filters: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    filters.into_iter().reduce(Expr::or)
}

/// Rows of one day, by the partition column: only that day's files are opened.
pub(crate) fn on_day(day: jiff::civil::Date) -> Expr {
    col(DAY).eq(date(day))
}

fn since(table: TableName, from_us: i64) -> Expr {
    let rows = col(time_column(table)).gt_eq(instant(from_us));
    match day_of(from_us) {
        Ok(day) => col(DAY).gt_eq(date(day)).and(rows),
        Err(_) => rows,
    }
}

fn before(table: TableName, to_us: i64) -> Expr {
    let rows = col(time_column(table)).lt(instant(to_us));
    match day_of(to_us) {
        Ok(day) => col(DAY).lt_eq(date(day)).and(rows),
        Err(_) => rows,
    }
}

fn one_of(column: &str, values: &BTreeSet<String>) -> Option<Expr> {
    match values.len() {
        0 => None,
        1 => values.first().map(|value| col(column).eq(lit(value.as_str()))),
        _ => Some(col(column).in_list(values.iter().map(|value| lit(value.as_str())).collect(), false)),
    }
}

fn overlaps(column: &str, values: &BTreeSet<String>) -> Option<Expr> {
    if values.is_empty() {
        return None;
    }
    let wanted = make_array(values.iter().map(|value| lit(value.as_str())).collect());
    Some(array_has_any(col(column), wanted))
}

fn instant(time_us: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(time_us), Some("UTC".into())))
}

fn date(day: jiff::civil::Date) -> Expr {
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = day.since((jiff::Unit::Day, epoch)).map_or(0, |span| span.get_days());
    lit(ScalarValue::Date32(Some(days)))
}
