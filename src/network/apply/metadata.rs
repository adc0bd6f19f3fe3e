//! Metadata is set and taken away.

use crate::{
    network::{Network, change::Change, crdt::Source, metadata::Holder, op::Subject},
    time::Stamp,
};

impl Network {
    pub(super) fn metadata_is(
        &mut self,
        (of, key): (&Subject, &str),
        value: Option<&str>,
        by: Source,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let holder = match of {
            Subject::User(uid) => self.uid(*uid).map(Holder::User),
            Subject::Channel(name, epoch) => self.holding(name, *epoch).map(Holder::Channel),
        };
        let Some(holder) = holder else { return false };
        let written =
            self.metadata_mut(holder).and_then(|metadata| metadata.write(key, value, at, by));
        let Some(changed) = written else { return false };
        match value {
            Some(_) => self.unset.remove(&(holder, key.into())),
            None => self.unset.insert((holder, key.into()), at),
        };
        let seen = match holder {
            Holder::User(user) => !self.users[user].hidden,
            Holder::Channel(channel) => !self.channels[channel].is_empty(),
        };
        if changed && seen {
            changes.push(Change::Metadata { of: holder, key: key.into(), by });
        }
        true
    }

    /// All metadata of somebody is gone.
    pub(super) fn metadata_ends(&mut self, of: Holder) {
        let theirs = self.unset.range((of, Box::default())..).map(|(key, _)| key);
        let theirs: Vec<_> = theirs.take_while(|(holder, _)| *holder == of).cloned().collect();
        for key in theirs {
            self.unset.remove(&key);
        }
    }
}
