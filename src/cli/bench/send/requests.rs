//! How soon `POST /api/v1/messages` is answered while a worker sends what comes.

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        latency::Quantiles,
        load::{self, Load},
    },
    scene::{Scene, request},
};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(20);

pub async fn measure(scene: &mut Scene, rate: u64) -> anyhow::Result<Quantiles> {
    scene.unlimited().await?;
    scene.begin().await?;
    // What was left of the campaigns is sent first.
    scene.drained().await?;
    let (key, channel) = (scene.key.clone(), scene.channels[0].0);
    // To those that the campaigns went to.
    let known = scene.invented.max(1) as u64;
    let bytes = move |n: u64| {
        let to = n % known + 1;
        let body = format!(
            r#"{{"channel_id":"{channel}","to":{{"phone":"+4915{to:08}"}},"type":"template","template":{{"name":"hello_world","language":{{"code":"en_US"}}}}}}"#
        );
        request("messages", &key, &body, "keep-alive")
    };
    let load = Load {
        address: scene.api()?,
        connections: CONNECTIONS,
        request: Arc::new(bytes),
        status: 202,
        duration: WARM_UP,
        rate: Some(rate as f64),
    };
    let numbers = load::Numbers::default();
    load::run(load.clone(), numbers.clone()).await?;
    let measured = Load {
        duration: MEASURED,
        ..load
    };
    let loaded = load::run(measured, numbers).await?;
    scene.end().await?;
    Ok(loaded.latencies.quantiles())
}
