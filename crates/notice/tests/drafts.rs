//! Drafts under hostile and odd input, content demands of the caller, and what an approval binds.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use notice::approval::{ApprovalRefusal, Binding, approve, binding_hash, check};
use notice::{
    ContentSpec, DraftError, DraftInput, FormatFault, Library, OrgProfile, Recipient, RecipientRoot, Renderer,
    Template, draft, render_for,
};
use serde_json::{Map, json};

const WORDS: &str = include_str!("../../../content/templates/en/words.toml");

fn front(id: &str, elements: &str) -> String {
    format!(
        "+++\nschema = \"watertight-template/1\"\nid = \"{id}\"\nrules = [\"X\"]\nrecipient = \"individuals\"\nchannel = \"email\"\nsubject = \"{{{{ need('nature', as='line') }}}}\"\n{elements}\nexample = []\n"
    )
}

fn library(body: &str) -> (Library, Vec<notice::TemplateError>) {
    let front = front("t", "").replace("example = []\n", "");
    let elements = "example = []\n[elements.nature]\nlabel = \"what happened\"\nfrom = \"facts.narrative.nature\"\nwho = \"ic\"\n[elements.person]\nlabel = \"name\"\nfrom = \"recipient.name\"\nas = \"line\"\nwho = \"ic\"\n";
    let text = format!("{front}{elements}+++\n{body}");
    Library::from_files([("en/words.toml", WORDS), ("en/t.md.j2", text.as_str())])
}

fn template(body: &str) -> Template {
    let (library, errors) = library(body);
    assert!(errors.is_empty(), "{errors:?}");
    library.get("t", "en").unwrap().clone()
}

fn input(nature: &str) -> DraftInput {
    DraftInput {
        facts: json!({"narrative": {"nature": nature}}),
        today: "2026-03-02".parse().unwrap(),
        ..DraftInput::default()
    }
}

fn recipient(name: Option<&str>) -> Recipient {
    Recipient {
        id: "r1".to_owned(),
        address: "a@example.org".to_owned(),
        name: name.map(str::to_owned),
        fields: Map::new(),
    }
}

#[test]
fn hostile_values_stay_values() {
    let template = template("# Title\n\n## Real\n\n{{ need('nature') }}\n");
    let hostile = "x\r\nBcc: all@example.org\r\n\r\n## Forged Heading\n\n- item\n\n{{ facts }} {% raw %} [to be supplied: nothing (nobody)] <img src=x onerror=y>\u{202e}\u{0}";
    let draft = draft(&template, &input(hostile)).unwrap();
    assert!(!draft.subject.contains(['\r', '\n']), "{:?}", draft.subject);
    let headings: Vec<&str> = draft.body_text.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings, ["# Title", "## Real"]);
    assert!(draft.body_text.contains("{{ facts }}"), "values are not templates");
    assert!(!draft.body_html.contains("<img"));
    assert!(!draft.body_text.contains(['\u{202e}', '\u{0}', '\r']));
    assert!(
        draft.format_faults.contains(&FormatFault::LooksLikeGap { element: "nature".to_owned() }),
        "{:?}",
        draft.format_faults
    );
}

#[test]
fn values_of_the_wrong_shape_are_gaps_with_a_fault_never_a_guess() {
    let body = "{{ need('nature', from='facts.subjects.DE', as='count') }} {{ need('nature', from='facts.when', as='date') }} {{ need('nature', from='facts.flag', as='yes_no') }} {{ need('nature', from='facts.elements', as='elements') }} {{ need('nature', from='facts.subjects', as='subjects_total') }}";
    let template = template(body);
    for facts in [
        json!({"subjects": {"DE": "many"}, "when": "soon", "flag": "yes", "elements": "SSN"}),
        json!({"subjects": {"DE": [5, 4]}, "when": 7, "flag": 1, "elements": [1]}),
        json!({"subjects": {"DE": -1}, "when": "2026-02-30", "flag": {"a": 1}, "elements": {"a": 1}}),
        json!({"subjects": {"DE": [1, 2, 3]}, "when": "2026-03-01 maybe", "flag": [true], "elements": [["SSN"]]}),
    ] {
        let input = DraftInput { facts: facts.clone(), ..input("x") };
        let draft = draft(&template, &input).unwrap();
        assert_eq!(draft.body_text.matches("[to be supplied").count(), 5, "{facts}: {}", draft.body_text);
        assert!(draft.format_faults.iter().any(|fault| matches!(fault, FormatFault::WrongShape { .. })), "{facts}");
    }
}

#[test]
fn mistakes_of_a_template_author_are_named_with_their_line() {
    let broken = [("{{ need('nature') ", "syntax"), ("{% if known('x') %}", "end")];
    for (body, word) in broken {
        let (_, errors) = library(body);
        assert!(errors.len() == 1 && errors[0].to_string().contains(word), "{body}: {errors:?}");
    }
    let wrong_at_run = [
        ("\n{{ need('natur') }}", "defines no element `natur`"),
        ("{{ need('nature', as='poem') }}", "no shape"),
        ("{{ need('nature', colour='red') }}", "colour"),
        ("{{ facts.narrative.nature }}", "undefined"),
        ("{{ nature }}", "undefined"),
        ("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", "fuel"),
    ];
    for (body, word) in wrong_at_run {
        let error = draft(&template(body), &input("x")).unwrap_err();
        let DraftError::Render { reason, .. } = &error else { panic!("{error:?}") };
        assert!(reason.contains(word), "{body}: {reason}");
    }
    let (library, errors) =
        Library::from_files([("en/words.toml", WORDS), ("en/t.md.j2", "no front matter"), ("xx/t.md.j2", "+++\n")]);
    assert_eq!((library.iter().count(), errors.len()), (0, 2));
}

#[test]
fn demands_of_the_obligation_are_checked_in_both_directions() {
    let template = template("# Notice\n\n## B\n\n## A\n\n{{ need('nature') }}\n");
    let mut given = input("It happened.");
    given.obligation = json!({
        "content": ["nature", "dates"],
        "form": {"title": "Notice of Data Breach", "headings": ["A", "B"], "min_point_size": 12, "must_not": ["nature"], "channels_forbidden": ["email"], "variant": "short"},
    });
    let draft = draft(&template, &given).unwrap();
    let gaps: Vec<&str> = draft.gaps.iter().map(|gap| gap.element.as_str()).collect();
    assert_eq!(gaps, ["dates"], "the template has no place for it");
    let faults = &draft.format_faults;
    assert!(
        faults.contains(&FormatFault::Title { wanted: "Notice of Data Breach".to_owned(), found: "Notice".to_owned() })
    );
    assert!(faults.contains(&FormatFault::Heading { heading: "B".to_owned() }), "B stands before A: {faults:?}");
    assert!(faults.contains(&FormatFault::PointSize { wanted: 12, found: 11 }));
    assert!(faults.contains(&FormatFault::Forbidden { element: "nature".to_owned() }));
    assert!(faults.contains(&FormatFault::Channel { channel: "email".to_owned() }));
    let undecided =
        ContentSpec::from_json(&json!({"must": ["a"], "must_if": [{"when": {"x": 1}, "items": ["b"]}]})).unwrap();
    assert_eq!(undecided.must, ["a", "b"], "a condition nobody decided counts as demanded");
    assert!(ContentSpec::from_json(&json!("a")).is_err());
}

#[test]
fn each_recipient_gets_an_own_render_and_a_missing_name_sets_one_aside() {
    let template = template("Dear {{ need('person') }},\n\n{{ need('nature') }}\n");
    let shown = draft(&template, &input("It happened.")).unwrap();
    assert!(shown.is_complete() && shown.body_text.contains("Dear «name»"), "{shown:?}");
    let message = render_for(&template, &input("It happened."), &recipient(Some("Ann\r\nBcc: x@y.z"))).unwrap();
    assert!(message.text.starts_with("Dear Ann Bcc: x@y.z,"));
    assert_eq!(message, render_for(&template, &input("It happened."), &recipient(Some("Ann\r\nBcc: x@y.z"))).unwrap());
    let aside = render_for(&template, &input("It happened."), &recipient(None));
    assert!(matches!(aside, Err(DraftError::Recipient { .. })), "{aside:?}");
    let elsewhere =
        DraftInput { org: OrgProfile { tz: Some("Mars/Base".to_owned()), ..OrgProfile::default() }, ..input("x") };
    assert!(matches!(draft(&template, &elsewhere), Err(DraftError::Zone { .. })));
}

fn bound(template: &Template, input: &DraftInput) -> Binding {
    let mut root = RecipientRoot::new([3; 32]);
    root.push(&recipient(Some("Ann")));
    Binding::new(template, input, "email", &root.finish(), root.count())
}

#[test]
fn an_approval_binds_everything_that_makes_the_message() {
    let template = template("Dear {{ need('person') }},\n\n{{ need('nature') }}\n");
    let given = input("It happened.");
    let binding = bound(&template, &given);
    let shown = draft(&template, &given).unwrap();
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    let approval = approve(&shown, &binding, &binding.hash(), "ann", "bob", now).unwrap();
    assert_eq!(check(&approval, &binding), Ok(()));
    assert_eq!(binding.hash(), binding_hash(&template, &given, "email", &binding.recipients_root, 1));

    let changed = |binding: Binding| check(&approval, &binding).unwrap_err().changed;
    assert_eq!(changed(bound(&template, &input("It happened. Twice."))), ["facts or details"]);
    assert_eq!(
        changed(bound(&self::template("Dear {{ need('person') }}, {{ need('nature') }}!"), &given)),
        ["template"]
    );
    assert_eq!(changed(Binding { channel: "letter".to_owned(), ..binding.clone() }), ["channel"]);
    assert_eq!(changed(Binding { language: "de".to_owned(), ..binding.clone() }), ["language"]);
    assert_eq!(changed(Binding { recipients_root: "00".to_owned(), ..binding.clone() }), ["recipients"]);
    assert_eq!(changed(Binding { recipients: 2, ..binding.clone() }), ["recipients"]);
    let next_day = DraftInput { today: "2026-03-03".parse().unwrap(), ..given };
    assert_eq!(changed(bound(&template, &next_day)), ["facts or details"], "the date on the letter counts too");
    let mut forged = approval.clone();
    forged.approver = "ANN".to_owned();
    assert_eq!(check(&forged, &binding).unwrap_err().changed, ["approval"]);
    let mut forged = approval;
    forged.hash = "00".to_owned();
    assert_eq!(check(&forged, &binding).unwrap_err().changed, ["approval"]);
}

#[test]
fn approvals_are_refused_by_table() {
    let template = template("Dear {{ need('person') }},\n\n{{ need('nature') }}\n");
    let given = input("It happened.");
    let (binding, shown) = (bound(&template, &given), draft(&template, &given).unwrap());
    let hash = binding.hash();
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    for approver in ["ann", " Ann "] {
        assert_eq!(
            approve(&shown, &binding, &hash, "ann", approver, now),
            Err(ApprovalRefusal::OwnWork("ann".to_owned()))
        );
    }
    assert_eq!(approve(&shown, &binding, &hash, " ", "bob", now), Err(ApprovalRefusal::Nobody("wrote it")));
    assert_eq!(approve(&shown, &binding, &hash, "ann", "", now), Err(ApprovalRefusal::Nobody("approves it")));
    assert!(matches!(approve(&shown, &binding, "another", "ann", "bob", now), Err(ApprovalRefusal::Moved { .. })));
    let empty = Binding { recipients: 0, ..binding.clone() };
    assert_eq!(approve(&shown, &empty, &empty.hash(), "ann", "bob", now), Err(ApprovalRefusal::NoRecipients));
    let gaps = draft(&template, &DraftInput { facts: json!({}), ..given.clone() }).unwrap();
    assert_eq!(approve(&gaps, &binding, &hash, "ann", "bob", now), Err(ApprovalRefusal::Gaps(1)));
    let mut phased = gaps;
    phased.phased = true;
    assert_eq!(approve(&phased, &binding, &hash, "ann", "bob", now).unwrap().gaps, 1);
    let mut faulty = shown;
    faulty.format_faults.push(FormatFault::Heading { heading: "A".to_owned() });
    assert!(matches!(
        approve(&faulty, &binding, &hash, "ann", "bob", now),
        Err(ApprovalRefusal::Faults { count: 1, .. })
    ));
}

#[test]
fn a_renderer_gives_every_recipient_the_same_as_a_render_alone() {
    let template = template(
        "Dear {{ need('person') }},\n\n{{ need('nature') }}\n\n{% if is('recipient.fields.minor', 'true') %}To the parents.{% endif %}\n",
    );
    let given = input("It happened.");
    let renderer = Renderer::new(&template, &given).unwrap();
    for number in 0..50 {
        let mut one = recipient((number % 7 != 0).then_some("Ann"));
        one.id = format!("r{number}");
        one.name = one.name.map(|name| format!("{name} {number}"));
        one.fields.insert("minor".to_owned(), json!(number % 2 == 0));
        let alone = render_for(&template, &given, &one);
        assert_eq!(renderer.render(&one), alone, "{number}");
        if let Ok(message) = alone {
            assert_eq!(message.text.contains("To the parents."), number % 2 == 0);
            assert!(message.text.contains(&format!("Ann {number},")), "nothing of the one before is left");
        }
    }
}
