use mainstay_sim::{Fault, FaultRule, Level, NumberPatch};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::{channel, events, operator, tell, tenant, until_channel};
use crate::{
    sending::world::World,
    support::app::{NUMBER, WABA},
};

#[both_sizes]
async fn a_channel_that_is_added_again_with_a_new_token_sends_again(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(190)).times(1));
    let id = world.send(world.text(&ana.wa_id, "hello")).await;
    until_channel(&world, "the breaker trips", |it| it["breaker"]["code"] == 190).await;
    world.until_is(&id, "it is kept", |it| it["status"] == "queued").await;
    let path = format!("/admin/tenants/{}/channels", tenant(&world).await);
    let same = json!({ "phone_number_id": NUMBER, "waba_id": WABA, "access_token": "EAAG-test" });
    // The row is put aside a moment after the breaker: until then there is nothing to release.
    crate::support::wait::wait_until(crate::sending::world::DEADLINE, "it is held", async || {
        world
            .number("SELECT COUNT(*) FROM sends WHERE held = 'breaker' AND state = 'quarantined'")
            .await
            == 1
    })
    .await;
    let added = operator(&world).post(&path, same.clone()).await;
    assert_eq!(
        (added.status.as_u16(), &added.json()["recovered"]),
        (201, &json!(1)),
        "{}",
        added.text()
    );
    world.until(&id, "read").await;
    assert_eq!(channel(&world).await["breaker"], Value::Null);
    assert_eq!(events(&world, "channel.recovered").await.len(), 1);
    let again = operator(&world).post(&path, same).await.json();
    assert_eq!(again["recovered"], Value::Null, "there was nothing to recover");
    world.end().await;
}

#[both_sizes]
async fn a_number_that_meta_upgrades_is_known_to_be_faster(world: World) {
    assert_eq!(channel(&world).await["sending"]["rate"], 80.0);
    let upgrade = NumberPatch {
        level: Some(Level::High),
        upgrading_ms: Some(10),
        ..NumberPatch::default()
    };
    world.simulator.graph().change_number(NUMBER, upgrade);
    until_channel(&world, "the webhook is heeded", |it| it["sending"]["rate"] == 1_000.0).await;
    // Of another number nothing follows once there are two in the account.
    let path = format!("/admin/tenants/{}/channels", tenant(&world).await);
    let other = json!({ "phone_number_id": "400000000000001", "waba_id": WABA, "access_token": "EAAG-test" });
    let other = operator(&world).post(&path, other).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    tell(
        &world,
        "phone_number_quality_update",
        json!({ "display_phone_number": "+1 555 000 1111",
        "event": "THROUGHPUT_UPGRADE", "max_daily_conversations_per_business": "TIER_10K" }),
    )
    .await;
    until_channel(&world, "the limit is heeded", |it| it["daily_limit"]["limit"] == 10_000).await;
    let other = world.client.get(&format!("/api/v1/channels/{other}")).await.ok().json();
    assert_eq!(other["throughput"], Value::Null);
    world.end().await;
}
