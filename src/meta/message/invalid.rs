/// A member of a message that will not do. Shows as `text.body: must be at most 4096 characters; this has 5000`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// Where it stands, e.g. `interactive.action.buttons[2].reply.title`.
    pub field: String,
    /// What is wrong, and so what to do.
    pub problem: String,
    /// The limit it breaks: characters, elements or a bound of a number.
    pub limit: Option<u64>,
}

impl Invalid {
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
            limit: None,
        }
    }

    pub fn limit(self, limit: usize) -> Self {
        Self {
            limit: Some(limit as u64),
            ..self
        }
    }
}
