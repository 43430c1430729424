//! The cast: the programs that always run, the buckets each story takes, and strangers' addresses.
//!
//! Chosen once per seed, so that no two storage stories take the same bucket. It plays nothing itself.

use crate::actors::Principal;
use crate::company::{DATA, PROD};
use crate::formats::activity::Caller;
use crate::formats::application::Visitor;
use crate::holdings::{AID, EXPORTS, GRADEBOOKS, ORDERS, PAYMENTS, RECORDS, TICKETS};
use crate::people::{Person, Staff, public_ip};
use crate::rng::Rng;

/// Service principal of the backup job in Azure: application id and object id.
pub(crate) const AZURE_BACKUP: Caller<'_> =
    Caller::App { id: "3c8e0f52-6b1d-4a97-8d25-f09e7c41b6a3", oid: "b60d2f17-94c3-4e58-a1f7-5d38c0e92b74" };
/// Service principal of infrastructure code.
pub(crate) const AZURE_TERRAFORM: Caller<'_> =
    Caller::App { id: "90a7c3d4-1e58-4f26-b7c9-28d5e6f01a3b", oid: "f4e81b60-27d9-4c3a-95b0-e6a17d82c05f" };
/// Service principal of the student portal.
pub(crate) const AZURE_PORTAL: Caller<'_> =
    Caller::App { id: "5be24f90-c7a1-4d38-860f-9d13a7b5e2c4", oid: "27c95ad1-e80b-4f64-b3d2-0a7e61f8c953" };

pub(crate) const CLI: &str = "aws-cli/2.33.4 md/awscrt#0.29.2 ua/2.1 os/linux#6.12.0-amd64 md/arch#x86_64 lang/python#3.13.9 md/pyimpl#CPython cfg/retry-mode#standard";
pub(crate) const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.14.3 (+https://www.terraform.io) terraform-provider-aws/6.27.0 \
(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.25.4";
pub(crate) const BOTO: &str =
    "Boto3/1.42.19 md/Botocore#1.42.19 ua/2.1 os/linux#6.12.0 md/arch#aarch64 lang/python#3.13.9";
/// Where pipelines run: the address of the runners' gateway.
pub(crate) const RUNNER_IP: &str = "198.51.100.200";

/// What the seed chose for the stories.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) public_bucket: &'static str,
    pub(crate) stolen_bucket: &'static str,
    pub(crate) egress_bucket: &'static str,
    pub(crate) chained_bucket: &'static str,
    /// Places within the platform team: who opens the bucket, the security group, and switches logging off.
    pub(crate) engineers: [usize; 3],
}

impl Cast {
    pub(crate) fn new(seed: u64) -> Self {
        let mut buckets = [EXPORTS, ORDERS, PAYMENTS, RECORDS, AID, TICKETS, GRADEBOOKS];
        Rng::new(seed, "cast", 0).shuffle(&mut buckets);
        let mut places = [0, 1, 2, 3, 4, 5, 6];
        Rng::new(seed, "engineers", 0).shuffle(&mut places);
        let engineers = [places[0], places[1], places[2]];
        Self {
            public_bucket: buckets[0],
            stolen_bucket: buckets[1],
            egress_bucket: buckets[2],
            chained_bucket: buckets[3],
            engineers,
        }
    }
}

/// The pipeline that applies infrastructure code.
pub(crate) fn terraform(account: &'static str, rng: &mut Rng) -> Principal {
    Principal::job(
        account,
        "larkfield-terraform",
        &format!("github-actions-{}", 20_000_000_000 + rng.below(900_000_000)),
    )
}

pub(crate) fn person(account: &'static str, set: &str, staff: &Staff) -> Principal {
    Principal::person(account, set, &staff.upn)
}

/// An application's instance in the data account; `n` tells instances apart.
pub(crate) fn instance(seed: u64, role: &str, n: u64) -> Principal {
    Principal::instance(DATA, role, &instance_id(seed, role, n))
}

pub(crate) fn instance_id(seed: u64, role: &str, n: u64) -> String {
    format!("i-0{}", Rng::new(seed, role, n).hex(16))
}

/// The private address of an instance in the data VPC.
pub(crate) fn private_ip(role: &str, n: u64) -> String {
    let mut rng = Rng::new(0, role, n);
    format!("10.40.{}.{}", rng.range(1, 30), rng.range(10, 250))
}

/// A container task of the applications in production.
pub(crate) fn task(seed: u64, role: &str, n: u64) -> Principal {
    Principal::job(PROD, role, &Rng::new(seed, role, n).hex(32))
}

/// An address that nobody at Larkfield has used: a cloud host, a home line, or IPv6.
pub(crate) fn stranger_ip(rng: &mut Rng) -> String {
    if rng.chance(400) { format!("192.0.2.{}", rng.range(1, 30)) } else { public_ip(rng) }
}

pub(crate) fn stranger_country(rng: &mut Rng) -> &'static str {
    rng.word(&["US", "NL", "RO", "BR", "VN", "DE", "SG"])
}

pub(crate) fn customer(person: &Person, rng: &mut Rng) -> Visitor {
    let country = person.country().to_owned();
    Visitor {
        id: person.id.clone(),
        role: "customer",
        student_id: None,
        session: rng.hex(24),
        ip: person.ip.clone(),
        agent: person.agent,
        country,
    }
}

pub(crate) fn student(person: &Person, rng: &mut Rng) -> Visitor {
    Visitor {
        id: format!("stu-{}", person.id.trim_start_matches("S-")),
        role: "student",
        student_id: Some(person.id.clone()),
        session: rng.hex(24),
        ip: person.ip.clone(),
        agent: person.agent,
        country: person.country().to_owned(),
    }
}

/// An instructor, assistant, registrar or agent: someone whose home network follows from the id.
pub(crate) fn member(seed: u64, id: &str, role: &'static str, country: &str, rng: &mut Rng) -> Visitor {
    let mut own = Rng::new(seed, id, 0);
    Visitor {
        id: id.to_owned(),
        role,
        student_id: None,
        session: rng.hex(24),
        ip: public_ip(&mut own),
        agent: own.word(crate::names::BROWSERS),
        country: country.to_owned(),
    }
}

/// A shopper who did not sign in.
pub(crate) fn passer_by(rng: &mut Rng) -> Visitor {
    Visitor {
        id: String::new(),
        role: "anonymous",
        student_id: None,
        session: rng.hex(24),
        ip: public_ip(rng),
        agent: rng.word(crate::names::BROWSERS),
        country: (*rng.pick(&["US", "US", "US", "DE", "FR", "IE", "NL", "ES"])).to_owned(),
    }
}

/// A stranger's address for flows between IPv4 interfaces.
pub(crate) fn stranger_ipv4(rng: &mut Rng) -> String {
    let (net, host) = (rng.range(18, 19), rng.range(1, 254));
    if rng.chance(400) {
        format!("192.0.2.{}", rng.range(1, 30))
    } else {
        format!("198.{net}.{}.{host}", rng.range(0, 255))
    }
}
