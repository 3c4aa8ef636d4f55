//! A message on its way in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Accepted;
use super::admission::{Admission, Case};
use crate::Simulator;
use crate::graph::accounts::Number;
use crate::graph::faults::Fault;
use crate::graph::people::{Address, Person, Recipient};
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::statuses::{Doom, Due, Event, Outlook, Plan, Story};
use crate::graph::time::SECOND;
use crate::graph::tokens::Scope;
use crate::graph::validation::{self, Draft, Field, Kind};
use crate::simulator::lock;
use crate::traffic::{Fate, Telling};

/// How long an answer waits for an early status at most: a receiver that is down must not hold up its own sends.
const EARLY_PATIENCE: Duration = Duration::from_secs(2);

impl Simulator {
    /// Carries out a send. From the moment the ledger has it nothing is waited for but an early status, and not even a
    /// caller who hangs up changes anything.
    pub(crate) async fn send(
        &self,
        call: &Call,
        body: &Value,
        raw: &Bytes,
        fault: Option<&Fault>,
    ) -> Result<Value, Refusal> {
        let graph = self.graph();
        let number = graph.addressed(call, Scope::Messaging)?;
        let draft = validation::message(Field::root(body))?;
        check_account(&number, Field::root(body))?;
        if call.path.last().is_some_and(|door| door == "marketing_messages") && draft.kind != Kind::Template {
            return Err(Refusal::of(131055));
        }
        let recipient = Recipient::of(&draft.address, &lock(&graph.people));
        let rules = graph.enforcement();
        let admission = graph.admit(&Case {
            number: &number,
            draft: &draft,
            recipient: &recipient,
            body,
            rules: &rules,
        })?;
        let wamid = graph.names.wamid(&recipient.name);
        let accepted = Accepted {
            wamid: &wamid,
            phone_number_id: &number.line.phone_number_id,
            recipient: &recipient.name,
            message_type: draft.kind.name(),
            body,
            raw: verbatim(raw),
            opaque: draft.opaque.as_deref(),
            at_ms: graph.time.now() / 1_000,
            answer_spoilt: fault.is_some_and(Fault::spoils_answer),
        };
        let content = accepted.content();
        lock(&graph.sends).enter(accepted, content);
        if draft.kind != Kind::Reaction {
            graph.remember(&number.line.phone_number_id, &wamid);
            if let Person::Customer(place) = recipient.person {
                lock(&self.inner.traffic).business_wrote(place, &wamid);
            }
        }
        let plan = self.plan(&draft, &admission, fault);
        let is_held = plan.is_held;
        let answer = answer(&draft, &recipient, &wamid, graph.message_status(&draft, is_held));
        if let Some(told) = self.foretell(plan, story(number, draft, recipient, wamid, admission)) {
            timeout(EARLY_PATIENCE, told).await.ok();
        }
        Ok(answer)
    }

    fn plan(&self, draft: &Draft, admission: &Admission, fault: Option<&Fault>) -> Plan {
        let struck = match fault {
            Some(Fault::Failed {
                code,
                details,
                after_sent,
            }) => Some(Doom {
                code: *code,
                details: details.clone(),
                after_sent: *after_sent,
            }),
            _ => None,
        };
        let outlook = Outlook {
            is_reaction: draft.kind == Kind::Reaction,
            is_voice: draft.is_voice,
            is_template: draft.kind == Kind::Template,
            doom: struck.or_else(|| admission.doom.clone()),
        };
        let graph = self.graph();
        graph.policy().plan(outlook, &mut lock(&graph.dice))
    }

    /// Puts the statuses of a message where they wait for their time. What is returned is ready when the receiver has
    /// the first of them, if that one is to come before the answer.
    fn foretell(&self, plan: Plan, story: Story) -> Option<oneshot::Receiver<()>> {
        let graph = self.graph();
        let (grain, now) = (graph.grain(), graph.time.now());
        let story = Arc::new(story);
        let mut early = None;
        for (place, step) in plan.steps.into_iter().enumerate() {
            let is_early = plan.is_early && place == 0;
            let told = is_early.then(|| {
                let (told, heard) = oneshot::channel();
                early = Some(heard);
                told
            });
            let due = Due {
                story: story.clone(),
                telling: Telling {
                    status: step.status,
                    timestamp: (now + i64::try_from(step.happens.as_micros()).unwrap_or(0)) / SECOND,
                    priced: step.priced,
                    echoes: step.echoes,
                    error: step.error,
                },
                told,
            };
            match is_early {
                true => graph.queue.after(Duration::ZERO, Duration::ZERO, Event::Status(due)),
                false => graph.queue.after(step.after, grain, Event::Status(due)),
            }
        }
        early
    }
}

/// `messaging_account_id`, or its older name: the account that pays, which has the id of the WABA.
fn check_account(number: &Number, root: Field<'_>) -> Result<(), Refusal> {
    for name in ["messaging_account_id", "paid_messaging_account_id"] {
        if let Some(id) = root.at(name).optional_text(64)? {
            return match id == number.line.waba_id {
                true => Ok(()),
                false => Err(Refusal::no_object(id)),
            };
        }
    }
    Ok(())
}

fn story(number: Arc<Number>, draft: Draft, recipient: Recipient, wamid: String, admission: Admission) -> Story {
    let group = match draft.address {
        Address::Group(id) => Some(id),
        Address::Phone(_) | Address::UserId(_) => None,
    };
    Story {
        is_group: group.is_some(),
        fate: Fate {
            line: number.line.clone(),
            customer: recipient.customer,
            wamid,
            category: admission.category.in_pricing(),
            pricing_type: admission.pricing_type,
            conversation: None,
            opaque: draft.opaque,
            group,
        },
    }
}

/// The 200: who was meant, and by which id the message goes from now on.
fn answer(draft: &Draft, recipient: &Recipient, wamid: &str, status: Option<&str>) -> Value {
    let mut contact = json!({"input": draft.input});
    match draft.address {
        Address::Phone(_) => contact["wa_id"] = json!(recipient.customer.wa_id),
        Address::UserId(_) => contact["user_id"] = json!(recipient.customer.user_id),
        // A group stands where a phone number would.
        Address::Group(ref id) => contact["wa_id"] = json!(id),
    }
    let mut message = json!({"id": wamid});
    if let Some(status) = status {
        message["message_status"] = json!(status);
    }
    if let Address::Group(id) = &draft.address {
        message["group_id"] = json!(id);
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}

/// The body as it came; it has been parsed, so it is JSON and UTF-8.
fn verbatim(raw: &Bytes) -> Box<RawValue> {
    serde_json::from_slice(raw).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
