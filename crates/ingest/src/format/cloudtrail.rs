//! AWS CloudTrail records (`aws/cloudtrail`): API Activity, Authentication or Account Change.
//!
//! Rules see the record itself. Classes are chosen in `cloudtrail_class`. Record contents: AWS CloudTrail user guide,
//! "CloudTrail record contents", versions 1.0 to 1.11.

use ocsf::{
    Account, Actor, Api, ApiRequest, ApiResponse, Class, Cloud, Event, Identified, Json, Resource, Session, Status,
    User, UserType,
};

use super::json::{List, Raw, Scalar, fields, parse, parse_text};
use super::{Format, Unreadable, aws, cloudtrail_class as class, cloudtrail_links, time};

fields!(Record {
    event_version = "eventVersion": Scalar<'a>,
    event_id = "eventID": Scalar<'a>,
    event_time = "eventTime": Scalar<'a>,
    event_source = "eventSource": Scalar<'a>,
    event_name = "eventName": Scalar<'a>,
    event_type = "eventType": Scalar<'a>,
    event_category = "eventCategory": Scalar<'a>,
    region = "awsRegion": Scalar<'a>,
    source_ip = "sourceIPAddress": Scalar<'a>,
    user_agent = "userAgent": Scalar<'a>,
    error_code = "errorCode": Scalar<'a>,
    error_message = "errorMessage": Scalar<'a>,
    request_id = "requestID": Scalar<'a>,
    read_only = "readOnly": Scalar<'a>,
    api_version = "apiVersion": Scalar<'a>,
    recipient = "recipientAccountId": Scalar<'a>,
    shared_id = "sharedEventID": Scalar<'a>,
    vpc_endpoint = "vpcEndpointId": Scalar<'a>,
    identity = "userIdentity": Identity<'a>,
    parameters = "requestParameters": Raw<'a>,
    response = "responseElements": Raw<'a>,
    additional = "additionalEventData": Additional<'a>,
    insight = "insightDetails": Insight<'a>,
    resources = "resources": List<Listed<'a>>,
});

fields!(Identity {
    kind = "type": Scalar<'a>,
    principal = "principalId": Scalar<'a>,
    arn = "arn": Scalar<'a>,
    account = "accountId": Scalar<'a>,
    access_key = "accessKeyId": Scalar<'a>,
    user_name = "userName": Scalar<'a>,
    invoked_by = "invokedBy": Scalar<'a>,
    provider = "identityProvider": Scalar<'a>,
    session = "sessionContext": SessionContext<'a>,
    on_behalf_of = "onBehalfOf": OnBehalfOf<'a>,
});

fields!(OnBehalfOf { user_id = "userId": Scalar<'a> });
fields!(SessionContext { attributes = "attributes": Attributes<'a>, issuer = "sessionIssuer": Issuer<'a> });
fields!(Attributes { created = "creationDate": Scalar<'a>, mfa = "mfaAuthenticated": Scalar<'a> });
fields!(Issuer { arn = "arn": Scalar<'a>, user_name = "userName": Scalar<'a> });
fields!(Additional {
    bytes_out = "bytesTransferredOut": Scalar<'a>,
    mfa_used = "MFAUsed": Scalar<'a>,
    switched_from = "SwitchFrom": Scalar<'a>,
});
fields!(Insight { event_name = "eventName": Scalar<'a>, event_source = "eventSource": Scalar<'a> });
fields!(Listed { arn = "ARN": Scalar<'a>, account = "accountId": Scalar<'a>, kind = "type": Scalar<'a> });
fields!(Parameters {
    bucket = "bucketName": Scalar<'a>,
    key = "key": Scalar<'a>,
    user_name = "userName": Scalar<'a>,
    role_name = "roleName": Scalar<'a>,
    role_arn = "roleArn": Scalar<'a>,
    secret = "secretId": Scalar<'a>,
    snapshot = "dBSnapshotIdentifier": Scalar<'a>,
    ebs_snapshot = "snapshotId": Scalar<'a>,
    group = "groupId": Scalar<'a>,
    trail = "name": Scalar<'a>,
});
fields!(Response { console_login = "ConsoleLogin": Scalar<'a>, switch_role = "SwitchRole": Scalar<'a> });

/// A CloudTrail record as an event.
pub(super) fn normalize(raw: &[u8]) -> Result<Event, Unreadable> {
    let record: Record<'_> = parse(raw)?;
    let written = record.event_time.required("eventTime")?;
    let when = time::required("eventTime", written)?;
    let name = match record.event_name.required("eventName") {
        Ok(name) => name,
        Err(error) => record.insight.event_name.text().ok_or(error)?,
    };
    let source = record.event_source.text().or(record.insight.event_source.text()).unwrap_or_default();
    let chosen = class::choose(source, name, record.event_type.text(), record.read_only.truth());

    let mut event = Event::new(Format::CloudTrail.id(), chosen.class, when, raw);
    event.activity_id = chosen.activity_id;
    event.metadata = metadata(&record);
    event.cloud = Some(cloud(&record));
    event.actor_key = actor_key(&record);
    event.actor = actor(&record).map(Box::new);
    event.api = Some(Box::new(api(&record, name, source)));
    event.src_endpoint = record.source_ip.text().map(aws::endpoint);
    if let (Some(endpoint), Some(uid)) = (&mut event.src_endpoint, record.vpc_endpoint.string()) {
        endpoint.uid = Some(uid);
    }
    event.http_request = record.user_agent.string().map(ocsf::HttpRequest::of_agent).map(Box::new);
    event.bytes = record.additional.bytes_out.count();
    (event.status, event.status_code, event.status_detail) = status(&record);
    event.resources = record.resources.0.iter().filter_map(listed).collect();
    // What the record lists, else what its parameters name. Parameters are read again from their text, so only then.
    let unlisted = event.resources.is_empty();
    let needed = unlisted || chosen.class == Class::AccountChange;
    let parameters = if needed { parameters(&record) } else { Parameters::default() };
    if unlisted {
        event.resources.extend(named(&parameters));
    }
    event.user = target_user(&event, &parameters).map(Box::new);
    if chosen.class == Class::Authentication {
        authentication(&mut event, &record, source);
    }
    if event.status == Status::Success {
        event.links = links(&record, name, event.actor_key.as_deref());
    }
    Ok(event)
}

fn links(record: &Record<'_>, operation: &str, actor: Option<&str>) -> Vec<ocsf::Link> {
    cloudtrail_links::links(cloudtrail_links::Told {
        operation,
        actor,
        account: record.recipient.text().or(record.identity.account.text()),
        switched_from: record.additional.switched_from.text(),
        parameters: &record.parameters,
        response: &record.response,
    })
}

/// What an event cannot do without.
pub(super) const NEEDED: [&str; 2] = ["eventTime", "eventName"];

/// Whether the texts of [`NEEDED`] are there and as every CloudTrail writer spells them. False means only that `normalize`
/// must decide.
pub(super) fn is_complete(needed: &[Option<&[u8]>]) -> bool {
    let [Some(time), Some(name)] = needed else { return false };
    is_written_time(time) && !name.is_empty()
}

/// How CloudTrail spells an instant.
const WRITTEN: &[u8] = b"0000-00-00T00:00:00Z";

/// Spelled so, and an instant of every calendar; of the days that only some months have, `normalize` decides.
fn is_written_time(text: &[u8]) -> bool {
    let is_like = |(byte, like): (&u8, &u8)| byte == like || (*like == b'0' && byte.is_ascii_digit());
    let spelled = text.len() == WRITTEN.len() && text.iter().zip(WRITTEN).all(is_like);
    let within = |at: usize, least: &[u8], most: &[u8]| {
        text.get(at..at + 2).is_some_and(|digits| least <= digits && digits <= most)
    };
    spelled
        && within(5, b"01", b"12")
        && within(8, b"01", b"28")
        && within(11, b"00", b"23")
        && within(14, b"00", b"59")
        && within(17, b"00", b"59")
}

fn metadata(record: &Record<'_>) -> ocsf::Metadata {
    ocsf::Metadata {
        uid: record.event_id.string().into(),
        product_name: "CloudTrail",
        vendor_name: "AWS",
        product_version: record.event_version.string(),
        feature: record.event_category.string(),
        event_code: record.event_type.string(),
        original_event_uid: record.shared_id.string(),
        ..ocsf::Metadata::default()
    }
}

fn cloud(record: &Record<'_>) -> Cloud {
    // The account in which it happened, not the one the caller came from.
    let uid = record.recipient.string().or_else(|| record.identity.account.string());
    Cloud { provider: "AWS", region: record.region.string(), zone: None, account: uid.map(Account::aws) }
}

/// `userIdentity` as an entity key, see `aws`.
fn actor_key(record: &Record<'_>) -> Option<String> {
    let identity = &record.identity;
    let account = identity.account.text();
    let from_arn = identity.arn.text().and_then(aws::key_of_arn);
    let by_address = || record.source_ip.text().and_then(aws::key_of_ip);
    let by_service = || identity.invoked_by.text().map(|service| format!("aws:service:{service}"));
    let named = |name: &str| {
        let account = account.or(record.recipient.text()).unwrap_or("unknown");
        format!("aws:user:{account}/{name}")
    };
    match identity.kind.text().unwrap_or_default() {
        "Root" => account.map(|account| format!("aws:root:{account}")).or(from_arn),
        "AssumedRole" => from_arn.or_else(|| session_key(identity)),
        "AWSService" => by_service().or_else(|| service_address(record)),
        "AWSAccount" => match account {
            Some(account) if !account.to_ascii_lowercase().starts_with("anonymous") => {
                Some(from_arn.unwrap_or_else(|| named(identity.principal.text().unwrap_or(account))))
            }
            _ => by_address(),
        },
        "IdentityCenterUser" => identity.on_behalf_of.user_id.text().map(named).or_else(by_address),
        _ => from_arn.or_else(|| identity.user_name.text().map(named)).or_else(by_service).or_else(by_address),
    }
}

/// Role and session without an ARN: the issuer's name and what stands behind the colon of `principalId`.
fn session_key(identity: &Identity<'_>) -> Option<String> {
    let account = identity.account.text()?;
    let role = identity.session.issuer.user_name.text()?;
    let (_, session) = identity.principal.text()?.split_once(':')?;
    Some(format!("aws:role-session:{account}/{role}/{session}"))
}

fn service_address(record: &Record<'_>) -> Option<String> {
    record.source_ip.text().filter(|text| text.ends_with(".amazonaws.com")).map(|name| format!("aws:service:{name}"))
}

fn actor(record: &Record<'_>) -> Option<Actor> {
    let identity = &record.identity;
    let context = &identity.session;
    let issuer = context.issuer.arn.string();
    let created = context.attributes.created.text().and_then(time::instant).map(|time| time.as_millisecond());
    let session = Session { uid: None, issuer, created_time: created, is_mfa: context.attributes.mfa.truth() };
    let user = User {
        name: user_name(identity),
        uid: identity.arn.string().or_else(|| identity.principal.string()),
        uid_alt: identity.principal.string().filter(|_| identity.arn.text().is_some()),
        kind: identity.kind.string(),
        type_id: match identity.kind.text() {
            Some("AWSService") => UserType::Service,
            Some("Root") => UserType::Admin,
            Some(_) => UserType::User,
            None => UserType::Unknown,
        },
        full_name: None,
        credential_uid: identity.access_key.string(),
        account: identity.account.string().map(Account::aws),
    };
    let known = user.name.is_some() || user.uid.is_some() || user.account.is_some();
    let actor = Actor {
        user: known.then_some(user),
        session: (session != Session::default()).then_some(session),
        idp: identity.provider.string().map(|name| ocsf::Idp { name: Some(name), uid: None }),
        app_name: identity.invoked_by.string(),
        ..Actor::default()
    };
    (!actor.is_empty()).then_some(actor)
}

/// The IAM user, else the session name (the human behind a role, most often), else nobody.
fn user_name(identity: &Identity<'_>) -> Option<String> {
    let session = || identity.principal.text()?.split_once(':').map(|(_, session)| session.to_owned());
    let root = || (identity.kind.text() == Some("Root")).then(|| "root".to_owned());
    identity.user_name.string().or_else(root).or_else(session)
}

fn api(record: &Record<'_>, name: &str, source: &str) -> Api {
    let data = |raw: &Raw<'_>| raw.text().map(|text| Json(text.to_owned()));
    let response = ApiResponse {
        code: None,
        error: record.error_code.string(),
        error_message: record.error_message.string(),
        data: data(&record.response),
    };
    Api {
        operation: name.to_owned(),
        service: (!source.is_empty()).then(|| Identified::named(source.to_owned())),
        version: record.api_version.string(),
        request: record.request_id.string().map(|uid| ApiRequest { uid, data: data(&record.parameters) }),
        response: (response != ApiResponse::default()).then_some(response),
    }
}

/// An error code is a failure; so is a console login whose response says so and gives no code.
fn status(record: &Record<'_>) -> (Status, Option<String>, Option<String>) {
    // Only sign-ins say it in the response; parsing every response would cost as much as the record.
    let sign_in = record.event_type.text() == Some("AwsConsoleSignIn");
    let response = record.response.text().filter(|_| sign_in);
    let response: Response<'_> = response.and_then(|text| parse_text(text).ok()).unwrap_or_default();
    let refused = [&response.console_login, &response.switch_role].iter().any(|word| word.text() == Some("Failure"));
    let failed = refused || record.error_code.text().is_some() || record.error_message.text().is_some();
    let status = if failed { Status::Failure } else { Status::Success };
    (status, record.error_code.string(), record.error_message.string())
}

fn parameters<'r>(record: &'r Record<'_>) -> Parameters<'r> {
    record.parameters.text().and_then(|text| parse_text(text).ok()).unwrap_or_default()
}

fn listed(resource: &Listed<'_>) -> Option<Resource> {
    let owner = resource.account.string().map(|uid| User { account: Some(Account::aws(uid)), ..User::default() });
    Some(Resource { uid: Some(resource.arn.string()?), name: None, kind: resource.kind.string(), owner })
}

fn named(parameters: &Parameters<'_>) -> Option<Resource> {
    let of = |kind: &str, uid: String| Resource { uid: Some(uid), kind: Some(kind.to_owned()), ..Resource::default() };
    if let Some(bucket) = parameters.bucket.text() {
        return Some(match parameters.key.text() {
            Some(key) => of("AWS::S3::Object", format!("arn:aws:s3:::{bucket}/{key}")),
            None => of("AWS::S3::Bucket", format!("arn:aws:s3:::{bucket}")),
        });
    }
    let known = [
        ("AWS::SecretsManager::Secret", &parameters.secret),
        ("AWS::IAM::Role", &parameters.role_arn),
        ("AWS::RDS::DBSnapshot", &parameters.snapshot),
        ("AWS::EC2::Snapshot", &parameters.ebs_snapshot),
        ("AWS::EC2::SecurityGroup", &parameters.group),
        ("AWS::IAM::User", &parameters.user_name),
        ("AWS::IAM::Role", &parameters.role_name),
        ("Other", &parameters.trail),
    ];
    known.iter().find_map(|(kind, value)| Some(of(kind, value.string()?)))
}

/// Whom an account change or a login is about.
fn target_user(event: &Event, parameters: &Parameters<'_>) -> Option<User> {
    match event.class {
        Class::AccountChange => {
            let name = parameters.user_name.string().or_else(|| parameters.role_name.string());
            let acting = || event.actor.as_ref().and_then(|actor| actor.user.clone());
            name.map(|name| User { name: Some(name), ..User::default() }).or_else(acting)
        }
        Class::Authentication => event.actor.as_ref().and_then(|actor| actor.user.clone()),
        _ => None,
    }
}

fn authentication(event: &mut Event, record: &Record<'_>, source: &str) {
    event.service = Some(Identified::named(source.to_owned()));
    let used = record.additional.mfa_used.text().map(|word| word.eq_ignore_ascii_case("yes"));
    event.is_mfa = used.or_else(|| record.identity.session.attributes.mfa.truth());
}
