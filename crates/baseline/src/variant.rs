//! The same baseline with another number, for trying out what would have been said. It chooses nothing, and never changes
//! what is learned: a variant has the shape of its original.

use crate::definition::{Baseline, Measure};

/// One number that decides when a baseline speaks, as its author wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// The key in the file.
    pub key: &'static str,
    /// Whether it stands below `measure`.
    pub in_measure: bool,
    pub value: u64,
    /// What is written behind the number (`d` for days).
    pub unit: &'static str,
}

const DAY: u32 = 86_400;

impl Baseline {
    /// The numbers that may be moved, those of the measure first.
    #[must_use]
    pub fn thresholds(&self) -> Vec<Threshold> {
        let of = |key, value, unit| Threshold { key, in_measure: true, value, unit };
        let mut all = match &self.measure {
            Measure::NewValue { rules, .. } => vec![of("habit", u64::from(rules.habit), "")],
            Measure::Rarity { share_percent, .. } => vec![of("share_percent", *share_percent, "")],
            Measure::Volume(rules) => vec![
                of("at_least", rules.at_least, ""),
                of("factor", rules.factor, ""),
                of("deviations", u64::try_from(rules.deviations).unwrap_or(0), ""),
            ],
            Measure::Travel { distance_km, speed_kmh, .. } => {
                vec![of("distance_km", u64::from(*distance_km), ""), of("speed_kmh", u64::from(*speed_kmh), "")]
            }
            Measure::Dormant { silence } => vec![of("silence", u64::from(*silence / DAY), "d")],
        };
        let observations =
            Threshold { key: "min_observations", in_measure: false, value: u64::from(self.observations_min), unit: "" };
        all.push(observations);
        all
    }

    /// This baseline with another value of one of [`Baseline::thresholds`]. `None` for a key that it has not, or a value that
    /// means nothing there.
    #[must_use]
    pub fn with_threshold(&self, key: &str, value: u64) -> Option<Self> {
        if value == 0 {
            return None;
        }
        let mut other = self.clone();
        let small = u32::try_from(value).ok();
        match (&mut other.measure, key) {
            (Measure::Volume(rules), "min_observations") => {
                (other.observations_min, rules.observations_min) = (small?, small?);
            }
            (_, "min_observations") => other.observations_min = small?,
            (Measure::NewValue { rules, .. }, "habit") => rules.habit = small?,
            (Measure::Rarity { share_percent, .. }, "share_percent") if value <= 100 => *share_percent = value,
            (Measure::Volume(rules), "at_least") => rules.at_least = value,
            (Measure::Volume(rules), "factor") => rules.factor = value,
            (Measure::Volume(rules), "deviations") => rules.deviations = i32::try_from(value).ok()?,
            (Measure::Travel { distance_km, .. }, "distance_km") => *distance_km = small?,
            (Measure::Travel { speed_kmh, .. }, "speed_kmh") => *speed_kmh = small?,
            (Measure::Dormant { silence }, "silence") => *silence = small?.checked_mul(DAY)?,
            _ => return None,
        }
        Some(other)
    }
}

#[cfg(test)]
mod tests {
    use crate::load;

    const MEASURES: [&str; 5] = [
        "{type: new_value, value: network}",
        "{type: rarity, value: network, share_percent: 10}",
        "{type: volume, of: count, per: 1h, rhythm: none, at_least: 20}",
        "{type: impossible_travel, speed_kmh: 900, distance_km: 500}",
        "{type: dormant, silence: 60d}",
    ];

    fn document(measure: &str) -> String {
        let peer = if measure.contains("rarity") { "peer: account\n" } else { "" };
        format!(
            "title: t\nid: 80013b23-023e-56a2-a638-62c35b102470\nstatus: test\ndescription: d\n\
             select: {{formats: aws/cloudtrail}}\nentity: actor\n{peer}measure: {measure}\nlearning: 21d\n\
             falsepositives: [x]\nlevel: medium\nwatertight: {{surface: identity, group_by: [actor], owner: detection}}\n\
             ads: {{goal: g, strategy: s, blind_spots: b, validation: v, response: r}}\n\
             tests:\n- {{name: a, fires: true, events: [{{at: 1h, event: {{actor: x}}}}]}}\n\
             - {{name: b, fires: false, events: [{{at: 1h, event: {{actor: x}}}}]}}\n"
        )
    }

    #[test]
    fn every_number_of_every_measure_moves_and_keeps_what_was_learned() {
        for measure in MEASURES {
            let loaded = load(&[("a.yml".to_owned(), document(measure))]);
            assert!(loaded.errors.is_empty(), "{measure}: {}", loaded.errors[0]);
            let baseline = &loaded.baselines[0];
            assert!(1 < baseline.thresholds().len());
            for threshold in baseline.thresholds() {
                let moved = baseline.with_threshold(threshold.key, threshold.value + 1).expect("it can be moved");
                let of =
                    |one: &crate::Baseline| one.thresholds().iter().find(|own| own.key == threshold.key).unwrap().value;
                assert_eq!(of(&moved), threshold.value + 1, "{measure} {}", threshold.key);
                assert_eq!(moved.shape, baseline.shape);
                assert!(baseline.with_threshold(threshold.key, 0).is_none());
            }
            assert!(baseline.with_threshold("no such key", 1).is_none());
        }
    }
}
