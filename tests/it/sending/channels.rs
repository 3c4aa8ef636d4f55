use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{
    domain::{ChannelId, MessageId},
    store::sends::{self, Promised},
};
use mainstay_sim::{Level, NumberPatch};
use serde_json::json;

use super::world::{DEADLINE, World, on_both_sizes};
use crate::support::{
    app::{NUMBER, TestApp, on_both},
    wait::wait_until,
};

on_both! {
    async fn what_was_promised_at_another_rate_does_not_hold(test: TestApp) {
        let now = test.app.clock.now();
        let (id, channel): (MessageId, ChannelId) = (test.app.clock.new_id(), only_channel(&test).await);
        test.app.db.sql("
            INSERT INTO sends (id, tenant_id, channel_id, lane, urgency, recipient_kind, recipient, type, content, options, created_at,
                state, attempts, due_at)
            VALUES ($1, $2, $3, 2, 2, 'phone', '15550200001', 'text', '{}', '{}', $4, 'running', 1, $4)",
            (id, test.tenant, channel, now)).run().await.unwrap();
        let promise = async |throughput: f64, quota: Option<f64>| {
            test.app.db.sql("UPDATE sends SET state = 'running', attempts = 1", ()).run().await.unwrap();
            let at = now + TimeDelta::seconds(30);
            let promised = Promised { id, leases: 1, at, due: at, throughput, quota };
            assert_eq!(sends::promise(&test.app.db, &[promised], now).await.unwrap(), 1);
            let row: (String, i64, DateTime<Utc>, Option<DateTime<Utc>>) =
                test.app.db.sql("SELECT state, attempts, due_at, promised_at FROM sends", ()).one().await.unwrap();
            assert_eq!((row.0.as_str(), row.1), ("pending", 0));
            match row.3 {
                Some(promised) => assert_eq!((promised, row.2), (at, at)),
                None => assert_eq!(row.2, now, "it comes when all know"),
            }
            row.3.is_some()
        };
        assert!(promise(80.0, None).await);
        // The workers' directories hear of these a moment later, and the governor from them.
        test.app.db.sql("UPDATE channels SET throughput = 1000", ()).run().await.unwrap();
        assert!(!promise(80.0, None).await);
        assert!(promise(1_000.0, None).await);
        test.app.db.sql("UPDATE tenants SET messages_per_second = 12.3", ()).run().await.unwrap();
        assert!(!promise(1_000.0, None).await);
        assert!(promise(1_000.0, Some(12.3)).await);
    }
}

async fn only_channel(test: &TestApp) -> ChannelId {
    let (id,): (ChannelId,) = test.app.db.sql("SELECT id FROM channels", ()).one().await.unwrap();
    id
}

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
        let check = world.post(&format!("channels/{}/check", world.channel), json!({})).await.ok().json();
        assert_eq!(check["can_send"], true, "{check:#}");
        wait_until(Duration::from_secs(10), "nobody waits for long", async || far(10).await == 0).await;
        let graph = world.simulator.graph();
        assert_eq!((graph.refused(130_429), graph.refused(131_056)), (0, 0));
        world.end().await;
    }
}
