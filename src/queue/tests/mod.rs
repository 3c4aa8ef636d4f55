//! The frame and the drivers on real servers: SQLite with the driver in process, PostgreSQL with the driver on Redis.

/// Makes a test for each size out of functions of a [`stage::Stage`].
macro_rules! both_sizes {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::queue::tests::stage::Stage;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name(Stage::embedded().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn distributed() {
                super::$name(Stage::distributed().await).await;
            }
        }
    )*};
}

mod admin;
mod backlog;
mod counts;
mod crashes;
mod driver;
mod failures;
mod lab;
mod latency;
mod leases;
mod outages;
mod schedule;
pub(crate) mod servers;
mod shutdown;
mod speed;
pub(crate) mod stage;
mod work;
