//! Signed links to the files of exports: who has one needs no API key. A link says which file and until when, with a MAC by a key derived
//! from the master keys; it is not stored.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    crypto::Keyring,
    domain::{ExportId, Id, TenantId},
};

const PURPOSE: &str = "export link";
/// Tenant, export, Unix seconds.
const PAYLOAD_BYTES: usize = 16 + 16 + 8;
const MAC_BYTES: usize = 32;
/// How long a link is good.
pub(super) const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// Permission that a link grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportLink {
    pub tenant: TenantId,
    pub export: ExportId,
    /// In whole seconds.
    pub expires_at: DateTime<Utc>,
}

/// Returns the link's token.
pub(super) fn sign(keyring: &Keyring, link: &ExportLink) -> String {
    let mut token = Vec::with_capacity(PAYLOAD_BYTES + MAC_BYTES);
    token.extend_from_slice(link.tenant.uuid().as_bytes());
    token.extend_from_slice(link.export.uuid().as_bytes());
    token.extend_from_slice(&link.expires_at.timestamp().to_be_bytes());
    let mac = keyring.authenticate(PURPOSE, &token);
    token.extend_from_slice(&mac);
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// Verifies a token and its expiry.
pub(crate) fn read(keyring: &Keyring, token: &str, now: DateTime<Utc>) -> Option<ExportLink> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    if bytes.len() != PAYLOAD_BYTES + MAC_BYTES {
        return None;
    }
    let (payload, mac) = bytes.split_at(PAYLOAD_BYTES);
    if !keyring.verify(PURPOSE, payload, mac) {
        return None;
    }
    let seconds: [u8; 8] = payload[32..].try_into().ok()?;
    let link = ExportLink {
        tenant: TenantId::from_uuid(Uuid::from_slice(&payload[..16]).ok()?),
        export: ExportId::from_uuid(Uuid::from_slice(&payload[16..32]).ok()?),
        expires_at: DateTime::from_timestamp(i64::from_be_bytes(seconds), 0)?,
    };
    (link.expires_at > now).then_some(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_link_is_good_until_it_ends_and_cannot_be_changed() {
        let (clock, keyring) = (Clock::default(), Keyring::parse(&Keyring::generate()).unwrap());
        let expires_at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let link = ExportLink {
            tenant: clock.new_id(),
            export: clock.new_id(),
            expires_at,
        };
        let token = sign(&keyring, &link);
        let before = expires_at - TimeDelta::seconds(1);
        assert_eq!(read(&keyring, &token, before), Some(link));
        assert_eq!(read(&keyring, &token, expires_at), None);
        let other = Keyring::parse(&Keyring::generate()).unwrap();
        assert_eq!(read(&other, &token, before), None);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(
                read(&keyring, &BASE64_URL_SAFE_NO_PAD.encode(changed), before),
                None,
                "byte {at}"
            );
        }
        for token in ["", "a", "not base64!"] {
            assert_eq!(read(&keyring, token, before), None);
        }
    }
}
