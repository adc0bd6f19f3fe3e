//! What somebody tells of themselves who is not a user yet (`ircv3: metadata`, `before-connect`).

use std::collections::BTreeMap;

/// What they have said, and what their account tells.
#[derive(Debug, Default)]
pub struct Early {
    /// What their account tells, once they have logged in.
    pub account: BTreeMap<Box<str>, Box<str>>,
    /// What they have said; nothing for a key of their account that they have taken away.
    pub said: BTreeMap<Box<str>, Option<Box<str>>>,
}

impl Early {
    /// The value of a key, if it is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        match self.said.get(key) {
            Some(said) => said.as_deref(),
            None => self.account.get(key).map(|value| &**value),
        }
    }

    /// The keys that are set, with their values.
    pub fn all(&self) -> BTreeMap<Box<str>, Box<str>> {
        let mut all = self.account.clone();
        for (key, said) in &self.said {
            match said {
                Some(value) => all.insert(key.clone(), value.clone()),
                None => all.remove(key),
            };
        }
        all
    }

    /// Sets a key, or takes it away.
    pub fn set(&mut self, key: &str, value: Option<&str>) {
        if value.is_some() || self.account.contains_key(key) {
            self.said.insert(key.into(), value.map(Into::into));
        } else {
            self.said.remove(key);
        }
    }

    /// The account tells something else now.
    pub fn account_tells(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => self.account.insert(key.into(), value.into()),
            None => self.account.remove(key),
        };
    }
}
