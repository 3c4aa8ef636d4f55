/// An invalid member of a request. Displayed as `text.body: must be at most 4096 characters; this has 5000`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// Path of the member, e.g. `interactive.action.buttons[2].reply.title`.
    pub field: String,
    /// What is wrong, as a predicate: "must be …", "is missing".
    pub problem: String,
    /// The violated limit: characters, elements or the bound of a number.
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
