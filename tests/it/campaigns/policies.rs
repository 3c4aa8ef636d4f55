//! What a campaign does about messages whose delivery is unknown, and about those that Meta withholds.

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::phone;
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

const WITHHELD: i64 = 131_049;

#[both_sizes]
async fn what_meta_withholds_fails_or_waits_for_a_day(world: World) {
    world.offers().await;
    world.people(3, "all").await;
    world.fault(FaultRule::new(Fault::failed(WITHHELD)));
    let id = world.launch(world.draft("all")).await;
    let failed = world
        .until_campaign(&id, "they have failed", |it| it["progress"]["failed"] == 3)
        .await;
    assert_eq!(
        failed["failures"],
        json!([{ "code": WITHHELD, "count": 3 }]),
        "{failed:#}"
    );
    let mut draft = world.draft("all");
    draft["on_marketing_cap"] = json!("wait");
    let patient = world.launch(draft).await;
    let waiting = world
        .until_campaign(&patient, "they wait", |it| {
            it["progress"]["open"] == 3 && world.simulator.graph().accepted() == 6
        })
        .await;
    assert_eq!(waiting["expires_after_s"], 172_800, "there is time for another try");
    const LATER: &str = "SELECT COUNT(*) FROM sends WHERE not_before IS NOT NULL AND finished_at IS NULL";
    wait_until(DEADLINE, "they are tried again later", async || {
        world.number(LATER).await == 3
    })
    .await;
    let mut hasty = world.draft("all");
    (hasty["on_marketing_cap"], hasty["expires_after_s"]) = (json!("wait"), json!(3_600));
    let refused = world.post("campaigns", hasty).await;
    assert_eq!(refused.json()["field"], "expires_after_s", "{}", refused.text());
    world.end().await;
}

#[both_sizes]
async fn an_unknown_message_is_held_or_sent_again_as_the_campaign_says(world: World) {
    world.offers().await;
    world.people(1, "all").await;
    for (policy, accepted) in [("hold", 0), ("resend", 1)] {
        world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
        let mut draft = world.draft("all");
        draft["on_unknown"] = json!(policy);
        let id = world.launch(draft).await;
        const HELD: &str = "SELECT COUNT(*) FROM sends WHERE held = 'unknown'";
        match policy {
            "hold" => wait_until(DEADLINE, "it is held", async || world.number(HELD).await == 1).await,
            _ => drop(world.until_status(&id, "completed").await),
        }
        assert_eq!(world.accepted_for(&phone(0)), accepted, "{policy}");
    }
    world.end().await;
}
