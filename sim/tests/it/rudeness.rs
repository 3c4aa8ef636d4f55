//! What a rude stream does, and the limits it keeps.

use std::collections::HashSet;

use mainstay_sim::{Authenticity, Item, MAX_BODY, MAX_ITEMS, Manners, Mix, Shape, SimConfig, Source, Traffic, sign};

use crate::bodies::{parse, read, told, traffic};

#[test]
fn signatures_fit_the_exact_bytes_unless_forged() {
    let secret = "s3cret";
    let mut seen = HashSet::new();
    for webhook in traffic(Manners::rude()).take(800) {
        let right = sign(secret, &webhook.body);
        let fits = webhook.signature(secret).is_some_and(|signature| signature == right);
        assert_eq!(fits, !webhook.authenticity.is_forged(), "{:?}", webhook.authenticity);
        seen.insert(format!("{:?}", webhook.authenticity));
    }
    assert_eq!(seen.len(), 5, "every kind of body should have come up: {seen:?}");
}

#[test]
fn what_a_webhook_says_it_holds_is_what_its_body_holds() {
    for webhook in traffic(Manners::rude())
        .take(500)
        .filter(|webhook| webhook.authenticity == Authenticity::Genuine)
    {
        assert_eq!(read(&parse(&webhook)), told(&webhook.items));
    }
}

#[test]
fn rude_webhooks_keep_to_metas_limits_and_come_out_of_order_again_and_too_early() {
    let mut largest = 0;
    let mut seen = HashSet::new();
    let (mut repeated, mut early, mut strangers) = (0, 0, 0);
    let config = SimConfig {
        manners: Manners::rude(),
        ..SimConfig::default()
    };
    let mut echoes: HashSet<String> = HashSet::new();
    let mut pending: HashSet<String> = HashSet::new();
    for webhook in Traffic::new(&config)
        .take(1_500)
        .filter(|webhook| webhook.authenticity == Authenticity::Genuine)
    {
        assert!(webhook.body.len() <= MAX_BODY);
        assert!(webhook.items.len() <= MAX_ITEMS);
        largest = largest.max(webhook.items.len());
        for item in webhook.items {
            repeated += usize::from(!seen.insert(item.clone()));
            match item {
                Item::Message(message) => {
                    strangers += usize::from(message.phone_number_id != config.phone_number_id);
                    if message.source == Source::Echo && echoes.insert(message.wamid.clone()) {
                        early += usize::from(pending.contains(&message.wamid));
                    }
                }
                Item::Status(status) => _ = pending.insert(status.wamid),
                Item::Other(_) => {}
            }
        }
    }
    assert_eq!(largest, MAX_ITEMS, "the largest batch should be reached");
    assert!(
        repeated > 100 && early > 10 && strangers > 10,
        "{repeated} {early} {strangers}"
    );
}

#[test]
fn a_body_never_outgrows_three_megabytes() {
    let manners = Manners {
        batch: 1.0,
        batch_items: MAX_ITEMS,
        ..Manners::polite()
    };
    let mix = Mix {
        shapes: vec![Shape::LongText],
        ..Mix::texts()
    };
    let mut traffic = Traffic::new(&SimConfig {
        mix,
        manners,
        customers: 40,
        ..SimConfig::default()
    });
    let sizes: Vec<usize> = (0..8).map(|_| traffic.next_webhook().body.len()).collect();
    assert!(sizes.iter().all(|size| *size <= MAX_BODY));
    assert!(
        sizes.iter().any(|size| *size > MAX_BODY / 2),
        "no body came near the limit: {sizes:?}"
    );
}
