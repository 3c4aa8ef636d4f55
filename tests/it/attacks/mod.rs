//! What an attacker, a careless tenant or a slow client tries.

mod forged_webhooks;
mod shared_secret;
