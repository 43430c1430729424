//! Who may send. Secrets are compared without telling by the time it takes how much of a guess was right.
//!
//! Signatures are those of Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`, HMAC-SHA256) and of
//! GitHub (`X-Hub-Signature-256`). They cover the body as it was sent, so they are checked before it is decompressed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{Request, header};

/// A signature older or newer than this was kept and sent again, or the clocks differ (Standard Webhooks).
const SIGNATURE_SECONDS_MAX: i64 = 300;
/// A shorter secret is guessed.
const SECRET_BYTES_MIN: usize = 16;
const WEBHOOK_SECRET: &str = "whsec_";

/// What only the sender and we know. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("a secret of {bytes} bytes is too short; make one of at least {SECRET_BYTES_MIN} random bytes")]
    Short { bytes: usize },
    #[error("a secret that begins with `{WEBHOOK_SECRET}` goes on in base64, and this one does not")]
    Encoding,
}

impl Secret {
    /// The secret as the sender has it; `whsec_…` is base64 as Standard Webhooks has it.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let bytes = match text.strip_prefix(WEBHOOK_SECRET) {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| SecretError::Encoding)?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.len() < SECRET_BYTES_MIN { Err(SecretError::Short { bytes: bytes.len() }) } else { Ok(Self(bytes)) }
    }

    fn is(&self, guess: &[u8]) -> bool {
        self.0.ct_eq(guess).into()
    }

    fn signs(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        // A key of any length is one for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return false };
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(signature).is_ok()
    }
}

/// How a sender shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Anybody may send: browsers have no secret to keep.
    Anybody,
    /// `Authorization: Bearer …`, or the secret alone (Okta).
    Bearer(Secret),
    /// `Authorization: Basic …`.
    Basic { user: String, password: Secret },
    /// The secret in a header of its own, `X-Amz-Firehose-Access-Key` for one.
    Header { name: String, secret: Secret },
    /// The secret in the query, for senders that can do nothing else (Event Grid).
    Query { name: String, secret: Secret },
    /// Standard Webhooks.
    Webhook(Secret),
    /// `X-Hub-Signature-256`.
    HubSignature(Secret),
}

impl Auth {
    /// Whether only the whole body tells who sent it.
    pub(super) fn signs_the_body(&self) -> bool {
        matches!(self, Self::Webhook(_) | Self::HubSignature(_))
    }

    pub(super) fn allows(&self, request: &Request<'_>, now_seconds: i64) -> Result<(), &'static str> {
        let authorization = || header(request, "authorization").unwrap_or_default();
        let allowed = match self {
            Self::Anybody => true,
            Self::Bearer(secret) => {
                let given = authorization();
                secret.is(given.strip_prefix("Bearer ").unwrap_or(given).as_bytes())
            }
            Self::Basic { user, password } => is_basic(authorization(), user, password),
            Self::Header { name, secret } => {
                request.headers.get(name.as_str()).is_some_and(|given| secret.is(given.as_bytes()))
            }
            Self::Query { name, secret } => in_query(request.query, name).is_some_and(|given| secret.is(&given)),
            Self::Webhook(secret) => return standard_webhook(secret, request, now_seconds),
            Self::HubSignature(secret) => is_hub_signed(secret, request),
        };
        if allowed { Ok(()) } else { Err("the sender's secret or signature is missing or not the one configured here") }
    }
}

fn is_basic(authorization: &str, user: &str, password: &Secret) -> bool {
    let encoded = authorization.strip_prefix("Basic ").unwrap_or_default();
    let Ok(decoded) = STANDARD.decode(encoded.trim()) else { return false };
    let Some(at) = memchr::memchr(b':', &decoded) else { return false };
    let (given_user, given) = decoded.split_at(at);
    // Both are looked at, whatever the first comes to.
    let is_user: bool = user.as_bytes().ct_eq(given_user).into();
    password.is(given.get(1..).unwrap_or_default()) & is_user
}

/// The value of a query parameter, percent-decoded.
fn in_query(query: &str, name: &str) -> Option<Vec<u8>> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| percent_encoding::percent_decode_str(value).collect())
}

fn standard_webhook(secret: &Secret, request: &Request<'_>, now_seconds: i64) -> Result<(), &'static str> {
    let needed = |name: &str| header(request, name).ok_or("webhook-id, -timestamp or -signature is missing");
    let (id, sent, signatures) = (needed("webhook-id")?, needed("webhook-timestamp")?, needed("webhook-signature")?);
    let at: i64 = sent.parse().map_err(|_| "webhook-timestamp is no number of seconds")?;
    if SIGNATURE_SECONDS_MAX < now_seconds.abs_diff(at).try_into().unwrap_or(i64::MAX) {
        return Err("webhook-timestamp is more than five minutes from our time");
    }
    let parts = [id.as_bytes(), b".", sent.as_bytes(), b".", request.body];
    // Several while the sender changes its secret.
    let mut versions = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let is_signed = versions.any(|signature| STANDARD.decode(signature).is_ok_and(|sum| secret.signs(&parts, &sum)));
    if is_signed { Ok(()) } else { Err("the webhook's signature does not fit its body and our secret") }
}

fn is_hub_signed(secret: &Secret, request: &Request<'_>) -> bool {
    let signature = header(request, "x-hub-signature-256").and_then(|text| text.strip_prefix("sha256="));
    let Some(signature) = signature.and_then(of_hex) else { return false };
    secret.signs(&[request.body], &signature)
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}
