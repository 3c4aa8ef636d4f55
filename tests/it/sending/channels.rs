use mainstay_sim::{Level, NumberPatch};
use serde_json::json;

use super::world::{DEADLINE, World, on_both_sizes};
use crate::support::{app::NUMBER, wait::wait_until};

on_both_sizes! {
    async fn a_check_tells_what_meta_says_of_the_number(world: World) {
        let check = world.post(&format!("channels/{}/check", world.channel), json!({})).await.ok().json();
        assert_eq!(check["can_send"], true, "{check:#}");
        let channel = world.client.get(&format!("/api/v1/channels/{}", world.channel)).await.ok().json();
        assert_eq!(channel["sending"]["rate"], 80.0, "{channel:#}");
        assert_eq!(channel["breaker"], json!(null));
        world.end().await;
    }

    async fn a_number_that_may_send_faster_calls_back_those_who_were_told_to_wait(world: World) {
        // At 80 a second the last of them leaves after 37 seconds, longer than the test waits.
        const COUNT: usize = 3_000;
        let message = |n: usize| {
            json!({
                "channel_id": world.channel, "to": { "phone": format!("49151{n:07}") }, "lane": "campaign",
                "type": "template", "template": { "name": "hello_world", "language": { "code": "en_US" } },
            })
        };
        for from in (0..COUNT).step_by(1_000) {
            let messages: Vec<_> = (from..from + 1_000).map(message).collect();
            world.post("messages/batch", json!({ "messages": messages })).await.ok();
        }
        let far = "SELECT COUNT(*) FROM sends WHERE promised_at IS NOT NULL";
        wait_until(DEADLINE, "most are told to wait", async || world.number(far).await > 2_000).await;
        let patch = NumberPatch { level: Some(Level::High), ..NumberPatch::default() };
        world.simulator.graph().change_number(NUMBER, patch);
        world.post(&format!("channels/{}/check", world.channel), json!({})).await.ok();
        let graph = world.simulator.graph();
        wait_until(DEADLINE, "all are sent", async || graph.accepted() == COUNT).await;
        assert_eq!((graph.refused(130_429), graph.refused(131_056)), (0, 0));
        world.end().await;
    }
}
