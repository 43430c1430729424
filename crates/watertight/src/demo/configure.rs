//! What the demo's deployment is told: `watertight.toml` made from the company's own profile, and what people attest.
//!
//! Everything here is what a real team would write down about itself. Nothing is taken from the ground truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use incident::{
    Asserter, BreachInputs, CircumstanceScore, Command, DataCategory, DataContext, Fact, Identification, Malice,
    ThreeValued,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cases;
use crate::config::{Config, Customer, EntitySettings, ObjectFile, Objects, Organisation, Register, Source};
use crate::exit::{Failure, OrFail as _};
use crate::exposure::Exposure;
use crate::instance::Instance;

/// Sources by id and folder below `company/telemetry`.
const SOURCES: &[(&str, &str)] = &[
    ("aws-cloudtrail", "aws/cloudtrail"),
    ("aws-vpcflow", "aws/vpcflow"),
    ("aws-s3access", "aws/s3access"),
    ("azure-activity", "azure/activitylogs"),
    ("entra-signin", "azure/signinlogs"),
    ("entra-audit", "azure/auditlogs"),
    ("m365-audit", "m365/audit"),
    ("applications", "application"),
];

/// Writes the configuration beside the company.
pub(super) fn write(out: &Path) -> Result<(), Failure> {
    let path = out.join("company/company.json");
    let text = std::fs::read_to_string(&path).or_fail("failed to read the company's profile")?;
    let profile: Value = serde_json::from_str(&text).or_fail("failed to read the company's profile")?;
    let config = Config {
        tenant: Some("larkfield".to_owned()),
        organisation: organisation(&profile),
        source: SOURCES
            .iter()
            .map(|(id, folder)| Source {
                id: (*id).to_owned(),
                path: format!("company/telemetry/{folder}"),
                ..Source::default()
            })
            .collect(),
        placeholders: placeholders(&profile),
        entities: EntitySettings { shared_accounts: shared_accounts() },
        objects: objects(),
        ..Config::default()
    };
    let toml = toml::to_string_pretty(&config).or_fail("failed to write the configuration")?;
    crate::durable::write(&out.join("watertight.toml"), toml.as_bytes())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn organisation(profile: &Value) -> Organisation {
    let customers = profile["customers"].as_array().into_iter().flatten();
    let customer = |school: &Value| {
        let text = |key: &str| school[key].as_str().unwrap_or_default().to_owned();
        let agency = text("kind") == "educational_agency";
        Customer {
            name: text("name"),
            notify_hours: school["notify_hours"].as_u64().and_then(|hours| u32::try_from(hours).ok()).unwrap_or(72),
            email: Some(format!("security@{}", text("domain"))),
            our_role: Some(if agency { "third_party_contractor" } else { "processor" }.to_owned()),
            enrolment: school["enrolment"].as_u64(),
            minors: school["minors"] == true,
        }
    };
    Organisation {
        name: "Larkfield Supply, Inc.".to_owned(),
        role: vec!["controller".to_owned()],
        sector: Some("ecommerce".to_owned()),
        establishment: Some("IE".to_owned()),
        contact_name: "Larkfield Privacy Office".to_owned(),
        contact_email: "privacy@larkfield.example".to_owned(),
        contact_phone: "+1 555 0100".to_owned(),
        address: "1 Harbour Street, New York, NY 10004".to_owned(),
        website: "https://larkfield.example".to_owned(),
        customer: customers.map(customer).collect(),
    }
}

/// The shop's customers have one account for all of it, and so have the people of the campus.
fn shared_accounts() -> Vec<Vec<String>> {
    let group = |services: &[&str]| services.iter().map(|name| (*name).to_owned()).collect();
    vec![
        group(&["checkout", "customer-account", "product-api"]),
        group(&["student-portal", "course-delivery", "assessment"]),
    ]
}

fn placeholders(profile: &Value) -> BTreeMap<String, Vec<String>> {
    let list = |key: &str| profile[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |key: &str, field: &str| -> Vec<String> {
        list(key).iter().filter_map(|item| item[field].as_str().map(str::to_owned)).collect()
    };
    let networks = |vendor: bool| -> Vec<String> {
        let is_vendor = |network: &&Value| network["what"].as_str().is_some_and(|what| what.contains("vendor"));
        let some = list("networks").iter().filter(|network| is_vendor(network) == vendor);
        some.filter_map(|network| network["cidr"].as_str().map(str::to_owned)).collect()
    };
    // A residence is a country or a country and its part: `IE`, `US-NY`.
    let country = |residence: String| residence.split('-').next().map(str::to_owned);
    let countries: BTreeSet<String> = named("customers", "residence").into_iter().filter_map(country).collect();
    let domains = texts(&profile["mail_domains"]).into_iter().map(|domain| format!("@{domain}")).collect();
    let approved = list("approved_oauth_apps").iter().filter_map(|app| app[0].as_str().map(str::to_owned));
    let roles = texts(&profile["automation_roles"]);
    let ours = networks(false);
    let accounts = [named("accounts", "id"), texts(&profile["azure_subscriptions"])].concat();
    BTreeMap::from([
        ("own_address_prefixes".to_owned(), ours.iter().filter_map(|cidr| address_prefix(cidr)).collect()),
        ("corporate_networks".to_owned(), ours),
        ("known_egress".to_owned(), networks(true)),
        ("partner_networks".to_owned(), named("announced", "network")),
        ("known_accounts".to_owned(), accounts),
        ("public_buckets".to_owned(), texts(&profile["public_buckets"])),
        ("own_domains".to_owned(), domains),
        ("staff_countries".to_owned(), countries.into_iter().collect()),
        ("approved_apps".to_owned(), approved.collect()),
        ("automation_roles".to_owned(), roles.clone()),
        ("bulk_reader_roles".to_owned(), roles.clone()),
        ("key_rotation_roles".to_owned(), roles.clone()),
        ("secret_reader_roles".to_owned(), roles.clone()),
        ("help_desk_roles".to_owned(), roles),
    ])
}

/// `10.20.0.0/16` → `10.20.`: how the addresses of a network begin, if its mask ends at a dot.
fn address_prefix(cidr: &str) -> Option<String> {
    let (address, bits) = cidr.split_once('/')?;
    let parts = match bits {
        "8" => 1,
        "16" => 2,
        "24" => 3,
        _ => return None,
    };
    Some(address.split('.').take(parts).map(|part| format!("{part}.")).collect())
}

fn objects() -> Objects {
    Objects {
        root: Some("company/objects".into()),
        file: vec![ObjectFile { resource: "gradebook".to_owned(), path: "larkfield-gradebooks/*/{id}.csv".to_owned() }],
        register: vec![
            Register {
                service: vec!["student-portal".to_owned(), "assessment".to_owned(), "course-delivery".to_owned()],
                path: "rds-student-sis-prod/sis/public.students.csv".to_owned(),
                key: "student_id".to_owned(),
            },
            Register {
                service: vec!["checkout".to_owned(), "product-api".to_owned(), "customer-account".to_owned()],
                path: "rds-customer-profiles-prod/profiles/public.customers.csv".to_owned(),
                key: "customer_id".to_owned(),
            },
        ],
        customer_column: Some("school".to_owned()),
    }
}

/// What only people can say. The demo's privacy officer attests awareness at the moment of reading, and a risk by rule of
/// thumb from the kinds of data; in a deployment a person does this with `watertight incident fact`.
pub(super) async fn attest(
    instance: &Instance,
    incident: &str,
    exposure: &Exposure,
    now: Timestamp,
) -> Result<(), Failure> {
    const GRAVE: &[&str] =
        &["SSN", "FIN_ACCT", "FIN_ACCT_WITH_CODE", "CARD", "CARD_WITH_CODE", "CRED", "MED", "GRADES", "STUDENT_PII"];
    let grave = exposure.elements.iter().any(|element| GRAVE.contains(&element.as_str()));
    let risk = if grave { "high" } else { "risk" };
    let facts = [
        ("times.aware", json!(now)),
        ("times.discovered", json!(now)),
        ("times.determined", json!(now)),
        ("times.processor_aware", json!(now)),
        ("times.vendor_discovered", json!(now)),
        ("risk.gdpr", json!(risk)),
        ("encryption.encrypted", json!(false)),
        ("event.confidentiality", json!(true)),
        ("event.acquisition", json!(true)),
    ];
    for (name, value) in facts {
        let fact = Fact::known(name, value, Asserter::Human(OFFICER.to_owned()));
        let command = Command::SetFact { incident: incident.to_owned(), fact, expected: None };
        cases::decide(&instance.store, command, now).await?;
    }
    let assess = Command::AssessBreach {
        incident: incident.to_owned(),
        inputs: Box::new(breach_inputs(exposure)),
        by: OFFICER.to_owned(),
        reason: "rule of thumb of the demo: the kinds of data found, names present, copied by a stranger".to_owned(),
        expected: None,
    };
    cases::decide(&instance.store, assess, now).await?;
    Ok(())
}

/// The demo's privacy officer: an opaque id, as in a deployment.
const OFFICER: &str = "privacy-officer-1";

/// ENISA's inputs from the kinds of data: what a person would start from and then correct.
fn breach_inputs(exposure: &Exposure) -> BreachInputs {
    let any = |codes: &[&str]| codes.iter().any(|code| exposure.elements.contains(*code));
    let category = if any(&["MED", "BIO", "SENSITIVE_ART9"]) {
        DataCategory::Sensitive
    } else if any(&["CARD", "CARD_WITH_CODE", "FIN_ACCT", "FIN_ACCT_WITH_CODE", "SSN"]) {
        DataCategory::Financial
    } else if any(&["GRADES", "STUDENT_PII", "ORDER_HISTORY"]) {
        DataCategory::Behavioural
    } else {
        DataCategory::Simple
    };
    BreachInputs {
        data: vec![DataContext { category, adjustment: 0, reason: String::new() }],
        identification: if any(&["NAME", "SSN"]) { Identification::Maximum } else { Identification::Significant },
        confidentiality: CircumstanceScore::Full,
        integrity: CircumstanceScore::None,
        availability: CircumstanceScore::None,
        malice: Malice::Intended,
        people_min: Some(exposure.subjects),
        people_max: exposure.subjects_at_most.or(Some(exposure.subjects)),
        unintelligible: ThreeValued::No,
        level_override: None,
    }
}
