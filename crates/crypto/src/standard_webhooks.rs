//! Signatures of outgoing webhooks, by the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Header with the id of the webhook, the same at every attempt.
pub const ID: &str = "webhook-id";
/// Header with the time of the attempt, in seconds since 1970. Receivers refuse one more than five minutes off.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures, separated by spaces.
pub const SIGNATURE: &str = "webhook-signature";

const PREFIX: &str = "whsec_";
/// Number of bytes of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret shared with a receiver: `whsec_` and 24 to 64 bytes in base64. `Debug` does not show it.
#[derive(Clone)]
pub struct WebhookSecret {
    text: Zeroizing<String>,
    mac: Hmac<Sha256>,
}

/// The text is not a webhook secret. The message describes the format and does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a webhook secret; expected whsec_ and 24 to 64 bytes in base64")]
pub struct InvalidWebhookSecret;

impl WebhookSecret {
    /// Generates a secret of 256 bits, as many as SHA-256 makes use of.
    pub fn generate() -> Self {
        Self::of(Zeroizing::new(rand::random::<[u8; 32]>()).as_slice())
    }

    /// Parses the text returned by [`expose`](Self::expose).
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let words = text.strip_prefix(PREFIX).ok_or(InvalidWebhookSecret)?;
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(words).map_err(|_| InvalidWebhookSecret)?);
        SECRET_BYTES
            .contains(&bytes.len())
            .then(|| Self::of(&bytes))
            .ok_or(InvalidWebhookSecret)
    }

    fn of(bytes: &[u8]) -> Self {
        Self {
            text: Zeroizing::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes))),
            mac: Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length"),
        }
    }

    /// Returns the text for the receiver.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns `v1,` and HMAC-SHA256 over `id.timestamp.body` in base64.
    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.mac.clone();
        for piece in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(piece);
        }
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl PartialEq for WebhookSecret {
    fn eq(&self, other: &Self) -> bool {
        self.text.as_bytes().ct_eq(other.text.as_bytes()).into()
    }
}

/// The values of the headers [`TIMESTAMP`] and [`SIGNATURE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    pub timestamp: String,
    pub signature: String,
}

/// Signs an attempt with every secret valid at the time. The id must not contain full stops, which separate the signed parts; our ids
/// contain none.
pub fn sign<'s>(
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    id: &str,
    at: DateTime<Utc>,
    body: &[u8],
) -> SignatureHeaders {
    debug_assert!(!id.contains('.'));
    let timestamp = at.timestamp().to_string();
    let signatures: Vec<String> = secrets
        .into_iter()
        .map(|secret| secret.sign(id, &timestamp, body))
        .collect();
    SignatureHeaders {
        timestamp,
        signature: signatures.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 999_000_000).unwrap()
    }

    #[test]
    fn the_published_example_is_met() {
        // From the test suites of the published libraries.
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign(
            [&secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at(1_614_265_330),
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.timestamp, "1614265330");
        assert_eq!(signed.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_adds_a_signature_and_what_is_signed_changes_it() {
        let (old, new) = (WebhookSecret::generate(), WebhookSecret::generate());
        let alone = |secret| sign([secret], "evt_1", at(1), b"{}").signature;
        let both = sign([&new, &old], "evt_1", at(1), b"{}").signature;
        assert_eq!(both, format!("{} {}", alone(&new), alone(&old)));
        for other in [
            sign([&new], "evt_2", at(1), b"{}"),
            sign([&new], "evt_1", at(2), b"{}"),
            sign([&new], "evt_1", at(1), b"{ }"),
            sign([&old], "evt_1", at(1), b"{}"),
        ] {
            assert_ne!(other.signature, alone(&new));
        }
    }

    #[test]
    fn a_secret_is_read_as_it_was_written_and_no_other_form_is() {
        let secret = WebhookSecret::generate();
        assert_eq!(WebhookSecret::parse(secret.expose()).as_ref(), Ok(&secret));
        assert_ne!(WebhookSecret::generate(), secret);
        assert_eq!(format!("{secret:?}"), "[secret]");
        let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
        for (text, good) in [
            (of(24), true),
            (of(64), true),
            (of(23), false),
            (of(65), false),
            (of(32).replace("whsec_", ""), false),
            (of(32).replace("whsec_", "WHSEC_"), false),
            (of(32).trim_end_matches('=').to_owned(), false),
            ("whsec_not base64".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(WebhookSecret::parse(&text).is_ok(), good, "{text}");
        }
    }
}
