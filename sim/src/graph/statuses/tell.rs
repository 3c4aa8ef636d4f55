//! From what falls due to webhooks, signed and delivered like all others.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::queue::{Due, Event};
use crate::simulator::lock;
use crate::traffic::{Change, Envelope};
use crate::webhook::{Authenticity, Webhook};
use crate::{MAX_ITEMS, Simulator};

/// The changes of one POST, and those who wait for it.
#[derive(Default)]
struct Parcel {
    changes: Vec<Arc<Change>>,
    waiting: Vec<oneshot::Sender<()>>,
}

/// The changes of one body, and the override it is posted to.
struct Post {
    callback_url: Option<Arc<str>>,
    changes: Vec<Arc<Change>>,
}

impl Simulator {
    /// Tells whatever falls due for as long as it is polled, no more at a time than the backlog allows.
    pub(crate) async fn tell(&self) -> Infallible {
        let mut posts = JoinSet::new();
        loop {
            self.resumed().await;
            let Some(parcel) = self.next_parcel() else {
                self.graph().queue.next_due().await;
                continue;
            };
            while posts.len() >= self.config().backlog {
                posts.join_next().await;
            }
            while posts.try_join_next().is_some() {}
            let posters = self.inner.posters.clone();
            let slot = posters.acquire_owned().await.expect("nobody closes the semaphore");
            let simulator = self.clone();
            posts.spawn(async move {
                let mut slot = Some(slot);
                for post in simulator.by_callback(&parcel.changes) {
                    let webhook = simulator.wrap(post);
                    lock(&simulator.inner.ledger).record_generated(&webhook);
                    let stop = watch::channel(false).1;
                    simulator.deliver_until(webhook, slot.take(), stop).await;
                }
                simulator.graph().queue.told(parcel.changes.len());
                for waiting in parcel.waiting {
                    // Whoever has stopped waiting does not mind.
                    waiting.send(()).ok();
                }
            });
        }
    }

    /// What has fallen due, up to the size of a POST; decisions of Meta's own are made on the way.
    fn next_parcel(&self) -> Option<Parcel> {
        let graph = self.graph();
        let most = graph.policy().per_post.clamp(1, MAX_ITEMS);
        let mut parcel = Parcel::default();
        while parcel.changes.len() < most {
            match graph.queue.take_due() {
                None => break,
                Some(Event::Status(due)) => {
                    let Due { story, telling, told } = due;
                    let change = match story.is_group {
                        true => story.fate.group_change(lock(&graph.people).members(), &telling),
                        false => story.fate.change(telling),
                    };
                    parcel.changes.push(Arc::new(change));
                    parcel.waiting.extend(told);
                }
                Some(Event::News(change)) => parcel.changes.push(Arc::new(change)),
                Some(Event::Review(template)) => graph.review(&template),
                Some(Event::Upgraded(number)) => graph.finish_upgrade(&number),
            }
        }
        (!parcel.changes.is_empty()).then_some(parcel)
    }

    /// The changes by the callback URL that each goes to.
    fn by_callback(&self, changes: &[Arc<Change>]) -> Vec<Post> {
        let routes = self.graph().routes();
        let mut posts: Vec<Post> = Vec::with_capacity(1);
        for change in changes {
            let callback_url = routes.of(change);
            match posts.iter_mut().find(|post| post.callback_url == callback_url) {
                Some(post) => post.changes.push(change.clone()),
                None => posts.push(Post {
                    callback_url,
                    changes: vec![change.clone()],
                }),
            }
        }
        posts
    }

    /// One entry per account, one value per change.
    fn wrap(&self, post: Post) -> Webhook {
        let Post { callback_url, changes } = post;
        let manners = lock(&self.inner.traffic).manners().clone();
        let mut dice = lock(&self.graph().dice);
        let (legacy_header, answer_is_lost) = (dice.happens(manners.legacy_header), dice.happens(manners.lost_answers));
        drop(dice);
        Webhook {
            body: Bytes::from(self.config().encoding.encode(&Envelope::of(&changes, || true))),
            items: changes.iter().flat_map(|change| change.items.iter().cloned()).collect(),
            files: Vec::new(),
            callback_url,
            authenticity: Authenticity::Genuine,
            legacy_header,
            answer_is_lost,
        }
    }
}
