//! The project's baselines on a simulated company: quiet in months without a leak, and not deaf to the leaks.
//!
//! Scaled down to a tenth of the background so that it runs with the other tests; look-alikes and leaks keep their size.
//! `examples/quality.rs` does the same at full scale, and `docs/baselines.md` has its figures.

#[path = "common/company.rs"]
mod company;

use baseline::{Baselines, Level, Limits, Unusual};
use simulate::{Options, Stories};

const DAYS: u32 = 64;

fn found(seed: u64, stories: Stories) -> (Baselines, Vec<Unusual>) {
    let start = jiff::civil::date(2026, 1, 5);
    let options = Options { days: DAYS, stories, scale: 0.1, ..Options::demo(seed, start) };
    let (events, rejected, _) = company::events(&options).expect("the simulator writes what ingest reads");
    assert_eq!(rejected, 0);
    let loaded = baseline::load(&company::content().expect("the content is there"));
    assert_eq!(loaded.errors, []);
    let mut baselines = Baselines::new(loaded, Limits::default(), None);
    let found = events.iter().flat_map(|event| baselines.observe(event)).collect();
    (baselines, found)
}

#[test]
fn two_benign_months_are_quiet() {
    let (baselines, found) = found(1001, Stories::None);
    let shown: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {} {}", baselines.baselines()[one.baseline].file, one.entity, one.text))
        .collect();
    let level = |one: &Unusual| baselines.baselines()[one.baseline].level;
    assert!(found.iter().all(|one| level(one) < Level::Medium), "{shown:#?}");
    assert!(found.len() <= 3, "{shown:#?}");
    assert_eq!(baselines.stats().duplicates, 0);
}

#[test]
fn leaks_stand_out() {
    let (baselines, found) = found(1001, Stories::demo());
    let by = |file: &str| found.iter().filter(|one| baselines.baselines()[one.baseline].file == file).count();
    assert_eq!(by("role_first_network.yml"), 1, "the stolen session");
    assert_eq!(by("sign_in_first_country.yml").min(1), 1, "the strange sign-in before the export");
}
