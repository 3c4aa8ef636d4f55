use std::fmt;

use serde::Serialize;

/// What a check found, and what to do where it is not well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub status: Health,
    pub what: String,
    pub cure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Ok,
    /// It runs, but less well or less safely than it could, or a part of it is closed.
    Warn,
    /// It does not run, or does not keep its promise.
    Fail,
}

impl Finding {
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            status: Health::Ok,
            what: what.into(),
            cure: None,
        }
    }

    pub fn warn(check: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            check,
            status: Health::Warn,
            what: what.into(),
            cure: Some(cure.into()),
        }
    }

    pub fn fail(check: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            status: Health::Fail,
            ..Self::warn(check, what, cure)
        }
    }

    pub fn is_failure(&self) -> bool {
        self.status == Health::Fail
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Health::Ok => "ok  ",
            Health::Warn => "warn",
            Health::Fail => "fail",
        };
        write!(f, "{status}  {}: {}", self.check, self.what)?;
        match &self.cure {
            Some(cure) => write!(f, "; {cure}"),
            None => Ok(()),
        }
    }
}
