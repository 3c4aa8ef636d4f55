//! What an attacker, a careless tenant or a slow client can do, and what comes of it: a file per subject.

mod heavy_webhooks;
