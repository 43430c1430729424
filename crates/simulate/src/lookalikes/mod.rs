//! What looks like a leak and is none: one file each, with the reason why it is benign.
//!
//! To add one: copy a neighbour, add a line to `LOOK_ALIKES`, and describe it in the crate's page.
//! Their size does not follow the scale; they happen as they would in a company of this size.

mod nightly_backup;

use crate::clock::civil;
use crate::company::Company;
use crate::rng::Rng;
use crate::stage::Stage;

/// Something that must stay quiet.
pub(crate) struct LookAlike {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The leak it resembles.
    pub(crate) resembles: &'static str,
    pub(crate) why_benign: &'static str,
    pub(crate) when: When,
    /// Plays it on the stage's day and returns the actors' entity keys; none when it did not happen after all.
    pub(crate) play: fn(&mut Stage<'_>, &mut Rng) -> Vec<String>,
}

/// How often a look-alike happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Daily,
    /// Monday to Friday.
    Weekdays,
    /// Once in each thirty days, within their first week.
    Monthly,
}

const PERIOD_DAYS: i64 = 30;
const WEEK_DAYS: i64 = 7;

pub(crate) const LOOK_ALIKES: &[LookAlike] = &[nightly_backup::LOOK_ALIKE];

impl LookAlike {
    /// Whether it happens on a day of the run.
    pub(crate) fn due(&self, company: &Company, day: i64, midnight: crate::clock::Ms) -> bool {
        let weekday = civil(midnight).date().weekday().to_monday_zero_offset();
        match self.when {
            When::Daily => true,
            When::Weekdays => weekday < 5,
            When::Monthly => {
                let period = day / PERIOD_DAYS;
                let first = period * PERIOD_DAYS;
                let room = (company.days - first).min(WEEK_DAYS);
                let mut rng = Rng::new(company.seed, self.id, period.unsigned_abs() ^ 0xfeed);
                // A day of work, if the week has one.
                let drawn = first + rng.range(0, room - 1);
                let is_weekday = |d: i64| (i64::from(weekday) + (d - day)).rem_euclid(7) < 5;
                let chosen = (0..room).map(|n| first + (drawn - first + n) % room).find(|&d| is_weekday(d)).unwrap_or(drawn);
                chosen == day
            }
        }
    }
}
