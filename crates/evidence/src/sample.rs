//! Seeded samples: the rows an auditor looks at, drawn so that anyone with the seed and the listing draws the same ones.
//! A row's lot is SHA-256(seed ‖ 0x0A ‖ id); the smallest lots win. No random generator whose version could change.

use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, digest};

pub const SAMPLE_VERSION: u8 = 1;
/// Samples are for people to look at.
pub const SAMPLE_ROWS_MAX: usize = 100_000;
/// As it stands in the sample file.
pub const SAMPLE_METHOD: &str = "smallest sha256(seed + newline + id)";

/// A drawn sample, as its file holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub v: u8,
    pub population: String,
    pub method: String,
    pub seed: String,
    /// How many rows were asked for; fewer are drawn only from a smaller population.
    pub asked: u64,
    pub population_rows: u64,
    /// In the order of the listing.
    pub rows: Vec<Drawn>,
}

/// A drawn row: its 0-based line in the listing and its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    pub line: u64,
    pub id: String,
}

/// Draws `asked` rows (at most 100,000) from a listing's ids.
pub fn draw<'a>(population: &str, seed: &str, asked: u64, ids: impl IntoIterator<Item = &'a str>) -> Sample {
    let wanted = usize::try_from(asked).unwrap_or(usize::MAX).min(SAMPLE_ROWS_MAX);
    // The largest lot on top: it leaves when a smaller one comes.
    let mut winners: BinaryHeap<(Hash, u64, &str)> = BinaryHeap::new();
    let mut population_rows = 0;
    for (line, id) in (0..).zip(ids) {
        population_rows = line + 1;
        winners.push((lot(seed, id), line, id));
        if wanted < winners.len() {
            winners.pop();
        }
    }
    let mut rows: Vec<Drawn> = winners.into_iter().map(|(_, line, id)| Drawn { line, id: id.to_owned() }).collect();
    rows.sort();
    Sample {
        v: SAMPLE_VERSION,
        population: population.to_owned(),
        method: SAMPLE_METHOD.to_owned(),
        seed: seed.to_owned(),
        asked: wanted as u64,
        population_rows,
        rows,
    }
}

fn lot(seed: &str, id: &str) -> Hash {
    digest(format!("{seed}\n{id}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_rows() {
        let ids: Vec<String> = (0..1000).map(|n| format!("INC-{n}")).collect();
        let ids = || ids.iter().map(String::as_str);
        let sample = draw("incidents", "2026-Q1", 25, ids());
        assert_eq!(sample, draw("incidents", "2026-Q1", 25, ids()));
        assert_eq!((sample.rows.len(), sample.population_rows), (25, 1000));
        assert!(sample.rows.is_sorted());
        assert_ne!(sample.rows, draw("incidents", "2026-Q2", 25, ids()).rows);
        // By hand: sort all lots, take the first 25.
        let mut lots: Vec<(Hash, u64)> = ids().zip(0..).map(|(id, line)| (lot("2026-Q1", id), line)).collect();
        lots.sort();
        let mut lines: Vec<u64> = lots.iter().take(25).map(|(_, line)| *line).collect();
        lines.sort_unstable();
        assert_eq!(sample.rows.iter().map(|row| row.line).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn small_populations_are_drawn_whole() {
        let sample = draw("p", "s", 10, ["a", "b", "c"]);
        assert_eq!(sample.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(draw("p", "s", 0, ["a"]).rows.is_empty());
        assert_eq!(draw("p", "s", 5, []).population_rows, 0);
    }
}
