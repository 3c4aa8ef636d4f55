//! Faults in any order: `kill -9`, `FLUSHALL`, a database that restarts, pause and resume, drawn from a seed.

use tokio_util::sync::CancellationToken;

use super::scene::{Scene, sample};

/// Recipients of each seed.
const COUNT: usize = 1_000;
const ROUNDS: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Disturbance {
    Kill,
    KillWhilePaused,
    Pause,
    Flush,
    RestartDatabase,
}

/// Draws from a seed: xorshift, so that a seed says the same for ever.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> Disturbance {
        use Disturbance::{Flush, Kill, KillWhilePaused, Pause, RestartDatabase};
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        [Kill, KillWhilePaused, Pause, Flush, RestartDatabase][usize::try_from(self.0 % 5).unwrap()]
    }
}

async fn disturb(scene: &mut Scene, id: &str, what: Disturbance) {
    let distributed = !scene.deployment.is_embedded();
    match what {
        Disturbance::Flush if distributed => scene.deployment.redis().flush_all().await,
        Disturbance::RestartDatabase if distributed => scene.deployment.postgres_mut().restart().await,
        Disturbance::Kill | Disturbance::Flush | Disturbance::RestartDatabase => scene.kill().await,
        Disturbance::Pause | Disturbance::KillWhilePaused => {
            scene.insist(&format!("campaigns/{id}/pause"), "paused").await;
            if matches!(what, Disturbance::KillWhilePaused) {
                scene.kill().await;
            }
            scene.insist(&format!("campaigns/{id}/resume"), "running").await;
        }
    }
}

/// The seeds from `MAINSTAY_TEST_SEEDS` (`1..20` unless it is set).
fn seeds() -> std::ops::RangeInclusive<u64> {
    let text = std::env::var("MAINSTAY_TEST_SEEDS").unwrap_or_else(|_| "1..20".to_owned());
    let (first, last) = text.split_once("..").expect("FIRST..LAST");
    first.parse().unwrap()..=last.parse().unwrap()
}

async fn run(seed: u64, mut scene: Scene) {
    scene.people(COUNT).await;
    let id = scene.launch().await;
    let db = scene.deployment.db().await;
    let over = CancellationToken::new();
    let sampled = sample(&db, &id, &over);
    let disturbed = async {
        let mut draws = Draws(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for round in 1..=ROUNDS {
            if !scene.has_accepted(&id, round * COUNT / (ROUNDS + 2)).await {
                break;
            }
            let what = draws.next();
            eprintln!("seed {seed}: {what:?} after {round} of {ROUNDS} parts");
            disturb(&mut scene, &id, what).await;
        }
        over.cancel();
        scene
    };
    let ((broken, samples), scene) = tokio::join!(sampled, disturbed);
    db.close().await;
    assert_eq!(broken, 0, "seed {seed}: of {samples} samples");
    scene.assert_everybody_once(&id, COUNT).await;
}

#[tokio::test]
#[ignore = "takes a minute for each seed"]
async fn everybody_is_written_to_once_in_one_process_whatever_the_seed() {
    for seed in seeds() {
        run(seed, Scene::embedded().await).await;
    }
}

#[tokio::test]
#[ignore = "takes a minute for each seed"]
async fn everybody_is_written_to_once_on_servers_whatever_the_seed() {
    for seed in seeds() {
        run(seed, Scene::on_private_postgres().await).await;
    }
}
