//! Larkfield: legal persons, cloud accounts, buckets, networks, partners and announced events.
//!
//! What a real deployment would know and configure; `company.json` is this, for the system under test to read.
//! It holds nothing about leaks.

use serde::Serialize;

use crate::clock::{self, DAY, HOUR, Ms};
use crate::rng::Rng;

/// Account of the shop and campus applications.
pub(crate) const PROD: &str = "111122223333";
/// Account of the data stores.
pub(crate) const DATA: &str = "444455556666";
/// Account that receives backups.
pub(crate) const BACKUP: &str = "777788889999";
/// Account of the disaster recovery site.
pub(crate) const RECOVERY: &str = "888899990000";
/// Account of the content delivery partner that may read the analytics share.
pub(crate) const PARTNER: &str = "222233334444";

pub(crate) const HOME: &str = "us-east-1";
pub(crate) const EUROPE: &str = "eu-west-1";
pub(crate) const DOMAIN: &str = "larkfield.example";

pub(crate) const PENTEST_NETWORK: &str = "203.0.113.0/24";
const OFFICES: &str = "198.51.100.0/24";

/// A school or university that Larkfield Campus serves as processor.
#[derive(Debug, Serialize)]
pub(crate) struct School {
    pub(crate) name: &'static str,
    pub(crate) domain: &'static str,
    /// Where the school is: `US-NY`.
    pub(crate) residence: &'static str,
    /// `university` or `educational_agency` (a public school district).
    pub(crate) kind: &'static str,
    pub(crate) notify_hours: u32,
    pub(crate) minors: bool,
    pub(crate) enrolment: u32,
}

pub(crate) const SCHOOLS: [School; 6] = [
    School {
        name: "Northbridge University",
        domain: "northbridge.example",
        residence: "US-MA",
        kind: "university",
        notify_hours: 48,
        minors: false,
        enrolment: 18_400,
    },
    School {
        name: "Hudson Vale Central School District",
        domain: "hudsonvale.example",
        residence: "US-NY",
        kind: "educational_agency",
        notify_hours: 24,
        minors: true,
        enrolment: 6_200,
    },
    School {
        name: "Caprock State College",
        domain: "caprock.example",
        residence: "US-TX",
        kind: "university",
        notify_hours: 72,
        minors: false,
        enrolment: 11_900,
    },
    School {
        name: "Costa Verde College",
        domain: "costaverde.example",
        residence: "US-CA",
        kind: "university",
        notify_hours: 48,
        minors: false,
        enrolment: 9_300,
    },
    School {
        name: "Hochschule Leinetal",
        domain: "leinetal.example",
        residence: "DE",
        kind: "university",
        notify_hours: 24,
        minors: false,
        enrolment: 7_800,
    },
    School {
        name: "Shannon Institute",
        domain: "shannon.example",
        residence: "IE",
        kind: "university",
        notify_hours: 24,
        minors: false,
        enrolment: 5_100,
    },
];

/// A VPC with flow logs.
#[derive(Debug)]
pub(crate) struct Vpc {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) id: &'static str,
    pub(crate) flow_log: &'static str,
    pub(crate) subnet: &'static str,
    /// First two octets of its addresses.
    pub(crate) prefix: &'static str,
    /// Highest flow log version among its chosen fields: 2 or 5.
    pub(crate) version: u8,
}

pub(crate) const VPCS: [Vpc; 3] = [
    Vpc {
        account: PROD,
        region: HOME,
        id: "vpc-0a41c6e8d2b97f135",
        flow_log: "fl-03d9a1c57e6b2f480",
        subnet: "subnet-0c2e7d95a1b46f830",
        prefix: "10.20",
        version: 5,
    },
    Vpc {
        account: DATA,
        region: HOME,
        id: "vpc-0f3b58d17c9e2a604",
        flow_log: "fl-0b84e2f6a95d17c30",
        subnet: "subnet-08d4b6f1e73a5c920",
        prefix: "10.40",
        version: 5,
    },
    Vpc {
        account: PROD,
        region: EUROPE,
        id: "vpc-05e9d3a7b1c84f260",
        flow_log: "fl-0617f3d8c2b9e5a40",
        subnet: "subnet-0b7a1f5d9e3c62840",
        prefix: "10.60",
        version: 2,
    },
];

pub(crate) const TENANT: &str = "5f0c7d1e-3b52-4c86-9a57-d84e6b21f9c3";
pub(crate) const SUBSCRIPTION: &str = "a2d94c6b-71e8-4f35-8b0d-c95e3f17a684";
pub(crate) const RESOURCE_GROUP: &str = "rg-campus-prod";

/// What the seed and the calendar decide about the company.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) seed: u64,
    pub(crate) start: Ms,
    pub(crate) days: i64,
    /// First three octets and base of the new office's /27.
    pub(crate) new_office: (u8, Ms),
    /// Base of the marketing vendor's /28 in 192.0.2.0/24.
    pub(crate) vendor_base: u8,
    /// Start and end of each announced penetration test.
    pub(crate) pentests: Vec<(Ms, Ms)>,
}

impl Company {
    pub(crate) fn new(seed: u64, start: Ms, days: i64) -> Self {
        let mut rng = Rng::new(seed, "company", 0);
        let blocks = [32_u8, 64, 96, 128];
        let block = *rng.pick(&blocks);
        let opening = start + rng.range(0, (days - 1).min(2)) * DAY;
        let mut pentests = Vec::new();
        for period in (0..days).step_by(30) {
            let day = period + rng.range(0, (days - period - 1).min(6));
            let from = start + day * DAY + 13 * HOUR;
            pentests.push((from, from + 9 * HOUR));
        }
        Self { seed, start, days, new_office: (block, opening), vendor_base: 192, pentests }
    }

    pub(crate) fn new_office_ip(&self, host: u8) -> String {
        format!("192.0.2.{}", self.new_office.0 + 1 + host % 30)
    }

    pub(crate) fn vendor_ip(&self) -> String {
        format!("192.0.2.{}", self.vendor_base + 5)
    }

    pub(crate) fn json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(&self.profile())?;
        text.push(b'\n');
        Ok(text)
    }

    fn profile(&self) -> Profile {
        let announced = |what, from, to, network: Option<&str>| Announced {
            what,
            from: clock::seconds(from),
            to: clock::seconds(to),
            network: network.map(str::to_owned),
        };
        let pentests =
            self.pentests.iter().map(|&(from, to)| announced("penetration test", from, to, Some(PENTEST_NETWORK)));
        Profile {
            version: 1,
            name: "Larkfield",
            domain: DOMAIN,
            mail_domains: &[DOMAIN, "campus.larkfield.example"],
            legal_entities: LEGAL_ENTITIES,
            customers: &SCHOOLS,
            accounts: ACCOUNTS,
            azure_tenant: TENANT,
            azure_subscriptions: &[SUBSCRIPTION],
            networks: vec![
                Network { cidr: OFFICES.to_owned(), what: "offices New York and Dublin", since: None },
                Network {
                    cidr: format!("192.0.2.{}/27", self.new_office.0),
                    what: "office Rochester, new",
                    since: Some(clock::seconds(self.new_office.1)),
                },
                Network { cidr: "10.20.0.0/16".to_owned(), what: "vpc production us-east-1", since: None },
                Network { cidr: "10.40.0.0/16".to_owned(), what: "vpc data us-east-1", since: None },
                Network { cidr: "10.60.0.0/16".to_owned(), what: "vpc production eu-west-1", since: None },
                Network {
                    cidr: format!("192.0.2.{}/28", self.vendor_base),
                    what: "marketing vendor Brightmail, SFTP",
                    since: None,
                },
            ],
            announced: pentests.collect(),
            public_buckets: &["larkfield-product-images"],
            approved_oauth_apps: APPROVED_APPS,
            automation_roles: AUTOMATION_ROLES,
        }
    }
}

#[derive(Debug, Serialize)]
struct Profile {
    version: u32,
    name: &'static str,
    domain: &'static str,
    mail_domains: &'static [&'static str],
    legal_entities: &'static [LegalEntity],
    customers: &'static [School],
    accounts: &'static [AccountNote],
    azure_tenant: &'static str,
    azure_subscriptions: &'static [&'static str],
    networks: Vec<Network>,
    announced: Vec<Announced>,
    public_buckets: &'static [&'static str],
    approved_oauth_apps: &'static [(&'static str, &'static str)],
    automation_roles: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct LegalEntity {
    name: &'static str,
    establishment: &'static str,
    role: &'static str,
    sector: &'static str,
    people: &'static str,
    supervisory_authority: &'static str,
}

#[derive(Debug, Serialize)]
struct AccountNote {
    id: &'static str,
    what: &'static str,
    /// `own` or `partner`.
    relation: &'static str,
}

#[derive(Debug, Serialize)]
struct Network {
    cidr: String,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Debug, Serialize)]
struct Announced {
    what: &'static str,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
}

const LEGAL_ENTITIES: &[LegalEntity] = &[
    LegalEntity {
        name: "Larkfield Supply, Inc.",
        establishment: "US-NY",
        role: "controller",
        sector: "ecommerce",
        people: "shop customers in the Americas",
        supervisory_authority: "state attorneys general",
    },
    LegalEntity {
        name: "Larkfield Supply Europe Limited",
        establishment: "IE",
        role: "controller",
        sector: "ecommerce",
        people: "shop customers in the European Union",
        supervisory_authority: "Data Protection Commission (IE)",
    },
    LegalEntity {
        name: "Larkfield Campus, Inc.",
        establishment: "US-NY",
        role: "processor",
        sector: "edtech_saas",
        people: "students of its customers",
        supervisory_authority: "none; tells its customers",
    },
];

const ACCOUNTS: &[AccountNote] = &[
    AccountNote { id: PROD, what: "production applications", relation: "own" },
    AccountNote { id: DATA, what: "data stores", relation: "own" },
    AccountNote { id: BACKUP, what: "backup vault", relation: "own" },
    AccountNote { id: RECOVERY, what: "disaster recovery", relation: "own" },
    AccountNote { id: PARTNER, what: "content delivery partner, reads larkfield-course-media", relation: "partner" },
];

/// (application id, name)
pub(crate) const APPROVED_APPS: &[(&str, &str)] = &[
    ("7d3f1c58-06b2-4e9a-8f41-b9c27e5a60d3", "Larkfield Rostering"),
    ("e41b9a07-5c83-4d26-97fe-20a8d6c3b514", "Brightmail Campaigns"),
];

const AUTOMATION_ROLES: &[&str] = &[
    "larkfield-terraform",
    "larkfield-backup",
    "larkfield-key-rotation",
    "larkfield-etl",
    "larkfield-analytics",
    "larkfield-dr-copy",
    "larkfield-migration",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_json_and_names_the_pentest_window() {
        let company = Company::new(4, clock::midnight(jiff::civil::date(2026, 3, 2)), 40);
        let value: serde_json::Value = serde_json::from_slice(&company.json().unwrap()).unwrap();
        assert_eq!(value["announced"].as_array().unwrap().len(), 2, "one test a month");
        assert_eq!(value["announced"][0]["network"], PENTEST_NETWORK);
        assert_eq!(value["customers"].as_array().unwrap().len(), SCHOOLS.len());
    }
}
