//! What is sent to a running server: who may send is asked, what was acknowledged is in the lake whatever dies in between,
//! and what is no log is rejected and kept.

mod common;
#[path = "common/serving.rs"]
#[expect(dead_code, reason = "this test sends and kills")]
mod serving;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use common::own_rules::{content, event};
use common::{Place, Random};
use serving::{Serving, wait_for};

const SECRET: &str = "a-secret-of-the-shop-0123456789";
const ENVIRONMENT: [(&str, &str); 1] = [("SHOP_SECRET", SECRET)];

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

struct Company {
    place: Place,
    http: u16,
    syslog: u16,
}

fn company() -> Company {
    let (place, http, syslog) = (Place::new(), free_port(), free_port());
    content(&place, "one");
    let config = format!(
        "[[source]]\nid = \"shop\"\n[source.http]\nprotocol = \"plain\"\nauth = \"bearer\"\nsecret_env = \"SHOP_SECRET\"\n\n\
         [[source]]\nid = \"gateway\"\n[source.syslog]\nlisten = \"127.0.0.1:{syslog}\"\n\n\
         [inlets]\nlisten = \"127.0.0.1:{http}\"\n\n[content]\ndir = \"content\"\n"
    );
    place.write("watertight.toml", config);
    // The log tells simulated time from its first day on.
    place.run(&["ingest"]).ok();
    Company { place, http, syslog }
}

impl Company {
    fn serve(&self) -> Serving {
        Serving::start_with(&self.place, &ENVIRONMENT)
    }

    /// The status of the answer; `None` if nobody answered.
    fn post(&self, source: &str, secret: &str, body: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        let length = body.len();
        let head = format!(
            "POST /in/{source} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split(' ').nth(1)?.parse().ok()
    }

    /// How often each event is in the lake.
    fn stored(&self) -> BTreeMap<String, u64> {
        let rows = self.place.query("SELECT event_uid, count(*) AS times FROM events GROUP BY event_uid");
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        rows.iter().map(|row| (text(&row["event_uid"]), text(&row["times"]).parse().expect("a number"))).collect()
    }

    fn read(&self, serving: &Serving) -> u64 {
        let batches = serving.api("batches");
        let rows = batches.as_array().or_else(|| batches["batches"].as_array()).expect("a list of batches").clone();
        rows.iter().filter_map(|batch| batch["records"].as_u64()).sum()
    }
}

#[test]
fn deliveries_by_http_and_syslog_become_events() {
    let company = company();
    let serving = company.serve();
    let line = |number: u32| event("ledger.page", number, "u-1", 1);
    let body = [line(0), line(1), "no log at all".to_owned()].join("\n");
    assert_eq!(company.post("shop", SECRET, &body), Some(202));
    assert_eq!(company.post("shop", "guessed", &line(2)), Some(401));
    assert_eq!(company.post("elsewhere", SECRET, &line(2)), Some(404));
    let mut sender = TcpStream::connect(("127.0.0.1", company.syslog)).expect("the syslog inlet listens");
    let message = format!("<190>1 2026-03-02T10:11:12Z web ledger - - - {}", line(3));
    writeln!(sender, "{} {message}<190>Mar  2 10:11:12 web ledger: {}", message.len(), line(4)).expect("send");
    drop(sender);
    wait_for("five records", || company.read(&serving) == 5);
    drop(serving);
    assert_eq!(company.stored().into_values().collect::<Vec<_>>(), [1, 1, 1, 1]);
    let rejected = company.place.query("SELECT raw FROM rejected");
    assert_eq!(rejected.len(), 1, "{rejected:?}");
    // The server may have died between storing the last batch and removing its segments; the next run does that.
    company.place.run(&["ingest"]).ok();
    let left = common::files_below(&company.place.data().join("spool"));
    assert!(left.keys().all(|path| path.extension().is_none_or(|extension| extension != "spool")), "{:?}", left.keys());
}

/// Senders send again what nobody acknowledged; nothing that was acknowledged may be lost.
#[test]
fn what_was_acknowledged_outlives_any_kill() {
    const KILLS: usize = 6;
    const EACH: u32 = 5;
    let company = company();
    let mut random = Random(77);
    let (mut sent, mut again) = (0, 0_u64);
    for _ in 0..KILLS {
        let serving = company.serve();
        let deliveries = 3 + random.below(12);
        let pause = Duration::from_millis(random.below(400));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(pause);
            serving.kill();
        });
        for _ in 0..deliveries {
            let body: Vec<String> = (0..EACH).map(|number| event("ledger.page", sent + number, "u-1", 1)).collect();
            if company.post("shop", SECRET, &body.join("\n")) != Some(202) {
                again += 1;
                break;
            }
            sent += EACH;
        }
        killer.join().expect("the killer ends");
    }
    // The last delivery may have been taken without an answer; its sender sends it again.
    let serving = company.serve();
    wait_for("what is spooled", || company.read(&serving) >= u64::from(sent));
    let last: Vec<String> = (0..EACH).map(|number| event("ledger.page", sent + number, "u-1", 1)).collect();
    assert_eq!(company.post("shop", SECRET, &last.join("\n")), Some(202));
    sent += EACH;
    wait_for("the last delivery", || company.stored().len() == sent as usize);
    drop(serving);
    let stored = company.stored();
    let twice: u64 = stored.values().map(|times| times - 1).sum();
    assert_eq!(stored.len(), sent as usize, "every event that was acknowledged");
    assert!(twice <= again * u64::from(EACH), "{twice} more than the {again} deliveries that were sent again explain");
    assert_eq!(company.place.run(&["state", "rebuild", "--compare"]).ok().json()["equal"], true);
}

/// A batch that is numbered and not stored reads its segments again; they must be there.
#[test]
fn a_batch_that_died_in_the_middle_is_read_again_from_its_segments() {
    for failpoint in
        ["flow.batch_assigned:1", "flow.events_appended:1", "flow.log_appended:1", "flow.source_committed:1"]
    {
        let company = company();
        let environment = [ENVIRONMENT[0], ("WATERTIGHT_FAILPOINT", failpoint)];
        let mut serving = Serving::start_with(&company.place, &environment);
        let body = [event("ledger.page", 0, "u-1", 1), event("ledger.page", 1, "u-1", 1)].join("\n");
        assert_eq!(company.post("shop", SECRET, &body), Some(202), "{failpoint}");
        assert!(!serving.ended().success(), "{failpoint}");
        // What comes meanwhile is of another batch.
        let serving = company.serve();
        assert_eq!(company.post("shop", SECRET, &event("ledger.page", 2, "u-1", 1)), Some(202), "{failpoint}");
        wait_for("all three", || company.stored().len() == 3);
        drop(serving);
        assert!(company.stored().into_values().all(|times| times == 1), "{failpoint}");
        company.place.run(&["ingest"]).ok();
        let left = common::files_below(&company.place.data().join("spool"));
        let segments = left.keys().filter(|path| path.extension().is_some_and(|extension| extension == "spool"));
        assert_eq!(segments.count(), 0, "{failpoint}: segments stay behind");
    }
}

#[test]
fn a_configuration_that_cannot_listen_says_so() {
    let company = company();
    let taken = TcpListener::bind(("127.0.0.1", company.http)).expect("take the port");
    let ran = common::run({
        let mut command = company.place.command(&["serve"]);
        command.envs(ENVIRONMENT);
        command
    });
    assert!(ran.stderr.contains("[inlets] listen"), "{}", ran.stderr);
    drop(taken);
    let ran = company.place.run(&["serve"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("SHOP_SECRET"), "{}", ran.stderr);
}
