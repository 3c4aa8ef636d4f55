//! Scopes of API keys.

/// A permission of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read channels, contacts, conversations and messages.
    Read,
    /// Send messages and change conversations.
    Write,
    /// Read the event stream.
    Events,
}

impl Scope {
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Write, Scope::Events];

    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Events => "events",
        }
    }
}

/// A set of scopes, written as words separated by spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Returns the empty set.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|scope| scope.as_str().to_owned()).collect()
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

impl std::str::FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut scopes = Vec::new();
        for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
            let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
            scopes.push(scope.ok_or_else(|| format!("unknown scope {word:?}: use read, write or events"))?);
        }
        if scopes.is_empty() {
            return Err("name at least one scope: read, write or events".to_owned());
        }
        Ok(Self(scopes))
    }
}
