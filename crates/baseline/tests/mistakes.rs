//! Mistakes in content files: each is told with its line and what to write instead, and the good files are used.

mod common;

use baseline::{Places, load};
use common::{HOURLY, NETWORK, RARE, file};
use proptest::prelude::*;

#[test]
fn each_mistake_names_its_line() {
    let cases = [
        (NETWORK.replace("new_value,", "new_value, valu: network,"), 8, "unknown field `valu`"),
        (NETWORK.replace("value: network", "value: netwrok"), 8, "unknown variant `netwrok`"),
        (NETWORK.replace("14d", "2 weeks"), 9, "`2 weeks` is no span of time; write `90s`, `5m`, `1h` or `14d`"),
        (NETWORK.replace("14d", "5h"), 9, "learning takes between 1d and 365d"),
        (NETWORK.replace(", value: network", ""), 8, "the measure needs `value`"),
        (
            NETWORK.replace("value: network", "value: network, at_least: 3"),
            8,
            "does not take `at_least`; it takes value",
        ),
        (NETWORK.replace("value: network", "value: network, known_after: 1h"), 8, "known_after is at least 1d"),
        (HOURLY.replace("1h", "7h"), 8, "`per` is a minute to a day and divides a day"),
        (HOURLY.replace("1h", "5m"), 8, "with a rhythm, `per` is at least 1h"),
        (HOURLY.replace("of: count", "of: distinct"), 8, "the measure needs `value`"),
        (RARE.replace("peer: account\n", ""), 8, "need a `peer`"),
    ];
    for (middle, line, message) in cases {
        let (name, text) = file(1, &middle);
        let loaded = load(&[(name, text)]);
        let [error] = loaded.errors.as_slice() else { panic!("{middle}: {loaded:?}") };
        assert!(error.message.contains(message), "{error}");
        assert_eq!(error.line, Some(line), "{error}");
    }
}

#[test]
fn the_head_of_a_file_is_checked_too() {
    let good = file(1, NETWORK).1;
    let cases = [
        (good.replace("00000000-0000", "0000"), Some(2), "is not a UUID"),
        (good.replace("aws/cloudtrail", "aws/*"), Some(6), "`aws/*` is not a format; spell it out"),
        (good.replace("fires: true", "fires: false"), Some(13), "at least one example must fire"),
        (good.replace("level: low", "level: severe"), Some(11), "unknown variant `severe`"),
        (good.replace("title: Number 1", "title: ' '"), Some(1), "title is empty"),
        ("- a\n- b\n".to_owned(), Some(1), "invalid type"),
        ("{".to_owned(), Some(2), ""),
    ];
    for (text, line, message) in cases {
        let loaded = load(&[("x.yml".to_owned(), text)]);
        assert_eq!(loaded.errors.len(), 1);
        assert!(loaded.errors[0].message.contains(message), "{}", loaded.errors[0]);
        assert_eq!(loaded.errors[0].line.map(|found| found.min(13)), line, "{}", loaded.errors[0]);
    }
}

#[test]
fn good_files_are_used_beside_bad_ones_and_ids_are_unique() {
    let loaded =
        load(&[file(1, NETWORK), ("bad.yml".to_owned(), "title".to_owned()), file(1, HOURLY), file(2, HOURLY)]);
    assert_eq!(loaded.baselines.len(), 2);
    let shown: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(shown[0].starts_with("bad.yml"), "{shown:?}");
    assert!(shown[1].ends_with("is also that of 1.yml"), "{shown:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_breaks_the_readers(text in "\\PC{0,200}", at in any::<prop::sample::Index>(), put in "[-:{}\\[\\], \n\"'#&*!|>%@`a0]{0,4}") {
        let good = file(1, HOURLY).1;
        let (head, tail) = good.split_at(at.index(good.len()));
        for text in [text, format!("{head}{put}{tail}"), head.to_owned()] {
            let loaded = load(&[("x.yml".to_owned(), text.clone())]);
            prop_assert_eq!(loaded.baselines.len() + loaded.errors.len(), 1);
            let read = Places::parse(&text).is_ok();
            prop_assert!(!read || text.to_ascii_lowercase().contains("cidr"));
        }
    }
}
