use chrono::TimeDelta;
use mainstay_sim::{Fault, FaultRule};
use serde_json::json;

use super::world::{DEADLINE, World, on_both_sizes};
use crate::support::wait::wait_until;

on_both_sizes! {
    async fn a_queued_message_can_be_canceled_and_is_never_sent(world: World) {
        let ana = world.customer(0).await;
        world.fault(FaultRule::new(Fault::error(131_049)).times(1));
        let id = world.send(world.text(&ana.wa_id, "no more")).await;
        wait_until(DEADLINE, "it waits", async || {
            const TRIED: &str = "SELECT COUNT(*) FROM sends s JOIN send_attempts a ON a.message_id = s.id WHERE s.state = 'pending'";
            world.number(TRIED).await == 1
        })
        .await;
        let canceled = world.post(&format!("messages/{id}/cancel"), json!({})).await;
        assert_eq!(canceled.status.as_u16(), 204, "{}", canceled.text());
        assert_eq!(world.message(&id).await["status"], "canceled");
        let again = world.post(&format!("messages/{id}/cancel"), json!({})).await;
        assert_eq!(again.problem(409), "wrong-state");
        assert!(world.accepted("no more").is_empty());
        world.end().await;
    }

    async fn a_message_is_not_sent_after_its_time(world: World) {
        let ana = world.customer(0).await;
        world.fault(FaultRule::new(Fault::error(130_429)).times(1));
        let mut request = world.text(&ana.wa_id, "now or never");
        let soon = world.running.app.clock.now() + TimeDelta::hours(1);
        request["expires_at"] = json!(soon);
        request["lane"] = json!("campaign");
        world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
        let id = world.send(request).await;
        world.until_is(&id, "it was tried", |it| !it["attempts"].as_array().unwrap().is_empty()).await;
        world.running.app.clock.advance(TimeDelta::hours(2));
        let message = world.until(&id, "expired").await;
        assert!(world.accepted("now or never").is_empty(), "{message:#}");
        world.end().await;
    }

    async fn what_is_kept_for_its_channel_expires_all_the_same(world: World) {
        let ana = world.customer(0).await;
        world.fault(FaultRule::new(Fault::error(131_031)).times(1));
        let mut request = world.text(&ana.wa_id, "in time or not at all");
        request["expires_at"] = json!(world.running.app.clock.now() + TimeDelta::hours(1));
        let id = world.send(request).await;
        wait_until(DEADLINE, "it is kept", async || {
            world.number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'").await == 1
        })
        .await;
        world.running.app.clock.advance(TimeDelta::hours(2));
        world.until(&id, "expired").await;
        assert!(world.accepted("in time or not at all").is_empty());
        world.end().await;
    }

    async fn outside_the_window_only_templates_are_sent(world: World) {
        let ana = world.customer(0).await;
        world.running.app.clock.advance(TimeDelta::hours(25));
        let id = world.send(world.text(&ana.wa_id, "too late")).await;
        let message = world.until(&id, "failed").await;
        assert_eq!(message["error"]["code"], 131_047);
        assert!(message["error"]["title"].as_str().unwrap().starts_with("window_closed"));
        assert!(message["attempts"].as_array().unwrap().is_empty(), "Meta was not asked");
        let stranger = world.send(world.text("4915112345678", "hello?")).await;
        assert_eq!(world.until(&stranger, "failed").await["error"]["code"], 131_047);
        assert_eq!(world.simulator.graph().accepted(), 0);
        world.end().await;
    }
}
