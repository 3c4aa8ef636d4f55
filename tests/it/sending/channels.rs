use std::time::Duration;

use chrono::TimeDelta;
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
        // At 80 a second the last of them leaves after 37 seconds.
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
        let app = &world.running.app;
        // Told to come later than the given number of seconds from now.
        let far = async |seconds: i64| {
            let sql = "SELECT COUNT(*) FROM sends WHERE state = 'pending' AND promised_at > $1";
            let at = app.clock.now() + TimeDelta::seconds(seconds);
            let (count,): (i64,) = app.db.reader().sql(sql, (at,)).one().await.unwrap();
            count
        };
        wait_until(DEADLINE, "many are told to wait for long", async || far(15).await > 500).await;
        let patch = NumberPatch { level: Some(Level::High), ..NumberPatch::default() };
        world.simulator.graph().change_number(NUMBER, patch);
        world.post(&format!("channels/{}/check", world.channel), json!({})).await.ok();
        wait_until(Duration::from_secs(10), "nobody waits for long", async || far(10).await == 0).await;
        let graph = world.simulator.graph();
        assert_eq!((graph.refused(130_429), graph.refused(131_056)), (0, 0));
        world.end().await;
    }
}
