//! When things happen: the day and week of staff, shoppers, students and machines, with seasons.
//!
//! A rhythm gives a share per hour in thousandths of a busy hour. It knows nothing of who acts or what is done.

use crate::clock::{DAY, HOUR, Ms, Zone, civil};
use crate::rng::Rng;

/// Who keeps the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Employees in New York: weekdays nine to six, a dip at lunch.
    Office,
    /// Employees in Dublin.
    OfficeDublin,
    /// Shoppers in North America and Europe: evenings and weekends.
    Shop,
    /// Students and instructors: afternoons and evenings, Sunday night, hardly Saturday.
    Campus,
    /// Programs that follow the load of people only a little.
    Machine,
}

const OFFICE: [u64; 24] =
    [5, 3, 2, 2, 3, 8, 40, 180, 620, 950, 1000, 960, 640, 820, 980, 930, 800, 450, 170, 80, 50, 35, 20, 10];
const SHOP: [u64; 24] = [
    220, 140, 90, 70, 80, 120, 200, 320, 450, 560, 620, 680, 740, 700, 660, 650, 680, 740, 860, 960, 1000, 900, 640,
    400,
];
const CAMPUS: [u64; 24] = [
    240, 120, 60, 40, 40, 60, 140, 320, 560, 760, 860, 820, 700, 880, 940, 900, 820, 700, 760, 900, 1000, 940, 720, 460,
];
const MACHINE: [u64; 24] = [
    620, 600, 590, 580, 580, 600, 640, 700, 760, 840, 880, 900, 900, 900, 900, 880, 860, 840, 840, 840, 820, 780, 720,
    660,
];
const DULL_WEEK: [u64; 7] = [1000, 1000, 1000, 1000, 940, 90, 70];
const SHOP_WEEK: [u64; 7] = [860, 820, 820, 860, 940, 1180, 1220];
const CAMPUS_WEEK: [u64; 7] = [1000, 1020, 1010, 980, 760, 380, 720];
const MACHINE_WEEK: [u64; 7] = [1000, 1000, 1000, 1000, 1000, 880, 880];

impl Rhythm {
    /// Thousandths of a busy hour for the hour that contains `at`.
    pub(crate) fn share(self, at: Ms) -> u64 {
        let (zone, hours, week) = match self {
            Self::Office => (Zone::NewYork, &OFFICE, &DULL_WEEK),
            Self::OfficeDublin => (Zone::Dublin, &OFFICE, &DULL_WEEK),
            Self::Shop => (Zone::NewYork, &SHOP, &SHOP_WEEK),
            Self::Campus => (Zone::NewYork, &CAMPUS, &CAMPUS_WEEK),
            Self::Machine => (Zone::NewYork, &MACHINE, &MACHINE_WEEK),
        };
        let (weekday, hour) = zone.local(at);
        let of_day = usize::try_from(hour).ok().and_then(|h| hours.get(h)).copied().unwrap_or(0);
        let of_week = usize::try_from(weekday).ok().and_then(|d| week.get(d)).copied().unwrap_or(0);
        of_day * of_week / 1000 * self.season(at) / 1000
    }

    /// Thousandths by season: terms for the campus, the weeks before year's end for the shop.
    fn season(self, at: Ms) -> u64 {
        let d = civil(at);
        match (self, d.month(), d.day()) {
            (Self::Campus, 6 | 7, _) | (Self::Campus, 12, 18..) | (Self::Campus, 1, ..=10) => 300,
            (Self::Campus, 5 | 12, _) => 1250,
            (Self::Shop, 11, 20..) | (Self::Shop, 12, ..=22) => 1700,
            (Self::Office | Self::OfficeDublin, 12, 24..) => 200,
            _ => 1000,
        }
    }

    /// Instants on one UTC day: `per_busy_hour` thousandths of an event in a busy hour, ascending.
    pub(crate) fn day(self, rng: &mut Rng, midnight: Ms, per_busy_hour: u64) -> Vec<Ms> {
        let mut instants = Vec::new();
        for hour in 0..24 {
            let start = midnight + hour * HOUR;
            let count = rng.round(per_busy_hour * self.share(start) / 1000);
            for _ in 0..count {
                instants.push(start + rng.range(0, HOUR - 1));
            }
        }
        instants.sort_unstable();
        debug_assert!(instants.last().is_none_or(|&last| last < midnight + DAY));
        instants
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::clock::midnight;

    fn total(rhythm: Rhythm, at: jiff::civil::Date) -> usize {
        rhythm.day(&mut Rng::new(3, "rhythm", 0), midnight(at), 100_000).len()
    }

    #[test]
    fn weekdays_and_weekends_differ_as_people_do() {
        let (tuesday, saturday) = (date(2026, 3, 3), date(2026, 3, 7));
        assert!(total(Rhythm::Office, saturday) * 4 < total(Rhythm::Office, tuesday));
        assert!(total(Rhythm::Shop, saturday) > total(Rhythm::Shop, tuesday));
        assert!(total(Rhythm::Campus, saturday) * 2 < total(Rhythm::Campus, tuesday));
        assert!(total(Rhythm::Machine, saturday) * 10 > total(Rhythm::Machine, tuesday) * 8);
    }

    #[test]
    fn nights_are_quiet() {
        let noon_utc = midnight(date(2026, 3, 3)) + 15 * HOUR;
        let night_utc = midnight(date(2026, 3, 3)) + 8 * HOUR;
        assert!(Rhythm::Office.share(night_utc) * 50 < Rhythm::Office.share(noon_utc));
        assert!(Rhythm::Campus.share(night_utc) * 5 < Rhythm::Campus.share(noon_utc));
    }
}
