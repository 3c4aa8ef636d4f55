//! Outgoing webhooks as others see them: the routes, and the programs that receive.

mod page;
mod signatures;
