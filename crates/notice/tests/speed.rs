//! Many recipients stream through one renderer: each letter is that person's own. The rate is printed, not judged: a
//! loaded machine must not fail a test.

use std::time::Instant;

use notice::{DraftInput, Library, OrgProfile, Recipient, RecipientRoot, Renderer};

#[test]
fn ten_thousand_letters_are_each_their_own() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/templates");
    let (library, _) = Library::load(&dir);
    let template = library.get("us-ca-individuals", "en").unwrap();
    let example = &template.examples[0];
    let input = DraftInput {
        facts: example.facts.clone(),
        org: serde_json::from_value::<OrgProfile>(example.org.clone()).unwrap(),
        today: example.today,
        content: example.content.clone(),
        ..DraftInput::default()
    };
    let renderer = Renderer::new(template, &input).unwrap();
    let mut root = RecipientRoot::new([1; 32]);
    let mut hashes = std::collections::BTreeSet::new();
    let mut batch = |from: usize| {
        let begun = Instant::now();
        for number in from..from + 1000 {
            let recipient = Recipient {
                id: format!("r{number:07}"),
                address: format!("p{number}@example.org"),
                name: Some(format!("Person {number}")),
                fields: serde_json::Map::new(),
            };
            root.push(&recipient);
            hashes.insert(renderer.render(&recipient).unwrap().sha256);
        }
        begun.elapsed()
    };
    let first = batch(0);
    let last = (1..10).map(|number| batch(number * 1000)).last().unwrap();
    println!("1000 letters: first {first:?}, tenth {last:?}");
    assert_eq!((hashes.len(), root.count()), (10_000, 10_000), "each letter is that person's");
}
