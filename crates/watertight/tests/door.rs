//! A person's commands beside a running server: they do what they do without one, nobody else may knock, two at once are one
//! success and one conflict, and a server that dies leaves whole entries and a client that says what it does not know.
//!
//! That a command went through the server needs no proof of its own: the server holds the lease as long as it lives.

mod common;
#[path = "common/serving.rs"]
mod serving;
#[path = "common/smtp.rs"]
#[expect(dead_code, reason = "this test only counts what arrived")]
mod smtp;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use common::own_rules::{ANY, LARGE, content, event, rules, write};
use common::{PROCESSOR_FACTS, Place, Ran, Random, config_text, copy_dir};
use serde_json::{Value, json};
use serving::{Serving, socket, wait_for};
use smtp::MailServer;

const PEOPLE: &str = "\n[people]\nP-1 = {}\nP-2 = {approves = true}\nP-3 = {approves = true}\n";

/// One finding of a large export, in an incident; content of its own; nobody running.
fn place(mail: Option<u16>) -> Place {
    let place = Place::new();
    content(&place, "one");
    let sources = config_text(&[("ledger", "logs")], mail);
    place.write("watertight.toml", format!("{sources}\n[content]\ndir = \"content\"\n{PEOPLE}"));
    write(&place, "logs/0.jsonl", &[event("ledger.export", 0, "u-1", 5000)]);
    place.run(&["ingest"]).ok();
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1);
    place
}

/// The same with the same keys, as it lies.
fn copy_of(place: &Place) -> Place {
    let copy = Place::new();
    copy_dir(&place.path(""), &copy.path(""));
    // Under another path it would be another file of the source.
    std::fs::remove_file(copy.path("logs/0.jsonl")).expect("what was read already");
    copy
}

fn count(place: &Place, kind: &str) -> usize {
    place.log().iter().filter(|entry| entry["kind"] == kind).count()
}

#[track_caller]
fn holds(place: &Place) {
    assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
    place.run(&["evidence", "verify", "data/log"]).ok();
    let log = place.log();
    let ids: BTreeSet<&str> = log.iter().map(|entry| entry["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), log.len(), "an entry stands twice");
}

fn open_args(reference: &str) -> Vec<&str> {
    let base = ["incident", "open", "--title", "A report", "--first-event", "2026-03-02T10:00:00Z", "--by", "P-1"];
    [base.as_slice(), &["--reference", reference]].concat()
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Recipients of the notice: enough that sending takes more than one step.
const DESKS: usize = 120;

/// Every command that writes, each after those it needs, with its answers as printed.
fn everything(place: &Place) -> Vec<(String, Option<i32>, String, String)> {
    let mut told = Vec::new();
    let mut tell = |args: &[&str]| -> Ran {
        let ran = place.run(args);
        told.push((args.join(" "), ran.code, ran.stdout.clone(), ran.stderr.clone()));
        ran
    };
    let finding = text(&place.run(&["finding", "list"]).ok().rows()[0]["finding_uid"]).to_owned();
    let actor = text(&place.run(&["finding", "list"]).ok().rows()[0]["actor"]).to_owned();
    let reason = ["--reason", "as agreed"];
    tell(&["finding", "disposition", &finding, "--verdict", "benign", reason[0], reason[1], "--by", "P-1"]).ok();
    tell(&["finding", "disposition", &finding, "--verdict", "benign", "--reason", "x", "--by", "P-9"]).exits(2);
    let request = ["suppression", "request", "--rule", ANY, "--owner", "P-2", "--by", "P-1", "--reason", "backup"];
    let asked = tell(&[request.as_slice(), &["--actor", &actor, "--days", "30"]].concat()).ok().json();
    let suppression = text(&asked["id"]);
    tell(&["suppression", "approve", suppression, "--by", "P-2"]).exits(2);
    tell(&["suppression", "approve", suppression, "--by", "P-1"]).exits(2);
    tell(&["suppression", "approve", suppression, "--by", "P-3"]).ok();
    tell(&["suppression", "approve", suppression, "--by", "P-3"]).ok();
    tell(&["suppression", "revoke", suppression, "--by", "P-1", "--reason", "over"]).ok();
    let proposed = tell(&["content", "propose", "--by", "P-1"]).ok().json();
    tell(&["content", "approve", text(&proposed["id"]), "--by", "P-1"]).exits(2);
    tell(&["content", "approve", text(&proposed["id"]), "--by", "P-2"]).ok();
    tell(&open_args("T-1")).ok();
    tell(&open_args("T-1")).ok();
    for (name, value) in PROCESSOR_FACTS {
        tell(&["incident", "fact", "2", name, value, "--by", "P-1"]).ok();
    }
    tell(&["incident", "fact", "2", "times.aware", "2026-03-02T13:00:00Z", "--by", "P-1"]).exits(2);
    let inputs = "{\"data\":[{\"category\":\"simple\"}],\"identification\":\"limited\"}";
    let breach = tell(&["incident", "breach", "2", "--inputs", inputs, "--by", "P-1", reason[0], reason[1]]);
    assert!(matches!(breach.code, Some(0 | 2)), "{}", breach.stderr);
    tell(&["incident", "acknowledge", "2", "--by", "P-1"]).ok();
    // What a running server has done by itself meanwhile is no part of the answer.
    place.run(&["duty", "assess", "2"]).ok();
    tell(&["duty", "assess", "2"]).ok();
    tell(&["notice", "draft", "--incident", "2", "--by", "P-1"]).ok();
    let notices = place.run(&["notice", "status"]).ok().rows();
    let notice = notices.iter().find(|row| row["rule_id"] == "CONTRACT-DPA-TYPICAL").expect("a notice");
    let notice = text(&notice["id"]).to_owned();
    let desk =
        |n: usize| json!({"id": format!("r-{n:03}"), "address": format!("desk-{n}@northgate.example"), "name": "Desk"});
    place.write("recipients.jsonl", (0..DESKS).map(|n| desk(n).to_string()).collect::<Vec<_>>().join("\n"));
    let to = ["--recipients", "recipients.jsonl"];
    let checked = place.run(&["notice", "check", &notice, to[0], to[1]]).ok().json();
    let hash = text(&checked["hash"]);
    tell(&["notice", "send", &notice]).exits(2);
    tell(&["notice", "approve", &notice, "--hash", hash, "--by", "P-1", to[0], to[1]]).exits(2);
    tell(&["notice", "approve", &notice, "--hash", hash, "--by", "P-2", to[0], to[1]]).ok();
    tell(&["notice", "send", &notice]).ok();
    let open = |row: &&Value| row["state"] == "required" && row["id"].is_string();
    let duties = place.run(&["duty", "list", "--incident", "2"]).ok().rows();
    let duty = duties.iter().find(open).expect("an open duty");
    tell(&["duty", "fulfil", text(&duty["id"]), "--by", "P-1", "--how", "by letter"]).ok();
    tell(&["lake", "hold", "subpoena-1", "--reason", "asked for", "--actor", &actor]).ok();
    tell(&["lake", "release", "subpoena-1", "--by", "P-1"]).ok();
    tell(&["lake", "retain", "--keep-days", "89"]).exits(2);
    tell(&["lake", "retain", "--keep-days", "90"]).ok();
    tell(&["lake", "compact", "2026-03-02"]).ok();
    tell(&["scope", "--incident", "1"]).ok();
    let close = ["--verdict", "benign", reason[0], reason[1], "--by", "P-1"];
    tell(&[["incident", "close", "2"].as_slice(), &close].concat()).ok();
    tell(&["evidence", "erase", "--incident", "1", "--by", "P-1", reason[0], reason[1]]).exits(2);
    tell(&["evidence", "erase", "--incident", "2", "--by", "P-1", reason[0], reason[1]]).ok();
    tell(&["state", "correct-clock", "--by", "P-1", "--reason", "was wrong"]).exits(2);
    // What is approved says where in the log its obligation stands, and a server's log has entries of its own before it.
    let masked = |text: String| text.replace(hash, "{hash}");
    told.into_iter().map(|(args, code, out, err)| (masked(args), code, masked(out), masked(err))).collect()
}

#[test]
fn every_command_says_and_does_beside_a_server_what_it_does_alone() {
    let mail = MailServer::start();
    let alone = place(Some(mail.port));
    let beside = copy_of(&alone);
    let serving = Serving::start(&beside);
    let (told_alone, told_beside) = (everything(&alone), everything(&beside));
    assert_eq!(told_alone.len(), told_beside.len());
    let differ: Vec<_> = told_alone.iter().zip(&told_beside).filter(|(one, other)| one != other).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    let mut to: Vec<String> = mail.arrived().into_iter().map(|arrived| arrived.to).collect();
    to.sort();
    assert_eq!(to.len(), 2 * DESKS);
    to.dedup();
    assert_eq!(to.len(), DESKS, "each desk once from each place");
    // What people said is in both logs alike; the server adds what follows from it.
    let said = |place: &Place| -> BTreeSet<String> {
        let of_people =
            ["finding.", "suppression.", "content.", "incident.", "notice.", "delivery.", "retention.", "key."];
        let is_said =
            |entry: &&Value| of_people.iter().any(|kind| entry["kind"].as_str().is_some_and(|k| k.starts_with(kind)));
        place.log().iter().filter(is_said).map(|entry| format!("{} {}", entry["kind"], entry["id"])).collect()
    };
    assert_eq!(said(&alone), said(&beside));
    beside.run(&["state", "rebuild"]).ok();
    assert_eq!(serving.api("overview")["log_entries"], beside.log().len());
    serving.kill();
    holds(&beside);
    holds(&alone);
}

#[test]
fn effects_are_seen_by_the_running_flow_and_its_pages() {
    let place = place(None);
    let serving = Serving::start(&place);
    let incident = text(&serving.api("incidents")[0]["id"]).to_owned();

    let finding = text(&place.run(&["finding", "list"]).ok().rows()[0]["finding_uid"]).to_owned();
    let verdict = ["--verdict", "false_positive", "--reason", "ours", "--by", "P-1"];
    place.run(&[["finding", "disposition", &finding].as_slice(), &verdict].concat()).ok();
    assert!(serving.page(&format!("/incidents/{incident}")).contains("false_positive"), "at once");

    for (name, value) in [("elements", "[\"NAME\"]"), ("times.aware", "2026-03-02T12:00:00Z"), ("subjects.DE", "40")] {
        place.run(&["incident", "fact", "1", name, value, "--by", "P-1"]).ok();
    }
    assert_eq!(serving.api(&format!("incidents/{incident}"))["facts"]["subjects.DE"]["value"]["value"], 40, "at once");
    wait_for("the law's answer", || count(&place, "law.evaluated") != 0);

    let actor = text(&place.run(&["finding", "list"]).ok().rows()[0]["actor"]).to_owned();
    let request = ["suppression", "request", "--rule", LARGE, "--owner", "P-2", "--by", "P-1", "--reason", "backup"];
    let asked = place.run(&[request.as_slice(), &["--actor", &actor, "--days", "30"]].concat()).ok().json();
    place.run(&["suppression", "approve", text(&asked["id"]), "--by", "P-3"]).ok();
    write(&place, "logs/1.jsonl", &[event("ledger.export", 1, "u-1", 5000)]);
    let suppressed = || place.run(&["finding", "list", "--suppressed"]).ok().rows().len();
    // Two rules look at the event; the suppression is about one of them.
    wait_for("the suppressed finding", || suppressed() == 1);
    holds(&place);
}

#[test]
fn approved_content_is_swapped_while_the_server_runs() {
    let place = place(None);
    let config = std::fs::read_to_string(place.config()).expect("a configuration");
    place.write("watertight.toml", format!("{config}\n[detection]\nrequire_approval = true\n"));
    let serving = Serving::start(&place);
    wait_for("the refusal", || serving.heard().contains("nobody has approved content"));
    place.write("content/rules/own/ledger.yml", rules("one").replace("gte: 1000", "gte: 10"));
    let proposed = place.run(&["content", "propose", "--by", "P-1"]).ok().json();
    place.run(&["content", "approve", text(&proposed["id"]), "--by", "P-2"]).ok();
    wait_for("the swap", || serving.heard().contains("is used from now on"));
    write(&place, "logs/1.jsonl", &[event("ledger.export", 1, "u-2", 20)]);
    let found = || place.query(&format!("SELECT uid FROM findings WHERE rule_id = '{LARGE}'")).len();
    wait_for("a finding of the approved rule", || found() == 2);
}

#[test]
fn of_two_who_looked_at_one_version_one_succeeds_and_one_is_told_of_the_conflict() {
    let place = place(None);
    let serving = Serving::start(&place);
    let id = text(&serving.api("incidents")[0]["id"]).to_owned();
    let mut rounds = 0;
    for round in 0..5 {
        let version = serving.api(&format!("incidents/{id}"))["version"].to_string();
        let said: Vec<Ran> = std::thread::scope(|scope| {
            let say = |who: &'static str, value: String| {
                let (place, version) = (&place, &version);
                scope.spawn(move || {
                    place.run(&["incident", "fact", "1", "subjects.FR", &value, "--by", who, "--expected", version])
                })
            };
            let both = [say("P-1", (10 + 2 * round).to_string()), say("P-2", (11 + 2 * round).to_string())];
            both.into_iter().map(|one| one.join().expect("it ends")).collect()
        });
        let mut codes: Vec<Option<i32>> = said.iter().map(|ran| ran.code).collect();
        codes.sort_unstable();
        let refused: Vec<&Ran> = said.iter().filter(|ran| ran.code == Some(2)).collect();
        assert!(refused.iter().all(|ran| ran.stderr.contains("you looked at")), "{}", refused[0].stderr);
        // The server itself may have moved the incident on first: then both are told.
        rounds += usize::from(codes == [Some(0), Some(2)]);
        assert_ne!(codes, [Some(0), Some(0)]);
    }
    assert!(0 < rounds, "no race was ever won");
    holds(&place);
}

#[test]
fn many_commands_at_once_all_get_their_answers() {
    let place = place(None);
    let _serving = Serving::start(&place);
    let references: Vec<String> = (0..24).map(|n| format!("R-{n}")).collect();
    std::thread::scope(|scope| {
        for reference in &references {
            let place = &place;
            scope.spawn(move || place.run(&open_args(reference)).ok());
        }
    });
    assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 25);
    holds(&place);
}

#[test]
fn reading_commands_work_beside_a_server() {
    let place = place(None);
    let _serving = Serving::start(&place);
    let finding = text(&place.run(&["finding", "list"]).ok().rows()[0]["finding_uid"]).to_owned();
    let verdict = ["--verdict", "true_positive", "--reason", "seen", "--by", "P-1"];
    place.run(&[["finding", "disposition", &finding].as_slice(), &verdict].concat()).ok();
    for args in [
        ["incident", "list"].as_slice(),
        &["incident", "show", "1"],
        &["incident", "timeline", "1"],
        &["finding", "show", &finding],
        &["suppression", "list"],
        &["duty", "list"],
        &["duty", "check"],
        &["notice", "status"],
        &["notice", "receipts", "none"],
        &["query", "SELECT count(*) AS n FROM events"],
        &["lake", "status"],
        &["lake", "status", "--days"],
        &["source", "list"],
        &["baseline", "list"],
        &["rule", "history"],
        &["rule", "list", "--precision"],
        &["rule", "show", LARGE],
        &["rule", "backtest"],
        &["rule", "tune"],
        &["evidence", "checkpoint"],
        &["evidence", "prove", "0"],
        &["evidence", "verify", "data/log"],
        &["evidence", "pack", "--framework", "soc2", "--from", "2026-03-01", "--to", "2026-03-03", "--out", "p.zip"],
        &["state", "rebuild", "--compare"],
        &["config", "check"],
        &["content", "check"],
    ] {
        place.run(args).ok();
    }
    // What it says of the configuration is not about the server.
    assert!(matches!(place.run(&["doctor"]).code, Some(0 | 1)));
    let refused = place.run(&["ingest"]).exits(1);
    assert!(refused.stderr.contains("reads the sources by itself"), "{}", refused.stderr);
}

#[test]
fn what_is_checked_while_the_server_writes_is_one_moment_of_the_log() {
    let place = place(None);
    let _serving = Serving::start(&place);
    std::thread::scope(|scope| {
        // Beyond 256 entries a full tile takes the place of partial ones.
        let writing = scope.spawn(|| (0..260).for_each(|n| drop(place.run(&open_args(&format!("R-{n}"))).ok())));
        while !writing.is_finished() {
            assert_eq!(place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
            place.run(&["evidence", "verify", "data/log"]).ok();
            let pack = ["--framework", "soc2", "--from", "2026-03-01", "--to", "2026-03-04", "--out", "p.zip"];
            place.run(&[["evidence", "pack"].as_slice(), &pack].concat()).ok();
            place.run(&["evidence", "verify", "p.zip"]).ok();
            assert_eq!(place.query("SELECT count(*) AS n FROM events")[0]["n"], 1);
        }
    });
    assert!(256 < place.log().len(), "{}", place.log().len());
}

#[test]
fn the_socket_is_the_owners_and_goes_with_the_server() {
    let place = place(None);
    let mut serving = Serving::start(&place);
    let mode = std::fs::metadata(socket(&place)).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    wait_for("the pages", || !serving.page("/healthz").is_empty());
    assert!(serving.interrupt().success());
    assert!(!socket(&place).exists());
    place.run(&open_args("R-1")).ok();
}

#[test]
fn a_dead_servers_socket_is_in_nobodys_way() {
    let place = place(None);
    Serving::start(&place).kill();
    assert!(socket(&place).exists(), "nobody could remove it");
    place.run(&open_args("R-1")).ok();
    let serving = Serving::start(&place);
    place.run(&open_args("R-2")).ok();
    assert_eq!(serving.api("incidents").as_array().expect("a list").len(), 3);
}

#[test]
fn a_server_that_dies_in_the_middle_leaves_whole_entries_and_a_client_that_says_so() {
    // Before anything, with the entry stored and not sealed, and with all done but not answered.
    for (failpoint, is_done) in [("door.taken:1", false), ("flow.tiles_written:1", true), ("door.carried_out:1", true)]
    {
        let place = place(None);
        // The first start follows up the incident, so that the one under test has nothing else to seal.
        let mut settled = Serving::start(&place);
        wait_for("the exposure", || count(&place, "exposure.measured") == 1);
        wait_for("the pages", || !settled.page("/healthz").is_empty());
        assert!(settled.interrupt().success());
        let before = place.log().len();
        let mut serving = Serving::start_with(&place, &[("WATERTIGHT_FAILPOINT", failpoint)]);
        let ran = place.run(&open_args("R-1")).exits(1);
        assert!(ran.stderr.contains("did not answer") && ran.stderr.contains("whole or not at all"), "{}", ran.stderr);
        assert!(!serving.ended().success(), "{failpoint}: it died");

        assert_eq!(place.run(&["incident", "list"]).ok().rows().len(), 1 + usize::from(is_done), "{failpoint}");
        let again = place.run(&open_args("R-1")).ok();
        assert_eq!(again.stderr.contains("nothing new"), is_done, "{failpoint}: {}", again.stderr);
        assert!(before < place.log().len());
        holds(&place);
    }
}

#[test]
fn a_server_killed_at_any_moment_loses_nothing_that_was_confirmed() {
    let place = place(None);
    let mut random = Random(0x57a7_e5ca_1e00_0001);
    let (mut confirmed, mut unknown, mut number) = (Vec::new(), 0, 0);
    for _ in 0..6 {
        let serving = Serving::start(&place);
        let delay = Duration::from_millis(50 + random.below(400));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(delay);
            serving.kill();
        });
        while !killer.is_finished() {
            number += 1;
            let reference = format!("K-{number}");
            let ran = place.run(&open_args(&reference));
            match ran.code {
                Some(0) => confirmed.push(reference),
                _ => {
                    assert!(ran.stderr.contains("did not answer"), "{}", ran.stderr);
                    unknown += 1;
                }
            }
        }
        killer.join().expect("it kills");
    }
    let listed = place.run(&["incident", "list"]).ok().rows().len() - 1;
    assert!((confirmed.len()..=confirmed.len() + unknown).contains(&listed), "{listed} {} {unknown}", confirmed.len());
    for reference in &confirmed {
        let again = place.run(&open_args(reference)).ok();
        assert!(again.stderr.contains("nothing new"), "{reference}: {}", again.stderr);
    }
    holds(&place);
}

/// Sends one message as the program does, and reads one.
fn exchange(stream: &mut UnixStream, json: &[u8]) -> String {
    let length = u32::try_from(json.len()).expect("small");
    stream.write_all(&length.to_be_bytes()).expect("send");
    stream.write_all(json).expect("send");
    receive(stream)
}

fn receive(stream: &mut UnixStream) -> String {
    let mut length = [0; 4];
    if stream.read_exact(&mut length).is_err() {
        return String::new();
    }
    let mut json = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut json).expect("a whole message");
    String::from_utf8(json).expect("text")
}

#[test]
fn another_version_is_told_so_on_both_sides_and_rubbish_harms_nobody() {
    let place = place(None);
    let serving = Serving::start(&place);
    let knock = || {
        let mut stream = UnixStream::connect(socket(&place)).expect("the door");
        let greeting: Value = serde_json::from_str(&receive(&mut stream)).expect("a greeting");
        assert_eq!(greeting["watertight"], env!("CARGO_PKG_VERSION"));
        (stream, greeting)
    };
    let request = |from: Value, by: &str| {
        let open = json!({"Open": {"title": "t", "reference": "X-1", "severity": "high", "first_event": "2026-03-02T10:00:00Z", "by": by}});
        json!({"from": from, "now": place.now, "config": "", "write": {"incident": open}}).to_string()
    };
    let (mut stream, _) = knock();
    let other = json!({"watertight": "99.0.0", "protocol": 1});
    let said = exchange(&mut stream, request(other, "P-1").as_bytes());
    assert!(said.contains("this command is watertight 99.0.0"), "{said}");
    // A name where an id belongs is refused by the server too, whoever wrote the request.
    let (mut stream, greeting) = knock();
    let said = exchange(&mut stream, request(greeting, "Ana Lopez").as_bytes());
    assert!(said.contains("would stay readable for ever") && said.contains("nothing was done"), "{said}");
    for rubbish in
        [b"".as_slice(), b"{", b"[1,2]", &[0xFF; 64], b"{\"from\":{\"watertight\":\"0.1.0\",\"protocol\":1}}"]
    {
        let (mut stream, _) = knock();
        let said = exchange(&mut stream, rubbish);
        assert!(said.contains("nothing was done"), "{said}");
    }
    let (mut stream, _) = knock();
    stream.write_all(&u32::MAX.to_be_bytes()).expect("send");
    assert_eq!(receive(&mut stream), "", "too large to be read");
    let (mut stream, greeting) = knock();
    let said = exchange(&mut stream, request(greeting, "P-1").as_bytes());
    assert!(said.contains("another configuration") && said.contains("entries appended"), "{said}");
    assert_eq!(serving.api("incidents").as_array().expect("a list").len(), 2, "only what was well formed was done");
    serving.kill();

    std::fs::remove_file(socket(&place)).expect("the dead server's socket");
    let listener = UnixListener::bind(socket(&place)).expect("listen in its place");
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a command");
        let greeting = b"{\"watertight\":\"99.0.0\",\"protocol\":7}";
        stream.write_all(&[0, 0, 0, u8::try_from(greeting.len()).expect("short")]).expect("greet");
        stream.write_all(greeting).expect("greet");
        receive(&mut stream)
    });
    let refused = place.run(&open_args("R-1")).exits(2);
    assert!(refused.stderr.contains("the server is watertight 99.0.0 (protocol 7)"), "{}", refused.stderr);
    assert_eq!(other.join().expect("it listened"), "", "nothing was asked of it");
}

#[test]
fn a_data_directory_with_a_long_name_is_served_without_a_door_and_both_say_why() {
    let place = place(None);
    let long = place.path(&"a-long-name".repeat(12));
    std::fs::rename(place.data(), &long).expect("move the data");
    let command = |args: &[&str]| {
        let mut command = common::watertight();
        command.current_dir(place.path("")).arg("--config").arg(place.config()).args(["--now", &place.now]);
        command.arg("--data-dir").arg(&long).args(args);
        command
    };
    let stderr = place.path("long.txt");
    let heard = std::fs::File::create(&stderr).expect("make a file");
    let mut serving = command(&["serve", "--listen", "127.0.0.1:0"]).stderr(heard).spawn().expect("start the server");
    wait_for("the note", || {
        std::fs::read_to_string(&stderr).is_ok_and(|heard| heard.contains("need `serve` to be stopped"))
    });
    let refused = common::run(command(&open_args("R-1"))).exits(1);
    assert!(
        refused.stderr.contains("takes no commands") && refused.stderr.contains("shorter path"),
        "{}",
        refused.stderr
    );
    serving.kill().expect("stop it");
    serving.wait().expect("it ends");
}

#[test]
fn a_command_with_another_time_than_the_servers_is_refused() {
    let mut place = place(None);
    let _serving = Serving::start(&place);
    "2026-03-03T09:00:00Z".clone_into(&mut place.now);
    let refused = place.run(&open_args("R-1")).exits(2);
    assert!(refused.stderr.contains("the server's clock stands at 2026-03-03T08:00:00Z"), "{}", refused.stderr);
}
