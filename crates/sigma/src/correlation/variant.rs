//! The same correlation with another bound or another window, for trying out what would have been found.
//!
//! A variant counts the same hits as its original: neither bound nor window decides what a hit is. It chooses nothing.

use super::condition::{Bound, Condition, MICROS, Operator};
use super::document::Correlation;

impl Correlation {
    /// The one lower bound of its condition as the author wrote it (`gte: 5`, `gt: 5`): the word and the number. `None` when
    /// the condition has no bound, several, or another kind of one: there is then no single threshold to move.
    #[must_use]
    pub fn threshold(&self) -> Option<(&'static str, f64)> {
        let bound = self.lower_bound()?;
        let word = if bound.operator == Operator::Gte { "gte" } else { "gt" };
        // Bounds are counted in millionths; one that is written in a rule is far below what a float holds exactly.
        let (whole, part) = (bound.micros / MICROS, bound.micros % MICROS);
        let float = |number: i128| i32::try_from(number).ok().map(f64::from);
        Some((word, float(whole)? + float(part)? / 1_000_000.0))
    }

    /// This correlation with another lower bound (a whole number) and another window. The bound stays as it is where the
    /// condition has no single one.
    #[must_use]
    pub fn variant(&self, threshold: Option<u32>, timespan_us: i64) -> Self {
        let mut variant = self.clone();
        variant.timespan_us = timespan_us;
        if let (Some(bound), Some(number)) = (self.lower_bound(), threshold)
            && let Condition::Bounds(bounds, _) = &mut variant.condition
        {
            *bounds = vec![Bound { operator: bound.operator, micros: i128::from(number) * MICROS }];
        }
        variant
    }

    /// The text of its document, as written.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.source.document
    }

    /// The text that decides what it means, with what `action: global` and `repeat` laid under it.
    #[must_use]
    pub fn meaning(&self) -> &str {
        &self.source.meaning
    }

    fn lower_bound(&self) -> Option<Bound> {
        let Condition::Bounds(bounds, _) = &self.condition else { return None };
        let [bound] = bounds.as_slice() else { return None };
        matches!(bound.operator, Operator::Gt | Operator::Gte).then_some(*bound)
    }
}

#[cfg(test)]
mod tests {
    const RULES: &str = "
title: Export
name: export
logsource: {product: application}
detection: {selection: {event: export}, condition: selection}
---
title: Many exports
id: many
correlation: {type: event_count, rules: [export], group-by: [user], timespan: 1h, condition: {gte: 5}}
---
title: Exports, not too many
id: between
correlation: {type: event_count, rules: [export], group-by: [user], timespan: 1h, condition: {gte: 5, lt: 9}}
";

    #[test]
    fn the_single_lower_bound_moves_and_nothing_else() {
        let loaded = crate::load([("x.yml", RULES)]);
        assert_eq!(loaded.errors.len(), 0, "{:?}", loaded.errors);
        let [many, between] = loaded.correlations.as_slice() else { panic!("two correlations") };
        assert_eq!(many.threshold(), Some(("gte", 5.0)));
        let variant = many.variant(Some(7), 60_000_000);
        assert_eq!((variant.threshold(), variant.timespan_us), (Some(("gte", 7.0)), 60_000_000));
        assert_eq!((variant.id.as_str(), &variant.group_by), ("many", &many.group_by));
        assert_eq!(between.threshold(), None, "two bounds are no threshold");
        assert_eq!(between.variant(Some(7), 1).condition, between.condition);
        assert!(many.document().contains("Many exports") && !many.document().contains("title: Export\n"));
    }
}
