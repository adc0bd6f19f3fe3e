//! A store that forgets with the process: for tests and simulations.

use super::{
    CLAIMS_MAX, CONTESTS_MAX, Checked, Draft, Edited, Error, Find, Handed, Kept, LISTED_MAX,
    Letter, Posted, Query, Rows, Standing, Store, UNVERIFIED_MAX, Which, identify,
};
use crate::{
    registry::{
        ACCESS, Applied, BUCKETS, Edit, Kind, Record, RecordId, SEEN, UNVERIFIED, is_claim,
        is_resident,
    },
    time::{Sid, Stamp, Wall},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
};

/// The store.
#[derive(Debug, Default)]
pub struct Memory {
    sid: Option<Sid>,
    clock: u64,
    clean: bool,
    life: u64,
    reputation: BTreeMap<IpAddr, Standing>,
    records: BTreeMap<RecordId, Record>,
    /// What living records claim.
    claims: BTreeSet<(Box<str>, RecordId)>,
    kept: BTreeMap<Box<str>, Kept>,
    /// Edits that are handed over.
    handed: VecDeque<Draft>,
    /// Mails that wait, by when they are due.
    letters: BTreeMap<(Wall, u64), Posted>,
    /// How many mails there have been.
    posted: u64,
}

impl Memory {
    /// Hands an edit to the server, which takes it when it asks next.
    pub fn hand(&mut self, draft: Draft) {
        self.handed.push_back(draft);
    }

    fn propose(&mut self, edit: &Edit) -> Rows {
        let taken = edit.claims().find(|key| self.holder(key).is_some_and(|id| id != edit.id));
        if let Some(key) = taken {
            return Rows::Taken(key.into());
        }
        match self.records.get(&edit.id) {
            Some(record) if record.ended.is_some() => return Rows::Taken("".into()),
            Some(record) if !record.has_room(edit) => return Rows::Full,
            Some(_) | None => (),
        }
        Rows::Proposed(Box::new(self.edit(edit)))
    }

    fn edit(&mut self, edit: &Edit) -> Edited {
        let record = self.records.entry(edit.id).or_insert_with(|| Record::new(edit.id, edit.kind));
        let Applied { news, changed, .. } = record.apply(edit);
        let record = record.clone();
        let mut claims = Vec::new();
        for change in changed.iter().filter(|change| is_claim(&change.key)) {
            let claim = (change.key.clone(), edit.id);
            match change.after {
                Some(_) => drop(self.claims.insert(claim)),
                None => drop(self.claims.remove(&claim)),
            }
            claims.push((change.key.clone(), self.holder(&change.key)));
        }
        let gained = changed.iter().filter(|change| change.after.is_some());
        let contested = gained.flat_map(|change| {
            let losers = self.claimants(&change.key).skip(1);
            losers.filter_map(|id| Some((change.key.clone(), self.records.get(&id)?.clone())))
        });
        let contested = contested.collect();
        Edited { edit: edit.clone(), news, record, changed, claims, contested }
    }

    /// Who claims something, the one who has it first.
    fn claimants<'a>(&'a self, key: &'a str) -> impl Iterator<Item = RecordId> + 'a {
        let from = (Box::from(key), RecordId(crate::time::Stamp::ZERO));
        self.claims.range(from..).take_while(move |claim| &*claim.0 == key).map(|claim| claim.1)
    }

    fn holder(&self, key: &str) -> Option<RecordId> {
        self.claimants(key).next()
    }

    fn contests(&self) -> Vec<(Box<str>, Record)> {
        let keys: BTreeSet<&str> = self.claims.iter().map(|(key, _)| &**key).collect();
        let several = keys.into_iter().filter(|key| self.claimants(key).nth(1).is_some());
        let losers = several.take(CONTESTS_MAX).flat_map(|key| {
            let losers = self.claimants(key).skip(1);
            losers.filter_map(move |id| Some((key.into(), self.records.get(&id)?.clone())))
        });
        losers.collect()
    }

    fn channels_of(&self, account: RecordId, after: Option<RecordId>) -> Vec<Record> {
        let key = format!("{ACCESS}{account}");
        let of = self.records.values().filter(|record| {
            record.get(&key).is_some() && after.is_none_or(|after| record.id > after)
        });
        of.take(LISTED_MAX).cloned().collect()
    }

    fn find(&self, find: &Find) -> Option<Box<Record>> {
        let id = match find {
            Find::Id(id) => Some(*id),
            Find::Claim(key) => self.holder(key),
        };
        self.records.get(&id?).cloned().map(Box::new)
    }

    fn resident(&self, after: &str) -> Vec<(Box<str>, RecordId)> {
        let mut claims: Vec<(Box<str>, RecordId)> = Vec::new();
        for (key, id) in self.claims.iter().filter(|(key, _)| &**key > after && is_resident(key)) {
            if claims.last().is_none_or(|(last, _)| last != key) {
                claims.push((key.clone(), *id));
            }
        }
        claims.truncate(CLAIMS_MAX);
        claims
    }
}

impl Memory {
    fn digests(&self) -> Box<[u64; BUCKETS]> {
        let mut digests = Box::new([0; BUCKETS]);
        for record in self.records.values() {
            digests[record.id.bucket()] ^= record.digest();
        }
        digests
    }

    fn list(&self, kind: Kind, after: Option<RecordId>, which: &Which) -> Vec<Record> {
        let living = self.records.values().filter(|record| {
            let of = record.kind == kind && record.ended.is_none();
            of && after.is_none_or(|after| record.id > after) && is_listed(record, which)
        });
        living.take(LISTED_MAX).cloned().collect()
    }

    fn unverified(&self, before: Wall) -> Vec<Record> {
        let from = self.claims.range((Box::from(UNVERIFIED), RecordId(Stamp::ZERO))..);
        let held = from.take_while(|(key, _)| key.starts_with(UNVERIFIED));
        let ids = held.map(|claim| claim.1).filter(|id| id.0.tick < Stamp::tick_at(before));
        ids.take(UNVERIFIED_MAX).filter_map(|id| self.records.get(&id).cloned()).collect()
    }

    fn post(&mut self, letter: &Letter, most: usize) -> Rows {
        if self.letters.len() >= most {
            return Rows::Full;
        }
        self.posted += 1;
        let number = self.posted;
        let posted = Posted { number, tries: 0, letter: letter.clone() };
        self.letters.insert((letter.made, number), posted);
        Rows::Done
    }

    /// The mail that is due first, if it is by then; else when it is.
    fn due(&self, by: Wall) -> Rows {
        match self.letters.first_key_value() {
            Some(((due, _), posted)) if *due <= by => {
                Rows::Letter(Some(Box::new(posted.clone())), None)
            }
            first => Rows::Letter(None, first.map(|((due, _), _)| *due)),
        }
    }

    /// Takes a mail out of the queue.
    fn take(&mut self, number: u64) -> Option<Posted> {
        let key = *self.letters.keys().find(|key| key.1 == number)?;
        self.letters.remove(&key)
    }
}

impl Store for Memory {
    #[allow(clippy::too_many_lines, reason = "an arm for each query")]
    fn ask(&mut self, query: &Query) -> Result<Rows, Error> {
        match query {
            Query::Identify { sid, random, tick } => {
                self.life += 1;
                let (sid, clock) =
                    identify(self.sid, *sid, (*random, *tick), self.clock, self.clean);
                self.sid = Some(sid);
                self.clock = clock;
                self.clean = false;
                Ok(Rows::Identity { sid, clock, life: self.life })
            }
            Query::RaiseClock { tick, clean } => {
                self.clock = self.clock.max(*tick);
                self.clean = *clean;
                Ok(Rows::Done)
            }
            Query::LoadReputation => {
                Ok(Rows::Reputation(self.reputation.values().copied().collect()))
            }
            Query::KeepReputation { kept, gone } => {
                self.reputation.extend(kept.iter().map(|row| (row.address, *row)));
                self.reputation.retain(|address, _| !gone.contains(address));
                Ok(Rows::Done)
            }
            Query::Propose(edit) => Ok(self.propose(edit)),
            Query::Learn(edits) => {
                Ok(Rows::Learned(edits.iter().map(|edit| self.edit(edit)).collect()))
            }
            Query::Find(find) => Ok(Rows::Record(self.find(find))),
            Query::Claims { after } => Ok(Rows::Claims(self.resident(after))),
            Query::Contests => Ok(Rows::Contests(self.contests())),
            Query::Digests => Ok(Rows::Digests(self.digests())),
            Query::Keep(kept) => {
                for one in kept {
                    if self.kept.get(&one.key).is_none_or(|known| known.at < one.at) {
                        self.kept.insert(one.key.clone(), one.clone());
                    }
                }
                Ok(Rows::Done)
            }
            Query::Recall { after } => {
                let kept = self.kept.values().filter(|kept| kept.key > *after);
                Ok(Rows::Kept(kept.take(CLAIMS_MAX).cloned().collect()))
            }
            Query::Forget { before } => {
                self.kept.retain(|_, kept| kept.over.is_none_or(|over| over >= *before));
                Ok(Rows::Done)
            }
            Query::TakeHanded => {
                let draft = self.handed.pop_front();
                Ok(Rows::Handed(draft.map(|draft| Box::new(Handed { number: 0, draft }))))
            }
            Query::AnswerHanded { .. } | Query::Probe => Ok(Rows::Done),
            Query::Unverified { before } => Ok(Rows::Records(self.unverified(*before))),
            Query::Post { letter, most } => Ok(self.post(letter, *most)),
            Query::Due { by } => Ok(self.due(*by)),
            Query::Postpone { number, due } => {
                if let Some(posted) = self.take(*number) {
                    let posted = Posted { tries: posted.tries + 1, ..posted };
                    self.letters.insert((*due, *number), posted);
                }
                Ok(Rows::Done)
            }
            Query::Discard { number } => {
                self.take(*number);
                Ok(Rows::Done)
            }
            Query::Check => Ok(Rows::Checked(Checked::Whole)),
            Query::ChannelsOf { account, after } => {
                Ok(Rows::Records(self.channels_of(*account, *after)))
            }
            Query::Records(ids) | Query::Channels(ids) => {
                let known = ids.iter().filter_map(|id| self.records.get(id).cloned());
                Ok(Rows::Records(known.collect()))
            }
            Query::List { kind, after, which } => {
                Ok(Rows::Records(self.list(*kind, *after, which)))
            }
            Query::Bucket(bucket) => {
                let records = self.records.values().filter(|record| record.id.bucket() == *bucket);
                let records = records.map(|record| (record.id, record.digest())).collect();
                Ok(Rows::Bucket(*bucket, records))
            }
        }
    }
}

/// Whether a record is among those.
fn is_listed(record: &Record, which: &Which) -> bool {
    match which {
        Which::All => true,
        Which::With(key) => record.get(key).is_some(),
        Which::UnseenSince(wall) => {
            let seen = record.get(SEEN).and_then(|secs| secs.parse::<u64>().ok()).unwrap_or(0);
            record.id.0.tick < Stamp::tick_at(*wall) && seen.saturating_mul(1000) < wall.0
        }
    }
}
