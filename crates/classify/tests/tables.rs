//! Tables: who is counted as one person, where they live, and what columns are called.
#![expect(clippy::unwrap_used, reason = "helpers of tests may stop the test")]

use std::io::Cursor;

use classify::{Classifier, Confidence, Options, Scan, SubjectKey, SubjectSet, TableScanner};

fn scan(name: &str, text: &str) -> Scan {
    Classifier::builtin().0.scan(name, Cursor::new(text.to_owned()), &Options::default()).unwrap()
}

fn columns<'a>(scan: &'a Scan, id: &str) -> Vec<&'a str> {
    let found = scan.verdict.identifiers.iter().find(|found| found.id == id);
    found.map(|found| found.columns.iter().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn rows_that_share_a_key_are_one_person_and_states_become_residency() {
    let scan = scan(
        "c.csv",
        "customer_id,email,state,country\n\
         1,ada@example.com,CA,US\n\
         1,ada@work.example.com,CA,US\n\
         ,ada@work.example.com,,\n\
         2,ben@example.com,Texas,United States\n\
         3,eva@example.com,BY,Germany\n\
         4,noa@example.com,,\n",
    );
    let expected = [("DE", 1), ("US-CA", 1), ("US-TX", 1), ("unknown", 1)];
    let counts: Vec<(&str, u64)> =
        scan.verdict.subjects.by_residency.iter().map(|(place, count)| (place.as_str(), *count)).collect();
    assert_eq!(counts, expected);
    assert_eq!(scan.verdict.subjects.distinct_at_least, 4);
    assert_eq!(columns(&scan, "EMAIL"), ["email"]);
}

#[test]
fn sets_of_two_objects_unite_by_key_and_never_hold_a_value() {
    let one = scan("a.csv", "student_id,email\nS-100231,ada@example.com\nS-100232,ben@example.com\n");
    let other = scan(
        "b.jsonl",
        "{\"user\":{\"student_id\":\"S-100231\"},\"state\":\"CA\"}\n{\"user\":{\"student_id\":\"S-100299\"}}\n",
    );
    let mut all = one.subjects.clone();
    all.unite(&other.subjects);
    assert_eq!(all.count(), 3);
    assert_eq!(all.counts().by_residency.get("US-CA"), Some(&1));
    let debug = format!("{all:?}");
    assert!(!debug.contains("100231") && !debug.contains("ada"), "{debug}");
}

#[test]
fn a_full_set_says_at_least() {
    let mut set = SubjectSet::with_limit(2);
    for name in ["a", "b", "c"] {
        set.note(&[SubjectKey::new(&[7; 32], "email", name)], None);
    }
    assert!(set.is_capped());
    assert_eq!(set.count(), 2);
    let salted = SubjectKey::new(&[7; 32], "email", "A ") == SubjectKey::new(&[7; 32], "email", "a");
    assert!(salted, "letters and blanks do not make another person");
    assert_ne!(SubjectKey::new(&[7; 32], "email", "a"), SubjectKey::new(&[8; 32], "email", "a"));
}

#[test]
fn a_name_column_needs_something_else_about_people() {
    let goods = scan("p.csv", "sku,name,price\nA1,Blue Widget,3\nA2,Red Widget,4\n");
    assert!(goods.verdict.identifiers.is_empty(), "{:?}", goods.verdict);
    let people = scan("p.csv", "name,email,price\nAda Byron,ada@example.com,3\nBen Okri,ben@example.com,4\n");
    assert_eq!(columns(&people, "PERSON"), ["name"]);
}

#[test]
fn grades_count_beside_students_but_blame_no_column() {
    let scan = scan("g.csv", "student_id,student_name,grade\nS-100231,Ada Byron,A\nS-100232,Ben Okri,B+\n");
    let grades = scan.verdict.identifiers.iter().find(|found| found.id == "STUDENT_GRADE_RECORD").unwrap();
    assert_eq!((grades.count, grades.columns.len(), grades.element.as_deref()), (2, 0, Some("GRADES")));
    let alone = self::scan("g.csv", "item,grade\nx,A\ny,B\n");
    assert!(alone.verdict.identifiers.is_empty(), "{:?}", alone.verdict);
}

#[test]
fn numbers_that_pass_a_checksum_by_chance_do_not_make_a_card_column() {
    // One value of these ten passes Luhn with a card prefix, as one random number of ten does.
    let mut text = "reading,other\n4111111111111111,x\n".to_owned();
    for last in 2..=9 {
        text.push_str(&format!("411111111111111{last},x\n"));
    }
    assert!(columns(&scan("r.csv", &text), "CREDIT_CARD").is_empty());
}

#[test]
fn social_security_numbers_without_a_header_are_low_confidence() {
    let scan = scan("s.csv", "id,x\n172-32-1176,a\n514-14-8905,b\n213-46-8915,c\n");
    let found = scan.verdict.identifiers.iter().find(|found| found.id == "US_SSN").unwrap();
    assert_eq!(found.confidence, Confidence::Low);
}

#[test]
fn json_keys_are_columns_and_text_records_keep_their_id() {
    let scan = scan(
        "e.jsonl",
        "{\"payment\":{\"cardNumber\":\"4111111111111111\"},\"n\":[{\"ssn\":\"640-23-3133\"}]}\nnot json 1\n",
    );
    assert_eq!((columns(&scan, "CREDIT_CARD"), columns(&scan, "US_SSN")), (vec!["payment.cardNumber"], vec!["n.ssn"]));
    assert_eq!((scan.records, scan.malformed), (2, 1));
    let (classifier, _) = Classifier::builtin();
    let mut spans = Vec::new();
    let input = "{\"id\":\"d1\",\"text\":\"ü ssn=640-23-3133\"}\n{\"ssn\":\"640-23-3133\"}\n";
    classifier.jsonl_spans(Cursor::new(input), |span| spans.push(span)).unwrap();
    assert_eq!((spans[0].record_id.as_deref(), spans[0].span.start, spans[0].span.end), (Some("d1"), 7, 18));
    assert_eq!(input.get(spans[1].span.start..spans[1].span.end), Some("640-23-3133"));
    assert_eq!((spans[1].record_id.as_deref(), spans[1].span.line), (None, 2));
}

#[test]
fn a_sample_stops_and_says_so() {
    let (classifier, _) = Classifier::builtin();
    let mut text = "email,x\n".to_owned();
    for row in 0..100 {
        text.push_str(&format!("p{row}@example.com,1\n"));
    }
    let options = Options { rows_max: Some(10), ..Options::default() };
    let scan = classifier.scan("a.csv", Cursor::new(text), &options).unwrap();
    assert_eq!((scan.records, scan.sampled, scan.verdict.subjects.distinct_at_least), (10, true, 10));
}

#[test]
fn rows_from_elsewhere_are_scanned_the_same_way() {
    let (classifier, _) = Classifier::builtin();
    let mut scanner = TableScanner::new(&classifier, &Options::default());
    let (id, iban) = (scanner.column("customer_id").unwrap(), scanner.column("iban").unwrap());
    scanner.row(&[(id, "7"), (iban, "DE89370400440532013000")]);
    scanner.row(&[(id, "8"), (iban, "DE89370400440532013000")]);
    let scan = scanner.finish("parquet");
    assert_eq!((scan.verdict.format.as_str(), scan.verdict.subjects.distinct_at_least), ("parquet", 2));
    assert_eq!(columns(&scan, "IBAN"), ["iban"]);
}

#[test]
fn a_card_table_without_people_counts_no_names() {
    let scan = scan("p.csv", "card_number,email_sent\n4111111111111111,yes\n5555555555554444,no\n");
    assert_eq!(columns(&scan, "CREDIT_CARD"), ["card_number"]);
    assert_eq!(scan.verdict.subjects.distinct_at_least, 2, "a card stands for its holder when nothing better is known");
}
