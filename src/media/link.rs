//! Signed links to media for clients without an API key, such as browsers. The link contains what may be read and until when, with a MAC by
//! a key derived from the master keys. Links are not stored, so they can be revoked only by deleting the media.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Variant;
use crate::{
    crypto::Keyring,
    domain::{Id, MediaId, TenantId},
};

const PURPOSE: &str = "media link";
/// Tenant, media, variant, Unix seconds.
const PAYLOAD_BYTES: usize = 16 + 16 + 1 + 8;
const MAC_BYTES: usize = 32;

/// Permission that a link grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MediaLink {
    pub tenant: TenantId,
    pub media: MediaId,
    pub variant: Option<Variant>,
    /// In whole seconds.
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    Invalid,
    Expired,
}

/// Returns the link's token.
pub(crate) fn sign_link(keyring: &Keyring, link: &MediaLink) -> String {
    let variant = match link.variant {
        None => 0,
        Some(Variant::Thumbnail) => 1,
        Some(Variant::Medium) => 2,
    };
    let mut token = Vec::with_capacity(PAYLOAD_BYTES + MAC_BYTES);
    token.extend_from_slice(link.tenant.uuid().as_bytes());
    token.extend_from_slice(link.media.uuid().as_bytes());
    token.push(variant);
    token.extend_from_slice(&link.expires_at.timestamp().to_be_bytes());
    let mac = keyring.authenticate(PURPOSE, &token);
    token.extend_from_slice(&mac);
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// Verifies a token and its expiry.
pub(crate) fn read_link(keyring: &Keyring, token: &str, now: DateTime<Utc>) -> Result<MediaLink, LinkError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let bytes = bytes.filter(|bytes| bytes.len() == PAYLOAD_BYTES + MAC_BYTES);
    let bytes = bytes.ok_or(LinkError::Invalid)?;
    let (payload, mac) = bytes.split_at(PAYLOAD_BYTES);
    if !keyring.verify(PURPOSE, payload, mac) {
        return Err(LinkError::Invalid);
    }
    let variant = match payload[32] {
        0 => None,
        1 => Some(Variant::Thumbnail),
        _ => Some(Variant::Medium),
    };
    let uuid = |from: usize| Uuid::from_slice(&payload[from..from + 16]).map_err(|_| LinkError::Invalid);
    let seconds: [u8; 8] = payload[33..].try_into().map_err(|_| LinkError::Invalid)?;
    let link = MediaLink {
        tenant: TenantId::from_uuid(uuid(0)?),
        media: MediaId::from_uuid(uuid(16)?),
        variant,
        expires_at: DateTime::from_timestamp(i64::from_be_bytes(seconds), 0).ok_or(LinkError::Invalid)?,
    };
    if link.expires_at <= now {
        return Err(LinkError::Expired);
    }
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_link_says_what_it_was_made_for_until_it_ends_and_cannot_be_changed() {
        let (clock, keyring) = (Clock::default(), Keyring::parse(&Keyring::generate()).unwrap());
        let expires_at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for variant in [None, Some(Variant::Thumbnail), Some(Variant::Medium)] {
            let link = MediaLink {
                tenant: clock.new_id(),
                media: clock.new_id(),
                variant,
                expires_at,
            };
            let token = sign_link(&keyring, &link);
            let before = expires_at - chrono::TimeDelta::seconds(1);
            assert_eq!(read_link(&keyring, &token, before), Ok(link));
            assert_eq!(read_link(&keyring, &token, expires_at), Err(LinkError::Expired));
            let other = Keyring::parse(&Keyring::generate()).unwrap();
            assert_eq!(read_link(&other, &token, before), Err(LinkError::Invalid));
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let changed = BASE64_URL_SAFE_NO_PAD.encode(changed);
                assert_eq!(
                    read_link(&keyring, &changed, before),
                    Err(LinkError::Invalid),
                    "byte {at}"
                );
            }
        }
        for token in ["", "a", "not base64!"] {
            assert_eq!(read_link(&keyring, token, expires_at), Err(LinkError::Invalid));
        }
    }
}
