//! A disk that is full, and then has room again.

use std::{io::Write, process::Command, time::Duration};

use mainstay_sim::Simulator;

use super::{
    http::Client,
    ledgers::compare,
    traffic::{acknowledged, rude},
};
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(120);
const COUNT: usize = 2_000;

/// The kernel refuses to let any file of the process grow, as an exceeded quota does: every write beyond the limit fails with EFBIG.
/// It takes no privilege, and the limit can be changed while the process runs.
#[tokio::test]
async fn what_cannot_be_written_is_refused_and_everything_recovers_once_there_is_room() {
    let mut deployment = Deployment::embedded().await;
    // Without this the kernel would end the process with SIGXFSZ, of which a full disk knows nothing.
    deployment
        .start_api_in(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .await;
    let simulator = deployment.simulator(rude(11));
    let faults = async {
        for round in 1..=3 {
            acknowledged(&simulator, round * COUNT as u64 / 4).await;
            // The database and its log are longer than this already.
            limit_files(deployment.api_id(), "65536");
            refused(&deployment, &simulator).await;
            limit_files(deployment.api_id(), "unlimited");
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}

/// A small file system that is filled by another file: every write fails with ENOSPC. It takes a mount of one's own, which not every
/// machine allows.
#[tokio::test]
async fn a_full_disk_costs_nothing_that_was_acknowledged() {
    let Some(namespace) = namespace() else {
        // Past the harness, which would keep to itself what a test that passes has to say.
        let skipped = "SKIPPED a_full_disk_costs_nothing_that_was_acknowledged: mounting is not permitted here";
        writeln!(std::io::stderr(), "{skipped}").expect("somebody reads what is said");
        return;
    };
    let mut deployment = Deployment::embedded().await;
    // The database moves to the small disk before the process opens it.
    let disk = deployment.folder().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=64m tmpfs disk && cp mainstay.db* disk && exec \"$0\" \"$@\"";
    deployment.set(
        "DATABASE_URL",
        &format!("sqlite://{}", disk.join("mainstay.db").display()),
    );
    let wrapper = [namespace, &["sh", "-c", script]].concat();
    deployment.start_api_in(&wrapper).await;
    let inside = format!("/proc/{}/root{}", deployment.api_id(), disk.display());
    let simulator = deployment.simulator(rude(12));
    let faults = async {
        for round in 1..=3 {
            acknowledged(&simulator, round * COUNT as u64 / 4).await;
            let filler = format!("{inside}/filler");
            fill(&filler);
            refused(&deployment, &simulator).await;
            std::fs::remove_file(&filler).unwrap();
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    deployment.assert_running();
    let client = Client::of(&deployment);
    wait_until(DEADLINE, "every stored webhook is processed", async || {
        let queue = client.get("/admin/queues/inbound").await.body;
        ["pending", "scheduled", "running"]
            .iter()
            .all(|state| queue[state] == 0)
    })
    .await;
    // The disk goes with the process, so what is on it is copied back while the process stands still.
    let process = deployment.take_api();
    process.send("STOP");
    let status = format!("/proc/{}/status", process.id());
    wait_until(DEADLINE, "the process stands still", async || {
        std::fs::read_to_string(&status).is_ok_and(|status| status.contains("State:\tT"))
    })
    .await;
    let copied = ["mainstay.db", "mainstay.db-wal"].map(|file| {
        let from = format!("{inside}/{file}");
        std::fs::copy(from, deployment.folder().join(file)).expect("the test may look into the process' disk")
    });
    assert!(copied[0] > 0, "there is a database");
    process.kill().await;
    compare(&deployment, &simulator).await;
}

/// The first way to mount something for one process alone that is permitted here: as root, or in a user namespace.
fn namespace() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [
        &["unshare", "--mount"],
        &["unshare", "--mount", "--user", "--map-root-user"],
    ];
    WAYS.into_iter().find(|way| {
        let mount = [way, &["mount", "-t", "tmpfs", "tmpfs", "/mnt"][..]].concat();
        let tried = Command::new(mount[0]).args(&mount[1..]).output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// Until Meta and others were refused many times, each time with 503 and when to come again; readers are served all the same.
async fn refused(deployment: &Deployment, simulator: &Simulator) {
    const TIMES: u64 = 20;
    let client = Client::of(deployment);
    simulator.pause();
    // The log of the database has been longer than it is now, so there is room in it; large webhooks use that up.
    let mut refusals = 0;
    for (blanks, times) in [(1 << 18, 1), (0, TIMES)] {
        wait_until(DEADLINE, "there is no room", async || {
            let answer = client.post_padded_webhook(blanks).await;
            if answer.status != 200 {
                assert_eq!(
                    answer.status, 503,
                    "nothing is acknowledged that cannot be stored: {answer:?}"
                );
                assert!(answer.retry_after.is_some(), "Meta is told when to come again");
                refusals += 1;
            }
            refusals >= times
        })
        .await;
        refusals = 0;
    }
    let before = simulator.totals().refused;
    simulator.resume();
    wait_until(DEADLINE, "Meta is refused too", async || {
        simulator.totals().refused > before + TIMES
    })
    .await;
    assert_eq!(client.get("/health/live").await.status, 200);
}

fn limit_files(process: u32, bytes: &str) {
    let limits = [format!("--pid={process}"), format!("--fsize={bytes}:unlimited")];
    let limited = Command::new("prlimit")
        .args(limits)
        .output()
        .expect("util-linux has prlimit");
    assert!(limited.status.success(), "{limited:?}");
}

/// Until there is no room for another byte.
fn fill(path: &str) {
    let mut file = std::fs::File::create(path).unwrap();
    for block in [1 << 16, 1] {
        let zeros = vec![0; block];
        while file.write_all(&zeros).is_ok() {}
    }
}
