//! Precision and recall over labelled texts and tables. Texts with even numbers were looked at while tuning; the floors are
//! asserted over those with odd numbers.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "helpers of tests may stop the test")]
#![expect(clippy::print_stdout, reason = "the table of scores is what one runs this test for")]

mod support;

use std::collections::BTreeMap;

use classify::Classifier;
use serde_json::Value;

#[derive(Default, Clone, Copy)]
struct Score {
    hit: u32,
    wrong: u32,
    missed: u32,
    exact: u32,
}

impl Score {
    fn precision(self) -> f64 {
        ratio(self.hit, self.hit + self.wrong)
    }
    fn recall(self) -> f64 {
        ratio(self.hit, self.hit + self.missed)
    }
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 { 1.0 } else { f64::from(part) / f64::from(whole) }
}

struct Label {
    kind: String,
    start: usize,
    end: usize,
}

/// Labels count characters; spans count bytes.
fn labels(record: &Value, text: &str) -> Vec<Label> {
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = |span: &Value, field: &str| offsets[usize::try_from(span[field].as_u64().unwrap()).unwrap()];
    let spans = record["spans"].as_array().unwrap();
    let kind = |span: &Value| span["type"].as_str().unwrap().to_owned();
    spans.iter().map(|span| Label { kind: kind(span), start: at(span, "start"), end: at(span, "end") }).collect()
}

fn judge(classifier: &Classifier, record: &Value, scores: &mut BTreeMap<String, Score>, verbose: bool) {
    let text = record["text"].as_str().unwrap();
    let labels = labels(record, text);
    let mut used = vec![false; labels.len()];
    for span in classifier.scan_text(text) {
        let id = if &*span.id == "US_SSN_BARE" { "US_SSN" } else { &span.id };
        let place = labels
            .iter()
            .enumerate()
            .position(|(at, label)| !used[at] && label.kind == id && label.start < span.end && span.start < label.end);
        let score = scores.entry(id.to_owned()).or_default();
        match place {
            Some(at) => {
                used[at] = true;
                score.hit += 1;
                score.exact += u32::from((labels[at].start, labels[at].end) == (span.start, span.end));
                if verbose && (labels[at].start, labels[at].end) != (span.start, span.end) {
                    println!(
                        "INEXACT {id} `{}` for `{}` in {text:?}",
                        &text[span.start..span.end],
                        &text[labels[at].start..labels[at].end]
                    );
                }
            }
            None => {
                score.wrong += 1;
                if verbose {
                    println!("WRONG {id} {:.2} `{}` in {text:?}", span.score, &text[span.start..span.end]);
                }
            }
        }
    }
    for (label, _) in labels.iter().zip(&used).filter(|(_, used)| !**used) {
        scores.entry(label.kind.clone()).or_default().missed += 1;
        if verbose {
            println!("MISSED {} `{}` in {text:?}", label.kind, &text[label.start..label.end]);
        }
    }
}

#[test]
fn labelled_texts() {
    let Some(corpora) = support::corpora() else { return };
    let docs = std::fs::read_to_string(corpora.join("dlp-dev/docs.jsonl")).unwrap();
    let (classifier, _) = Classifier::builtin();
    let verbose = std::env::var("CLASSIFY_VERBOSE").is_ok();
    let mut halves = [BTreeMap::new(), BTreeMap::new()];
    for line in docs.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let id = record["id"].as_str().unwrap();
        let number: usize = id.rsplit('-').next().unwrap().parse().unwrap();
        judge(&classifier, &record, &mut halves[number % 2], verbose && number.is_multiple_of(2));
    }
    let [tuning, unseen] = halves;
    println!("{:<22}{:>8}{:>8}{:>8}{:>11}{:>8}{:>8}", "type", "hit", "wrong", "missed", "precision", "recall", "exact");
    for (kind, score) in &unseen {
        let Score { hit, wrong, missed, exact } = *score;
        let (precision, recall) = (score.precision(), score.recall());
        println!("{kind:<22}{hit:>8}{wrong:>8}{missed:>8}{precision:>11.3}{recall:>8.3}{:>8.3}", ratio(exact, hit));
    }
    let total = |scores: &BTreeMap<String, Score>| {
        scores.values().fold(Score::default(), |sum, one| Score {
            hit: sum.hit + one.hit,
            wrong: sum.wrong + one.wrong,
            missed: sum.missed + one.missed,
            exact: sum.exact + one.exact,
        })
    };
    let (seen, all) = (total(&tuning), total(&unseen));
    println!("tuning half: precision {:.4} recall {:.4}", seen.precision(), seen.recall());
    println!(
        "unseen half: precision {:.4} recall {:.4} exact {:.4}",
        all.precision(),
        all.recall(),
        ratio(all.exact, all.hit)
    );
    assert!(0.98 <= all.precision(), "precision {:.4} of all types", all.precision());
    assert!(0.98 <= all.recall(), "recall {:.4} of all types", all.recall());
}

#[test]
fn labelled_tables() {
    let Some(corpora) = support::corpora() else { return };
    let folder = corpora.join("dlp-dev/tables");
    let labels: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("labels.json")).unwrap()).unwrap();
    let (classifier, _) = Classifier::builtin();
    let mut typed = Score::default();
    let mut sensitive = Score::default();
    for (table, columns) in labels.as_object().unwrap() {
        for extension in ["csv", "jsonl"] {
            let file = std::fs::File::open(folder.join(format!("{table}.{extension}"))).unwrap();
            let scan = classifier.scan(&format!("{table}.{extension}"), file, &classify::Options::default()).unwrap();
            for (column, label) in columns.as_object().unwrap() {
                let holds = |found: &&classify::IdentifierCount| found.columns.iter().any(|name| name == column);
                let found: Vec<&str> =
                    scan.verdict.identifiers.iter().filter(holds).map(|found| found.id.as_str()).collect();
                let expected = label.as_str();
                let wanted_type = expected.filter(|kind| *kind != "MIXED");
                match (wanted_type, found.is_empty()) {
                    (Some(kind), _) if found.contains(&kind) => typed.hit += 1,
                    (Some(_), _) => typed.missed += 1,
                    (None, false) if expected.is_none() => typed.wrong += 1,
                    _ => {}
                }
                match (expected.is_some(), found.is_empty()) {
                    (true, false) => sensitive.hit += 1,
                    (true, true) => sensitive.missed += 1,
                    (false, false) => sensitive.wrong += 1,
                    (false, true) => {}
                }
                let right = wanted_type.map_or(found.is_empty() || expected.is_some(), |kind| found == [kind]);
                if !right {
                    println!("{table}.{extension} {column}: expected {expected:?}, found {found:?}");
                }
            }
            println!("{table}.{extension}: {}", serde_json::to_string(&scan.verdict).unwrap());
        }
    }
    println!("type of column: precision {:.3} recall {:.3}", typed.precision(), typed.recall());
    println!("sensitive or not: precision {:.3} recall {:.3}", sensitive.precision(), sensitive.recall());
    assert!(0.95 <= sensitive.precision() && 0.90 <= sensitive.recall());
    assert!(0.95 <= typed.precision() && 0.90 <= typed.recall());
}
