//! What a provider can do. Whoever admits a request asks here first.

use super::Provider;

/// The features of a provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capabilities {
    pub provider: Provider,
    /// The types of messages that it carries; `None` if it carries all of them.
    pub kinds: Option<&'static [&'static str]>,
    pub read_receipts: bool,
    pub blocks: bool,
}

/// A provider lacks a feature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be used on this channel: its provider ({provider}) does not support them")]
pub struct NotSupported {
    pub provider: Provider,
    /// In the plural, such as `read receipts`.
    pub what: String,
}

/// Returns the features of a provider.
pub(crate) fn capabilities(provider: Provider) -> Capabilities {
    match provider {
        Provider::Meta => Capabilities {
            provider,
            kinds: None,
            read_receipts: true,
            blocks: true,
        },
    }
}

impl Capabilities {
    /// Checks whether messages of a type are carried.
    pub(crate) fn check_kind(&self, kind: &str) -> Result<(), NotSupported> {
        let carried = self.kinds.is_none_or(|kinds| kinds.contains(&kind));
        self.need(carried, || format!("messages of type {kind}"))
    }

    /// Checks whether inbound messages can be marked as read.
    pub(crate) fn check_read_receipts(&self) -> Result<(), NotSupported> {
        self.need(self.read_receipts, || "read receipts".to_owned())
    }

    /// Checks whether customers can be blocked.
    pub(crate) fn check_blocks(&self) -> Result<(), NotSupported> {
        self.need(self.blocks, || "blocks of customers".to_owned())
    }

    fn need(&self, has: bool, what: impl FnOnce() -> String) -> Result<(), NotSupported> {
        has.then_some(()).ok_or_else(|| NotSupported {
            provider: self.provider,
            what: what(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_lacks_is_refused_by_name() {
        let few = Capabilities {
            provider: Provider::Meta,
            kinds: Some(&["text", "template"]),
            read_receipts: false,
            blocks: false,
        };
        assert_eq!(few.check_kind("text"), Ok(()));
        let lacks = |checked: Result<(), NotSupported>| checked.unwrap_err().what;
        assert_eq!(lacks(few.check_kind("interactive")), "messages of type interactive");
        assert_eq!(lacks(few.check_read_receipts()), "read receipts");
        assert_eq!(lacks(few.check_blocks()), "blocks of customers");
    }
}
