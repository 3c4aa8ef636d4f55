//! The atomic steps, as Lua scripts. Scripts cannot share code, so the common parts are prepended to each.

use std::sync::LazyLock;

use redis::Script;

macro_rules! script {
    ($($file:literal),+) => {
        LazyLock::new(|| Script::new(concat!($(include_str!(concat!("lua/", $file, ".lua")), "\n"),+)))
    };
}

pub static RESERVE: LazyLock<Script> = script!("gcra", "pair", "reserve");
pub static RECEIVE: LazyLock<Script> = script!("gcra", "receive");
pub static FEEDBACK: LazyLock<Script> = script!("gcra", "pair", "feedback");
pub static CLEAR_RESERVATIONS: LazyLock<Script> = script!("gcra", "clear_reservations");
pub static MARK_APPLIED: LazyLock<Script> = script!("mark_applied");
