//! What every store does, whichever keeps it.

use super::{memory::Memory, sqlite::Sqlite, *};
use crate::registry::{CERTS_MAX, FIELDS_MAX, KEY_MAX, SEEN, VALUE_MAX};
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("slircd-store-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What every store does.
fn contract(store: &mut dyn Store) {
    let identify = Query::Identify { sid: None, random: 77, tick: 0 };
    let Ok(Rows::Identity { sid, clock: 0, life: 1 }) = store.ask(&identify) else {
        panic!("the first life")
    };
    assert_eq!(sid, Sid::from_number(77));
    assert_eq!(store.ask(&Query::RaiseClock { tick: 50, clean: false }), Ok(Rows::Done));
    assert_eq!(store.ask(&Query::RaiseClock { tick: 40, clean: true }), Ok(Rows::Done));
    let again = Query::Identify { sid: None, random: 5, tick: 9 };
    assert_eq!(store.ask(&again), Ok(Rows::Identity { sid, clock: 50, life: 2 }), "a clean end");
    assert_eq!(store.ask(&again), Ok(Rows::Identity { sid, clock: 50 + LAG, life: 3 }), "a crash");
    let other = Sid::from_number(9);
    let named = Query::Identify { sid: Some(other), random: 5, tick: 0 };
    let crashed_again = Rows::Identity { sid: other, clock: 50 + 2 * LAG, life: 4 };
    assert_eq!(store.ask(&named), Ok(crashed_again), "no mark was written in between");
    reputation(store);
}

fn reputation(store: &mut dyn Store) {
    let known = |store: &mut dyn Store| {
        let Ok(Rows::Reputation(mut rows)) = store.ask(&Query::LoadReputation) else {
            panic!("no reputation")
        };
        rows.sort_by_key(|row| row.address);
        rows
    };
    assert_eq!(known(store), []);
    let standing =
        |address: &str, points, seen| Standing { address: address.parse().unwrap(), points, seen };
    let [one, six] = [standing("192.0.2.1", 3, 1 << 41), standing("2001:db8::", u32::MAX, 5)];
    let mut keep = |kept: &[Standing], gone: &[IpAddr]| {
        let query = Query::KeepReputation { kept: kept.into(), gone: gone.into() };
        assert_eq!(store.ask(&query), Ok(Rows::Done));
        known(store)
    };
    assert_eq!(keep(&[six, one], &[]), [one, six]);
    let more = Standing { points: 4, ..one };
    assert_eq!(keep(&[more], &["192.0.2.9".parse().unwrap()]), [more, six]);
    assert_eq!(keep(&[], &[one.address]), [six]);
    assert_eq!(keep(&[], &[]), [six]);
}

fn id(tick: u64) -> RecordId {
    RecordId(at(tick))
}

fn at(tick: u64) -> Stamp {
    Stamp { tick, server: Sid::FIRST }
}

fn edit(of: u64, tick: u64, fields: &[(&str, Option<&str>)]) -> Edit {
    let fields = fields.iter().map(|(key, value)| ((*key).into(), value.map(Into::into)));
    let (what, by) = (What::Write(fields.collect()), "test".into());
    Edit { id: id(of), kind: Kind::Account, at: at(tick), by, what }
}

fn propose(store: &mut dyn Store, edit: &Edit) -> Rows {
    store.ask(&Query::Propose(Box::new(edit.clone()))).unwrap()
}

fn learn(store: &mut dyn Store, edit: Edit) -> Edited {
    match store.ask(&Query::Learn(vec![edit])) {
        Ok(Rows::Learned(mut edited)) if edited.len() == 1 => edited.remove(0),
        other => panic!("{other:?}"),
    }
}

fn holder(store: &mut dyn Store, key: &str) -> Option<RecordId> {
    match store.ask(&Query::Find(Find::Claim(key.into()))) {
        Ok(Rows::Record(record)) => record.map(|record| record.id),
        other => panic!("{other:?}"),
    }
}

/// What every store does with records.
fn records(store: &mut dyn Store) {
    let bob = [("nick:bob", Some("Bob")), ("nick:rob", Some("Rob")), ("name", Some("Bob"))];
    let Rows::Proposed(edited) = propose(store, &edit(10, 10, &bob)) else { panic!() };
    assert!(edited.news && edited.contested.is_empty());
    assert_eq!(edited.changed.len(), 3);
    assert_eq!(
        edited.claims,
        [("nick:bob".into(), Some(id(10))), ("nick:rob".into(), Some(id(10)))]
    );
    assert_eq!(edited.record.name(), Some("Bob"));
    let again = learn(store, edit(10, 10, &bob));
    assert!(!again.news && again.changed.is_empty() && again.record == edited.record);
    // Who comes second is told, and nothing of it is kept.
    let taken = propose(store, &edit(20, 20, &bob));
    assert_eq!(taken, Rows::Taken("nick:bob".into()));
    assert_eq!(store.ask(&Query::Find(Find::Id(id(20)))), Ok(Rows::Record(None)));
    // From behind a split, an earlier registration has the name; the later keeps its claim.
    let older = learn(store, edit(5, 21, &bob[..1]));
    assert_eq!(older.claims, [("nick:bob".into(), Some(id(5)))]);
    let contests = vec![("nick:bob".into(), edited.record.clone())];
    assert_eq!(older.contested, contests);
    assert_eq!(store.ask(&Query::Contests), Ok(Rows::Contests(contests)));
    assert_eq!(holder(store, "nick:rob"), Some(id(10)));
    let resident = Rows::Claims(vec![("nick:bob".into(), id(5)), ("nick:rob".into(), id(10))]);
    assert_eq!(store.ask(&Query::Claims { after: "".into() }), Ok(resident));
    let after = Query::Claims { after: "nick:bob".into() };
    assert_eq!(store.ask(&after), Ok(Rows::Claims(vec![("nick:rob".into(), id(10))])));
    let waits = format!("unverified:{}", id(40));
    let waiting = edit(40, 40, &[(waits.as_str(), Some("salt"))]);
    let Rows::Proposed(waiting) = propose(store, &waiting) else { panic!() };
    let before = |tick: u64| Query::Unverified { before: Stamp { tick, ..at(0) }.wall() };
    assert_eq!(store.ask(&before(0)), Ok(Rows::Records(Vec::new())));
    assert_eq!(store.ask(&before(1 << 16)), Ok(Rows::Records(vec![waiting.record])));
    let verified = edit(40, 41, &[(waits.as_str(), None)]);
    assert!(matches!(propose(store, &verified), Rows::Proposed(_)));
    assert_eq!(store.ask(&before(1 << 16)), Ok(Rows::Records(Vec::new())));
    // An end gives back what was claimed.
    let end = Edit { what: What::End, ..edit(5, 30, &[]) };
    let Rows::Proposed(ended) = propose(store, &end) else { panic!() };
    assert_eq!(ended.claims, [("nick:bob".into(), Some(id(10)))]);
    assert_eq!(store.ask(&Query::Contests), Ok(Rows::Contests(Vec::new())));
    assert_eq!((ended.record.ended, ended.record.fields().count()), (Some(at(30)), 0));
    let more: Vec<String> = (0..CERTS_MAX).map(|number| format!("cert:{number}")).collect();
    for (tick, key) in (60..).zip(&more) {
        let added = propose(store, &edit(10, tick, &[(key.as_str(), Some(""))]));
        assert!(matches!(added, Rows::Proposed(_)));
    }
    assert_eq!(propose(store, &edit(10, 99, &[("cert:x", Some(""))])), Rows::Full);
    let Rows::Proposed(edited) = propose(store, &edit(10, 99, &[("cert:0", None)])) else {
        panic!()
    };
    let late = propose(store, &edit(5, 40, &[("mail", Some("x"))]));
    assert_eq!(late, Rows::Taken("".into()), "it has ended");
    // What sums up to what is there.
    let Ok(Rows::Digests(digests)) = store.ask(&Query::Digests) else { panic!() };
    let of = |record: &Record| (record.id, record.digest());
    for (id, digest) in [of(&edited.record), of(&ended.record)] {
        assert_eq!(digests[id.bucket()], digest);
        let bucket = store.ask(&Query::Bucket(id.bucket()));
        assert_eq!(bucket, Ok(Rows::Bucket(id.bucket(), vec![(id, digest)])));
    }
    listed(store);
}

/// Which records are listed: those of ids 10 and 40 live, that of 5 has ended.
fn listed(store: &mut dyn Store) {
    let late = 1 << 40;
    propose(store, &edit(40, 70, &[("name", Some("Late")), ("hold", None)]));
    propose(store, &edit(late, late, &[("name", Some("New"))]));
    propose(store, &edit(10, late + 1, &[(SEEN, Some("20")), ("hold", Some("on"))]));
    let mut list = |after: Option<u64>, which: Which| {
        let query = Query::List { kind: Kind::Account, after: after.map(id), which };
        let Ok(Rows::Records(records)) = store.ask(&query) else { panic!() };
        records.iter().map(|record| record.id.0.tick).collect::<Vec<u64>>()
    };
    assert_eq!(list(None, Which::All), [10, 40, late]);
    assert_eq!(list(Some(10), Which::All), [40, late]);
    assert_eq!(list(None, Which::With("hold".into())), [10]);
    assert_eq!(list(None, Which::UnseenSince(Wall(20_000))), [40]);
    assert_eq!(list(None, Which::UnseenSince(Wall(20_001))), [10, 40]);
    let query = Query::List { kind: Kind::Channel, after: None, which: Which::All };
    assert_eq!(store.ask(&query), Ok(Rows::Records(Vec::new())));
}

/// What was taken away from a list is forgotten once something has been written that is so much later.
fn forgets(store: &mut dyn Store) {
    const DAY: u64 = 86_400_000 << 16;
    let first = [("name", Some("Bob")), ("memo:a", Some("x")), ("mail", Some("x"))];
    propose(store, &edit(DAY, DAY, &first));
    propose(store, &edit(DAY, 2 * DAY, &[("memo:a", None), ("mail", None)]));
    let known = |store: &mut dyn Store| match store.ask(&Query::Find(Find::Id(id(DAY)))) {
        Ok(Rows::Record(Some(record))) => record,
        other => panic!("{other:?}"),
    };
    assert_eq!(known(store).fields().count(), 3);
    propose(store, &edit(DAY, 33 * DAY, &[("memo:b", Some("y"))]));
    let left: Vec<_> = known(store).fields().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(left, ["mail", "memo:b", "name"]);
    let Ok(Rows::Digests(digests)) = store.ask(&Query::Digests) else { panic!() };
    assert_eq!(digests[id(DAY).bucket()], known(store).digest());
}

/// What every store does with registers of the network.
fn registers(store: &mut dyn Store) {
    let kept = |key: &str, text: &str, tick: u64, over: Option<u64>| Kept {
        key: key.into(),
        text: text.into(),
        at: at(tick),
        over: over.map(Wall),
    };
    let (one, two) = (kept("b", "one", 5, None), kept("a", "two", 6, Some(100)));
    let keep = Query::Keep(vec![one, two.clone()]);
    assert_eq!(store.ask(&keep), Ok(Rows::Done));
    let (late, new) = (kept("a", "old", 4, None), kept("b", "new", 9, Some(50)));
    assert_eq!(store.ask(&Query::Keep(vec![late, new.clone()])), Ok(Rows::Done));
    let recall = |after: &str| Query::Recall { after: after.into() };
    assert_eq!(store.ask(&recall("")), Ok(Rows::Kept(vec![two.clone(), new.clone()])));
    assert_eq!(store.ask(&recall("a")), Ok(Rows::Kept(vec![new])));
    assert_eq!(store.ask(&Query::Forget { before: Wall(100) }), Ok(Rows::Done));
    assert_eq!(store.ask(&recall("")), Ok(Rows::Kept(vec![two])));
}

/// What every store does with mails that wait.
fn letters(store: &mut dyn Store) {
    let letter = |address: &str, purpose, made| Letter {
        address: address.into(),
        purpose,
        account: "Bob".into(),
        id: id(10),
        salt: "salt".into(),
        memo: "alice\nhello".into(),
        made: Wall(made),
    };
    let (one, two) = (letter("a@b", Purpose::Memo, 50), letter("c@d", Purpose::Reset, 20));
    let post = |letter: &Letter| Query::Post { letter: Box::new(letter.clone()), most: 2 };
    for letter in [&one, &two] {
        assert_eq!(store.ask(&post(letter)), Ok(Rows::Done));
    }
    assert_eq!(store.ask(&post(&one)), Ok(Rows::Full));
    let due = |store: &mut dyn Store, by| match store.ask(&Query::Due { by: Wall(by) }) {
        Ok(Rows::Letter(posted, next)) => (posted, next.map(|next| next.0)),
        other => panic!("{other:?}"),
    };
    assert_eq!(due(store, 19), (None, Some(20)));
    let (Some(posted), None) = due(store, 20) else { panic!() };
    assert_eq!((posted.tries, &posted.letter), (0, &two));
    let number = posted.number;
    assert_eq!(store.ask(&Query::Postpone { number, due: Wall(70) }), Ok(Rows::Done));
    assert_eq!(due(store, 70).0.map(|posted| posted.letter), Some(two.clone()), "before a memo");
    let (Some(first), None) = due(store, 69) else { panic!() };
    assert_eq!((first.tries, first.letter), (0, one));
    assert_eq!(store.ask(&Query::Discard { number: first.number }), Ok(Rows::Done));
    assert_eq!(due(store, 69), (None, Some(70)));
    let again = due(store, 70).0.unwrap();
    assert_eq!((again.number, again.tries, again.letter), (number, 1, two.clone()));
    // What is not there cannot be changed, and no number comes again.
    assert_eq!(store.ask(&Query::Discard { number }), Ok(Rows::Done));
    for gone in [Query::Postpone { number, due: Wall(1) }, Query::Discard { number }] {
        assert_eq!(store.ask(&gone), Ok(Rows::Done));
    }
    assert_eq!(due(store, 1000), (None, None));
    assert_eq!(store.ask(&post(&two)), Ok(Rows::Done));
    assert!(due(store, 1000).0.unwrap().number > number);
}

/// What every store does with what no record can hold.
fn bounds(store: &mut dyn Store) {
    let known = |store: &mut dyn Store| store.ask(&Query::Find(Find::Id(id(1))));
    let many: Vec<String> = (0..=FIELDS_MAX).map(|number| format!("x:{number}")).collect();
    let many: Vec<_> = many.iter().map(|key| (key.as_str(), Some("x"))).collect();
    let (long, value) = ("x".repeat(KEY_MAX + 1), "x".repeat(VALUE_MAX + 1));
    for fields in [&[][..], &many, &[(&long, None)], &[("mail", Some(&value))]] {
        assert_eq!(propose(store, &edit(1, 1, fields)), Rows::Unsound);
    }
    assert_eq!(known(store), Ok(Rows::Record(None)));
    // Half of that is too much for one record.
    assert!(matches!(propose(store, &edit(1, 1, &[("x:", Some("x"))])), Rows::Proposed(_)));
    assert_eq!(propose(store, &edit(1, 2, &many[..FIELDS_MAX])), Rows::Full);
    let Ok(Rows::Record(Some(record))) = known(store) else { panic!() };
    assert_eq!(record.fields().count(), 1);
}

/// What every store does with edits that are handed over, which `hand` does.
fn handed<S: Store>(store: &mut S, hand: impl Fn(&mut S, &Draft) -> i64) {
    let first = |store: &mut S| match store.ask(&Query::Handed) {
        Ok(Rows::Handed(first)) => first,
        other => panic!("{other:?}"),
    };
    let draft = |what| Draft { id: Some(id(1)), kind: Kind::Account, by: "test".into(), what };
    let bob = vec![("mail".into(), Some("b@b".into())), ("name".into(), None)];
    let drafts = [draft(What::Write(bob)), draft(What::End), draft(What::End)];
    assert_eq!(first(store), None);
    let numbers = drafts.each_ref().map(|draft| hand(store, draft));
    for (tick, (number, draft)) in (5..).zip(numbers.into_iter().zip(drafts)) {
        // However often somebody looks, it is there until something has become of it.
        for _ in 0..2 {
            assert_eq!(first(store).as_deref(), Some(&Handed { number, draft: draft.clone() }));
        }
        let Draft { kind, by, what, .. } = draft;
        let edit = Box::new(Edit { id: id(1), kind, at: at(tick), by, what });
        let query = Query::ProposeHanded { number, edit };
        match (tick, store.ask(&query)) {
            (5 | 6, Ok(Rows::Proposed(edited))) => assert!(edited.news),
            (7, Ok(Rows::Taken(_))) => (),
            (_, other) => panic!("{other:?}"),
        }
        // Whoever has found it before it was made comes too late.
        assert_eq!(store.ask(&query), Ok(Rows::Handed(None)));
    }
    assert_eq!(first(store), None);
    let never = Query::ProposeHanded { number: 99, edit: Box::new(edit(2, 9, &[("x", None)])) };
    assert_eq!(store.ask(&never), Ok(Rows::Handed(None)));
    assert_eq!(store.ask(&Query::Find(Find::Id(id(2)))), Ok(Rows::Record(None)));
}

/// Queries as they come, to be asked of two stores: a small world, so that much of it collides.
fn some_edit(random: &mut impl FnMut(u64) -> u64) -> Query {
    const KEYS: &[&str] =
        &["channel:a", "nick:b", "nick:a", "cert:f", "mail", "pass", "access:a-000"];
    // Within some months, so that what was taken away is forgotten.
    let (of, tick) = (1 + random(5), (1 + random(300)) * (43_200_000 << 16));
    let mut fields = Vec::new();
    for key in KEYS {
        if random(3) == 0 {
            fields.push((*key, ["x", "y"].get(random(3) as usize).copied()));
        }
    }
    let mut edit = edit(of, tick, &fields);
    if random(20) == 0 {
        edit.what = What::End;
    }
    match random(2) {
        0 => Query::Propose(Box::new(edit)),
        _ => Query::Learn(vec![edit]),
    }
}

#[test]
fn stores_answer_alike_whatever_comes() {
    let folder = folder();
    let mut sqlite = sqlite::open(&folder).unwrap();
    let mut memory = Memory::default();
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..400 {
        let query = some_edit(&mut random);
        assert_eq!(sqlite.ask(&query), memory.ask(&query), "{query:?}");
    }
    let mut queries = vec![Query::Claims { after: "".into() }, Query::Digests];
    queries.extend((0..BUCKETS).map(Query::Bucket));
    queries.extend((1..=5).map(|of| Query::Find(Find::Id(id(of)))));
    queries.push(Query::Records((1..=6).map(id).collect()));
    queries.push(Query::Channels((1..=3).map(id).collect()));
    let channels_of = |after| move |of| Query::ChannelsOf { account: id(of), after };
    queries.extend((9..12).map(channels_of(None)).chain((9..12).map(channels_of(Some(id(2))))));
    for query in queries {
        assert_eq!(sqlite.ask(&query), memory.ask(&query), "{query:?}");
    }
    drop(sqlite);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_store_keeps_the_contract() {
    for case in [contract, records, registers, letters, forgets, bounds] {
        case(&mut Memory::default());
        let folder = folder();
        case(&mut sqlite::open(&folder).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn what_is_handed_over_is_made_once() {
    handed(&mut Memory::default(), |store, draft| store.hand(draft.clone()));
    let folder = folder();
    let mut store = sqlite::open(&folder).unwrap();
    let desk = || handed::Desk::open(&folder).unwrap();
    handed(&mut store, |_, draft| desk().hand(draft).unwrap());
    let outcomes = [Outcome::Done, Outcome::Done, Outcome::Taken("".into())];
    for (number, outcome) in (1..).zip(outcomes) {
        assert!(!desk().withdraw(number).unwrap(), "it is too late");
        assert_eq!(desk().outcome(number), Ok(Some(outcome)));
    }
    // Answers that nobody fetches go away, and what is taken back is not made.
    let draft = Draft { id: None, kind: Kind::Account, by: "x".into(), what: What::End };
    for tick in 100..300 {
        let number = desk().hand(&draft).unwrap();
        let edit = Box::new(Edit { what: What::End, ..edit(tick, tick, &[]) });
        store.ask(&Query::ProposeHanded { number, edit }).unwrap();
    }
    let db = rusqlite::Connection::open(folder.join(sqlite::FILE)).unwrap();
    let kept = "SELECT count(*) FROM handed";
    assert_eq!(db.query_row(kept, [], |row| row.get(0)), Ok(100));
    let number = desk().hand(&draft).unwrap();
    assert!(desk().withdraw(number).unwrap());
    assert_eq!(store.ask(&Query::Handed), Ok(Rows::Handed(None)));
    // Another has its number now, and is not taken for it.
    let fields = vec![("mail".into(), Some("x".into()))];
    let other = desk().hand(&Draft { what: What::Write(fields), ..draft }).unwrap();
    let late = Box::new(Edit { what: What::End, ..edit(400, 400, &[]) });
    let late = store.ask(&Query::ProposeHanded { number, edit: late });
    assert_eq!((other, late), (number, Ok(Rows::Handed(None))));
    drop((store, db));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_stored_is_there_when_opened_again() {
    let folder = folder();
    let sid = Sid::from_number(3);
    sqlite::open(&folder)
        .unwrap()
        .ask(&Query::Identify { sid: Some(sid), random: 0, tick: 0 })
        .unwrap();
    let rows =
        sqlite::open(&folder).unwrap().ask(&Query::Identify { sid: None, random: 0, tick: 0 });
    assert!(
        matches!(rows, Ok(Rows::Identity { sid: stored, life: 2, .. }) if stored == sid),
        "{rows:?}"
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_file_that_cannot_be_used_is_said_to_be_so() {
    let folder = folder();
    let path = folder.join("x.db");
    fs::write(&path, vec![7; 8192]).unwrap();
    assert_eq!(Sqlite::open(&path).map(drop), Err(Error::Damaged));
    let path = folder.join("new.db");
    drop(Sqlite::open(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA user_version = 999").unwrap();
    drop(db);
    assert_eq!(Sqlite::open(&path).map(drop), Err(Error::TooNew(999)));
    assert_eq!(Sqlite::open(&folder.join("no/such/folder.db")).map(drop), Err(Error::Unreachable));
    fs::remove_dir_all(folder).unwrap();
}
