//! States of campaigns, and the ids of their messages.
//!
//! The id of a campaign message is a function of the campaign, the wave and the ordinal of the recipient in the wave. It is a UUIDv8:
//!
//! | bits | what |
//! |---|---|
//! | 48 | milliseconds since 1970 at the start of the campaign |
//! | 4 | version 8 |
//! | 12 | SHA-256 of the campaign's id |
//! | 2 | variant |
//! | 30 | SHA-256 of the campaign's id |
//! | 11 | wave |
//! | 21 | ordinal |
//!
//! So a second message for a recipient is refused by the primary key of `messages`, the messages of a wave are one range of ids, and the
//! version says without a query that a message is a campaign's.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{CampaignId, Id, MessageId, text_enum::text_enum};

text_enum! {
/// Status of a campaign.
pub enum CampaignStatus {
    Draft = "draft",
    /// Launched; it starts at its time.
    Scheduled = "scheduled",
    Running = "running",
    Paused = "paused",
    /// Canceled; what waits is being withdrawn.
    Canceling = "canceling",
    Canceled = "canceled",
    Completed = "completed",
    /// Its audience could not be read.
    Failed = "failed",
}
}

text_enum! {
/// What becomes of recipients whose local time has passed by more than an hour when they are frozen.
pub enum OnMissed {
    /// They are written to at once.
    Start = "start",
    /// They are not written to.
    Skip = "skip",
}
}

text_enum! {
/// What becomes of a message of which nobody knows whether Meta has it, once there was time for evidence.
pub enum OnUnknown {
    /// It waits for somebody's decision.
    Hold = "hold",
    /// It is sent again: the recipient may get it twice.
    Resend = "resend",
}
}

text_enum! {
/// What becomes of a message that Meta withholds because the recipient got enough marketing (131049).
pub enum OnMarketingCap {
    /// It has failed.
    Fail = "fail",
    /// It is tried once more after 24 hours.
    Wait = "wait",
}
}

impl CampaignStatus {
    /// Returns whether nothing changes it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Canceled | Self::Completed | Self::Failed)
    }
}

const ORDINAL_BITS: u32 = 21;
/// Recipients that a wave has room for.
pub const WAVE_SIZE: i64 = 1 << ORDINAL_BITS;
/// The greatest number of a wave.
pub const MAX_WAVE: i64 = 2_047;

/// The ids of a campaign's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignMessages {
    /// Stamp, version, hash and variant; nothing in the low 32 bits.
    base: u128,
}

impl CampaignMessages {
    /// Creates the ids of a campaign that started at `stamp`, in milliseconds since 1970.
    pub fn new(campaign: CampaignId, stamp: i64) -> Self {
        let digest = Sha256::digest(campaign.uuid().as_bytes());
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&stamp.to_be_bytes()[2..]);
        bytes[6..12].copy_from_slice(&digest[..6]);
        let with_version = Builder::from_custom_bytes(bytes).into_uuid().as_u128();
        Self {
            base: with_version >> 32 << 32,
        }
    }

    /// Returns the message of a recipient.
    pub fn id(self, wave: i64, ordinal: i64) -> MessageId {
        debug_assert!((0..=MAX_WAVE).contains(&wave) && (0..WAVE_SIZE).contains(&ordinal));
        let low = (wave as u128) << ORDINAL_BITS | ordinal as u128;
        MessageId::from_uuid(Uuid::from_u128(self.base | low))
    }

    /// Returns the first and the last id that messages of a wave can have.
    pub fn range(self, wave: i64) -> (MessageId, MessageId) {
        (self.id(wave, 0), self.id(wave, WAVE_SIZE - 1))
    }
}

/// Returns the wave of a campaign's message; `None` for other messages.
pub fn wave_of(message: MessageId) -> Option<i64> {
    recipient_of(message).map(|(wave, _)| wave)
}

/// Returns the wave and the ordinal of the recipient of a campaign's message; `None` for other messages.
pub fn recipient_of(message: MessageId) -> Option<(i64, i64)> {
    let uuid = message.uuid();
    let low = uuid.as_u128() as u32;
    let recipient = (i64::from(low >> ORDINAL_BITS), i64::from(low) % WAVE_SIZE);
    (uuid.get_version_num() == 8).then_some(recipient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(number: u128) -> CampaignId {
        CampaignId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn an_id_says_when_and_which_recipient() {
        let of = CampaignMessages::new(campaign(7), 0x0199_8877_6655);
        let id = of.id(5, 123);
        assert_eq!(id, CampaignMessages::new(campaign(7), 0x0199_8877_6655).id(5, 123));
        assert_eq!((wave_of(id), recipient_of(id)), (Some(5), Some((5, 123))));
        assert_eq!(id.uuid().as_u128() >> 80, 0x0199_8877_6655);
        assert_eq!(id.uuid().get_variant(), uuid::Variant::RFC4122);
        assert_eq!(wave_of(of.id(MAX_WAVE, WAVE_SIZE - 1)), Some(MAX_WAVE));
    }

    #[test]
    fn ids_of_others_are_others() {
        let of = CampaignMessages::new(campaign(7), 1_000);
        assert_ne!(of.id(1, 1), CampaignMessages::new(campaign(8), 1_000).id(1, 1));
        assert_ne!(of.id(1, 1), CampaignMessages::new(campaign(7), 1_001).id(1, 1));
        assert_eq!(wave_of(crate::clock::Clock::default().new_id()), None);
    }

    #[test]
    fn the_waves_of_a_campaign_are_ranges_beside_one_another() {
        let of = CampaignMessages::new(campaign(9), 1_790_000_000_000);
        for wave in [0, 1, 2, MAX_WAVE - 1] {
            let ((first, last), (next, _)) = (of.range(wave), of.range(wave + 1));
            assert!(first < of.id(wave, 77) && of.id(wave, 77) < last);
            assert_eq!(last.uuid().as_u128() + 1, next.uuid().as_u128());
        }
    }
}
