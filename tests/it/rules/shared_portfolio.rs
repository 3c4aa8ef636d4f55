//! An agency: one portfolio at Meta, and a tenant for each client. Meta counts them as one.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use mainstay::{
    config::Secret,
    db::Sql,
    directory::SignedBy,
    domain::{ContactId, Ctx, DailyLimit, TenantId},
    records::portfolios::{self, LimitScope, PortfolioKey},
    tenancy::{self, NewChannel, TenantService},
};
use mainstay_sim::{Category, Enforcement, NumberSeed, SimConfig, TemplateSeed};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use super::{strangers, tell, template, until_accepted};
use crate::{
    sending::world::{DEADLINE, World, put_off_checks},
    support::{
        app::{NUMBER, TestApp, WABA},
        http::Client,
        wait::wait_until,
    },
};

const OTHER_NUMBER: &str = "106540352242923";
const OTHER_WABA: &str = "102290129340399";
const PORTFOLIO: &str = "506914307656634";

/// A client of the agency's, with an account of its own.
struct Tenant {
    client: Client,
    channel: String,
}

impl Tenant {
    async fn channel(&self) -> Value {
        self.client
            .get(&format!("/api/v1/channels/{}", self.channel))
            .await
            .ok()
            .json()
    }

    async fn daily_limit(&self) -> Value {
        self.channel().await["daily_limit"].take()
    }

    async fn check(&self) {
        self.client
            .post(&format!("/api/v1/channels/{}/check", self.channel), json!({}))
            .await
            .ok();
    }

    async fn queue(&self, world: &World, phones: &[String]) {
        let mut messages: Vec<Value> = phones.iter().map(|phone| template(world, phone)).collect();
        messages
            .iter_mut()
            .for_each(|it| it["channel_id"] = json!(self.channel));
        let answer = self
            .client
            .post("/api/v1/messages/batch", json!({ "messages": messages }))
            .await
            .ok()
            .json();
        let results = answer["results"].as_array().unwrap();
        assert!(results.iter().all(|it| it["message"].is_object()), "{answer:#}");
    }
}

fn another_account(sim: &mut SimConfig) {
    sim.graph.more_numbers.push(NumberSeed {
        phone_number_id: OTHER_NUMBER.to_owned(),
        display_phone_number: "15550783882".to_owned(),
        waba_id: Some(OTHER_WABA.to_owned()),
        level: Default::default(),
    });
}

async fn second(world: &World) -> Tenant {
    let hello = TemplateSeed::text("hello_world", "en_US", Category::Utility, "Hello");
    world.simulator.graph().add_template(OTHER_WABA, hello);
    let app = &world.running.app;
    let registry = TenantService {
        db: app.db.clone(),
        clock: app.clock.clone(),
        keyring: app.config.keyring.clone(),
    };
    let (tenant, key) = tenancy::create_tenant(&registry, "Second").await.unwrap();
    let channel = NewChannel {
        phone_number_id: OTHER_NUMBER.to_owned(),
        waba_id: OTHER_WABA.to_owned(),
        access_token: Secret::new("EAAG-test"),
        app_secret: None,
    };
    let channel = tenancy::add_channel(&registry, &Ctx::operator(tenant.id), channel)
        .await
        .unwrap();
    app.directory.refresh().await.unwrap();
    put_off_checks(&app.db).await;
    Tenant {
        client: Client::of(app).with(key.token.expose()),
        channel: channel.id.to_string(),
    }
}

#[both_sizes(another_account)]
async fn two_tenants_of_a_portfolio_share_its_limit(world: World) {
    let graph = world.simulator.graph();
    let first = Tenant {
        client: world.client.clone(),
        channel: world.channel.to_string(),
    };
    let second = second(&world).await;
    first.check().await;
    second.check().await;
    for it in [&first, &second] {
        assert_eq!(it.channel().await["business_id"], PORTFOLIO);
    }
    graph.set_enforcement(Enforcement {
        portfolio_users: Some(250),
        ..Enforcement::strict()
    });
    // Told of one account, it holds for the portfolio.
    tell(
        &world,
        "business_capability_update",
        json!({ "max_daily_conversation_per_phone": 250 }),
    )
    .await;
    wait_until(DEADLINE, "the limit is known to both", async || {
        first.daily_limit().await["limit"] == 250 && second.daily_limit().await["limit"] == 250
    })
    .await;
    let people = strangers(251);
    let (some, others) = people.split_at(150);
    tokio::join!(first.queue(&world, some), second.queue(&world, others));
    until_accepted(&world, 250).await;
    let waiting = async || {
        let of = [first.daily_limit().await, second.daily_limit().await];
        (
            of.each_ref().map(|it| it["used"].as_i64()),
            of[0]["waiting"].as_i64().zip(of[1]["waiting"].as_i64()),
        )
    };
    wait_until(DEADLINE, "one waits", async || {
        let (used, waiting) = waiting().await;
        used == [Some(250); 2] && waiting.is_some_and(|(one, other)| one + other == 1)
    })
    .await;
    assert_eq!(graph.refused(131_048), 0, "Meta never had to refuse");
    assert_eq!(
        world.number("SELECT COUNT(*) FROM send_attempts").await,
        250,
        "nobody else tried"
    );

    // Each is written to, a day later.
    let day = TimeDelta::hours(24) + TimeDelta::minutes(3);
    world.simulator.advance(day.to_std().unwrap());
    world.running.app.clock.advance(day);
    until_accepted(&world, 251).await;
    let reached: BTreeSet<String> = graph.sends().iter().map(|it| it.recipient.clone()).collect();
    assert_eq!(reached.len(), 251);
    let (used, waiting) = waiting().await;
    assert_eq!((used, waiting), ([Some(1); 2], Some((0, 0))));
    world.end().await;
}

fn key(tenant: TenantId) -> PortfolioKey {
    PortfolioKey {
        portfolio: PORTFOLIO.to_owned(),
        tenant,
    }
}

async fn limit(test: &TestApp, tenant: TenantId) -> (Option<DailyLimit>, i64) {
    let all = portfolios::usage(test.app.db.reader(), &[key(tenant)]).await.unwrap();
    all.first().map_or((None, 0), |it| (it.daily_limit(), it.used))
}

/// What Meta tells of the first tenant's account.
async fn told(test: &TestApp, signed: SignedBy, field: &str, value: Value) {
    let body = json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": WABA, "time": 1_790_000_000, "changes": [{ "field": field, "value": value }] }] });
    test.app.intake.store(body.to_string().into(), signed).await.unwrap();
    test.process_all(64).await;
    test.app.directory.refresh().await.unwrap();
}

#[both_databases]
async fn what_tenants_counted_before_they_were_known_to_share_counts_together(test: TestApp) {
    let (other, _) = tenancy::create_tenant(&test.registry, "Other").await.unwrap();
    let now = test.app.clock.now();
    // As a version left it that kept each tenant's apart.
    for (tenant, used, limit) in [(test.tenant, 3, Some(250_i64)), (other.id, 2, None)] {
        let db = &test.app.db;
        db.sql(
            "INSERT INTO portfolios (tenant_id, portfolio, daily_limit, used) VALUES ($1, $2, $3, $4)",
            (tenant, PORTFOLIO.to_owned(), limit, used),
        )
        .run()
        .await
        .unwrap();
        for n in 0..used {
            let contact: ContactId = test.app.clock.new_id();
            db.sql(
                "INSERT INTO portfolio_recipients (tenant_id, portfolio, contact_id, attempt_id, sends, last_at)
                VALUES ($1, $2, $3, $3, 1, $4)",
                (tenant, PORTFOLIO.to_owned(), contact, now - TimeDelta::hours(n)),
            )
            .run()
            .await
            .unwrap();
        }
    }
    for tenant in [test.tenant, other.id] {
        assert_eq!(limit(&test, tenant).await, (Some(DailyLimit::Customers(250)), 5));
    }
    // Who ceases to count is taken from the tenant that wrote to them.
    test.advance(TimeDelta::minutes(23 * 60 + 30));
    mainstay::housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(limit(&test, other.id).await.1, 2);
    let rows: Vec<(TenantId, i64)> = test
        .app
        .db
        .sql("SELECT tenant_id, used FROM portfolios ORDER BY tenant_id", ())
        .all()
        .await
        .unwrap();
    assert_eq!(rows, [(test.tenant, 1), (other.id, 1)]);
}

#[both_databases]
async fn what_only_a_tenant_signed_holds_for_nobody_else(test: TestApp) {
    let (other, _) = tenancy::create_tenant(&test.registry, "Other").await.unwrap();
    test.add_channel(other.id, OTHER_NUMBER, OTHER_WABA).await;
    // Of the same portfolio, and never told anything nor counted.
    let (third, _) = tenancy::create_tenant(&test.registry, "Third").await.unwrap();
    let owner =
        |id: &str| json!({ "event": "PARTNER_ADDED", "waba_info": { "waba_id": WABA, "owner_business_id": id } });
    let capability = |limit: i64| json!({ "max_daily_conversation_per_phone": limit });
    let mine = || SignedBy::Tenant(test.tenant, mainstay::crypto::Signer::new("their own").id());
    let limits = async || {
        let mut all = Vec::new();
        for tenant in [test.tenant, other.id, third.id] {
            all.push(limit(&test, tenant).await.0.map(DailyLimit::number));
        }
        all
    };
    // Nobody joins another's portfolio by saying so.
    told(&test, mine(), "account_update", owner(PORTFOLIO)).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM channels WHERE business_id IS NOT NULL")
            .await,
        0
    );
    told(&test, mine(), "business_capability_update", capability(20)).await;
    told(&test, SignedBy::Operator, "account_update", owner(PORTFOLIO)).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM channels WHERE business_id IS NOT NULL")
            .await,
        1
    );
    assert_eq!(
        limits().await,
        [Some(20), None, None],
        "nor brings a limit along for the others"
    );
    test.app
        .db
        .sql("UPDATE channels SET business_id = $1", (PORTFOLIO.to_owned(),))
        .run()
        .await
        .unwrap();
    told(&test, SignedBy::Operator, "business_capability_update", capability(250)).await;
    assert_eq!(limits().await, [Some(250); 3]);
    told(&test, mine(), "business_capability_update", capability(-1)).await;
    assert_eq!(
        limits().await,
        [Some(-1), Some(250), Some(250)],
        "what Meta said of the only part there is stays"
    );
    portfolios::add(test.app.db.writer(), &[(key(other.id), 0)].into())
        .await
        .unwrap();
    told(
        &test,
        SignedBy::Operator,
        "business_capability_update",
        capability(1_000),
    )
    .await;
    assert_eq!(limits().await, [Some(1_000); 3]);
    for limit in [10, 0] {
        told(&test, mine(), "business_capability_update", capability(limit)).await;
        assert_eq!(limits().await, [Some(limit), Some(1_000), Some(1_000)]);
    }
    // Meta says again what it said, of another's account.
    portfolios::set_limit(
        test.app.db.writer(),
        &key(other.id),
        DailyLimit::Customers(1_000),
        LimitScope::All,
    )
    .await
    .unwrap();
    assert_eq!(limits().await, [Some(1_000); 3]);
}

#[both_databases]
async fn a_tenant_sees_nothing_of_the_others_in_its_portfolio(test: TestApp) {
    let (other, _) = tenancy::create_tenant(&test.registry, "Other").await.unwrap();
    portfolios::add(
        test.app.db.writer(),
        &[(key(test.tenant), 1), (key(other.id), 2)].into(),
    )
    .await
    .unwrap();
    if test.app.db.is_postgres() {
        let mut tx = test.app.db.begin_read_as(test.tenant).await.unwrap();
        let seen: Vec<(i64,)> = tx
            .sql(Sql::built("SELECT used FROM portfolios".to_owned()), ())
            .all()
            .await
            .unwrap();
        assert_eq!(seen, [(1,)]);
    }
    assert_eq!(
        limit(&test, test.tenant).await.1,
        3,
        "but what is left of the limit is told to both"
    );
    let channel = Client::tenant(&test).get("/api/v1/channels").await.ok().json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    test.app
        .db
        .sql("UPDATE channels SET business_id = $1", (PORTFOLIO.to_owned(),))
        .run()
        .await
        .unwrap();
    let shown = Client::tenant(&test)
        .get(&format!("/api/v1/channels/{channel}"))
        .await
        .ok()
        .json();
    assert_eq!(
        (&shown["daily_limit"]["used"], &shown["phone_number_id"]),
        (&json!(3), &json!(NUMBER))
    );
}
