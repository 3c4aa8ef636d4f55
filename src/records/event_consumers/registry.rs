use std::{fmt, sync::Arc};

use futures::future::BoxFuture;

use crate::{
    db::{Result, Tx},
    domain::TenantId,
    records::events::Event,
};

/// Consumes a page of a tenant's events in a transaction.
type Consume = dyn for<'a> Fn(&'a mut Tx, TenantId, &'a [Event]) -> BoxFuture<'a, Result<()>> + Send + Sync;

/// A consumer of events.
///
/// Its transaction holds the row of its cursor, and nothing else yet: the consumer locks in the lock order, and may append events. It may run
/// more than once for the same page, if the transaction conflicts with another; only one run is committed.
#[derive(Clone)]
pub struct EventConsumer {
    /// The name in the table of cursors. Under another name it begins anew.
    pub(super) name: &'static str,
    pub(super) consume: Arc<Consume>,
}

impl EventConsumer {
    pub fn new(
        name: &'static str,
        consume: impl for<'a> Fn(&'a mut Tx, TenantId, &'a [Event]) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            consume: Arc::new(consume),
        }
    }
}

impl fmt::Debug for EventConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The consumers of a process. Without any, nothing is stored, hinted at or looked for.
#[derive(Clone, Debug, Default)]
pub struct EventConsumers(Arc<[EventConsumer]>);

impl EventConsumers {
    pub fn new(consumers: impl IntoIterator<Item = EventConsumer>) -> Self {
        Self(consumers.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|it| it.name)
    }

    pub(super) fn find(&self, name: &str) -> Option<&EventConsumer> {
        self.0.iter().find(|it| it.name == name)
    }
}
