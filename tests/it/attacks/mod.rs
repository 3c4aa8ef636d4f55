//! What an attacker, a careless tenant or a slow client tries.

mod crowded_reads;
mod forged_webhooks;
mod quotas;
mod shared_secret;
