//! The baselines of the project: every file loads, every example shows what it should, and the promises of the folder hold.

#![expect(clippy::unwrap_used, reason = "a test may end here")]

use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/baselines")
}

fn files() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let yaml = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "yml"));
    yaml.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_file_loads_and_every_example_shows_what_it_should() {
    let loaded = baseline::load(&files());
    assert_eq!(loaded.errors, []);
    assert!(12 <= loaded.baselines.len());
    let outcomes = baseline::check(&loaded);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(2 * loaded.baselines.len() <= outcomes.len());
}

#[test]
fn defaults_are_conservative() {
    for baseline in baseline::load(&files()).baselines {
        assert!(baseline.level <= baseline::Level::Medium, "{}", baseline.file);
        assert!(baseline.tags.iter().any(|tag| tag.starts_with("attack.t")), "{}", baseline.file);
        let sections = [&baseline.ads.goal, &baseline.ads.strategy, &baseline.ads.blind_spots];
        assert!(sections.iter().all(|section| !section.is_empty()), "{}", baseline.file);
        assert!(!baseline.ads.validation.is_empty() && !baseline.ads.response.is_empty(), "{}", baseline.file);
        assert!(!baseline.falsepositives.is_empty(), "{}", baseline.file);
    }
}

#[test]
fn without_a_table_of_places_some_wait_and_say_so() {
    let baselines = baseline::Baselines::new(baseline::load(&files()), baseline::Limits::default(), None);
    let stats = baselines.stats();
    let waiting: Vec<&str> =
        stats.baselines.iter().filter(|one| one.waiting.is_some()).map(|one| one.title.as_str()).collect();
    assert_eq!(
        waiting,
        [
            "Logins of one application user from places too far apart",
            "Role of a workload used from an autonomous system it never came from",
            "Sign-ins of one account from places too far apart",
        ]
    );
}
