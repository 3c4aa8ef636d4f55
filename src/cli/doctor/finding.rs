use std::fmt;

use serde::Serialize;

/// The result of a check, and a remedy if there is a problem.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub check: &'static str,
    pub status: FindingStatus,
    pub what: String,
    pub cure: Option<String>,
}

/// How bad a finding is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FindingStatus {
    Ok,
    /// It works, but less well or less safely than it could, or a part of it is closed.
    Warn,
    /// It does not work, or may lose acknowledged data.
    Fail,
}

impl Finding {
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            status: FindingStatus::Ok,
            what: what.into(),
            cure: None,
        }
    }

    pub(crate) fn warn(check: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            check,
            status: FindingStatus::Warn,
            what: what.into(),
            cure: Some(cure.into()),
        }
    }

    pub fn fail(check: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            status: FindingStatus::Fail,
            ..Self::warn(check, what, cure)
        }
    }

    pub(crate) fn is_failure(&self) -> bool {
        self.status == FindingStatus::Fail
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            FindingStatus::Ok => "ok  ",
            FindingStatus::Warn => "warn",
            FindingStatus::Fail => "fail",
        };
        write!(f, "{status}  {}: {}", self.check, self.what)?;
        match &self.cure {
            Some(cure) => write!(f, "; {cure}"),
            None => Ok(()),
        }
    }
}
