//! Loading documents and choosing rules for logs.

use sigma::{GroupKey, Level, Matcher, Options, Program, Status};

const FULL: &str = r#"
title: Bucket opened
id: 0f06a3a5-6a09-413f-8743-e6cf35561297
status: test
level: high
description: Opens a bucket.
author: someone
references: [https://example.com]
tags:
  - attack.exfiltration
  - attack.t1537
  - attack.T1098.003
  - attack.t1537
  - cve.2024-1
falsepositives: [migrations]
logsource: {product: AWS, service: CloudTrail}
detection:
  selection: {eventName: PutBucketAcl}
  condition: selection
watertight:
  surface: storage
  group_by: [actor, resource]
  owner: cloud-security
ads:
  strategy: Looks at the call.
  blind_spots: [pre-signed links, "  "]
rsigma.ads.response: Close it.
team: blue
tests:
  - name: opens
    fires: true
    event: {eventName: PutBucketAcl}
"#;

#[test]
fn every_part_of_a_rule_is_kept() {
    let loaded = sigma::load([("full.yml", FULL)]);
    assert!(loaded.errors.is_empty(), "{loaded:#?}");
    let checks = loaded.warnings.iter().filter_map(|one| one.message.rsplit_once('(')?.1.strip_suffix(')'));
    let expected = ["logsource_value_not_lowercase", "logsource_value_not_lowercase", "invalid_tag", "duplicate_tags"];
    assert_eq!(checks.collect::<Vec<_>>(), expected);
    let rule = &loaded.rules[0];
    assert_eq!(rule.id, "0f06a3a5-6a09-413f-8743-e6cf35561297");
    assert_eq!((rule.level, rule.status), (Some(Level::High), Some(Status::Test)));
    assert_eq!(rule.attack, ["T1537", "T1098.003"]);
    assert_eq!(rule.tags.len(), 5);
    assert_eq!(rule.falsepositives, ["migrations"]);
    assert_eq!(rule.watertight.surface.as_deref(), Some("storage"));
    assert_eq!(rule.watertight.group_by, [GroupKey::Actor, GroupKey::Resource]);
    assert_eq!(rule.watertight.owner.as_deref(), Some("cloud-security"));
    assert_eq!(rule.ads.strategy, ["Looks at the call."]);
    assert_eq!(rule.ads.blind_spots, ["pre-signed links"]);
    assert_eq!(rule.ads.response, ["Close it."]);
    assert_eq!(rule.custom["team"], "blue");
    assert_eq!(rule.tests[0].name, "opens");
    // printf of the text above | sha256sum would give the same 64 digits on every machine.
    assert_eq!(rule.version.len(), 64);
    assert_eq!(rule.version, sigma::load([("other name.yml", FULL)]).rules[0].version);
    assert_ne!(rule.version, sigma::load([("x", FULL.replace("Opens", "opens"))]).rules[0].version);
}

#[test]
fn version_is_the_plain_sha256_of_the_file() {
    let text = "title: t\ndetection: {s: {a: 1}, condition: s}\n";
    let rule = &sigma::load([("t.yml", text)]).rules[0];
    assert_eq!(rule.version, "23b2ab7a2f553f4029adb4b8de65b61c0be546d17e19d5dfe62d648d8430e973");
    assert_eq!(rule.id, format!("unidentified-{}", rule.version.get(..16).unwrap()));
}

#[test]
fn good_documents_survive_bad_neighbours() {
    let good = "title: good\ndetection: {s: {a: 1}, condition: s}\n";
    let two = format!("# first\n---\n{good}---\ntitle: bad\n---\n{good}...\n");
    let files = [
        ("a.yml", good),
        ("b.yml", "}{"),
        ("c.yml", &two),
        ("d.yml", ""),
        ("e.yml", "# only words\n"),
        ("f.yml", "[]"),
    ];
    let loaded = sigma::load(files);
    let lines: Vec<(&str, usize)> = loaded.rules.iter().map(|rule| (rule.file.as_str(), rule.line)).collect();
    assert_eq!(lines, [("a.yml", 1), ("c.yml", 3), ("c.yml", 8)]);
    let places: Vec<(&str, usize)> = loaded.errors.iter().map(|error| (error.file.as_str(), error.line)).collect();
    assert_eq!(places, [("b.yml", 1), ("c.yml", 6), ("f.yml", 1)]);
}

#[test]
fn global_actions_apply_to_what_follows() {
    let text = "action: global\ntitle: both\nlogsource: {product: aws}\n---\ndetection: {s: {a: 1}, condition: s}\n---\ndetection: {s: {a: 2}, condition: s}\n";
    let loaded = sigma::load([("global.yml", text)]);
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    assert_eq!(loaded.rules.iter().map(|rule| rule.title.as_str()).collect::<Vec<_>>(), ["both", "both"]);
}

#[test]
fn actions_are_carried_out_around_rules_correlations_and_filters() {
    let text = "\
action: global
logsource: {product: aws, service: cloudtrail}
level: high
ads: {goal: shared}
---
title: one
name: one
detection: {s: {a: 1}, condition: s}
---
action: repeat
title: two
name: two
detection: {s: {b: 2}}
---
title: many
correlation: {type: event_count, rules: [one, two], group-by: [u], timespan: 5m, condition: {gte: 2}}
tests:
  - {name: both, fires: true, events: [{at: 0s, event: {a: 1, u: x}}, {at: 1s, event: {a: 1, b: 2, u: x}}]}
  - {name: one is not two, fires: false, events: [{at: 0s, event: {a: 1, u: x}}, {at: 1s, event: {b: 2, u: x}}]}
---
action: reset
---
title: three
detection: {s: {c: 3}, condition: s}
related: [{id: 929a690e-bef0-4204-a928-ef5e620d6fcc, type: derived}]
";
    let loaded = sigma::load([("collection.yml", text)]);
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    let titles: Vec<(&str, usize)> = loaded.rules.iter().map(|rule| (rule.title.as_str(), rule.line)).collect();
    assert_eq!(titles, [("one", 6), ("two", 10), ("three", 23)]);
    assert_eq!(loaded.rules[1].logsource.service.as_deref(), Some("cloudtrail"));
    assert_eq!((loaded.rules[1].ads.goal.as_slice(), loaded.rules[2].level), (&["shared".to_owned()][..], None));
    let related =
        sigma::Related { id: "929a690e-bef0-4204-a928-ef5e620d6fcc".to_owned(), relation: sigma::Relation::Derived };
    assert_eq!(loaded.rules[2].related, [related]);
    let correlation = &loaded.correlations[0];
    assert_eq!((correlation.level, correlation.ads.goal.len()), (Some(Level::High), 1));
    let outcomes = sigma::test_correlation(0, &loaded.rules, &loaded.correlations, &Options::default());
    assert!(outcomes.len() == 2 && outcomes.iter().all(sigma::TestOutcome::passed), "{outcomes:?}");
}

#[test]
fn filters_of_any_file_narrow_the_rules_they_are_about() {
    let rule = |name: &str, source: &str| {
        format!("title: {name}\nname: {name}\nlogsource: {source}\ndetection: {{s: {{a: 1}}, condition: s}}\n")
    };
    let files = [
        ("x.yml", rule("x", "{product: aws, service: cloudtrail}")),
        ("y.yml", rule("y", "{product: aws}")),
        ("any.yml", "title: f\nlogsource: {product: aws}\nfilter: {rules: any, selection: {u: root}, condition: not selection}\n".to_owned()),
        ("x-only.yml", "title: g\nlogsource: {service: cloudtrail}\nfilter: {rules: [x, y], selection: {b: 2}, condition: not 1 of them}\n".to_owned()),
        ("idle.yml", "title: h\nlogsource: {product: azure}\nfilter: {rules: [x], selection: {b: 2}, condition: selection}\n".to_owned()),
    ];
    let loaded = sigma::load(files.iter().map(|(name, text)| (name, text)));
    assert!(loaded.errors.is_empty(), "{}", loaded.errors[0]);
    let filters = |rule: usize| loaded.rules[rule].filters.iter().map(|one| one.title.as_str()).collect::<Vec<_>>();
    assert_eq!((filters(0), filters(1)), (vec!["f", "g"], vec!["f"]));
    let idle: Vec<(&str, &str)> = loaded.warnings.iter().map(|one| (one.file.as_str(), one.message.as_str())).collect();
    assert_eq!(idle, [("idle.yml", "no rule that the filter is about is for azure/*")]);
    assert_ne!(loaded.rules[0].version, sigma::load([&files[0]].map(|(n, t)| (n, t))).rules[0].version);
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(errors.is_empty());
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("aws", "cloudtrail");
    let mut found = |record: &str| matcher.evaluate(source, record.as_bytes()).unwrap().to_vec();
    assert_eq!(found(r#"{"a":1}"#), [0, 1]);
    assert_eq!(found(r#"{"a":1,"b":2}"#), [1]);
    assert_eq!(found(r#"{"a":1,"u":"Root"}"#), [0; 0]);
}

#[test]
fn placeholders_may_hold_wildcards_and_stand_inside_values() {
    let text = "title: t\ndetection: {s: {path|expand|startswith: '/%area%/?'}, condition: s}\n";
    let loaded = sigma::load([("t.yml", text)]);
    let mut options = Options::default();
    options.placeholders.insert("area".to_owned(), vec!["a*z".to_owned(), r"100\%\*".to_owned()]);
    let (program, errors) = Program::compile(&loaded.rules, &options);
    assert!(errors.is_empty(), "{errors:?}");
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    let mut fires =
        |path: &str| !matcher.evaluate(source, format!("{{\"path\":\"{path}\"}}").as_bytes()).unwrap().is_empty();
    assert!(fires("/aXXz/b/c") && fires("/AZ/1") && !fires("/az/") && !fires("/b/x"));
}

#[test]
fn shared_ids_are_reported_and_correlations_load() {
    let rule = "title: one\nid: same\ndetection: {s: {a: 1}, condition: s}\n";
    let correlation = "title: many\ncorrelation: {type: event_count, rules: [one], group-by: [u], timespan: 5m, condition: {gte: 3}}\n";
    let loaded = sigma::load([("a.yml", rule), ("b.yml", rule), ("c.yml", correlation)]);
    assert_eq!(loaded.rules.len(), 2);
    assert_eq!(loaded.correlations[0].kind, sigma::CorrelationKind::EventCount);
    let shared: Vec<&str> =
        loaded.warnings.iter().map(|one| one.message.as_str()).filter(|text| !text.contains("logsource")).collect();
    assert_eq!(shared, ["the id `same` is also used in a.yml:1"]);
}

#[test]
fn rules_apply_to_the_logs_they_name() {
    let sources = [
        "{product: aws, service: cloudtrail}",
        "{product: aws}",
        "{service: cloudtrail}",
        "{product: azure, service: auditlogs}",
        "{category: webserver}",
        "{product: aws, category: webserver}",
        "{}",
    ];
    let files =
        sources.map(|source| format!("title: t\nlogsource: {source}\ndetection: {{s: {{a: 1}}, condition: s}}\n"));
    let mut loaded = sigma::load(files.iter().map(|text| ("t.yml", text)));
    loaded.warnings.clear();
    let (program, errors) = Program::compile(&loaded.rules, &Options::default());
    assert!(errors.is_empty());
    let mut matcher = Matcher::new(&program);
    let mut check = |product: &str, service: &str, category: &str, expected: &[usize]| {
        let source = program.log_source_in(product, service, category);
        assert_eq!(program.rules_for(source), expected, "{product}/{service} {category}");
        assert_eq!(matcher.evaluate(source, b"{\"a\":1}").unwrap(), expected, "{product}/{service} {category}");
    };
    check("aws", "cloudtrail", "", &[0, 1, 2, 5, 6]);
    check("AWS", "CloudTrail", "", &[0, 1, 2, 5, 6]);
    check("aws", "vpcflow", "", &[1, 5, 6]);
    check("azure", "auditlogs", "", &[3, 6]);
    check("azure", "cloudtrail", "", &[2, 6]);
    check("aws", "alb", "webserver", &[1, 4, 5, 6]);
    check("aws", "cloudtrail", "audit", &[0, 1, 2, 6]);
    check("", "", "", &[6]);
    check("nginx", "", "webserver", &[4, 6]);
}

#[test]
fn placeholders_become_their_values() {
    let text = "title: t\ndetection: {s: {user|expand: '\\%x %who%'}, condition: s}\n";
    let loaded = sigma::load([("t.yml", text)]);
    let mut options = Options::default();
    options.placeholders.insert("who".to_owned(), vec!["ann".to_owned(), "svc-*".to_owned()]);
    let (program, errors) = Program::compile(&loaded.rules, &options);
    assert!(errors.is_empty(), "{errors:?}");
    let mut matcher = Matcher::new(&program);
    let source = program.log_source("", "");
    let mut fires =
        |user: &str| !matcher.evaluate(source, format!("{{\"user\":\"{user}\"}}").as_bytes()).unwrap().is_empty();
    assert!(fires("%x Ann") && fires("%x svc-backup"));
    assert!(!fires("%x %who%") && !fires("%x bob"));
}

#[test]
fn a_program_says_what_it_needs() {
    let text = "title: t\ndetection: {s: {user.name: a, user.id: b}, f: {user.name: a}, condition: s or f}\n";
    let loaded = sigma::load([("t.yml", text)]);
    let (program, _) = Program::compile(&loaded.rules, &Options::default());
    let mut fields: Vec<&str> = program.fields().collect();
    fields.sort_unstable();
    assert_eq!(fields, ["user.id", "user.name"]);
    let stats = program.stats();
    assert_eq!((stats.rules, stats.fields, stats.predicates), (1, 2, 2));
}

#[test]
fn a_broken_rule_fails_its_tests_with_the_reason() {
    let text = "title: t\ndetection: {s: {a|re: '('}, condition: s}\ntests: [{name: x, fires: true, event: {}}]\n";
    let loaded = sigma::load([("t.yml", text)]);
    let outcomes = sigma::test_rule(&loaded.rules[0], &Options::default());
    assert_eq!(outcomes[0].fired, None);
    assert!(!outcomes[0].passed());
    assert!(outcomes[0].problem.as_ref().unwrap().contains("regular expression"));
}
