//! What looks like a leak and is none: one file each, with the reason why it is benign.
//!
//! To add one: copy a neighbour, add a line to `LOOK_ALIKES`, and describe it in the crate's page.
//! Their size does not follow the scale; they happen as they would in a company of this size.

mod admin_consent;
mod anxious_student;
mod app_refresh;
mod auditor_review;
mod break_glass_drill;
mod bucket_migration;
mod computer_room;
mod device_replaced;
mod full_backup;
mod instructor_paging;
mod internal_forwarding;
mod key_rotation;
mod lake_etl;
mod load_test;
mod moving_customers;
mod new_office;
mod nightly_backup;
mod office_firewall_rule;
mod own_course_export;
mod own_data_export;
mod partner_read;
mod partner_sync;
mod password_manager_retry;
mod penetration_test;
mod public_images;
mod public_policy_renewed;
mod recovery_copy;
mod registrar_export;
mod sale_day;
mod search_crawler;
mod security_services;
mod selectors_widened;
mod sign_in_load_test;
mod student_sas;
mod support_lookup;
mod support_peak;
mod support_shift;
mod term_start;
mod term_transcripts;
mod terraform_run;
mod travelling_employee;
mod vault_export;
mod vendor_transfer;

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

pub(crate) const LOOK_ALIKES: &[LookAlike] = &[
    admin_consent::LOOK_ALIKE,
    anxious_student::LOOK_ALIKE,
    app_refresh::LOOK_ALIKE,
    auditor_review::LOOK_ALIKE,
    break_glass_drill::LOOK_ALIKE,
    bucket_migration::LOOK_ALIKE,
    computer_room::LOOK_ALIKE,
    device_replaced::LOOK_ALIKE,
    full_backup::LOOK_ALIKE,
    instructor_paging::LOOK_ALIKE,
    internal_forwarding::LOOK_ALIKE,
    key_rotation::LOOK_ALIKE,
    lake_etl::LOOK_ALIKE,
    load_test::LOOK_ALIKE,
    moving_customers::LOOK_ALIKE,
    new_office::LOOK_ALIKE,
    nightly_backup::LOOK_ALIKE,
    office_firewall_rule::LOOK_ALIKE,
    own_course_export::LOOK_ALIKE,
    own_data_export::LOOK_ALIKE,
    partner_read::LOOK_ALIKE,
    partner_sync::LOOK_ALIKE,
    password_manager_retry::LOOK_ALIKE,
    penetration_test::LOOK_ALIKE,
    public_images::LOOK_ALIKE,
    public_policy_renewed::LOOK_ALIKE,
    recovery_copy::LOOK_ALIKE,
    registrar_export::LOOK_ALIKE,
    sale_day::LOOK_ALIKE,
    search_crawler::LOOK_ALIKE,
    security_services::LOOK_ALIKE,
    selectors_widened::LOOK_ALIKE,
    sign_in_load_test::LOOK_ALIKE,
    student_sas::LOOK_ALIKE,
    support_lookup::LOOK_ALIKE,
    support_peak::LOOK_ALIKE,
    term_start::LOOK_ALIKE,
    term_transcripts::LOOK_ALIKE,
    terraform_run::LOOK_ALIKE,
    travelling_employee::LOOK_ALIKE,
    vault_export::LOOK_ALIKE,
    vendor_transfer::LOOK_ALIKE,
];

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
                let chosen =
                    (0..room).map(|n| first + (drawn - first + n) % room).find(|&d| is_weekday(d)).unwrap_or(drawn);
                chosen == day
            }
        }
    }
}
