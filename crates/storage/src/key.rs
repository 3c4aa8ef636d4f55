use object_store::path::PathPart;
use uuid::Uuid;

/// The path of a file in the store: `TENANT/XX/FILE`, or `TENANT/XX/FILE-WHAT` for one derived from a file. `XX` are the last digits of the
/// id, which are random and so spread the files evenly over folders.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StorageKey(String);

impl StorageKey {
    pub fn of(tenant: Uuid, file: Uuid) -> Self {
        let file = file.simple().to_string();
        Self(format!("{}/{}/{file}", tenant.simple(), &file[30..]))
    }

    /// Returns the key of a derived file, such as `thumbnail`.
    pub fn derived(&self, what: &str) -> Self {
        Self(format!("{}-{what}", self.0))
    }

    /// Restores a key from its stored text.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn random_probe() -> Self {
        Self(format!("probe/{}", hex::encode(rand::random::<[u8; 8]>())))
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = PathPart<'_>> {
        self.0.split('/').map(PathPart::from)
    }
}
