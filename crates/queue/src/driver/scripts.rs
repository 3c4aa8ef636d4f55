//! The atomic steps, as Lua scripts. No script unpacks more than 2,000 values (Lua's limit is about 8,000).

use std::sync::LazyLock;

use redis::Script;

pub static PUSH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/push.lua")));
pub static FETCH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/fetch.lua")));
pub static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/settle.lua")));
pub static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/renew.lua")));
pub static TRY_LEAD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/try_lead.lua")));
