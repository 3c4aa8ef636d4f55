//! Checks Redis.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};

use super::Finding;
use crate::config::RedisConfig;

const CHECK: &str = "redis";
const PROBES: usize = 9;
const SLOW: Duration = Duration::from_millis(10);
const TIMEOUT: Duration = Duration::from_secs(5);

pub async fn check(redis: &RedisConfig) -> Vec<Finding> {
    match examine(redis).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(
            CHECK,
            format!("does not answer: {error}"),
            "start it, and see that REDIS_URL names its host, port and password; webhooks are stored meanwhile",
        )],
    }
}

async fn examine(redis: &RedisConfig) -> RedisResult<Vec<Finding>> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    let client = Client::open(redis.url.expose())?;
    let mut conn = client.get_multiplexed_async_connection_with_config(&config).await?;
    let info: String = redis::cmd("INFO").query_async(&mut conn).await?;
    let mut findings = server(&facts(&info));
    findings.push(latency(median_ping(&mut conn).await?));
    findings.extend(not_writable(&mut conn, &redis.prefix).await);
    Ok(findings)
}

/// The `name:value` lines of `INFO`, <https://redis.io/docs/latest/commands/info/>.
fn facts(info: &str) -> HashMap<&str, &str> {
    info.lines().filter_map(|line| line.trim().split_once(':')).collect()
}

fn server(facts: &HashMap<&str, &str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fact = |name: &str| facts.get(name).copied();
    let valkey = fact("valkey_version");
    let version = valkey.or(fact("redis_version")).unwrap_or("unknown");
    let name = if valkey.is_some() { "Valkey" } else { "Redis" };
    let what = format!("{name} {version}; its persistence is not needed, the rows are the truth");
    findings.push(if valkey.is_some() || at_least_6_2(version) {
        Finding::ok(CHECK, what)
    } else {
        Finding::fail(CHECK, what, "use Redis 6.2 or later, or Valkey")
    });
    if let Some(policy) = fact("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        let what = format!(
            "maxmemory-policy is {policy}, so a full Redis drops queued ids and the sweep must queue them again"
        );
        findings.push(Finding::warn(CHECK, what, "set maxmemory-policy noeviction"));
    }
    if let Some(role) = fact("role").filter(|role| *role != "master") {
        let what = format!("this is a {role}, which cannot be written");
        findings.push(Finding::fail(CHECK, what, "set REDIS_URL to the primary"));
    }
    findings
}

fn at_least_6_2(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (major, minor) >= (6, 2)
}

async fn median_ping(conn: &mut MultiplexedConnection) -> RedisResult<Duration> {
    let mut taken = [Duration::ZERO; PROBES];
    for taken in &mut taken {
        let start = Instant::now();
        redis::cmd("PING").query_async::<()>(conn).await?;
        *taken = start.elapsed();
    }
    taken.sort_unstable();
    Ok(taken[PROBES / 2])
}

fn latency(median: Duration) -> Finding {
    let what = format!("answers in {:.2} ms", median.as_secs_f64() * 1e3);
    if median < SLOW {
        Finding::ok(CHECK, what)
    } else {
        Finding::warn(CHECK, what, "run api and worker near it")
    }
}

/// Writes a key: ACLs may forbid our keys, and a full Redis rejects them.
async fn not_writable(conn: &mut MultiplexedConnection, prefix: &str) -> Option<Finding> {
    let key = format!("{prefix}:doctor");
    let mut set = redis::cmd("SET");
    let written: RedisResult<()> = set.arg(&key).arg(1).arg("EX").arg(10).query_async(conn).await;
    let cure = format!("let its user write keys that begin with {prefix}, and see that it has memory left");
    Some(Finding::fail(
        CHECK,
        format!("does not take {key}: {}", written.err()?),
        cure,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::FindingStatus;

    fn statuses(info: &str) -> Vec<FindingStatus> {
        server(&facts(info)).iter().map(|finding| finding.status).collect()
    }

    #[test]
    fn the_version_is_read_from_what_the_server_says() {
        for (info, expected) in [
            (
                "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n",
                FindingStatus::Ok,
            ),
            ("redis_version:6.2.0\r\n", FindingStatus::Ok),
            ("redis_version:6.0.16\r\n", FindingStatus::Fail),
            (
                "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n",
                FindingStatus::Ok,
            ),
            ("", FindingStatus::Fail),
        ] {
            assert_eq!(statuses(info), [expected], "{info}");
        }
    }

    #[test]
    fn eviction_is_a_warning_and_a_replica_a_failure() {
        let found = statuses("redis_version:7.0.15\r\nmaxmemory_policy:allkeys-lru\r\nrole:slave\r\n");
        assert_eq!(found, [FindingStatus::Ok, FindingStatus::Warn, FindingStatus::Fail]);
    }
}
