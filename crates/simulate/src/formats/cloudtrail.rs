//! AWS CloudTrail: one record per API call, files of one hour and region as `{"Records":[…]}` in gzip.
//!
//! A `Call` is what happened; `Stage::call` writes it with every field that the service writes.

use crate::actors::Principal;
use crate::clock::{self, MINUTE, Ms};
use crate::company::{DATA, HOME, PROD};
use crate::formats::Route;
use crate::json::{J, j};
use crate::rng::Rng;
use crate::stage::{Hushable, Stage};

/// One API call.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) at: Ms,
    pub(crate) who: &'a Principal,
    /// `s3`, `ec2`, …: the part before `.amazonaws.com`.
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    /// The account whose trail records the call.
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) ip: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) params: J,
    pub(crate) response: J,
    pub(crate) extra: J,
    pub(crate) error: Option<(&'static str, String)>,
    pub(crate) resources: Vec<(String, &'static str)>,
    pub(crate) read: bool,
    pub(crate) data: bool,
    pub(crate) kind: &'static str,
    /// `clientProvidedHostHeader`; the regional endpoint when absent.
    pub(crate) host: Option<String>,
    pub(crate) endpoint: Option<&'static str>,
    /// Account of the resources, when it is not the recording one.
    pub(crate) owner: Option<&'static str>,
}

/// The VPC endpoint through which programs inside reach S3.
const S3_ENDPOINT: &str = "vpce-0d7f1b93a5c2e8460";

impl<'a> Call<'a> {
    /// A management call that reads, in production and the home region.
    pub(crate) fn new(at: Ms, who: &'a Principal, service: &'static str, name: &'static str, ip: &'a str) -> Self {
        let account = match who {
            Principal::User { account, .. } | Principal::Role { account, .. } => account,
            Principal::Service { .. } => PROD,
            Principal::Anonymous | Principal::Foreign { .. } => DATA,
        };
        Self {
            at,
            who,
            service,
            name,
            account,
            region: HOME,
            ip,
            agent: "aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.25.4 md/GOOS#linux md/GOARCH#arm64",
            params: J::Null,
            response: J::Null,
            extra: J::Null,
            error: None,
            resources: Vec::new(),
            read: true,
            data: false,
            kind: "AwsApiCall",
            host: None,
            endpoint: None,
            owner: None,
        }
    }

    pub(crate) fn writes(mut self) -> Self {
        self.read = false;
        self
    }
    pub(crate) fn agent(mut self, agent: &'a str) -> Self {
        self.agent = agent;
        self
    }
    pub(crate) fn account(mut self, account: &'static str) -> Self {
        self.account = account;
        self
    }
    pub(crate) fn region(mut self, region: &'static str) -> Self {
        self.region = region;
        self
    }
    pub(crate) fn params(mut self, params: J) -> Self {
        self.params = params;
        self
    }
    pub(crate) fn response(mut self, response: J) -> Self {
        self.response = response;
        self
    }
    pub(crate) fn extra(mut self, extra: J) -> Self {
        self.extra = extra;
        self
    }
    pub(crate) fn resource(mut self, arn: String, kind: &'static str) -> Self {
        self.resources.push((arn, kind));
        self
    }
    pub(crate) fn denied(mut self, action: &str) -> Self {
        let who = self.who.arn().unwrap_or_else(|| "anonymous".to_owned());
        self.error = Some((
            "AccessDenied",
            format!(
                "User: {who} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
            ),
        ));
        self
    }

    /// A bucket-level S3 call.
    pub(crate) fn bucket(mut self, bucket: &str, sub: Option<&'static str>, mut more: J, rng: &mut Rng) -> Self {
        let host = format!("{bucket}.s3.{}.amazonaws.com", self.region);
        let mut params = j!({"bucketName": bucket, "Host": (&host)});
        if let (J::Obj(fields), J::Obj(extra)) = (&mut params, &mut more) {
            fields.append(extra);
        }
        if let Some(sub) = sub {
            params.set(sub, "");
        }
        self.params = params;
        self.host = Some(host);
        self.extra = s3_extra(rng, 0, 500, matches!(self.who, Principal::Anonymous));
        self.resources.push((format!("arn:aws:s3:::{bucket}"), "AWS::S3::Bucket"));
        self.inside()
    }

    /// A listing of a bucket: a data event.
    pub(crate) fn listing(self, bucket: &str, rng: &mut Rng) -> Self {
        let mut call = self.bucket(bucket, None, j!({"list-type": "2", "encoding-type": "url"}), rng);
        call.data = true;
        call.resources.insert(0, (format!("arn:aws:s3:::{bucket}/"), "AWS::S3::Object"));
        call
    }

    /// An object-level S3 call: a data event.
    pub(crate) fn object(mut self, bucket: &str, key: &str, bytes_in: u64, bytes_out: u64, rng: &mut Rng) -> Self {
        let host = format!("{bucket}.s3.{}.amazonaws.com", self.region);
        self.params = j!({"bucketName": bucket, "Host": (&host), "key": key});
        self.host = Some(host);
        self.extra = s3_extra(rng, bytes_in, bytes_out, matches!(self.who, Principal::Anonymous));
        self.resources.push((format!("arn:aws:s3:::{bucket}/{key}"), "AWS::S3::Object"));
        self.resources.push((format!("arn:aws:s3:::{bucket}"), "AWS::S3::Bucket"));
        self.data = true;
        self.inside()
    }

    /// Private addresses reach S3 through the VPC endpoint.
    fn inside(mut self) -> Self {
        if self.ip.starts_with("10.") {
            self.endpoint = Some(S3_ENDPOINT);
        }
        self
    }

    fn record(&self, seed: u64, event_id: &str, rng: &mut Rng) -> J {
        let request_id = if self.service == "s3" { rng.hex_upper(16) } else { rng.uuid() };
        let (code, message) = self.error.clone().unzip();
        let mut record = j!({
            "eventVersion": "1.11", "userIdentity": (self.who.identity(seed, self.at)), "eventTime": (clock::seconds(self.at)),
            "eventSource": (format!("{}.amazonaws.com", self.service)), "eventName": (self.name), "awsRegion": (self.region),
            "sourceIPAddress": (self.ip), "userAgent": (self.agent),
        });
        if let (Some(code), Some(message)) = (code, message) {
            if !code.is_empty() {
                record.set("errorCode", code);
            }
            record.set("errorMessage", message);
        }
        record.set("requestParameters", self.params.clone());
        record.set("responseElements", self.response.clone());
        if self.extra != J::Null {
            record.set("additionalEventData", self.extra.clone());
        }
        if self.kind == "AwsApiCall" {
            record.set("requestID", request_id);
        }
        record.set("eventID", event_id);
        record.set("readOnly", self.read);
        if !self.resources.is_empty() {
            let list = self
                .resources
                .iter()
                .map(|(arn, kind)| resource(arn, kind, self.owner.unwrap_or(self.account)))
                .collect::<Vec<_>>();
            record.set("resources", list);
        }
        record.set("eventType", self.kind);
        record.set("managementEvent", !self.data);
        record.set("recipientAccountId", self.account);
        if let Some(endpoint) = self.endpoint {
            record.set("vpcEndpointId", endpoint);
            record.set("vpcEndpointAccountId", self.account);
        }
        record.set("eventCategory", if self.data { "Data" } else { "Management" });
        if !matches!(self.who, Principal::Service { .. }) && !self.ip.ends_with(".amazonaws.com") {
            record.set("tlsDetails", self.tls());
        }
        if self.agent.starts_with("Mozilla/") && self.kind == "AwsApiCall" && self.who != &Principal::Anonymous {
            record.set("sessionCredentialFromConsole", "true");
        }
        record
    }

    fn tls(&self) -> J {
        let host = self.host.clone().unwrap_or_else(|| match self.service {
            "iam" => "iam.amazonaws.com".to_owned(),
            "signin" => format!("{}.signin.aws.amazon.com", self.region),
            service => format!("{service}.{}.amazonaws.com", self.region),
        });
        j!({"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host})
    }
}

/// Object ARNs carry no account in `resources`, and a listing has only their prefix; all others have both.
fn resource(arn: &str, kind: &'static str, account: &str) -> J {
    match (kind, arn.strip_suffix('/')) {
        ("AWS::S3::Object", Some(_)) => j!({"type": kind, "ARNPrefix": arn}),
        ("AWS::S3::Object", None) => j!({"type": kind, "ARN": arn}),
        _ => j!({"accountId": account, "type": kind, "ARN": arn}),
    }
}

fn s3_extra(rng: &mut Rng, bytes_in: u64, bytes_out: u64, anonymous: bool) -> J {
    let mut extra = j!({});
    if !anonymous {
        extra.set("SignatureVersion", "SigV4");
    }
    extra.set("CipherSuite", "TLS_AES_128_GCM_SHA256");
    extra.set("bytesTransferredIn", bytes_in);
    if !anonymous {
        extra.set("AuthenticationMethod", "AuthHeader");
    }
    extra.set("x-amz-id-2", format!("{}=", rng.alnum(75)));
    extra.set("bytesTransferredOut", bytes_out);
    extra
}

pub(crate) fn path(account: &str, region: &str, slot: Ms, rng: &mut Rng) -> String {
    // Delivered some minutes after the span's last five.
    let delivered = slot + 55 * MINUTE;
    let stamp = clock::seconds(delivered).replace(['-', ':'], "");
    let minute = stamp.get(..13).unwrap_or(&stamp);
    let day = clock::date_path(slot);
    let name = format!("{account}_CloudTrail_{region}_{minute}Z_{}.json.gz", rng.alnum(16));
    format!("telemetry/aws/cloudtrail/AWSLogs/{account}/CloudTrail/{region}/{day}/{name}")
}

impl Stage<'_> {
    /// Records a call and returns its event id.
    pub(crate) fn call(&mut self, rng: &mut Rng, call: &Call<'_>) -> String {
        let event_id = rng.uuid();
        let line = call.record(self.world.company.seed, &event_id, rng).text();
        let hushable = if call.data { Hushable::DataEvents(call.account) } else { Hushable::Never };
        self.push(Route::CloudTrail(call.account, call.region), call.at, line, Some(event_id.clone()), hushable);
        event_id
    }
}
