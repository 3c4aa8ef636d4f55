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

    async fn a_number_that_may_send_faster_does_so_within_a_second(world: World) {
        let mut phones = Vec::new();
        for place in 0..20 {
            phones.push(world.customer(place).await.wa_id);
        }
        // Far more than 80 a second allow in the time the test has.
        let message = |n: usize| {
            let mut it = world.text(&phones[n % 20], &format!("n {n}"));
            it["lane"] = json!("campaign");
            it
        };
        let messages: Vec<_> = (0..800).map(message).collect();
        world.post("messages/batch", json!({ "messages": messages })).await.ok();
        let graph = world.simulator.graph();
        wait_until(DEADLINE, "some are sent", async || graph.accepted() > 40).await;
        let upgraded = std::time::Instant::now();
        graph.change_number(NUMBER, NumberPatch { level: Some(Level::High), ..NumberPatch::default() });
        world.post(&format!("channels/{}/check", world.channel), json!({})).await.ok();
        wait_until(DEADLINE, "all are sent", async || graph.accepted() == 800).await;
        assert!(upgraded.elapsed().as_secs_f64() < 5.0, "at 80 a second it takes nine seconds: {:?}", upgraded.elapsed());
        assert_eq!((graph.refused(130_429), graph.refused(131_056)), (0, 0));
        world.end().await;
    }
}
