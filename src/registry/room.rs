//! How much a record holds, and for how long it remembers what was taken from it.
//!
//! That a field of a list was taken away has to be remembered, or a server that has not heard of it would
//! bring it back; but whoever adds and removes for long enough would fill any record. So it is forgotten
//! [`REMEMBERED_MS`] after, by the latest that the record says of itself, and of more than [`REMOVED_MAX`]
//! of a list the earliest are. Both follow from what is in the record and from nothing else, so servers that
//! know the same remember the same. A field of which there is but one is remembered for ever.

use super::{CERT, CERTS_MAX, Edit, MEMO, METADATA, Record, UNVERIFIED, What};
use crate::time::Stamp;

impl Record {
    /// Whether it has room for what somebody proposes. Whoever gives something up needs none, nor does what
    /// there is but one of.
    pub fn has_room(&self, edit: &Edit) -> bool {
        let What::Write(fields) = &edit.what else { return true };
        LISTS.iter().all(|List { has, most }| {
            let (set, gone): (Vec<_>, Vec<_>) =
                fields.iter().filter(|(key, _)| has(key)).partition(|(_, value)| value.is_some());
            let added = set.iter().filter(|(key, _)| self.get(key).is_none()).count();
            let left = gone.iter().filter(|(key, _)| self.get(key).is_some()).count();
            let held = || self.fields().filter(|(key, field)| has(key) && field.value.is_some());
            added <= left || held().count() + added - left <= *most
        })
    }

    /// Forgets what was taken away too long ago, and what is too much of that: the keys.
    pub(super) fn forget(&mut self) -> Vec<Box<str>> {
        let latest = self.fields.values().map(|field| field.at.tick).max().unwrap_or(0);
        let before = latest.saturating_sub(REMEMBERED_MS << 16);
        let lists = LISTS.iter().flat_map(|list| self.too_old(list, before));
        let forgotten: Vec<Box<str>> = lists.collect();
        forgotten.iter().for_each(|key| drop(self.fields.remove(key)));
        forgotten
    }

    /// What was taken from a list before a tick, and what is too much of that.
    fn too_old(&self, List { has, .. }: &List, before: u64) -> Vec<Box<str>> {
        let removed = self.fields.iter().filter(|(key, field)| field.value.is_none() && has(key));
        let mut removed: Vec<(Stamp, &str)> =
            removed.map(|(key, field)| (field.at, &**key)).collect();
        removed.sort_unstable();
        let too_old = removed.partition_point(|(at, _)| at.tick < before);
        removed.truncate(too_old.max(removed.len().saturating_sub(REMOVED_MAX)));
        removed.into_iter().map(|(_, key)| key.into()).collect()
    }
}

/// Whether a field is one of a list; an account waits to be verified but once.
fn is_listed(key: &str) -> bool {
    key.contains(':') && !key.starts_with(UNVERIFIED)
}

/// What a record has many of.
struct List {
    /// Whether a field is of it.
    has: fn(&str) -> bool,
    /// How many may be set.
    most: usize,
}

const LISTS: &[List] = &[
    List { has: |key| key.starts_with(CERT), most: CERTS_MAX },
    // Others leave memos, and whoever operates a channel sets its metadata; neither is to keep an owner from
    // anything else.
    List { has: |key| key.starts_with(MEMO), most: MEMOS_MAX },
    List { has: |key| key.starts_with(METADATA), most: METADATA_MAX },
    List { has: |key| is_listed(key) && !is_apart(key), most: FIELDS_MAX },
];

fn is_apart(key: &str) -> bool {
    key.starts_with(MEMO) || key.starts_with(METADATA) || key.starts_with(CERT)
}

/// How many memos a record may hold.
const MEMOS_MAX: usize = 400;

/// How many keys of metadata.
const METADATA_MAX: usize = 400;

/// How many fields of all other lists together.
const FIELDS_MAX: usize = 1000;

/// Of how many fields of a list a record remembers that they were taken away.
const REMOVED_MAX: usize = 1000;

/// For how long, in milliseconds: a server that was away for longer than these 30 days may bring back what
/// was taken away meanwhile.
const REMEMBERED_MS: u64 = 30 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registry::{Kind, NICK, RecordId},
        time::Sid,
    };
    use std::collections::BTreeMap;

    const DAY: u64 = 86_400_000 << 16;

    fn write(at: Stamp, fields: &[(&str, Option<&str>)]) -> Edit {
        let fields = fields.iter().map(|(key, value)| ((*key).into(), value.map(Into::into)));
        let what = What::Write(fields.collect());
        Edit { id: RecordId(at_day(1)), kind: Kind::Account, at, by: "test".into(), what }
    }

    fn at_day(day: u64) -> Stamp {
        Stamp { tick: day * DAY, server: Sid::FIRST }
    }

    fn new() -> Record {
        Record::new(RecordId(at_day(1)), Kind::Account)
    }

    fn record(edits: &[&Edit]) -> Record {
        let mut record = new();
        edits.iter().for_each(|edit| drop(record.apply(edit)));
        record
    }

    #[test]
    fn what_was_taken_away_is_forgotten_after_a_while() {
        let waits = format!("{UNVERIFIED}1");
        let edits = [
            write(at_day(1), &[("akick:1", Some("a")), ("mail", Some("x")), (&waits, Some("s"))]),
            write(at_day(2), &[("akick:1", None), ("mail", None), (&waits, None)]),
            write(at_day(3), &[("akick:2", Some("b"))]),
            write(at_day(33), &[("name", Some("c"))]),
        ];
        let [one, gone, two, late] = &edits;
        let whole = record(&[one, gone, two, late]);
        let keys: Vec<&str> = whole.fields().map(|(key, _)| key).collect();
        assert_eq!(keys, ["akick:2", "mail", "name", &waits], "what there is but one of is known");
        assert_eq!(record(&[one, late, two, gone]), whole);
        assert!(record(&[one, gone, two]).field("akick:1").is_some(), "it is remembered");
        let replay = whole.replay();
        assert_eq!(record(&replay.iter().collect::<Vec<_>>()), whole);
        let mut again = record(&[one, gone, two]);
        let applied = again.apply(late);
        assert_eq!(applied.forgotten, ["akick:1".into()]);
        assert!(applied.news && applied.changed.len() == 1);
    }

    #[test]
    fn no_record_is_ever_full_of_what_was_taken_from_it() {
        let mut record = record(&[&write(at_day(1), &[("name", Some("x"))])]);
        let keys: Vec<String> =
            (0..3 * FIELDS_MAX).map(|number| format!("akick:{number}")).collect();
        let at = |number: usize| Stamp { tick: at_day(2).tick + number as u64, ..at_day(2) };
        for (number, key) in keys.iter().enumerate() {
            let add = write(at(2 * number), &[(key, Some("x"))]);
            assert!(record.has_room(&add));
            record.apply(&add);
            record.apply(&write(at(2 * number + 1), &[(key, None)]));
        }
        assert_eq!(record.fields().count(), 1 + REMOVED_MAX);
        assert!(record.field(&keys[2 * FIELDS_MAX]).is_some(), "the latest are remembered");
        // What is older than all that is remembered is not either.
        let late = write(at(0), &[("akick:x", None)]);
        assert_eq!(record.apply(&late).forgotten, ["akick:x".into()]);
    }

    #[test]
    fn lists_have_bounds_of_their_own() {
        let keys = |prefix: &str, count: usize| -> Vec<String> {
            (0..count).map(|number| format!("{prefix}{number:04}")).collect()
        };
        for (prefix, most) in
            [(MEMO, MEMOS_MAX), (METADATA, METADATA_MAX), (CERT, CERTS_MAX), (NICK, FIELDS_MAX)]
        {
            let all = keys(prefix, most);
            let fields: Vec<_> = all.iter().map(|key| (key.as_str(), Some("x"))).collect();
            let at = at_day(2);
            assert!(new().has_room(&write(at, &fields)));
            let full = record(&[&write(at, &fields)]);
            let (one, two) = (format!("{prefix}x"), format!("{prefix}y"));
            let add = (one.as_str(), Some("x"));
            assert!(!full.has_room(&write(at, &[add])));
            assert!(!new().has_room(&write(at, &[&fields[..], &[add]].concat())));
            // Something else of the list is written, given up, or takes its place.
            let (first, gone) = ((all[0].as_str(), Some("y")), (all[0].as_str(), None));
            for fields in [&[first][..], &[gone], &[gone, add], &[("mail", Some("x"))]] {
                assert!(full.has_room(&write(at, fields)), "{fields:?}");
            }
            assert!(!full.has_room(&write(at, &[gone, add, (&two, Some("x"))])));
            let other = if prefix == MEMO { "akick:x" } else { "memo:x" };
            assert!(full.has_room(&write(at, &[(other, Some("x"))])));
        }
    }

    /// A number below, from a sequence that is the same each time.
    fn dice(state: &mut u64, below: u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % below
    }

    /// Two servers tell each other all that they know.
    fn compare(servers: &mut [Record], (one, two): (usize, usize)) {
        let (mine, theirs) = (servers[one].replay(), servers[two].replay());
        theirs.iter().for_each(|edit| drop(servers[one].apply(edit)));
        mine.iter().for_each(|edit| drop(servers[two].apply(edit)));
    }

    fn set(record: &Record) -> BTreeMap<String, String> {
        let set = record.fields().filter_map(|(key, field)| Some((key, field.value.as_deref()?)));
        set.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Three servers change one record for most of a year, of which now and then one is away for up to so many
    /// days. What they have in the end, and what they would have if nothing were forgotten.
    fn year(seed: u64, away_max: u64) -> (Vec<Record>, BTreeMap<String, String>) {
        let (mut state, mut servers) = (seed, vec![new(); 3]);
        let mut last: BTreeMap<String, (Stamp, Option<&str>)> = BTreeMap::new();
        let (mut away, mut back) = (0, 0);
        for day in 2..300 {
            if back < day && dice(&mut state, 5) == 0 {
                (away, back) = (dice(&mut state, 3) as usize, day + dice(&mut state, away_max));
            }
            for (number, server) in servers.iter_mut().enumerate() {
                if dice(&mut state, 3) > 0 {
                    continue;
                }
                let key = format!("akick:{}", dice(&mut state, 60));
                let value = (dice(&mut state, 2) == 0).then_some("x");
                let at = Stamp { tick: day * DAY, server: Sid::from_number(number as u64) };
                server.apply(&write(at, &[(&key, value)]));
                last.insert(key, (at, value));
            }
            for (one, two) in [(0, 1), (1, 2), (0, 2)] {
                if day >= back || (one != away && two != away) {
                    compare(&mut servers, (one, two));
                }
            }
        }
        // As often as it takes: what comes back goes from one to the next.
        for (one, two) in [(0, 1), (1, 2), (0, 2), (0, 1), (1, 2), (0, 2)] {
            compare(&mut servers, (one, two));
        }
        let last = last.into_iter().filter_map(|(key, (_, value))| Some((key, value?.to_owned())));
        (servers, last.collect())
    }

    #[test]
    fn nothing_comes_back_from_a_server_that_was_away_for_less_and_all_agree_after_more() {
        let mut came_back = 0;
        for seed in 0..8 {
            let (servers, last) = year(seed, 29);
            for server in &servers {
                assert_eq!((server, server.digest()), (&servers[0], servers[0].digest()));
                assert_eq!(set(server), last, "{seed}");
            }
            let (servers, last) = year(seed, 200);
            for server in &servers {
                assert_eq!(server.digest(), servers[0].digest(), "{seed}");
            }
            came_back += usize::from(set(&servers[0]) != last);
        }
        assert!(came_back > 0, "nothing was ever forgotten");
    }
}
