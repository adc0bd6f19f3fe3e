//! Nicks that look alike, where nicks of every script are allowed: nobody takes one that people would
//! mistake for another's. What two sides of a split took is left to them.

use crate::{
    arena::Side,
    network::{Network, UserId, change::Change},
    wire::{casemap::Casemap, precis},
};
use ahash::RandomState;
use std::collections::HashMap;

/// The users in sight, by what their nicks look like.
#[derive(Debug)]
pub struct Lookalikes {
    wearers: HashMap<Box<str>, Vec<UserId>, RandomState>,
    looks: Side<UserId, Box<str>>,
    watched: bool,
}

impl Lookalikes {
    /// Nobody; watched only where `casemap` allows nicks of every script.
    pub fn new(casemap: Casemap, seed: u64) -> Lookalikes {
        Lookalikes {
            wearers: HashMap::with_hasher(RandomState::with_seed(seed as usize)),
            looks: Side::default(),
            watched: casemap == Casemap::Precis,
        }
    }

    /// Takes in what has changed.
    pub fn note(&mut self, change: &Change, network: &Network) {
        if !self.watched {
            return;
        }
        match change {
            Change::Came { user } | Change::Nick { user, .. } => self.wear(*user, network),
            Change::Healed(users, _) => users.iter().for_each(|user| self.wear(*user, network)),
            Change::Quit(departed, _) => self.forget(departed.user),
            Change::Split(departed, _) => departed.iter().for_each(|gone| self.forget(gone.user)),
            _ => (),
        }
    }

    /// Whether somebody else than `user` wears a nick that looks like this one.
    pub fn is_worn(&self, nick: &str, user: Option<UserId>) -> bool {
        self.watched
            && self
                .wearers
                .get(precis::skeleton(nick).as_str())
                .is_some_and(|wearers| wearers.iter().any(|wearer| Some(*wearer) != user))
    }

    fn wear(&mut self, user: UserId, network: &Network) {
        self.forget(user);
        let Some(known) = network.find_user(user) else { return };
        let look: Box<str> = precis::skeleton(known.nick().as_str()).into();
        self.wearers.entry(look.clone()).or_default().push(user);
        self.looks.insert(user, look);
    }

    fn forget(&mut self, user: UserId) {
        let Some(look) = self.looks.remove(user) else { return };
        if let Some(wearers) = self.wearers.get_mut(&look) {
            wearers.retain(|wearer| *wearer != user);
            if wearers.is_empty() {
                self.wearers.remove(&look);
            }
        }
    }
}
