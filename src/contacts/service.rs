use crate::{clock::Clock, db::Db};

/// What the verbs of contacts work with.
#[derive(Clone)]
pub struct ContactService {
    pub db: Db,
    pub clock: Clock,
}
