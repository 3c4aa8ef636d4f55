//! Latency of `POST /api/v1/messages` while a worker sends.

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        latency::Quantiles,
        load::{self, Load},
    },
    SendBench,
    calls::request,
};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(20);

pub async fn measure(bench: &mut SendBench, rate: u64) -> anyhow::Result<Quantiles> {
    bench.unlimited().await?;
    bench.begin().await?;
    // The rest of the campaigns is sent first.
    bench.wait_until_drained().await?;
    let (key, channel) = (bench.key.clone(), bench.channels[0].0);
    // The recipients of the campaigns.
    let known = bench.invented.max(1) as u64;
    let bytes = move |n: u64| {
        let to = n % known + 1;
        let body = format!(
            r#"{{"channel_id":"{channel}","to":{{"phone":"+4915{to:08}"}},"type":"template","template":{{"name":"hello_world","language":{{"code":"en_US"}}}}}}"#
        );
        request("messages", &key, &body, "keep-alive")
    };
    let load = Load {
        address: bench.api()?,
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
    bench.end().await?;
    Ok(loaded.latencies.quantiles())
}
