use object_store::path::PathPart;
use uuid::Uuid;

/// The name of a file in the store: `TENANT/XX/FILE` and, for what was made of a file, `TENANT/XX/FILE-WHAT`. `XX` are the last digits of the
/// id, which are random, so that no folder grows long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    pub fn of(tenant: Uuid, file: Uuid) -> Self {
        let file = file.simple().to_string();
        Self(format!("{}/{}/{file}", tenant.simple(), &file[30..]))
    }

    /// Of something made from the file, such as `thumbnail`.
    pub fn derived(&self, what: &str) -> Self {
        Self(format!("{}-{what}", self.0))
    }

    /// A key as it was written down.
    pub fn recorded(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn probe() -> Self {
        Self(format!("probe/{}", hex::encode(rand::random::<[u8; 8]>())))
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = PathPart<'_>> {
        self.0.split('/').map(PathPart::from)
    }
}
