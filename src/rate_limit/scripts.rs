//! The steps that Redis takes in one go. Scripts cannot share code, so the rules are put in front of each.

use std::sync::LazyLock;

use redis::Script;

macro_rules! script {
    ($($file:literal),+) => {
        LazyLock::new(|| Script::new(concat!($(include_str!(concat!("lua/", $file, ".lua")), "\n"),+)))
    };
}

pub static RESERVE: LazyLock<Script> = script!("gate", "pair", "reserve");
pub static RECEIVE: LazyLock<Script> = script!("gate", "receive");
pub static HEAR: LazyLock<Script> = script!("gate", "pair", "hear");
pub static REQUEUE: LazyLock<Script> = script!("gate", "requeue");
pub static APPLIED: LazyLock<Script> = script!("applied");
