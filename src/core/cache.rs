//! Records that have been looked up lately, so that the store is not asked for them again.
//!
//! They are as the store has last said: every answer of the store's one writing thread comes in the order in
//! which it was made, and what it says of a record takes the place of what was known.

use super::Core;
use crate::{
    job::Answer,
    registry::{Record, RecordId},
    store::{Find, Rows},
};
use std::collections::BTreeMap;

/// The records.
#[derive(Debug, Default)]
pub struct Cache {
    records: BTreeMap<RecordId, Cached>,
    /// The same by when they were last used.
    used: BTreeMap<u64, RecordId>,
    /// How many times one has been used.
    uses: u64,
    /// How much memory they take, about.
    bytes: usize,
}

#[derive(Debug)]
struct Cached {
    record: Box<Record>,
    used: u64,
    bytes: usize,
}

impl Cache {
    fn get(&mut self, id: RecordId) -> Option<&Record> {
        self.uses += 1;
        let cached = self.records.get_mut(&id)?;
        self.used.remove(&cached.used);
        cached.used = self.uses;
        self.used.insert(self.uses, id);
        Some(&cached.record)
    }

    /// Remembers a record in place of what was known of it.
    fn put(&mut self, record: &Record) {
        self.remove(record.id);
        let bytes = size(record);
        self.uses += 1;
        self.bytes += bytes;
        self.used.insert(self.uses, record.id);
        let cached = Cached { record: Box::new(record.clone()), used: self.uses, bytes };
        self.records.insert(record.id, cached);
        while self.bytes > BYTES_MAX {
            let Some((_, oldest)) = self.used.first_key_value() else { return };
            self.remove(*oldest);
        }
    }

    fn remove(&mut self, id: RecordId) {
        if let Some(cached) = self.records.remove(&id) {
            self.used.remove(&cached.used);
            self.bytes -= cached.bytes;
        }
    }
}

impl Core {
    /// Whether it is known what the store would find.
    pub(in crate::core) fn remembers(&self, find: &Find) -> bool {
        self.found(find).is_some_and(|id| self.cache.records.contains_key(&id))
    }

    fn found(&self, find: &Find) -> Option<RecordId> {
        match find {
            Find::Id(id) => Some(*id),
            Find::Claim(key) => self.network.claims().key(key),
        }
    }

    /// What the store would find now, if that is known.
    pub(in crate::core) fn cached(&mut self, find: &Find) -> Option<Answer> {
        let id = self.found(find)?;
        let record = self.cache.get(id)?.clone();
        self.metrics.look_ups_cached += 1;
        Some(Answer::Stored(Ok(Rows::Record(Some(Box::new(record))))))
    }

    /// Takes note of what the store says of records.
    pub(in crate::core) fn cache_answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Stored(Ok(Rows::Record(Some(record)))) => self.cache.put(record),
            // What is written without being read is not worth a place.
            Answer::Stored(Ok(Rows::Proposed(edited))) => self.recache(&edited.record),
            Answer::Stored(Ok(Rows::Learned(all))) => {
                all.iter().for_each(|edited| self.recache(&edited.record));
            }
            // Whether something has been changed is not known.
            Answer::Stored(Err(_)) => self.cache = Cache::default(),
            _ => (),
        }
    }

    fn recache(&mut self, record: &Record) {
        if self.cache.records.contains_key(&record.id) {
            self.cache.put(record);
        }
    }
}

fn size(record: &Record) -> usize {
    let field = |(key, field): (&str, &crate::registry::Field)| {
        key.len() + field.value.as_deref().map_or(0, str::len) + field.by.len() + FIELD_BYTES
    };
    RECORD_BYTES + record.fields().map(field).sum::<usize>()
}

/// How much memory cached records take, about: some thousand of the usual size.
const BYTES_MAX: usize = 2 << 20;

/// What a field takes besides its texts, about.
const FIELD_BYTES: usize = 96;

/// What a record takes besides its fields, about.
const RECORD_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            effect::Effect,
            frame::{Frame, Registry},
            scene::Scene,
        },
        job::{Job, JobId},
        registry::{Edit, Kind, NAME, NICK, What},
        server::Input,
        sim::script::check,
        store::{Query, Store, memory::Memory},
        time::{Sid, Stamp},
    };

    fn record(tick: u64, length: usize) -> Record {
        let at = Stamp { tick, server: Sid::FIRST };
        let mut record = Record::new(RecordId(at), Kind::Account);
        let what = What::Write(vec![("x".into(), Some("x".repeat(length).into()))]);
        let (id, kind, by) = (record.id, record.kind, "test".into());
        record.apply(&Edit { id, kind, at, by, what });
        record
    }

    #[test]
    fn what_has_not_been_used_for_longest_makes_room() {
        let mut cache = Cache::default();
        let size = BYTES_MAX / 4;
        for tick in 1..=3 {
            cache.put(&record(tick, size));
        }
        assert!(cache.get(record(1, 0).id).is_some());
        cache.put(&record(4, size));
        let known: Vec<u64> = cache.records.keys().map(|id| id.0.tick).collect();
        assert_eq!(known, [1, 3, 4]);
        // One that is known otherwise takes the room of what was known.
        cache.put(&record(4, 1));
        cache.put(&record(5, size));
        assert_eq!(cache.records.len(), 4);
        assert_eq!(cache.bytes, cache.records.values().map(|cached| cached.bytes).sum::<usize>());
        assert_eq!(cache.used.len(), 4);
        cache.put(&record(6, 2 * BYTES_MAX));
        assert!(cache.records.is_empty() && cache.used.is_empty() && cache.bytes == 0);
    }

    /// What the store is asked about records, of which it knows by then.
    fn asked(effects: Vec<Effect>) -> Option<(JobId, Query)> {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Job { id, job } => match *job {
                Job::Store(query @ (Query::Find(_) | Query::Learn(_))) => Some((id, query)),
                _ => None,
            },
            _ => None,
        })
    }

    #[test]
    fn what_changes_before_a_known_record_is_told_is_told() {
        let (mut scene, mut store) = (Scene::new(), Memory::default());
        let (alice, other) = (scene.user("alice"), scene.peer());
        let answer = |scene: &mut Scene, store: &mut Memory, effects| {
            let (id, query) = asked(effects).unwrap();
            scene.input(Input::Done { id, answer: Answer::Stored(store.ask(&query)) })
        };
        let written = |scene: &mut Scene, store: &mut Memory, tick, fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(key, value)| ((*key).into(), Some((*value).into())));
            let (server, what) = (other.sid, What::Write(fields.collect()));
            let (id, at) = (RecordId(Stamp { tick: 1, server }), Stamp { tick, server });
            let edit = Edit { id, kind: Kind::Account, at, by: "test".into(), what };
            let frame = Frame::Registry(Registry::Edits(vec![edit]));
            let effects = scene.input(Input::Frame { peer: other.peer, frame });
            answer(scene, store, effects);
        };
        let claim = format!("{NICK}carl");
        written(&mut scene, &mut store, 1, &[(NAME, "carl"), (&claim, "carl")]);
        let effects = scene.line(alice, "NS INFO carl");
        answer(&mut scene, &mut store, effects);
        for _ in 0..2 {
            assert!(asked(scene.line(alice, "NS INFO carl")).is_none(), "it is known");
            written(&mut scene, &mut store, 2, &[("suspended", "rude")]);
            let effects = scene.input(Input::Tick);
            let said = scene.said(&effects);
            assert!(said.iter().any(|line| line.contains("Suspended: rude")), "{said:?}");
        }
    }

    #[test]
    fn a_record_that_was_looked_up_is_found_again_as_it_is_now() {
        check(
            r"
            config oper root sesame
            account Bob password=sesame
            alice > NS IDENTIFY Bob sesame
            alice <~ :s1.test 900 *
            disk 1 broken
            carl  > NS IDENTIFY Bob sesame
            carl  <~ :s1.test 900 *
            disk 1 well
            root  > OPER root sesame
            root  > STATS m
            root  < :s1.test 249 root :slircd_lookups_cached_total 3
            alice > NS GROUP
            alice <~ :NickServ!services@* NOTICE alice :*
            carl  > NS GLIST
            carl  <~ :NickServ!services@* NOTICE carl :*
            dora  > NS IDENTIFY alice sesame
            dora  <~ :s1.test 900 dora *
            ",
        );
    }
}
