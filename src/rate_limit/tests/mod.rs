//! Both drivers by the same tests, in a time that the tests move; on a real Redis, and with real time where that matters.

/// Makes a test for each driver out of functions of a [`stage::Stage`].
macro_rules! both_drivers {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::rate_limit::tests::stage::Stage;

            #[tokio::test]
            async fn local() {
                super::$name(Stage::local().await).await;
            }

            #[tokio::test]
            async fn redis() {
                super::$name(Stage::redis().await).await;
            }
        }
    )*};
}

mod backlogs;
mod changes;
mod crowd;
mod lanes;
mod limits;
mod memory;
mod outages;
mod pairs;
mod rules;
mod speed;
mod stage;
mod twins;
mod world;
