//! From an incident reported by hand to a fulfilled obligation: facts, law, draft, approval by hash, mail, receipts; and the
//! same with the sender killed while messages are in flight.
//!
//! The mail server is the test's own. Losses are zero; a copy too many is at most what was in flight, and it is counted.

mod common;
#[path = "common/smtp.rs"]
mod smtp;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::{PROCESSOR_FACTS, Place, Random, config_text};
use serde_json::{Value, json};
use smtp::{MailServer, Moment};

/// The obligation under test: a contract's 24 hours from the processor's awareness. Its notice may go out with gaps.
const RULE: &str = "CONTRACT-DPA-TYPICAL";
const DUE: &str = "2026-03-03T12:00:00+00:00";

/// A place with a mail server, an incident whose facts are known, and its obligations.
fn reported() -> (Place, MailServer) {
    let server = MailServer::start();
    let place = Place::new();
    place.write("watertight.toml", config_text(&[], Some(server.port)));
    let open = [
        "incident",
        "open",
        "--title",
        "Export mailed to a stranger",
        "--reference",
        "T-1",
        "--first-event",
        "2026-03-02T10:00:00Z",
        "--by",
        "P-1",
    ];
    place.run(&open).ok();
    // The same reference opens it once.
    place.run(&open).ok();
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1);
    for (name, value) in PROCESSOR_FACTS {
        place.run(&["incident", "fact", "1", name, value, "--by", "P-1"]).ok();
    }
    let assessed = place.run(&["duty", "assess", "1"]).ok().json();
    assert!(assessed["required"].as_u64().is_some_and(|n| 1 <= n), "{assessed}");
    // Asking again with the same facts changes nothing.
    assert_eq!(place.run(&["duty", "assess", "1"]).ok().json()["changed"], 0);
    (place, server)
}

#[track_caller]
fn obligation(place: &Place) -> Value {
    let rows = place.run(&["duty", "list"]).ok().rows();
    rows.into_iter().find(|row| row["rule_id"] == RULE).expect("the contract asks for a notice")
}

#[track_caller]
fn notice(place: &Place) -> Value {
    let rows = place.run(&["notice", "status"]).ok().rows();
    rows.into_iter().find(|row| row["rule_id"] == RULE).expect("a notice was drafted")
}

#[track_caller]
fn drafted(place: &Place) -> String {
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    notice(place)["id"].as_str().expect("a notice has an id").to_owned()
}

fn recipients(place: &Place, count: usize) -> Vec<String> {
    let addresses: Vec<String> = (0..count).map(|i| format!("desk-{i:03}@northgate.example")).collect();
    let lines: Vec<String> = addresses
        .iter()
        .enumerate()
        .map(|(i, address)| {
            json!({"id": format!("r-{i:03}"), "address": address, "name": format!("Desk {i}")}).to_string()
        })
        .collect();
    place.write("recipients.jsonl", lines.join("\n"));
    addresses
}

const TO: [&str; 2] = ["--recipients", "recipients.jsonl"];

#[track_caller]
fn hash(place: &Place, notice: &str) -> String {
    let checked = place.run(&["notice", "check", notice, TO[0], TO[1]]).ok().json();
    checked["hash"].as_str().expect("check shows the hash").to_owned()
}

#[track_caller]
fn approved(place: &Place, notice: &str) -> String {
    let hash = hash(place, notice);
    place.run(&["notice", "approve", notice, "--hash", &hash, "--by", "P-2", TO[0], TO[1]]).ok();
    hash
}

/// The mail server is a port where nobody listens.
fn nobody_answers(place: &Place) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    place.write("watertight.toml", config_text(&[], Some(port)));
}

/// The notice under test, approved for `count` recipients.
#[track_caller]
fn ready(place: &Place, count: usize) -> String {
    let notice_id = drafted(place);
    recipients(place, count);
    approved(place, &notice_id);
    notice_id
}

#[track_caller]
fn the_log_holds(place: &Place) {
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
    place.run(&["evidence", "verify", "data/log"]).ok();
    let log = place.log();
    let ids: BTreeSet<&str> = log.iter().map(|entry| entry["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), log.len(), "an entry stands twice");
}

#[test]
fn a_notice_goes_out_once_to_everyone_and_fulfils_its_duty() {
    let (place, server) = reported();
    let owed = obligation(&place);
    assert_eq!(
        (&owed["due_by"], &owed["state"], &owed["recipient"]),
        (&DUE.into(), &"required".into(), &"customer Northgate University".into())
    );
    let notice_id = drafted(&place);
    let addresses = recipients(&place, 5);

    // Nothing leaves without an approval.
    let refused = place.run(&["notice", "send", &notice_id]).exits(2);
    assert!(refused.stderr.contains("not approved"), "{}", refused.stderr);
    approved(&place, &notice_id);
    let sent = place.run(&["notice", "send", &notice_id]).ok().json();
    assert_eq!(sent, json!({"recipients": 5, "sent": 5, "refused": 0, "waiting": 0, "possible_duplicates": 0}));

    let arrived = server.arrived();
    let to: BTreeSet<&str> = arrived.iter().map(|message| message.to.as_str()).collect();
    assert_eq!(to, addresses.iter().map(String::as_str).collect());
    assert_eq!(arrived.len(), 5, "one message a recipient");
    let ids: BTreeSet<&str> = arrived.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(ids.len(), 5, "each with a Message-ID of its own");
    assert!(ids.iter().all(|id| id.ends_with("@larkfield.example>")), "{ids:?}");
    for message in &arrived {
        let others = addresses.iter().filter(|address| **address != message.to);
        assert!(
            others.into_iter().all(|other| !message.text.contains(other.as_str())),
            "a message names another recipient"
        );
    }

    // Sending again sends nothing.
    assert_eq!(place.run(&["notice", "send", &notice_id]).ok().json()["sent"], 5);
    assert_eq!(server.arrived().len(), 5);

    receipts_match(&place, &notice_id, &arrived);
    assert_eq!(notice(&place)["state"], "sent");
    assert_eq!(obligation(&place)["state"], "fulfilled");
    the_log_holds(&place);
}

/// One receipt a recipient, each an entry of the log, naming nobody in the clear.
#[track_caller]
fn receipts_match(place: &Place, notice: &str, arrived: &[smtp::Arrived]) {
    let receipts = place.run(&["notice", "receipts", notice]).ok().rows();
    let listed: BTreeSet<&str> =
        receipts.iter().map(|receipt| receipt["message_id"].as_str().expect("a Message-ID")).collect();
    let taken: BTreeSet<&str> = arrived.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(listed, taken, "a receipt for every message that was taken");
    assert_eq!(listed.len(), receipts.len(), "and no receipt twice");
    let entries: Vec<Value> = place.log().into_iter().filter(|entry| entry["kind"] == "delivery.sent").collect();
    assert_eq!(entries.len(), receipts.len());
    let clear = serde_json::to_string(&place.log()).expect("JSON prints");
    assert!(!clear.contains("northgate.example"), "an address stands in the clear part of the log");
}

#[test]
fn an_approval_is_of_one_hash_by_another_person() {
    let (place, server) = reported();
    let notice_id = drafted(&place);
    recipients(&place, 3);
    let hash = hash(&place, &notice_id);
    let approve =
        |hash: &str, by: &str| place.run(&["notice", "approve", &notice_id, "--hash", hash, "--by", by, TO[0], TO[1]]);
    let own = approve(&hash, "P-1").exits(2);
    assert!(own.stderr.contains("another person"), "{}", own.stderr);
    approve(&hash, "p-1").exits(2);
    approve("0000", "P-2").exits(2);
    // The list of recipients is part of what is approved.
    let other = place
        .run(&["notice", "approve", &notice_id, "--hash", &hash, "--by", "P-2", "--to", "stranger@example.org"])
        .exits(2);
    assert!(other.stderr.contains("read it again"), "{}", other.stderr);
    approve(&hash, "P-2").ok();

    // A new draft from changed facts is not what was approved.
    place.run(&["incident", "fact", "1", "subjects.DE", "4000", "--by", "P-1"]).ok();
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    let void = place.run(&["notice", "send", &notice_id]).exits(2);
    assert!(void.stderr.contains("not what was approved") || void.stderr.contains("not approved"), "{}", void.stderr);
    approve(&hash, "P-2").exits(2);
    assert!(server.arrived().is_empty(), "nothing left");
    the_log_holds(&place);
}

#[test]
fn facts_that_changed_since_the_approval_void_it() {
    let (place, server) = reported();
    let notice_id = ready(&place, 3);
    place.run(&["incident", "fact", "1", "subjects.DE", "4000", "--by", "P-1"]).ok();
    // Nobody drafted again: the approved text says 40 people, the facts say 4,000.
    place.run(&["notice", "send", &notice_id]).exits(2);
    assert!(server.arrived().is_empty(), "a text with outdated facts left");
}

#[test]
fn what_people_wrote_and_who_we_are_stand_in_the_notice() {
    let (place, _server) = reported();
    for (element, text) in [
        ("nature", "An export file was readable by another customer for two hours."),
        ("likely_consequences", "Unwanted advertising."),
        ("measures_taken_or_proposed", "The file was withdrawn."),
    ] {
        place.run(&["incident", "fact", "1", &format!("narrative.{element}"), text, "--by", "P-1"]).ok();
    }
    let notice_id = drafted(&place);
    let checked = place.run(&["notice", "check", &notice_id, "--to", "desk@northgate.example"]).ok().json();
    let text = checked["text"].as_str().expect("a text");
    for told in [
        "readable by another customer",
        "Unwanted advertising.",
        "The file was withdrawn.",
        "privacy@larkfield.example",
    ] {
        assert!(text.contains(told), "`{told}` is missing in:\n{text}");
    }
    let clear = serde_json::to_string(&place.log()).expect("JSON prints");
    assert!(!clear.contains("readable by another"), "free text stands in the clear part of the log");
}

#[test]
fn refused_recipients_are_counted_and_keep_the_duty_open() {
    let (place, server) = reported();
    server.refuse("desk-001@northgate.example");
    let notice_id = ready(&place, 4);
    let sent = place.run(&["notice", "send", &notice_id]);
    let counts = sent.json();
    assert_eq!((&counts["sent"], &counts["refused"], &counts["waiting"]), (&3.into(), &1.into(), &0.into()));
    assert_eq!(notice(&place)["state"], "sent_in_part");
    assert_eq!(obligation(&place)["state"], "required", "somebody was not told");
    let receipts = place.run(&["notice", "receipts", &notice_id]).ok().rows();
    let with = |state: &str| receipts.iter().filter(|row| row["state"] == state).count();
    assert_eq!((receipts.len(), with("sent"), with("refused")), (4, 3, 1));
    assert_eq!(server.arrived().len(), 3);
    let failed: Vec<Value> = place.log().into_iter().filter(|entry| entry["kind"] == "delivery.failed").collect();
    assert_eq!(failed.len(), 1, "who was not reached is on record");
    assert_eq!(failed[0]["clear"]["state"], "refused");
    the_log_holds(&place);
}

#[test]
fn a_duty_to_people_is_done_when_as_many_were_reached_as_are_concerned() {
    const TO_PEOPLE: &str = "EU-GDPR-34";
    let (place, _server) = reported();
    for (name, value) in [
        ("role", "[\"controller\"]"),
        ("risk.gdpr", "high"),
        ("narrative.nature", "An export was readable by another customer."),
        ("narrative.likely_consequences", "Unwanted advertising."),
        ("narrative.measures_taken_or_proposed", "The file was withdrawn."),
        ("narrative.advice", "Be careful with unexpected mail."),
    ] {
        place.run(&["incident", "fact", "1", name, value, "--by", "P-1"]).ok();
    }
    place.run(&["duty", "assess", "1"]).ok();
    let of_people =
        |rows: Vec<Value>| rows.into_iter().find(|row| row["rule_id"] == TO_PEOPLE).expect("a duty to people");
    let duty = || of_people(place.run(&["duty", "list"]).ok().rows());
    assert_eq!(duty()["state"], "required");
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    let notice_id = of_people(place.run(&["notice", "status"]).ok().rows())["id"].as_str().expect("an id").to_owned();
    // 40 people are concerned; the list has 3.
    recipients(&place, 3);
    approved(&place, &notice_id);
    assert_eq!(place.run(&["notice", "send", &notice_id]).ok().json()["sent"], 3);
    let after = duty();
    assert_eq!((&after["state"], &after["reached"], &after["concerned"]), (&"required".into(), &3.into(), &40.into()));
    // The others were told by letter, and a person says so once.
    let id = after["id"].as_str().expect("an id");
    let fulfil = ["duty", "fulfil", id, "--by", "P-7", "--how", "37 letters, posted by the print shop"];
    place.run(&fulfil).ok();
    assert_eq!(duty()["state"], "fulfilled");
    place.run(&fulfil).exits(2);
    // More people turn out to be concerned: it was done for forty, not for them.
    place.run(&["incident", "fact", "1", "subjects.DE", "4000", "--by", "P-1"]).ok();
    place.run(&["duty", "assess", "1"]).ok();
    assert_eq!(duty()["state"], "required");
    // The others get a notice of their own; the one that has left stays as it is.
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    let of_duty = |rows: Vec<Value>| rows.into_iter().filter(|row| row["rule_id"] == TO_PEOPLE).collect::<Vec<_>>();
    let states: BTreeSet<String> = of_duty(place.run(&["notice", "status"]).ok().rows())
        .iter()
        .filter_map(|row| row["state"].as_str().map(str::to_owned))
        .collect();
    assert!(states.contains("sent"), "{states:?}");
    let clear = serde_json::to_string(&place.log()).expect("JSON prints");
    assert!(!clear.contains("print shop"), "free text stands in the clear part of the log");
}

#[test]
fn no_mail_server_means_nothing_is_lost() {
    let (place, _server) = reported();
    let notice_id = ready(&place, 3);
    nobody_answers(&place);
    let failed = place.run(&["notice", "send", &notice_id]).exits(1);
    assert!(failed.stderr.contains("127.0.0.1"), "{}", failed.stderr);
    let server = MailServer::start();
    place.write("watertight.toml", config_text(&[], Some(server.port)));
    assert_eq!(place.run(&["notice", "send", &notice_id]).ok().json()["sent"], 3);
    assert_eq!(server.arrived().len(), 3);
}

#[test]
fn what_never_left_is_not_sent_with_facts_of_yesterday() {
    let (place, _) = reported();
    let notice_id = ready(&place, 3);
    nobody_answers(&place);
    place.run(&["notice", "send", &notice_id]).exits(1);
    place.run(&["incident", "fact", "1", "subjects.DE", "41", "--by", "P-1"]).ok();
    let server = MailServer::start();
    place.write("watertight.toml", config_text(&[], Some(server.port)));
    place.run(&["notice", "send", &notice_id]).exits(2);
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    let log = place.log().len();
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    assert_eq!(place.log().len(), log, "drafting the same again is no news");
    approved(&place, &notice_id);
    assert_eq!(place.run(&["notice", "send", &notice_id]).ok().json()["sent"], 3);
    assert_eq!(server.arrived().len(), 3, "one message each, of what was approved last");
    let log = place.log().len();
    place.run(&["notice", "send", &notice_id]).ok();
    assert_eq!(place.log().len(), log, "sending what is sent is no news");
}

#[test]
fn what_was_begun_is_finished_although_the_facts_have_changed() {
    let (place, server) = reported();
    let notice_id = ready(&place, 4);
    server.defer("desk-002@northgate.example");
    let waiting = place.run(&["notice", "send", &notice_id]).json();
    assert_eq!((&waiting["sent"], &waiting["waiting"]), (&3.into(), &1.into()));
    place.run(&["incident", "fact", "1", "subjects.DE", "41", "--by", "P-1"]).ok();
    place.run(&["notice", "draft", "--incident", "1", "--by", "P-1"]).ok();
    let mut place = place;
    place.now = "2026-03-04T08:00:00Z".to_owned();
    assert_eq!(place.run(&["notice", "send", &notice_id]).ok().json()["sent"], 4, "nobody is left half told");
    let states: Vec<Value> =
        place.run(&["notice", "status"]).ok().rows().into_iter().map(|row| row["state"].clone()).collect();
    assert!(states.contains(&"sent".into()) && states.contains(&"draft".into()), "{states:?}");
}

#[test]
fn unencrypted_mail_goes_to_this_machine_only() {
    let (place, _server) = reported();
    let notice_id = ready(&place, 1);
    let text = config_text(&[], Some(25)).replace("127.0.0.1", "192.0.2.1");
    place.write("watertight.toml", text);
    let refused = place.run(&["notice", "send", &notice_id]);
    assert!(
        matches!(refused.code, Some(1 | 2)) && refused.stderr.contains("this machine only"),
        "{:?} {}",
        refused.code,
        refused.stderr
    );
}

#[test]
fn an_obligation_is_overdue_after_its_hour_and_not_before() {
    let (mut place, _server) = reported();
    place.now = "2026-03-03T11:59:59Z".to_owned();
    place.run(&["duty", "check"]).ok();
    place.now = "2026-03-03T12:00:01Z".to_owned();
    let overdue = place.run(&["duty", "check"]).exits(5);
    assert!(overdue.rows().iter().any(|row| row["rule_id"] == RULE), "{}", overdue.stdout);
}

/// Kills the sender at a moment the server chooses, starts it again, and so on; then lets it finish.
fn killed_at(moments: &[(usize, Moment)], count: usize, linger: impl Fn(usize) -> Duration) {
    let (place, server) = reported();
    let notice_id = drafted(&place);
    let addresses = recipients(&place, count);
    approved(&place, &notice_id);
    for (kill, &(at, moment)) in moments.iter().enumerate() {
        server.stop_at(at, moment);
        let mut child = place.start(&["notice", "send", &notice_id]);
        assert!(server.wait(), "the sender never came to message {at}");
        std::thread::sleep(linger(kill));
        child.kill().expect("kill the sender");
        child.wait().expect("bury the sender");
    }
    let sent = place.run(&["notice", "send", &notice_id]).ok().json();
    assert_eq!((&sent["sent"], &sent["refused"], &sent["waiting"]), (&count.into(), &0.into(), &0.into()), "{sent}");

    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in server.arrived() {
        copies.entry(message.to).or_default().push(message.message_id);
    }
    let told: Vec<&String> = copies.keys().collect();
    assert_eq!(told, addresses.iter().collect::<Vec<_>>(), "nobody is lost");
    for (to, ids) in &copies {
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            1,
            "{to} got copies under different Message-IDs: {ids:?}"
        );
    }
    let extra: u64 = copies.values().map(|ids| ids.len() as u64 - 1).sum();
    let admitted = sent["possible_duplicates"].as_u64().expect("a count");
    assert!(
        extra <= admitted && admitted <= moments.len() as u64,
        "{extra} copies too many, {admitted} admitted, {} deaths",
        moments.len()
    );
    receipts_match(&place, &notice_id, &server.arrived());
    assert_eq!(obligation(&place)["state"], "fulfilled");
    the_log_holds(&place);
}

#[test]
fn a_sender_killed_with_a_message_in_flight_loses_nobody() {
    // The server has the message, the sender does not know: the one case in which a second copy is right.
    killed_at(&[(4, Moment::BeforeReply), (9, Moment::BeforeReply)], 15, |_| Duration::ZERO);
}

#[test]
fn a_sender_killed_before_the_message_loses_nobody() {
    killed_at(&[(3, Moment::AfterRecipient), (8, Moment::AfterRecipient)], 12, |_| Duration::ZERO);
}

#[test]
fn a_sender_killed_just_after_the_reply_keeps_its_receipts() {
    // Between the server's word and the receipt in the log lie a few milliseconds; die in all parts of them.
    let moments: Vec<(usize, Moment)> = (1..=12).map(|kill| (2 * kill, Moment::AfterReply)).collect();
    let random = std::cell::RefCell::new(Random(0x5EED_0FA1));
    killed_at(&moments, 40, |_| Duration::from_micros(random.borrow_mut().below(12_000)));
}
