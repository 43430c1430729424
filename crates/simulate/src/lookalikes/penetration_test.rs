//! The announced penetration test: probes of the API, anonymous requests that are refused, failing console sign-ins.

use crate::actors::Principal;
use crate::clock::{Ms, SECOND};
use crate::company::PROD;
use crate::formats::application::{Entry, PORTAL, PRODUCT_API, Visitor};
use crate::formats::cloudtrail::Call;
use crate::formats::s3access::Request;
use crate::holdings::{EXPORTS, RECORDS};
use crate::json::j;
use crate::lookalikes::{LookAlike, When};
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) const LOOK_ALIKE: LookAlike = LookAlike {
    id: "penetration-test",
    title: "Announced penetration test",
    resembles: "api-error-records, public-bucket, portal-paging",
    why_benign: "inside the announced window and from the partner's announced network; every attempt is refused or fails without data",
    when: When::Daily,
    play,
};

const AGENT: &str = "Mozilla/5.0 (compatible; larkfield-pentest)";

fn play(stage: &mut Stage<'_>, rng: &mut Rng) -> Vec<String> {
    let pentests = &stage.world.company.pentests;
    let today = stage.midnight..stage.midnight + crate::clock::DAY;
    let Some(&(from, to)) = pentests.iter().find(|(from, _)| today.contains(from)) else { return Vec::new() };
    let ips: Vec<String> = (0..3).map(|_| format!("203.0.113.{}", rng.range(10, 60))).collect();
    let mut actors: Vec<String> = ips.iter().map(|ip| Principal::Anonymous.entity(ip)).collect();
    for _ in 0..160 {
        let at = rng.range(from, to - SECOND);
        let visitor = tester(rng, &ips);
        actors.push(visitor.entity(PRODUCT_API));
        probe(stage, rng, at, &visitor);
    }
    for _ in 0..24 {
        let (at, ip) = (rng.range(from, to - SECOND), rng.pick(&ips).clone());
        refused(stage, rng, at, &ip);
    }
    for n in 0..6 {
        let user = Principal::user(PROD, "breakglass-admin");
        let ip = &ips[0];
        let mut call = Call::new(from + n * 40 * SECOND, &user, "signin", "ConsoleLogin", ip).writes().agent(AGENT);
        call.kind = "AwsConsoleSignIn";
        call.error = Some(("", "Failed authentication".to_owned()));
        call.response = j!({"ConsoleLogin": "Failure"});
        let call = call.extra(
            j!({"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "No"}),
        );
        stage.call(rng, &call);
    }
    actors.sort_unstable();
    actors.dedup();
    actors
}

fn tester(rng: &mut Rng, ips: &[String]) -> Visitor {
    let (session, ip) = (rng.hex(24), rng.pick(ips).clone());
    Visitor {
        id: String::new(),
        role: "anonymous",
        student_id: None,
        session,
        ip,
        agent: AGENT,
        country: "US".to_owned(),
    }
}

fn probe(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms, visitor: &Visitor) {
    let student = rng.range(100_000, 102_000);
    let (service, path, route, status) = match rng.index(5) {
        0 => (PRODUCT_API, "/v1/products/SKU-1%27%20OR%201=1".to_owned(), "/v1/products/{sku}", 400),
        1 => (PRODUCT_API, "/v1/../../etc/passwd".to_owned(), "", 404),
        2 => (PRODUCT_API, "/v1/products/SKU-%00".to_owned(), "/v1/products/{sku}", 500),
        3 => (PORTAL, format!("/v1/students/S-{student}/record"), "/v1/students/{id}/record", 401),
        _ => (PORTAL, format!("/v1/students/S-{student}/record"), "/v1/students/{id}/record", 403),
    };
    let mut entry =
        Entry::new(at, service, "http.request", visitor).http("GET", &path, route, status, 90 + rng.below(120));
    if status == 500 {
        entry = entry.message("bad request could not be parsed");
    }
    stage.app(rng, &entry);
}

fn refused(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms, ip: &str) {
    let bucket = rng.word(&[EXPORTS, RECORDS]);
    let mut call = Call::new(at, &Principal::Anonymous, "s3", "ListObjects", ip).agent(AGENT).listing(bucket, rng);
    call.error = Some(("AccessDenied", "Access Denied".to_owned()));
    stage.call(rng, &call);
    let who = &Principal::Anonymous;
    stage.s3_line(
        rng,
        &Request {
            at,
            bucket,
            who,
            ip,
            agent: AGENT,
            operation: "REST.GET.BUCKET",
            key: None,
            status: 403,
            bytes: 243,
        },
    );
}
