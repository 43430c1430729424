//! Engineers, pipelines and AWS services calling control planes: mostly describes and lists, some roles assumed.
//!
//! Writes that a rule might mistake for a leak live in `lookalikes`, where they are labelled.

use crate::actors::Principal;
use crate::cast;
use crate::clock::Ms;
use crate::company::{DATA, EUROPE, HOME, PROD, VPCS};
use crate::formats::cloudtrail::Call;
use crate::json::{J, j};
use crate::people::{Staff, Team};
use crate::rhythm::Rhythm;
use crate::rng::Rng;
use crate::stage::Stage;

pub(super) fn play(stage: &mut Stage<'_>) {
    let mut rng = stage.rng("aws-control");
    for (rhythm, dublin, per_hour) in [(Rhythm::Office, false, 34), (Rhythm::OfficeDublin, true, 14)] {
        for at in rhythm.day(&mut rng, stage.midnight, stage.volume(per_hour)) {
            browse(stage, &mut rng, at, dublin);
        }
    }
    for at in Rhythm::Machine.day(&mut rng, stage.midnight, stage.volume(42)) {
        service(stage, &mut rng, at);
    }
    for at in Rhythm::Machine.day(&mut rng, stage.midnight, stage.volume(22)) {
        assume(stage, &mut rng, at);
    }
    for at in Rhythm::Machine.day(&mut rng, stage.midnight, stage.volume(26)) {
        key_use(stage, &mut rng, at);
    }
    for at in Rhythm::Machine.day(&mut rng, stage.midnight, stage.volume(3)) {
        secret(stage, &mut rng, at);
    }
}

const READS: &[(&str, &str)] = &[
    ("ec2", "DescribeInstances"),
    ("ec2", "DescribeSecurityGroups"),
    ("ec2", "DescribeVpcs"),
    ("ec2", "DescribeSubnets"),
    ("ec2", "DescribeVolumes"),
    ("ec2", "DescribeSnapshots"),
    ("rds", "DescribeDBInstances"),
    ("rds", "DescribeDBSnapshots"),
    ("ecs", "ListServices"),
    ("ecs", "DescribeServices"),
    ("logs", "DescribeLogGroups"),
    ("monitoring", "DescribeAlarms"),
    ("monitoring", "GetMetricData"),
    ("cloudtrail", "LookupEvents"),
    ("iam", "GetRole"),
    ("iam", "ListRoles"),
    ("health", "DescribeEventAggregates"),
    ("ce", "GetCostAndUsage"),
    ("lambda", "ListFunctions20150331"),
    ("kms", "ListAliases"),
];

/// Someone of a technical team looks at the console or the command line.
fn browse(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms, dublin: bool) {
    let teams = [Team::Platform, Team::Engineering, Team::Data, Team::Security];
    let candidates: Vec<&Staff> =
        stage.world.people.staff.iter().filter(|s| s.dublin == dublin && teams.contains(&s.team)).collect();
    if candidates.is_empty() {
        return;
    }
    let staff = *rng.pick(&candidates);
    let (set, account) = match staff.team {
        Team::Platform => ("PlatformAdmin", if rng.chance(600) { PROD } else { DATA }),
        Team::Data => ("DataAnalyst", DATA),
        Team::Security => ("SecurityAudit", if rng.chance(500) { PROD } else { DATA }),
        _ => ("Developer", PROD),
    };
    let who = cast::person(account, set, staff);
    let ip = if rng.chance(780) { &staff.office_ip } else { &staff.home_ip };
    let &(service, name) = rng.pick(READS);
    let region = if dublin && rng.chance(700) { EUROPE } else { HOME };
    let agent = if rng.chance(640) { staff.agent } else { cast::CLI };
    let mut call =
        Call::new(at, &who, service, name, ip).agent(agent).region(region).params(parameters(service, name, rng));
    // Now and then a permission is missing.
    if rng.chance(18) {
        call = call.denied(if service == "ec2" { "ec2:DescribeInstances" } else { "iam:GetRole" });
    }
    stage.call(rng, &call);
}

fn parameters(service: &str, name: &str, rng: &mut Rng) -> J {
    match (service, name) {
        ("ec2", "DescribeInstances") => j!({"instancesSet": {}, "filterSet": {}}),
        ("ec2", "DescribeSecurityGroups") => j!({"securityGroupSet": {}, "securityGroupIdSet": {}, "filterSet": {}}),
        ("ec2", _) => j!({"filterSet": {}, "maxResults": (rng.range(1, 10) * 100)}),
        ("iam", "GetRole") => {
            j!({"roleName": (rng.word(&["larkfield-checkout-task", "larkfield-portal-task", "larkfield-etl"]))})
        }
        ("rds", "DescribeDBInstances") => {
            j!({"dBInstanceIdentifier": (rng.word(&["customer-profiles-prod", "student-sis-prod"]))})
        }
        ("logs", _) => j!({"limit": 50}),
        _ => J::Null,
    }
}

/// AWS services watching over resources through their service-linked roles.
fn service(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let &(dns, role, service, name) = rng.pick(&[
        ("config.amazonaws.com", "AWSServiceRoleForConfig", "ec2", "DescribeSecurityGroups"),
        ("config.amazonaws.com", "AWSServiceRoleForConfig", "rds", "DescribeDBSnapshots"),
        ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", "ec2", "DescribeInstanceStatus"),
        ("inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2", "ec2", "DescribeInstances"),
        ("ecs.amazonaws.com", "AWSServiceRoleForECS", "elasticloadbalancing", "DescribeTargetHealth"),
        ("trustedadvisor.amazonaws.com", "AWSServiceRoleForTrustedAdvisor", "ec2", "DescribeVolumes"),
    ]);
    let account = if rng.chance(600) { PROD } else { DATA };
    let who =
        Principal::job(account, role, &format!("{}-{}", role.trim_start_matches("AWSServiceRoleFor"), rng.digits(6)));
    let region = if account == PROD && rng.chance(300) { EUROPE } else { HOME };
    let params = parameters(service, name, rng);
    stage.call(rng, &Call::new(at, &who, service, name, dns).agent(dns).region(region).params(params));
}

/// Tasks and instances get their credentials: the service assumes the role for them.
fn assume(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let seed = stage.world.company.seed;
    let &(dns, account, role) = rng.pick(&[
        ("ecs-tasks.amazonaws.com", PROD, "larkfield-checkout-task"),
        ("ecs-tasks.amazonaws.com", PROD, "larkfield-product-api-task"),
        ("ecs-tasks.amazonaws.com", PROD, "larkfield-portal-task"),
        ("ec2.amazonaws.com", DATA, "larkfield-portal-data"),
        ("ec2.amazonaws.com", DATA, "larkfield-shop-data"),
        ("lambda.amazonaws.com", PROD, "larkfield-mailer"),
    ]);
    let who = Principal::Service { dns };
    let session = if dns == "ec2.amazonaws.com" { cast::instance_id(seed, role, rng.below(3)) } else { rng.hex(32) };
    let arn = format!("arn:aws:iam::{account}:role/{role}");
    let call = Call::new(at, &who, "sts", "AssumeRole", dns)
        .agent(dns)
        .account(account)
        .params(j!({"roleArn": (&arn), "roleSessionName": (&session)}))
        .response(j!({
            "credentials": {"accessKeyId": (format!("ASIA{}", rng.base32(16))), "sessionToken": (rng.alnum(120)), "expiration": (crate::clock::us_style(at + 6 * crate::clock::HOUR))},
            "assumedRoleUser": {"assumedRoleId": (format!("AROA{}:{session}", rng.base32(17))), "arn": (format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"))},
        }))
        .resource(arn, "AWS::IAM::Role");
    stage.call(rng, &call);
}

/// Storage services use data keys for the applications.
fn key_use(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let seed = stage.world.company.seed;
    let role = rng.word(&["larkfield-portal-data", "larkfield-shop-data", "larkfield-reports"]);
    let who = cast::instance(seed, role, rng.below(3));
    let name = if rng.chance(700) { "Decrypt" } else { "GenerateDataKey" };
    let bucket = rng.word(&[crate::holdings::MEDIA, crate::holdings::ORDERS, crate::holdings::GRADEBOOKS]);
    let key = format!("arn:aws:kms:us-east-1:{DATA}:key/8f3b61c2-4d07-4e9a-b5f1-96a2c0d7e384");
    let mut params = j!({"encryptionContext": {"aws:s3:arn": (format!("arn:aws:s3:::{bucket}"))}});
    if name == "Decrypt" {
        params.set("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    } else {
        params.set("keyId", &key);
        params.set("keySpec", "AES_256");
    }
    let call = Call::new(at, &who, "kms", name, "s3.amazonaws.com")
        .agent("s3.amazonaws.com")
        .params(params)
        .resource(key, "AWS::KMS::Key");
    stage.call(rng, &call);
}

/// A starting task reads its own secret.
fn secret(stage: &mut Stage<'_>, rng: &mut Rng, at: Ms) {
    let seed = stage.world.company.seed;
    let &(role, secret) = rng.pick(&[
        ("larkfield-checkout-task", "checkout/payment-gateway"),
        ("larkfield-product-api-task", "product-api/database"),
        ("larkfield-portal-task", "portal/database"),
    ]);
    let who = cast::task(seed, role, rng.below(6));
    let ip = format!("{}.{}.{}", VPCS[0].prefix, rng.range(1, 30), rng.range(10, 250));
    let id = format!("arn:aws:secretsmanager:us-east-1:{PROD}:secret:{secret}-{}", Rng::new(seed, secret, 0).alnum(6));
    let call = Call::new(at, &who, "secretsmanager", "GetSecretValue", &ip).params(j!({"secretId": id}));
    stage.call(rng, &call);
}
