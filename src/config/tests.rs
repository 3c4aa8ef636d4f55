//! Valid and invalid environments.

use super::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn check(set: impl FnOnce(&mut Environment), purpose: Purpose) -> Result<Config, ConfigError> {
    let mut environment = <Environment as clap::Parser>::try_parse_from(std::iter::empty::<&str>()).unwrap();
    environment.master_key = Some(KEY.to_owned());
    environment.redis_url = None;
    environment.database_url = "sqlite://data/mainstay.db".to_owned();
    set(&mut environment);
    environment.check(purpose)
}

fn refusal(set: impl FnOnce(&mut Environment), purpose: Purpose) -> &'static str {
    check(set, purpose).expect_err("refused").variable
}

#[test]
fn a_master_key_is_all_it_takes() {
    let config = check(|_| {}, Purpose::Serve).unwrap();
    assert_eq!(
        (config.listen.port(), config.limits.body_bytes),
        (8080, 3 * 1024 * 1024)
    );
    assert!(
        config.listen.ip().is_loopback(),
        "this machine alone, unless told otherwise"
    );
    assert!(config.redis.is_none() && config.admin_token.is_none());
}

#[test]
fn an_invalid_variable_is_named() {
    let redis = |e: &mut Environment| e.redis_url = Some("redis://localhost".into());
    assert_eq!(refusal(|e| e.master_key = None, Purpose::Serve), "MAINSTAY_MASTER_KEY");
    assert_eq!(
        refusal(|e| e.master_key = Some("c2hvcnQ=".into()), Purpose::Operate),
        "MAINSTAY_MASTER_KEY"
    );
    assert_eq!(refusal(redis, Purpose::Serve), "REDIS_URL");
    assert_eq!(refusal(|_| {}, Purpose::Worker), "REDIS_URL");
    assert_eq!(refusal(|_| {}, Purpose::Api), "REDIS_URL");
    assert_eq!(
        refusal(|e| e.database_url = "mysql://x".into(), Purpose::Serve),
        "DATABASE_URL"
    );
    assert_eq!(refusal(|e| e.port = "http".into(), Purpose::Serve), "HOST and PORT");
    assert_eq!(
        refusal(|e| e.admin_token = Some("short".into()), Purpose::Serve),
        "MAINSTAY_ADMIN_TOKEN"
    );
    assert_eq!(
        refusal(|e| e.body_bytes = "3 MB".into(), Purpose::Serve),
        "MAINSTAY_BODY_BYTES"
    );
    assert_eq!(
        refusal(|e| e.event_days = "0".into(), Purpose::Serve),
        "MAINSTAY_EVENT_DAYS"
    );
    assert_eq!(
        refusal(|e| e.graph_version = "25".into(), Purpose::Serve),
        "GRAPH_VERSION"
    );
    assert_eq!(
        refusal(|e| e.graph_timeout = "0".into(), Purpose::Serve),
        "GRAPH_TIMEOUT"
    );
    assert_eq!(
        refusal(|e| e.log_format = "xml".into(), Purpose::Serve),
        "MAINSTAY_LOG_FORMAT"
    );
    assert_eq!(
        refusal(|e| e.storage = Some("s3://".into()), Purpose::Serve),
        "MAINSTAY_STORAGE"
    );
    assert_eq!(
        refusal(|e| e.storage = Some("s3://media".into()), Purpose::Serve),
        "AWS_ACCESS_KEY_ID"
    );
    assert_eq!(
        refusal(|e| e.egress_networks = Some("10.0.0.0/8, here".into()), Purpose::Serve),
        "MAINSTAY_EGRESS_NETWORKS"
    );
    assert_eq!(
        refusal(|e| e.egress_http = "maybe".into(), Purpose::Serve),
        "MAINSTAY_EGRESS_HTTP"
    );
    assert_eq!(
        refusal(|e| e.public_url = Some("mainstay.example".into()), Purpose::Serve),
        "MAINSTAY_PUBLIC_URL"
    );
    assert_eq!(
        refusal(|e| e.metrics_listen = Some("9090".into()), Purpose::Serve),
        "MAINSTAY_METRICS_LISTEN"
    );
    assert_eq!(
        refusal(|e| e.metrics_token = Some("short".into()), Purpose::Serve),
        "MAINSTAY_METRICS_TOKEN"
    );
    assert_eq!(
        refusal(|e| e.proxies = "here".into(), Purpose::Serve),
        "MAINSTAY_PROXIES"
    );
    assert_eq!(
        refusal(|e| e.connections = "0".into(), Purpose::Serve),
        "MAINSTAY_CONNECTIONS"
    );
    assert_eq!(
        refusal(|e| e.unverified_bytes = "1000".into(), Purpose::Serve),
        "MAINSTAY_UNVERIFIED_BYTES"
    );
}

#[test]
fn media_are_kept_beside_the_database_unless_said_otherwise() {
    let folder = |set: fn(&mut Environment)| match check(set, Purpose::Serve).unwrap().storage {
        StorageConfig::Folder(folder) => folder.display().to_string(),
        StorageConfig::Bucket(bucket) => format!("{} {} {}", bucket.name, bucket.prefix, bucket.region),
    };
    assert_eq!(folder(|_| {}), "data/media");
    assert_eq!(folder(|e| e.database_url = "sqlite:///srv/a.db".into()), "/srv/media");
    assert_eq!(folder(|e| e.database_url = "sqlite://a.db".into()), "media");
    assert_eq!(
        folder(|e| e.database_url = "postgres://localhost/a".into()),
        "data/media"
    );
    assert_eq!(folder(|e| e.storage = Some("/var/media".into())), "/var/media");
    let bucket = |e: &mut Environment| {
        e.storage = Some("s3://files/of/mainstay/".into());
        e.s3_access_key_id = Some("id".into());
        e.s3_secret_access_key = Some("secret".into());
    };
    assert_eq!(folder(bucket), "files of/mainstay us-east-1");
}

#[test]
fn secrets_do_not_show() {
    let config = check(|e| e.app_secrets = Some("one-secret, another".into()), Purpose::Serve).unwrap();
    assert_eq!(config.app_secrets.len(), 2);
    let shown = format!("{config:?}");
    assert!(!shown.contains("one-secret") && !shown.contains(KEY), "{shown}");
}
