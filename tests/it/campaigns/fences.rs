//! A turn of a campaign that stands still at any of its awaits, while something else happens, and then wakes: whichever of the two comes
//! second finds a cursor or a status moved, and writes nothing.
//!
//! On PostgreSQL one that stands still keeps what it has locked; on SQLite it may have the writer in hand. So what happens meanwhile is given
//! a head start, and then both go on together.

use std::{cell::Cell, future::Future, pin::Pin, time::Duration};

use chrono::TimeDelta;
use mainstay::{
    campaigns::{self, CAMPAIGNS, CampaignService},
    db::Result,
    domain::{CampaignId, ContactId, Id},
    queue::{self, Outcome},
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::phone;
use crate::support::{
    app::TestApp,
    http::Client,
    polled::{Polled, numbers},
    wait::wait_until,
};

const PEOPLE: usize = 6;
const ROUNDS: usize = 24;
/// More polls than a turn takes.
const MANY: usize = 10_000;
/// What happens meanwhile ends within this time, unless it waits for what the turn has locked.
const HEAD_START: Duration = Duration::from_millis(100);
const UNLOCKED: Duration = Duration::from_secs(30);

type Run<'a> = Pin<Box<dyn Future<Output = Result<Outcome>> + Send + 'a>>;

/// A tenant with a template and people, whose campaigns are worked on by hand.
struct Stage {
    test: TestApp,
    client: Client,
    /// Its turns are short: its work is about to end.
    service: CampaignService,
    contacts: Vec<String>,
    channel: String,
    /// How often the first turn of a campaign is polled at least when nothing happens meanwhile, and the second.
    polls: [usize; 2],
}

impl Stage {
    async fn on(test: TestApp) -> Self {
        const TEMPLATE: &str = "
            INSERT INTO templates (tenant_id, id, waba_id, meta_id, name, language, status, status_at, category, components, created_at,
                updated_at, synced_at)
            SELECT tenant_id, id, waba_id, external_id, 'hello', 'en_US', 'APPROVED', created_at, 'UTILITY',
                '[{\"type\":\"BODY\",\"text\":\"Hello\"}]', created_at, created_at, created_at
            FROM channels";
        const SYNCED: &str = "UPDATE template_syncs SET synced_at = requested_at WHERE synced_at IS NULL";
        test.app.db.sql(TEMPLATE, ()).run().await.unwrap();
        test.app.db.sql(SYNCED, ()).run().await.unwrap();
        let client = Client::tenant(&test);
        let channels = client.get("/api/v1/channels").await.ok().json();
        let service = test.app.campaigns.clone();
        service.work_ends.cancel();
        let mut stage = Self {
            channel: channels["data"][0]["id"].as_str().unwrap().to_owned(),
            client,
            service,
            contacts: Vec::new(),
            polls: [0; 2],
            test,
        };
        stage.contacts = stage.people(0, PEOPLE).await;
        stage.polls = [MANY; 2];
        // A connection is polled more often when it sees a statement for the first time.
        for _ in 0..4 {
            let id = stage.launch(&stage.contacts).await;
            for turn in 0..2 {
                stage.polls[turn] = stage.polls[turn].min(stage.counted_turn(id).await);
            }
            stage.end(id).await;
        }
        stage
    }

    /// Works a turn, and returns how often it was polled.
    async fn counted_turn(&self, id: CampaignId) -> usize {
        assert!(self.lease(id).await);
        let mut turn = Polled {
            of: self.turn(id),
            left: MANY,
        };
        (&mut turn).await.expect("it ends").unwrap();
        MANY - turn.left
    }

    /// Adds people from a number on, and returns their ids.
    async fn people(&self, from: usize, count: usize) -> Vec<String> {
        let person = |n: usize| json!({ "phone": phone(n) });
        let people: Vec<Value> = (from..from + count).map(person).collect();
        let made = self
            .client
            .post("/api/v1/contacts/batch", json!({ "contacts": people }))
            .await
            .ok()
            .json();
        let results = made["results"].as_array().unwrap();
        let id = |it: &Value| it["contact_id"].as_str().unwrap().to_owned();
        results.iter().map(id).collect()
    }

    /// Creates and launches a campaign to contacts.
    async fn launch(&self, contacts: &[String]) -> CampaignId {
        let draft = json!({
            "name": "Noon", "audience": { "contacts": contacts }, "channels": [self.channel],
            "template": { "name": "hello", "language": "en_US" },
        });
        let made = self.client.post("/api/v1/campaigns", draft).await.created().json();
        let id: CampaignId = made["id"].as_str().unwrap().parse().unwrap();
        self.ask(id, "launch").await;
        id
    }

    /// Launches a follow-up to those whose message of a campaign failed for throughput.
    async fn retry(&self, parent: CampaignId) -> CampaignId {
        let path = format!("/api/v1/campaigns/{parent}/retries");
        let made = self.client.post(&path, json!({ "classes": ["throughput"] })).await;
        let id: CampaignId = made.created().json()["id"].as_str().unwrap().parse().unwrap();
        self.ask(id, "launch").await;
        id
    }

    async fn ask(&self, id: CampaignId, verb: &str) -> Value {
        let path = format!("/api/v1/campaigns/{id}/{verb}");
        self.client.post(&path, json!({})).await.ok().json()
    }

    async fn show(&self, id: CampaignId) -> Value {
        let path = format!("/api/v1/campaigns/{id}");
        let shown = self.client.get(&path).await.ok().json();
        let progress = shown["progress"].as_object().unwrap();
        let parts = progress
            .iter()
            .filter(|(name, _)| !["total", "replied"].contains(&name.as_str()));
        let sum: i64 = parts.map(|(_, n)| n.as_i64().unwrap()).sum();
        assert_eq!(progress["total"], sum, "the numbers add up: {shown:#}");
        shown
    }

    /// Leases the dispatch job of a campaign, whoever has it; returns false if there is none any more.
    async fn lease(&self, id: CampaignId) -> bool {
        const FREE: &str = "UPDATE campaign_jobs SET state = 'pending', due_at = $2 WHERE id = $1";
        let (db, mut leased, mut exists) = (&self.test.app.db, false, true);
        wait_until(UNLOCKED, "the job is leased", async || {
            let now = self.test.app.clock.now();
            exists = db.sql(FREE, (id, now)).run().await.unwrap() > 0;
            let until = now + TimeDelta::seconds(60);
            let leases = queue::claim(db.writer(), &CAMPAIGNS, &[id.uuid()], until, now).await;
            leased = !leases.unwrap().is_empty();
            leased || !exists
        })
        .await;
        leased
    }

    /// A turn of a campaign, which somebody has leased.
    fn turn(&self, id: CampaignId) -> Run<'_> {
        Box::pin(campaigns::run(&self.service, id))
    }

    /// Works on a campaign until all its people have been fanned out, or it is not running.
    async fn work(&self, id: CampaignId) {
        for _ in 0..20 {
            if !self.lease(id).await {
                return;
            }
            self.turn(id).await.unwrap();
            let shown = self.show(id).await;
            let is_fanned_out = shown["frozen_at"].is_string() && shown["progress"]["pending"] == 0;
            if is_fanned_out || !["scheduled", "running"].contains(&shown["status"].as_str().unwrap()) {
                return;
            }
        }
        panic!("it does not get on: {:#}", self.show(id).await);
    }

    /// Counts the messages of a campaign, and the people who have one.
    async fn messages(&self, id: CampaignId) -> (i64, i64) {
        const SQL: &str = "SELECT COUNT(*), COUNT(DISTINCT contact_id) FROM messages WHERE campaign_id = $1";
        self.test.app.db.sql(SQL, (id,)).one().await.unwrap()
    }

    /// Asserts that a campaign has as many messages as people, a send for each, and counters that say so; and takes it off the stage.
    async fn assert_once(&self, id: CampaignId, people: i64) {
        const SENDS: &str = "SELECT COUNT(*) FROM sends WHERE campaign_id = $1";
        assert_eq!(self.messages(id).await, (people, people), "each once");
        let (sends,): (i64,) = self.test.app.db.sql(SENDS, (id,)).one().await.unwrap();
        assert_eq!(sends, people, "each message has its send");
        let tenant = self.test.tenant;
        let mut tx = self.test.app.db.begin_read_as(tenant).await.unwrap();
        let stored = campaigns::stored(&mut tx, tenant, id).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        let differences = campaigns::recount(&self.test.app.db, &stored).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
        self.end(id).await;
    }

    /// Cancels a campaign, and works on it until it has ended.
    async fn end(&self, id: CampaignId) {
        match self.show(id).await["status"].as_str().unwrap() {
            // Nobody was left for it, or the turn that woke has ended it.
            "completed" | "canceled" => return,
            "canceling" => {}
            _ => drop(self.ask(id, "cancel").await),
        }
        while self.lease(id).await {
            self.turn(id).await.unwrap();
        }
        assert_eq!(self.show(id).await["status"], "canceled");
    }
}

/// Stops a turn of a campaign at an await: the first, which starts it, or the second, which freezes and fans out. What is `meanwhile` happens
/// then, with a head start; the turn wakes, and both go on to their ends. Returns false if the turn had ended before.
async fn interleave(
    stage: &Stage,
    id: CampaignId,
    round: usize,
    polls: usize,
    meanwhile: impl Future<Output = ()>,
) -> bool {
    let second = usize::from(!round.is_multiple_of(4));
    if second == 1 {
        stage.counted_turn(id).await;
    }
    assert!(stage.lease(id).await);
    let mut turn = stage.turn(id);
    let left = 1 + polls % stage.polls[second];
    if (Polled { of: &mut turn, left }).await.is_some() {
        return false;
    }
    let mut other = Box::pin(meanwhile);
    match tokio::time::timeout(HEAD_START, &mut other).await {
        Ok(()) => drop(turn.await),
        Err(_) => drop(tokio::join!(turn, other)),
    }
    true
}

#[both_databases]
async fn a_turn_that_another_worker_overtakes_makes_nobody_a_second_message_and_leaves_nobody_out(test: TestApp) {
    let (stage, mut stopped) = (Stage::on(test).await, 0);
    for (round, polls) in numbers().take(ROUNDS).enumerate() {
        let id = stage.launch(&stage.contacts).await;
        let overtake = async {
            for _ in 0..2 {
                if stage.lease(id).await {
                    drop(stage.turn(id).await);
                }
            }
        };
        stopped += usize::from(interleave(&stage, id, round, polls, overtake).await);
        stage.work(id).await;
        stage.assert_once(id, PEOPLE as i64).await;
    }
    assert!(stopped > ROUNDS / 4, "{stopped} of {ROUNDS} were stopped");
}

#[both_databases]
async fn no_page_passes_once_a_pause_or_a_cancel_is_answered(test: TestApp) {
    let (stage, mut stopped) = (Stage::on(test).await, 0);
    for (round, polls) in numbers().take(ROUNDS).enumerate() {
        let id = stage.launch(&stage.contacts).await;
        let verb = ["pause", "cancel"][round / 2 % 2];
        let made = Cell::new(None);
        let stop = async {
            let path = format!("/api/v1/campaigns/{id}/{verb}");
            let answer = stage.client.post(&path, json!({})).await;
            if answer.status.as_u16() == 200 {
                made.set(Some(stage.messages(id).await.0));
            } else {
                assert_eq!(answer.problem(409), "wrong-state", "it has not begun");
            }
        };
        stopped += usize::from(interleave(&stage, id, round, polls, stop).await);
        if let Some(made) = made.get() {
            assert_eq!(
                stage.messages(id).await.0,
                made,
                "messages after the answer, {verb} in round {round}"
            );
            if verb == "pause" {
                stage.work(id).await;
                assert_eq!(stage.messages(id).await.0, made);
                stage.ask(id, "resume").await;
            }
        }
        match (verb, made.get()) {
            ("cancel", Some(_)) => stage.end(id).await,
            _ => {
                stage.work(id).await;
                stage.assert_once(id, PEOPLE as i64).await;
            }
        }
    }
    assert!(stopped > ROUNDS / 4, "{stopped} of {ROUNDS} were stopped");
}

#[both_databases]
async fn two_recipients_who_become_one_person_meanwhile_get_one_message_unless_both_had_theirs(test: TestApp) {
    const OF_PAIR: &str = "SELECT COUNT(*) FROM messages WHERE campaign_id = $1 AND contact_id IN ($2, $3)";
    let (stage, mut stopped) = (Stage::on(test).await, 0);
    for (round, polls) in numbers().take(ROUNDS).enumerate() {
        let pair = stage.people(100 + 2 * round, 2).await;
        let contacts = [&stage.contacts[..], &pair[..]].concat();
        let id = stage.launch(&contacts).await;
        let [into, from]: [ContactId; 2] = [0, 1].map(|n| pair[n].parse().unwrap());
        let of_pair = async || -> i64 {
            let (count,) = stage.test.app.db.sql(OF_PAIR, (id, into, from)).one().await.unwrap();
            count
        };
        let had = Cell::new(None);
        let merge = async {
            let path = format!("/api/v1/contacts/{into}/merge");
            stage.client.post(&path, json!({ "from": from })).await.ok();
            had.set(Some(of_pair().await));
        };
        stopped += usize::from(interleave(&stage, id, round, polls, merge).await);
        stage.work(id).await;
        let expected = match had.get() {
            // They were two when they were written to.
            None | Some(2) => 2,
            Some(_) => 1,
        };
        assert_eq!(of_pair().await, expected, "round {round}, {had:?}");
        stage.end(id).await;
    }
    assert!(stopped > ROUNDS / 4, "{stopped} of {ROUNDS} were stopped");
}

#[both_databases]
async fn two_follow_ups_at_once_share_nobody_and_leave_nobody_out(test: TestApp) {
    const FAILED: &str = "UPDATE messages SET status = 'failed', error_code = 130429 WHERE campaign_id = $1";
    const SENDS: &str = "UPDATE sends SET state = 'done', finished_at = $2 WHERE campaign_id = $1";
    const ENDED: &str = "UPDATE campaigns SET status = 'completed', finished_at = $2 WHERE id = $1";
    const AGAIN: &str = "UPDATE campaign_recipients SET retried_by = NULL WHERE campaign_id = $1";
    const BOTH: &str = "SELECT COUNT(*), COUNT(DISTINCT contact_id) FROM messages WHERE campaign_id IN ($1, $2)";
    let (stage, mut stopped) = (Stage::on(test).await, 0);
    let parent = stage.launch(&stage.contacts).await;
    stage.work(parent).await;
    let db = &stage.test.app.db;
    let long_ago = stage.test.app.clock.now() - TimeDelta::hours(1);
    db.sql(FAILED, (parent,)).run().await.unwrap();
    db.sql(SENDS, (parent, long_ago)).run().await.unwrap();
    db.sql(ENDED, (parent, long_ago)).run().await.unwrap();
    for (round, polls) in numbers().take(ROUNDS).enumerate() {
        db.sql(AGAIN, (parent,)).run().await.unwrap();
        let (one, other) = (stage.retry(parent).await, stage.retry(parent).await);
        let meanwhile = async {
            for _ in 0..2 {
                if stage.lease(other).await {
                    drop(stage.turn(other).await);
                }
            }
        };
        stopped += usize::from(interleave(&stage, one, round, polls, meanwhile).await);
        for id in [one, other] {
            stage.work(id).await;
        }
        let sent: (i64, i64) = db.sql(BOTH, (one, other)).one().await.unwrap();
        assert_eq!(sent, (PEOPLE as i64, PEOPLE as i64), "round {round}");
        for id in [one, other] {
            stage.end(id).await;
        }
    }
    assert!(stopped > ROUNDS / 4, "{stopped} of {ROUNDS} were stopped");
}

#[both_databases]
async fn a_cursor_that_is_set_back_makes_no_second_message_and_pauses_the_campaign(test: TestApp) {
    const BACK: &str = "UPDATE campaign_waves SET cursor = 0 WHERE campaign_id = $1";
    let stage = Stage::on(test).await;
    let id = stage.launch(&stage.contacts).await;
    stage.work(id).await;
    stage.test.app.db.sql(BACK, (id,)).run().await.unwrap();
    assert!(stage.lease(id).await);
    stage.turn(id).await.unwrap();
    let people = PEOPLE as i64;
    assert_eq!(stage.messages(id).await, (people, people));
    const PAUSED: &str = "SELECT COUNT(*) FROM campaigns WHERE status = 'paused' AND reason = 'inconsistent'";
    assert_eq!(stage.test.count(PAUSED).await, 1, "{:#}", stage.show(id).await);
    const TOLD: &str = "SELECT COUNT(*) FROM events WHERE type = 'campaign.inconsistent'";
    assert_eq!(stage.test.count(TOLD).await, 1);
}
