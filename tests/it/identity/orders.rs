//! The answer to a send, its statuses and what the customer writes come in any order: what is stored in the end is the same.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State};
use mainstay::{
    app::App,
    inbound,
    messaging::{self, Conclusions},
    meta::graph,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::support::{app::TestApp, http::Client, snapshot::snapshot, webhook::to};

/// One person, as dialled and as Meta knows them.
#[derive(Clone, Copy)]
struct Form {
    dialled: &'static str,
    wa_id: &'static str,
    user_id: Option<&'static str>,
}

const FORMS: [Form; 5] = [
    Form {
        dialled: "5511988887777",
        wa_id: "551188887777",
        user_id: None,
    },
    Form {
        dialled: "551188887777",
        wa_id: "5511988887777",
        user_id: Some("BR.900"),
    },
    Form {
        dialled: "525512345678",
        wa_id: "5215512345678",
        user_id: Some("MX.900"),
    },
    Form {
        dialled: "541155550101",
        wa_id: "5491155550101",
        user_id: Some("AR.900"),
    },
    Form {
        dialled: "447700900123",
        wa_id: "447700900123",
        user_id: Some("GB.900"),
    },
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Answer,
    /// The status that comes back with the id of the attempt.
    Sent,
    /// One that names the message by its wamid alone.
    Delivered,
    Inbound,
}

/// Every order of these four.
fn orders() -> Vec<Vec<Step>> {
    let all = [Step::Answer, Step::Sent, Step::Delivered, Step::Inbound];
    let mut orders = vec![Vec::new()];
    for _ in 0..all.len() {
        let longer = |order: &Vec<Step>| -> Vec<Vec<Step>> {
            let rest = all.into_iter().filter(|step| !order.contains(step));
            rest.map(|step| [&order[..], &[step]].concat()).collect()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}

/// Meta's side of sends: it keeps each answer until it is told to give it.
struct Meta {
    url: String,
    asked: mpsc::Receiver<Value>,
    give: Arc<Notify>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Answering {
    form: Form,
    asked: mpsc::Sender<Value>,
    give: Arc<Notify>,
}

impl Meta {
    async fn start(form: Form) -> Self {
        let (sender, asked) = mpsc::channel(1);
        let give = Arc::new(Notify::new());
        let answering = Answering {
            form,
            asked: sender,
            give: give.clone(),
        };
        let router = Router::new().fallback(answer).with_state(answering);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            asked,
            give,
            serving,
        }
    }
}

impl Drop for Meta {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(it): State<Answering>, Json(request): Json<Value>) -> Json<Value> {
    let input = request["to"].clone();
    it.asked.send(request).await.unwrap();
    it.give.notified().await;
    Json(
        json!({ "messaging_product": "whatsapp", "contacts": [{ "input": input, "wa_id": it.form.wa_id }],
        "messages": [{ "id": "wamid.OUT" }] }),
    )
}

/// The application, calling this Meta.
fn calling(test: &TestApp, meta: &Meta) -> App {
    let (conclusions, from) = Conclusions::channel();
    let app = test.rebuilt(|parts| {
        parts.graph = graph::GraphClient::new(&meta.url, "v25.0", Duration::from_secs(30)).unwrap();
        parts.conclusions = conclusions;
    });
    let writing = app.clone();
    tokio::spawn(
        async move { messaging::write_conclusions(&writing.messaging, from, &CancellationToken::new()).await },
    );
    app
}

fn status(form: Form, word: &str, at: i64, opaque: Option<&Value>) -> Value {
    let mut status =
        json!({ "id": "wamid.OUT", "status": word, "timestamp": at.to_string(), "recipient_id": form.wa_id });
    if let Some(user_id) = form.user_id {
        status["recipient_user_id"] = json!(user_id);
    }
    if let Some(opaque) = opaque {
        status["biz_opaque_callback_data"] = opaque.clone();
    }
    json!({ "statuses": [status] })
}

fn inbound(form: Form, at: i64) -> Value {
    let mut contact = json!({ "profile": { "name": "Bia" }, "wa_id": form.wa_id });
    let mut message = json!({ "from": form.wa_id, "id": "wamid.IN", "timestamp": at.to_string(), "type": "text", "text": { "body": "sim" } });
    if let Some(user_id) = form.user_id {
        contact["user_id"] = json!(user_id);
        message["from_user_id"] = json!(user_id);
    }
    json!({ "contacts": [contact], "messages": [message] })
}

/// Plays the steps for a tenant of its own; tells what is stored in the end.
async fn play(
    test: &TestApp,
    app: &App,
    meta: &mut Meta,
    (form, number, start): (Form, &str, i64),
    order: &[Step],
) -> Vec<String> {
    let (tenant, key) = mainstay::tenancy::create_tenant(&test.registry, number).await.unwrap();
    let channel = test.add_channel(tenant.id, number, "1").await.id;
    let hear = async |value: Value| {
        test.receive(&to(number, "messages", value)).await;
    };
    // They may have written before anybody writes to them.
    let mut steps = order.iter();
    if order[0] == Step::Inbound {
        hear(inbound(form, start + 60)).await;
        steps.next();
    }
    let request = json!({ "channel_id": channel, "to": { "phone": format!("+{}", form.dialled) }, "type": "template",
        "template": { "name": "hello_world", "language": { "code": "en_US" } } });
    let answer = Client::of(app)
        .with(key.token.expose())
        .post("/api/v1/messages", request)
        .await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().parse().unwrap();
    let sending = app.clone();
    let mut sending = Some(tokio::spawn(async move {
        drop(messaging::send(&sending.messaging, &[id]).await)
    }));
    let asked = meta.asked.recv().await.unwrap();
    let opaque = &asked["biz_opaque_callback_data"];
    for step in steps {
        match step {
            Step::Answer => {
                meta.give.notify_one();
                sending.take().unwrap().await.unwrap();
            }
            Step::Sent => hear(status(form, "sent", start, Some(opaque))).await,
            Step::Delivered => hear(status(form, "delivered", start + 1, None)).await,
            Step::Inbound => hear(inbound(form, start + 60)).await,
        }
    }
    inbound::join_overlooked(&app.inbound).await.unwrap();
    snapshot(&app.db, tenant.id).await
}

#[both_databases]
async fn answer_statuses_and_inbound_in_any_order_are_one_contact(test: TestApp) {
    let start = test.app.clock.now().timestamp() + 3_600;
    for (place, form) in FORMS.into_iter().enumerate() {
        let mut meta = Meta::start(form).await;
        let app = calling(&test, &meta);
        let mut first: Option<Vec<String>> = None;
        for (case, order) in orders().iter().enumerate() {
            let number = format!("71{place}{case:03}");
            let seen = play(&test, &app, &mut meta, (form, &number, start), order).await;
            let count = |word: &str| seen.iter().filter(|line| line.starts_with(word)).count();
            assert_eq!(
                (count("contact"), count("conversation"), count("message")),
                (1, 1, 2),
                "{order:?}: {seen:#?}"
            );
            for value in [Some(form.dialled), Some(form.wa_id), form.user_id]
                .into_iter()
                .flatten()
            {
                assert!(
                    seen.iter()
                        .any(|line| line.starts_with("contact") && line.contains(&format!("={value}"))),
                    "{order:?}: {value}: {seen:#?}"
                );
            }
            assert_eq!(&seen, first.get_or_insert_with(|| seen.clone()), "{order:?}");
        }
    }
}
