//! Permissions (`resource.action`), the sets of them that API keys are given, and the marker types that extractors name them by.

use super::text_enum::text_enum;

/// Defines the permissions with the set that contains each, and a marker type of the same name for each in [`perm`].
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal in $set:expr;)+) => {
        text_enum! {
        /// What a caller may do, as `resource.action`.
        pub enum Permission {
            $($(#[$doc])* $name = $text,)+
        }
        }

        impl Permission {
            /// Returns the set that contains the permission; `None` for one that keys are given by its own name only.
            pub const fn set(self) -> Option<Scope> {
                match self { $(Self::$name => $set,)+ }
            }
        }

        /// A type for each permission, which handlers name what they need by.
        pub mod perm {
            use super::{Needs, Permission, Permissions};
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                pub struct $name;

                impl Needs for $name {
                    fn missing(may: Permissions) -> Option<Permission> {
                        (!may.allow(Permission::$name)).then_some(Permission::$name)
                    }
                }
            )+
        }
    };
}

permissions! {
    /// See channels with their state and checks.
    ChannelsRead = "channels.read" in Some(Scope::Read);
    /// See campaigns with their recipients and numbers.
    CampaignsRead = "campaigns.read" in Some(Scope::Read);
    /// Create, change and remove drafts of campaigns.
    CampaignsWrite = "campaigns.write" in Some(Scope::Write);
    /// Launch, pause, resume and cancel campaigns.
    CampaignsLaunch = "campaigns.launch" in Some(Scope::Write);
    /// See contacts and who is blocked.
    ContactsRead = "contacts.read" in Some(Scope::Read);
    /// Create, change, merge, archive, block and unblock contacts; tags, lists, segments and consents.
    ContactsWrite = "contacts.write" in Some(Scope::Write);
    /// Import contacts from files.
    ContactsImport = "contacts.import" in Some(Scope::Write);
    /// Export contacts.
    ContactsExport = "contacts.export" in None;
    /// Lift what a contact refused themself, with evidence.
    ConsentOverride = "consent.override" in None;
    /// See conversations, messages and media.
    ConversationsRead = "conversations.read" in Some(Scope::Read);
    /// Export conversations and messages.
    ConversationsExport = "conversations.export" in None;
    /// Send messages, mark them read, upload and delete media.
    MessagesSend = "messages.send" in Some(Scope::Write);
    /// Cancel and resolve messages, check a channel, resume its campaigns.
    MessagesControl = "messages.control" in Some(Scope::Write);
    /// See Meta's templates and message templates.
    TemplatesRead = "templates.read" in Some(Scope::Read);
    /// Create, change and delete Meta's templates and message templates.
    TemplatesWrite = "templates.write" in Some(Scope::Write);
    /// Read the event list and the deliveries of events.
    EventsRead = "events.read" in Some(Scope::Events);
    /// See endpoints; with `events.read` also make, change and delete them, and see their secrets.
    EndpointsManage = "endpoints.manage" in Some(Scope::Write);
    /// See custom fields and keyword rules.
    SettingsRead = "settings.read" in Some(Scope::Read);
    /// Create, change and archive custom fields and keyword rules.
    SettingsWrite = "settings.write" in None;
}

/// What a handler needs: one permission, or a pair of which both are needed.
pub trait Needs {
    /// Returns the first permission that is needed and not held.
    fn missing(may: Permissions) -> Option<Permission>;
}

/// Nothing but a key.
impl Needs for () {
    fn missing(_: Permissions) -> Option<Permission> {
        None
    }
}

impl<A: Needs, B: Needs> Needs for (A, B) {
    fn missing(may: Permissions) -> Option<Permission> {
        A::missing(may).or_else(|| B::missing(may))
    }
}

/// A set of permissions, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

impl Permissions {
    /// Returns every permission, which the operator and the system have.
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    pub const fn allow(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let bits = permissions.into_iter().map(|permission| 1 << permission as u32);
        Self(bits.fold(0, |set, bit| set | bit))
    }
}

text_enum! {
/// A named set of permissions.
pub enum Scope {
    /// See channels, contacts, conversations, messages, media and templates.
    Read = "read",
    /// Send messages and change what belongs to the tenant.
    Write = "write",
    /// Read events.
    Events = "events",
}
}

/// What an API key was given: names of sets and of single permissions, written as words separated by spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Grant>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    Set(Scope),
    One(Permission),
}

impl Grant {
    fn parse(word: &str) -> Option<Self> {
        let set = Scope::parse(word).map(Self::Set);
        set.or_else(|| Permission::parse(word).map(Self::One))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Set(scope) => scope.as_str(),
            Self::One(permission) => permission.as_str(),
        }
    }

    fn contains(self, permission: Permission) -> bool {
        match self {
            Self::Set(scope) => permission.set() == Some(scope),
            Self::One(one) => one == permission,
        }
    }
}

impl Scopes {
    /// Returns all sets, and each permission that is in none.
    pub fn all() -> Self {
        let alone = Permission::ALL.into_iter().filter(|it| it.set().is_none());
        Self(
            Scope::ALL
                .map(Grant::Set)
                .into_iter()
                .chain(alone.map(Grant::One))
                .collect(),
        )
    }

    /// Returns the empty set.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns the permissions that the words stand for.
    pub fn permissions(&self) -> Permissions {
        let held = |permission: &Permission| self.0.iter().any(|grant| grant.contains(*permission));
        Permission::ALL.into_iter().filter(held).collect()
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|grant| grant.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl std::str::FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WORDS: &str = "read, write, events, or a single permission such as messages.send";
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let parse = |word: &str| Grant::parse(word).ok_or_else(|| format!("unknown scope {word:?}: use {WORDS}"));
        let grants = words.map(parse).collect::<Result<Vec<_>, _>>()?;
        if grants.is_empty() {
            return Err(format!("name at least one scope: {WORDS}"));
        }
        Ok(Self(grants))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_stands_for_its_permissions_and_a_permission_for_itself() {
        let may = |words: &str| words.parse::<Scopes>().unwrap().permissions();
        for permission in Permission::ALL {
            let set = permission.set();
            assert!(
                set.is_none_or(|set| may(set.as_str()).allow(permission)),
                "{permission}"
            );
            assert!(may(permission.as_str()).allow(permission), "{permission}");
            let others: Vec<_> = Permission::ALL.into_iter().filter(|it| *it != permission).collect();
            assert!(
                others.iter().all(|other| !may(permission.as_str()).allow(*other)),
                "{permission}"
            );
        }
        assert!(!may("read write events").allow(Permission::ContactsExport));
        assert_eq!(Scopes::all().permissions(), Permissions::all());
        assert_eq!(Scopes::none().permissions(), Permissions::default());
    }

    #[test]
    fn a_pair_needs_both() {
        type Both = (perm::EndpointsManage, perm::EventsRead);
        let missing = |words: &str| Both::missing(words.parse::<Scopes>().unwrap().permissions());
        assert_eq!(missing("write events"), None);
        assert_eq!(missing("write"), Some(Permission::EventsRead));
        assert_eq!(missing("events"), Some(Permission::EndpointsManage));
    }

    #[test]
    fn words_read_back_what_they_show_and_others_are_refused() {
        let scopes: Scopes = "read,messages.send".parse().unwrap();
        assert_eq!(scopes.to_string(), "read messages.send");
        assert_eq!(scopes.to_string().parse(), Ok(scopes));
        for wrong in ["", "rule", "messages.fly"] {
            assert!(wrong.parse::<Scopes>().is_err(), "{wrong}");
        }
    }
}
