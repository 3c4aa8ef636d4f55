//! What every stream of webhooks has in common, and what a polite one promises.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use mainstay_sim::{Authenticity, Encoding, Item, Manners, Mix, Shape, SimConfig, Traffic};

use crate::bodies::{changes, parse, told, traffic};

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let bodies = |seed| -> Vec<_> {
        let config = SimConfig {
            seed,
            manners: Manners::rude(),
            ..SimConfig::default()
        };
        Traffic::new(&config).take(200).map(|webhook| webhook.body).collect()
    };
    assert_eq!(bodies(7), bodies(7));
    assert_ne!(bodies(7), bodies(8));
}

#[test]
fn escaped_bodies_are_ascii_and_say_the_same_as_raw_ones() {
    let of = |encoding| {
        Traffic::new(&SimConfig {
            encoding,
            ..SimConfig::default()
        })
    };
    let mut differing = 0;
    for (escaped, raw) in of(Encoding::Escaped).zip(of(Encoding::Raw)).take(500) {
        assert!(escaped.body.is_ascii());
        assert_eq!(parse(&escaped), parse(&raw));
        differing += usize::from(!raw.body.is_ascii());
    }
    assert!(differing > 50, "only {differing} bodies needed escapes");
}

#[test]
fn polite_webhooks_hold_one_change_and_nothing_twice() {
    let mut seen = BTreeSet::new();
    for webhook in traffic(Manners::polite()).take(2_000) {
        assert_eq!(webhook.authenticity, Authenticity::Genuine);
        assert_eq!(changes(&parse(&webhook)).count(), 1);
        for told in told(&webhook.items) {
            assert!(seen.insert(told.clone()), "{told} came twice");
        }
    }
}

#[test]
fn polite_statuses_follow_their_message_in_order() {
    let rank = |status: &str| {
        ["sent", "delivered", "read", "played"]
            .iter()
            .position(|known| *known == status)
    };
    let mut echoes = HashSet::new();
    let mut ranks: BTreeMap<String, usize> = BTreeMap::new();
    let config = SimConfig {
        mix: Mix {
            echoes: 1,
            statuses: 0,
            ..Mix::texts()
        },
        ..SimConfig::default()
    };
    for item in Traffic::new(&config).take(1_000).flat_map(|webhook| webhook.items) {
        match item {
            Item::Message(message) => _ = echoes.insert(message.wamid),
            Item::Status(status) => {
                assert!(echoes.contains(&status.wamid), "a status came before its message");
                if let Some(rank) = rank(&status.status) {
                    let before = ranks.insert(status.wamid, rank);
                    assert!(before.is_none_or(|before| before < rank));
                }
            }
            Item::Other(_) => {}
        }
    }
    assert!(ranks.len() > 100);
}

#[test]
fn every_shape_and_every_field_appears_within_a_few_thousand_webhooks() {
    let mut shapes = BTreeSet::new();
    let (mut fields, mut details) = (BTreeSet::new(), BTreeSet::new());
    let mut statuses = BTreeSet::new();
    for webhook in traffic(Manners::polite()).take(6_000) {
        for item in &webhook.items {
            match item {
                Item::Message(message) => shapes.extend(message.shape),
                Item::Status(status) => _ = statuses.insert(status.status.clone()),
                Item::Other(other) => {
                    details.insert(format!("{}/{}", other.field, other.detail));
                    fields.insert(other.field.clone());
                }
            }
        }
    }
    // What Meta removed comes no more; everything else does.
    assert!(!shapes.contains(&Shape::RequestWelcome));
    assert_eq!(shapes.len(), Shape::all().count() - 1, "only {shapes:?}");
    for status in [
        "sent",
        "delivered",
        "read",
        "played",
        "failed",
        "teleported",
        "captured",
    ] {
        assert!(statuses.contains(status), "no status {status}");
    }
    let expected = "account_alerts account_review_update account_update automatic_events business_capability_update \
        business_username_updates calls customer_weather_update flows group_lifecycle_update group_participants_update \
        group_settings_update group_status_update history message_template_components_update \
        message_template_quality_update message_template_status_update messages payment_configuration_update \
        phone_number_name_update phone_number_quality_update security smb_app_state_sync template_category_update \
        user_preferences";
    for field in expected.split_whitespace() {
        assert!(fields.contains(field), "no {field} in {fields:?}");
    }
    for detail in [
        "messages/errors",
        "messages/user_actions",
        "history/declined",
        "history/late_media",
    ] {
        assert!(details.contains(detail), "no {detail} in {details:?}");
    }
}
