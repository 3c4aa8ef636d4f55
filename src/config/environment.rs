//! The environment variables.

use clap::Parser;

use super::{ConfigError, env_file::EnvFile, files};

/// The environment variables, as text. A test holds `.env.example` to this list.
#[derive(Clone, Debug, Parser)]
#[command(name = "mainstay", no_binary_name = true, disable_help_flag = true)]
pub struct Environment {
    /// `sqlite://FILE` (one process on one machine) or `postgres://USER:PASSWORD@HOST/NAME`.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://data/mainstay.db"
    )]
    pub database_url: String,
    /// Connections to PostgreSQL a process may open for its own work; intake has 2 more.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value = "10")]
    pub(crate) database_connections: String,
    /// Additional connections a process may open for the reads of tenants; one tenant may use half of them.
    #[arg(long, env = "DATABASE_READ_CONNECTIONS", default_value = "4")]
    pub(crate) database_read_connections: String,
    /// `redis://HOST:PORT`. Unset: the queue lives in the process, and only `mainstay serve` can run.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// Prefix of every key in Redis, so that installations can share one.
    #[arg(long, env = "REDIS_PREFIX", default_value = "mainstay")]
    pub(crate) redis_prefix: String,
    /// Address to listen on: loopback by default; `0.0.0.0` or `::` is every interface.
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    pub host: String,
    /// Port to listen on.
    #[arg(long, env = "PORT", default_value = "8080")]
    pub port: String,
    /// Port on which the `worker` binary serves health and metrics. Unset: it does not listen.
    #[arg(long, env = "WORKER_PORT")]
    pub(crate) worker_port: Option<String>,
    /// Additional address and port, e.g. `127.0.0.1:9090`, on which `api` and `serve` show health and metrics. Unset: none.
    #[arg(long, env = "MAINSTAY_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,
    /// 32 bytes in base64, e.g. `openssl rand -base64 32`. Several are separated by commas: the first seals, all open.
    #[arg(long, env = "MAINSTAY_MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<String>,
    /// Bearer token of the operator's API under `/admin`. Unset: that API is closed.
    #[arg(long, env = "MAINSTAY_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Bearer token for `/metrics` and `/health`. Unset: they are open on a port of their own and where HOST is loopback, else closed.
    #[arg(long, env = "MAINSTAY_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// App secrets that sign Meta's webhooks, separated by commas; all of them are valid.
    #[arg(long, env = "META_APP_SECRETS", hide_env_values = true)]
    pub app_secrets: Option<String>,
    /// The verify token entered in Meta's webhook form. Unset: the handshake is refused.
    #[arg(long, env = "META_VERIFY_TOKEN", hide_env_values = true)]
    pub verify_token: Option<String>,
    /// Base URL of Meta's Graph API.
    #[arg(long, env = "GRAPH_BASE_URL", default_value = "https://graph.facebook.com")]
    pub(crate) graph_base_url: String,
    /// Version of the Graph API.
    #[arg(long, env = "GRAPH_VERSION", default_value = "v25.0")]
    pub(crate) graph_version: String,
    /// Time limit of a call to the Graph API, in seconds; a message without an answer by then counts as perhaps sent.
    #[arg(long, env = "GRAPH_TIMEOUT", default_value = "15")]
    pub(crate) graph_timeout: String,
    /// Maximum size of a webhook, in bytes.
    #[arg(long, env = "MAINSTAY_BODY_BYTES", default_value = "3145728")]
    pub body_bytes: String,
    /// Bytes of memory that API requests of a process may hold; a tenant has a quarter of them, and more is answered 503.
    #[arg(long, env = "MAINSTAY_REQUEST_BYTES", default_value = "268435456")]
    pub request_bytes: String,
    /// Maximum bytes of webhooks held before their signatures are verified; more are answered 503 and sent again by Meta.
    #[arg(long, env = "MAINSTAY_UNVERIFIED_BYTES", default_value = "67108864")]
    pub unverified_bytes: String,
    /// Maximum number of open connections; lower if the limit of open files requires it.
    #[arg(long, env = "MAINSTAY_CONNECTIONS", default_value = "10000")]
    pub connections: String,
    /// Maximum number of connections per client address, proxies excepted; 0 is no limit.
    #[arg(long, env = "MAINSTAY_CONNECTIONS_PER_ADDRESS", default_value = "1024")]
    pub(crate) connections_per_address: String,
    /// Networks of your reverse proxies: exempt from the limit per address, and trusted to name the client (`X-Forwarded-For`).
    #[arg(long, env = "MAINSTAY_PROXIES", default_value = "127.0.0.0/8,::1/128")]
    pub proxies: String,
    /// Webhooks that may wait for the database; more are answered 503 and sent again by Meta.
    #[arg(long, env = "MAINSTAY_INTAKE_BACKLOG", default_value = "4096")]
    pub(crate) intake_backlog: String,
    /// Requests to send that may wait for the database; more are answered 503.
    #[arg(long, env = "MAINSTAY_OUTBOX_BACKLOG", default_value = "1024")]
    pub(crate) outbox_backlog: String,
    /// Seconds that a message that was perhaps sent waits for a status, before the tenant's policy decides.
    #[arg(long, env = "MAINSTAY_UNKNOWN_SECONDS", default_value = "120")]
    pub(crate) unknown_seconds: String,
    /// Waits between the attempts to deliver an event, e.g. `5s,5m,2h`; after the last one it is dead.
    #[arg(
        long,
        env = "MAINSTAY_DELIVERY_SCHEDULE",
        default_value = "5s,5m,30m,2h,5h,10h,14h,20h,24h"
    )]
    pub(crate) delivery_schedule: String,
    /// Time limit of an endpoint's whole response, in seconds.
    #[arg(long, env = "MAINSTAY_DELIVERY_TIMEOUT", default_value = "15")]
    pub(crate) delivery_timeout: String,
    /// Maximum number of concurrent requests to endpoints per process; a tenant's endpoints have a quarter of them.
    #[arg(long, env = "MAINSTAY_DELIVERY_CONCURRENCY", default_value = "512")]
    pub(crate) delivery_concurrency: String,
    /// Minutes before the end of a service window at which `conversation.window_closing` is sent; 0 is never.
    #[arg(long, env = "MAINSTAY_WINDOW_CLOSING_MINUTES", default_value = "60")]
    pub(crate) window_closing_minutes: String,
    /// Requests per second per API key.
    #[arg(long, env = "MAINSTAY_API_RATE", default_value = "100")]
    pub api_rate: String,
    /// Ids kept per queue in Redis or in memory; the rest waits in the database.
    #[arg(long, env = "MAINSTAY_QUEUE_DEPTH", default_value = "100000")]
    pub(crate) queue_depth: String,
    /// Megabytes of free disk below which the process reports itself unready.
    #[arg(long, env = "MAINSTAY_DISK_FREE_MB", default_value = "512")]
    pub disk_free_mb: String,
    /// Days a processed webhook is kept.
    #[arg(long, env = "MAINSTAY_RAW_EVENT_DAYS", default_value = "30")]
    pub(crate) raw_event_days: String,
    /// Days a webhook that could not be processed is kept.
    #[arg(long, env = "MAINSTAY_DEAD_EVENT_DAYS", default_value = "90")]
    pub(crate) dead_event_days: String,
    /// Days domain events are kept for readers.
    #[arg(long, env = "MAINSTAY_EVENT_DAYS", default_value = "30")]
    pub(crate) event_days: String,
    /// Days a delivery that has ended is kept, with its attempts.
    #[arg(long, env = "MAINSTAY_DELIVERY_DAYS", default_value = "30")]
    pub(crate) delivery_days: String,
    /// Days the queue row of a message that was sent, or never will be, is kept; the message stays, with its attempts and statuses.
    #[arg(long, env = "MAINSTAY_SEND_DAYS", default_value = "30")]
    pub(crate) send_days: String,
    /// Days a status of an unknown message is kept.
    #[arg(long, env = "MAINSTAY_ORPHAN_STATUS_DAYS", default_value = "14")]
    pub(crate) orphan_status_days: String,
    /// Days media are kept, received and uploaded.
    #[arg(long, env = "MAINSTAY_MEDIA_DAYS", default_value = "365")]
    pub(crate) media_days: String,
    /// Days the recipients and rows of a campaign are kept after its end; the campaign stays, with its numbers
    #[arg(long, env = "MAINSTAY_CAMPAIGN_DAYS", default_value = "400")]
    pub(crate) campaign_days: String,
    /// Days what was found out about a number counts for verifications; 0 is not at all.
    #[arg(long, env = "MAINSTAY_VERIFICATION_CACHE_DAYS", default_value = "30")]
    pub(crate) verification_cache_days: String,
    /// How often a job that was given up is tried again, 0 to 6 times, before it is archived.
    #[arg(long, env = "MAINSTAY_DEAD_LETTER_RETRIES", default_value = "3")]
    pub(crate) dead_letter_retries: String,
    /// How long such a job waits before each time: at least as many as MAINSTAY_DEAD_LETTER_RETRIES, in `s`, `m` or `h`.
    #[arg(long, env = "MAINSTAY_DEAD_LETTER_LADDER", default_value = "1m,5m,30m,2h,12h,24h")]
    pub(crate) dead_letter_ladder: String,
    /// Time zone of the installation's own schedules, e.g. `Asia/Kolkata`.
    #[arg(long, env = "MAINSTAY_SCHEDULER_ZONE", default_value = "UTC")]
    pub(crate) scheduler_zone: String,
    /// Media storage: a folder, or `s3://BUCKET/PREFIX`. Unset: `media` beside the SQLite file, `data/media` with PostgreSQL.
    #[arg(long, env = "MAINSTAY_STORAGE")]
    pub storage: Option<String>,
    /// Endpoint of an S3-compatible store other than Amazon's.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub(crate) s3_endpoint: Option<String>,
    /// Region of the bucket.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub(crate) s3_region: String,
    /// S3 access key id.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide_env_values = true)]
    pub(crate) s3_access_key_id: Option<String>,
    /// S3 secret access key.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub(crate) s3_secret_access_key: Option<String>,
    /// Public base URL of this installation, e.g. `https://mainstay.example`. Unset: links to media are paths.
    #[arg(long, env = "MAINSTAY_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Networks that addresses chosen by tenants may resolve to although they are not public, e.g. `10.1.0.0/16,fd00::/8`.
    #[arg(long, env = "MAINSTAY_EGRESS_NETWORKS")]
    pub(crate) egress_networks: Option<String>,
    /// `refuse` or `allow` http:// in addresses chosen by tenants; allow it for development only.
    #[arg(long, env = "MAINSTAY_EGRESS_HTTP", default_value = "refuse")]
    pub(crate) egress_http: String,
    /// `pretty` or `json`.
    #[arg(long, env = "MAINSTAY_LOG_FORMAT", default_value = "pretty")]
    pub(crate) log_format: String,
    /// Log filter, e.g. `info` or `info,mainstay=debug`.
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub(crate) log_filter: String,
    /// Collector of traces (OTLP over HTTP). Unset: no traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub(crate) otlp_endpoint: Option<String>,
}

impl Environment {
    /// Reads the environment of this process, the file `.env` for what it lacks, and the files named by its `…_FILE` variables.
    pub fn read() -> Result<Self, ConfigError> {
        Self::of(variable, &EnvFile::read()?)
    }

    /// Reads variables as `lookup` has them, else the file.
    fn of(lookup: impl Fn(&str) -> Option<String>, file: &EnvFile) -> Result<Self, ConfigError> {
        // A secret that the environment has in either form is not looked for in the file.
        let has_pair = |name: &str| {
            let pair = files::SECRETS.iter().find(|(plain, of)| [*plain, *of].contains(&name));
            pair.is_some_and(|(plain, of)| lookup(plain).is_some() || lookup(of).is_some())
        };
        let added = |name: &str| file.get(name).filter(|_| lookup(name).is_none() && !has_pair(name));
        let both = |name: &str| lookup(name).or_else(|| added(name).map(|value| value.expose().to_owned()));
        let from_files = files::read(both)?;
        let flags = <Self as clap::CommandFactory>::command();
        let mut given = Vec::new();
        for argument in flags.get_arguments() {
            let (Some(variable), Some(flag)) = (argument.get_env().and_then(|it| it.to_str()), argument.get_long())
            else {
                continue;
            };
            let in_file = from_files.iter().find(|(name, _)| *name == variable);
            if let Some(value) = in_file.map(|(_, value)| value).or_else(|| added(variable)) {
                given.push(format!("--{flag}={}", value.expose()));
            }
        }
        Self::try_parse_from(given).map_err(|error| ConfigError::invalid_environment(&error))
    }

    /// Returns the names of the variables that are set, in order of declaration.
    pub fn given() -> Vec<String> {
        let file = EnvFile::read().unwrap_or_default();
        let is_set = |name: &str| variable(name).is_some() || file.get(name).is_some();
        let names = Self::variables().into_iter().map(|(name, ..)| name);
        let mut set: Vec<String> = names.filter(|name| is_set(name)).collect();
        let files = files::SECRETS.iter().map(|(_, file)| (*file).to_owned());
        set.extend(files.filter(|name| is_set(name) && variable(name).is_none_or(|path| !path.is_empty())));
        set
    }

    /// Returns the names in `.env` that begin like ours and that nothing reads.
    pub(crate) fn unread() -> Vec<String> {
        let file = EnvFile::read().unwrap_or_default();
        let known: Vec<String> = Self::variables().into_iter().map(|(name, ..)| name).collect();
        let is_read =
            |name: &str| known.iter().any(|it| it == name) || files::SECRETS.iter().any(|(_, of)| *of == name);
        let ours = |name: &&str| ["MAINSTAY_", "META_", "GRAPH_"].iter().any(|it| name.starts_with(it));
        let names = file.names().filter(ours).filter(|name| !is_read(name));
        names.map(str::to_owned).collect()
    }

    /// Returns a warning if others may read secrets in `.env`.
    pub(crate) fn exposure() -> Option<String> {
        EnvFile::read().ok()?.exposure()
    }

    /// Returns name, description and default of every variable, in order of declaration.
    pub fn variables() -> Vec<(String, String, Option<String>)> {
        let command = <Self as clap::CommandFactory>::command();
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        command
            .get_arguments()
            .filter_map(|arg| {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                Some((
                    text(arg.get_env()?),
                    help,
                    arg.get_default_values().first().map(|value| text(value)),
                ))
            })
            .collect()
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../.env.example");

    /// Returns the entry of a variable in `.env.example`: its description, then its default.
    fn entry((name, help, default): &(String, String, Option<String>)) -> String {
        format!("# {help}\n# {name}={}", default.as_deref().unwrap_or_default())
    }

    #[test]
    fn the_example_names_every_variable_with_its_description_and_default_and_no_other() {
        let expected: Vec<String> = Environment::variables().iter().map(entry).collect();
        let blocks = EXAMPLE.trim_end().split("\n\n").skip(1);
        assert_eq!(blocks.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_secret_may_stand_in_a_file_and_the_example_names_them() {
        let command = <Environment as clap::CommandFactory>::command();
        let hidden = command.get_arguments().filter(|arg| arg.is_hide_env_values_set());
        let hidden: Vec<String> = hidden
            .filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned()))
            .collect();
        let mut secrets = files::SECRETS.map(|(name, _)| name.to_owned()).to_vec();
        let header = EXAMPLE.split("\n\n").next().unwrap_or_default();
        for (name, file) in files::SECRETS {
            assert_eq!(file, format!("{name}_FILE"));
            assert!(header.contains(file), "{file}");
        }
        let mut hidden = hidden;
        hidden.sort();
        secrets.sort();
        assert_eq!(hidden, secrets);
    }
}
