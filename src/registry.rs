//! Records of accounts and registered channels, which every server keeps whole.
//!
//! A record is known by the moment of its registration, never by its name. Each of its fields is a
//! register that the last writer wins; the end of a record undoes all of them, and nothing undoes the
//! end. Some fields are *claims*: of a name, a nick, a channel or a certificate. Of several living
//! records that claim the same, the one that was registered first has it.

use crate::time::{Sid, Stamp};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt};

/// What is registered.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Somebody's account.
    Account,
    /// A channel.
    Channel,
}

impl Kind {
    /// The number by which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Kind::Account => 0,
            Kind::Channel => 1,
        }
    }

    /// The kind with that number.
    pub fn of_number(number: u8) -> Option<Kind> {
        [Kind::Account, Kind::Channel].into_iter().find(|kind| kind.number() == number)
    }
}

/// Which record: the moment of its registration, which no other has.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordId(pub Stamp);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.0.tick, self.0.server)
    }
}

impl RecordId {
    /// Reads an id as it is written.
    pub fn parse(text: &str) -> Option<RecordId> {
        let (tick, server) = text.split_once('-')?;
        let tick = u64::from_str_radix(tick, 16).ok()?;
        Some(RecordId(Stamp { tick, server: Sid::parse(server)? }))
    }

    /// In which of the [`BUCKETS`] its digest is counted.
    pub fn bucket(self) -> usize {
        let Stamp { tick, server } = self.0;
        (tick ^ (tick >> 16) ^ u64::from(server.number())) as usize % BUCKETS
    }
}

/// One field, as it was last written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// The value; none once it has been taken away.
    pub value: Option<Box<str>>,
    /// When it was written.
    pub at: Stamp,
    /// By whom, as people are told.
    pub by: Box<str>,
}

/// All that is registered of one account or channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Which.
    pub id: RecordId,
    /// What it is of.
    pub kind: Kind,
    /// When it ended, if it has.
    pub ended: Option<Stamp>,
    fields: BTreeMap<Box<str>, Field>,
}

/// A change of a record: one verb, which happens whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edit {
    /// Of which record, which may not be there yet.
    pub id: RecordId,
    /// What it is of.
    pub kind: Kind,
    /// When.
    pub at: Stamp,
    /// By whom, as people are told.
    pub by: Box<str>,
    /// What.
    pub what: What,
}

/// The key of a field, and what is written to it; nothing if it is taken away.
pub type KeyValue = (Box<str>, Option<Box<str>>);

/// What an edit does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// Writes fields, or takes them away.
    Write(Vec<KeyValue>),
    /// Ends the record.
    End,
}

/// The account that somebody is logged in to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// Which.
    pub id: RecordId,
    /// What it is called.
    pub name: Box<str>,
}

/// A field whose value is another than before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changed {
    /// Which.
    pub key: Box<str>,
    /// What it was.
    pub before: Option<Box<str>>,
    /// What it is.
    pub after: Option<Box<str>>,
}

impl Record {
    /// A record of which nothing has been heard.
    pub fn new(id: RecordId, kind: Kind) -> Record {
        Record { id, kind, ended: None, fields: BTreeMap::new() }
    }

    /// A record as it is stored.
    pub fn stored(
        (id, kind, ended): (RecordId, Kind, Option<Stamp>),
        fields: BTreeMap<Box<str>, Field>,
    ) -> Record {
        Record { id, kind, ended, fields }
    }

    /// The value of a field that is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(|field| field.value.as_deref())
    }

    /// A field, as it was last written.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    /// Every field that has ever been written, in order of their keys.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.fields.iter().map(|(key, field)| (&**key, field))
    }

    /// The fields that are set and whose keys begin so: what follows in the key, and the field.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Field)> {
        let from = self
            .fields
            .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.map_while(move |(key, field)| Some((key.strip_prefix(prefix)?, field)))
            .filter(|(_, field)| field.value.is_some())
    }

    /// What it is called.
    pub fn name(&self) -> Option<&str> {
        self.get(NAME)
    }

    /// What the code is made from that verifies the account, if it waits for that.
    pub fn unverified(&self) -> Option<&str> {
        self.under(UNVERIFIED).next().and_then(|(_, field)| field.value.as_deref())
    }

    /// What it claims, in order.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        let set = self.fields().filter(|(_, field)| field.value.is_some());
        set.map(|(key, _)| key).filter(|key| is_claim(key))
    }

    /// Whether it has room for what somebody proposes: what was taken away is remembered, and takes room as
    /// well. Whoever gives something up needs none, nor does what there is but one of, which has no colon in
    /// its key.
    pub fn has_room(&self, edit: &Edit) -> bool {
        let What::Write(fields) = &edit.what else { return true };
        if fields.iter().any(|(key, value)| value.is_none() && self.get(key).is_some()) {
            return true;
        }
        let counts = |key: &str| key.contains(':') && !self.fields.contains_key(key);
        let new: Vec<&str> =
            fields.iter().map(|(key, _)| &**key).filter(|key| counts(key)).collect();
        let fits = |of: &dyn Fn(&str) -> bool, most, remembered| {
            let new = new.iter().filter(|key| of(key)).count();
            let takes = |field: &Field| field.value.is_some() || field.at.tick >= remembered;
            let known = self.fields.iter().filter(|(key, field)| of(key) && takes(field));
            new == 0 || known.count() + new <= most
        };
        // What is written now is the latest.
        let remembered = remembered_at(edit.at.tick);
        let certificate = |key: &str| key.starts_with(CERT) && self.get(key).is_none();
        let added =
            fields.iter().filter(|(key, value)| value.is_some() && certificate(key)).count();
        fits(&|key| APART.iter().all(|row| !key.starts_with(row.0)), RECORD_FIELDS_MAX, 0)
            && APART.iter().all(|row| fits(&|key| key.starts_with(row.0), row.1, remembered))
            && (added == 0 || self.under(CERT).count() + added <= CERTS_MAX)
    }

    /// Applies an edit, in whichever order edits come; returns whether it was news, and which values are
    /// others than before.
    pub fn apply(&mut self, edit: &Edit) -> (bool, Vec<Changed>) {
        match &edit.what {
            // Of several ends the earliest is kept, so that all servers keep the same.
            What::End if self.ended.is_some_and(|ended| ended <= edit.at) => (false, Vec::new()),
            What::End => {
                self.ended = Some(edit.at);
                let fields = std::mem::take(&mut self.fields);
                let set = fields.into_iter().filter(|(_, field)| field.value.is_some());
                let gone =
                    |(key, field): (_, Field)| Changed { key, before: field.value, after: None };
                (true, set.map(gone).collect())
            }
            What::Write(_) if self.ended.is_some() => (false, Vec::new()),
            What::Write(fields) => {
                let (mut news, mut changed) = (false, Vec::new());
                for (key, value) in fields {
                    let known = self.fields.get(key);
                    if known.is_some_and(|known| known.at >= edit.at) {
                        continue;
                    }
                    news = true;
                    let before = known.and_then(|known| known.value.clone());
                    if before != *value {
                        changed.push(Changed { key: key.clone(), before, after: value.clone() });
                    }
                    let (value, by) = (value.clone(), edit.by.clone());
                    self.fields.insert(key.clone(), Field { value, at: edit.at, by });
                }
                touched(fields).for_each(|prefix| self.forget(prefix));
                (news, changed)
            }
        }
    }

    /// Before when fields of a group that is counted apart were taken away that are not remembered any more,
    /// as the latest that has been written of any says.
    pub fn forgotten_before(&self, prefix: &str) -> u64 {
        let group = self.fields.iter().filter(|(key, _)| key.starts_with(prefix));
        let latest = group.map(|(_, field)| field.at.tick).max().unwrap_or(0);
        remembered_at(latest)
    }

    fn forget(&mut self, prefix: &str) {
        let before = self.forgotten_before(prefix);
        self.fields.retain(|key, field| {
            !key.starts_with(prefix) || field.value.is_some() || field.at.tick >= before
        });
    }

    /// Edits that make this record, wherever they are applied: one for each moment it was written at.
    pub fn replay(&self) -> Vec<Edit> {
        let edit = |at, by, what| Edit { id: self.id, kind: self.kind, at, by, what };
        if let Some(ended) = self.ended {
            return vec![edit(ended, "".into(), What::End)];
        }
        let mut writes: BTreeMap<(Stamp, &str), Vec<_>> = BTreeMap::new();
        for (key, field) in &self.fields {
            let write = writes.entry((field.at, &field.by)).or_default();
            write.push((key.clone(), field.value.clone()));
        }
        writes
            .into_iter()
            .map(|((at, by), fields)| edit(at, by.into(), What::Write(fields)))
            .collect()
    }

    /// A number that two servers have alike if they know the same of the record.
    pub fn digest(&self) -> u64 {
        match self.ended {
            Some(ended) => self.part("", None, ended),
            None => self.fields.iter().fold(0, |digest, (key, field)| {
                digest ^ self.part(key, field.value.as_deref(), field.at)
            }),
        }
    }

    fn part(&self, key: &str, value: Option<&str>, at: Stamp) -> u64 {
        let mut hash = Sha256::new();
        for stamp in [self.id.0, at] {
            hash.update(stamp.tick.to_be_bytes());
            hash.update(stamp.server.number().to_be_bytes());
        }
        hash.update([u8::from(value.is_some())]);
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key);
        hash.update(value.unwrap_or_default());
        let bytes = hash.finalize();
        bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl Edit {
    /// Whether it keeps to what a record may hold: asked before it is proposed, and of peers.
    pub fn is_sound(&self) -> bool {
        match &self.what {
            What::End => true,
            What::Write(fields) => {
                !fields.is_empty()
                    && fields.len() <= FIELDS_MAX
                    && fields.iter().all(|(key, value)| {
                        !key.is_empty()
                            && key.len() <= KEY_MAX
                            && value.as_deref().is_none_or(|value| value.len() <= VALUE_MAX)
                            && !key.contains('\0')
                    })
            }
        }
    }

    /// What it claims.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        let fields: &[_] = match &self.what {
            What::Write(fields) => fields,
            What::End => &[],
        };
        let set = fields.iter().filter(|(_, value)| value.is_some());
        set.map(|(key, _)| &**key).filter(|key| is_claim(key))
    }
}

/// The groups of fields that are counted apart and that a write touches: how their keys begin.
pub fn touched(fields: &[KeyValue]) -> impl Iterator<Item = &'static str> {
    let touches = |prefix: &str| fields.iter().any(|(key, _)| key.starts_with(prefix));
    APART.iter().map(|row| row.0).filter(move |prefix| touches(prefix))
}

/// Since when it is remembered at a tick that fields were taken away of those counted apart.
fn remembered_at(tick: u64) -> u64 {
    tick.saturating_sub(REMEMBERED_MS << 16)
}

/// Whether a field of that key is a claim, which only one record can have.
pub fn is_claim(key: &str) -> bool {
    CLAIMS.iter().any(|claim| key.starts_with(claim.prefix))
}

/// Whether every server knows at any time who has that claim, without asking its store.
pub fn is_resident(key: &str) -> bool {
    CLAIMS.iter().any(|claim| claim.resident && key.starts_with(claim.prefix))
}

/// A kind of claim.
struct Claim {
    /// How its keys begin; what follows is what is claimed, as names are compared.
    prefix: &'static str,
    /// Whether it is kept in memory who has it.
    resident: bool,
}

const CLAIMS: &[Claim] = &[
    Claim { prefix: CERT, resident: false },
    Claim { prefix: CHANNEL, resident: true },
    Claim { prefix: LOOK, resident: true },
    Claim { prefix: NICK, resident: true },
    Claim { prefix: UNVERIFIED, resident: true },
];

/// How the claim of a certificate begins, which its SHA-256 fingerprint follows.
pub const CERT: &str = "cert:";

/// How the field of an account's access to a channel begins, which the account's id follows.
pub const ACCESS: &str = "access:";

/// How the claim of a channel's name begins.
pub const CHANNEL: &str = "channel:";

/// How the claim begins of an account that waits to be verified, which its id follows, so that no other can
/// have it. Until it is taken away nobody can log in to the account. Its value is what the code is made from
/// that verifies it.
pub const UNVERIFIED: &str = "unverified:";

/// How the claim of what a nick looks like begins, where nicks of every script are allowed: it goes with the
/// claim of the nick.
pub const LOOK: &str = "look:";

/// Groups of fields that take no room from any other, with how many each may have, those included that have
/// been taken away and are remembered: others leave memos, and whoever operates a channel sets its metadata;
/// neither is to keep an owner from anything else.
const APART: [(&str, usize); 2] = [(MEMO, MEMOS_MAX), (METADATA, METADATA_MAX)];

/// How the field of a memo begins, which the moment follows at which it was left.
pub const MEMO: &str = "memo:";

/// How the field of a key of metadata begins, which the key follows.
pub const METADATA: &str = "meta:";

/// How the claim of a nick begins; an account claims its own name so too.
pub const NICK: &str = "nick:";

/// The field of when an account or channel was last used, in seconds since 1970.
pub const SEEN: &str = "seen";

/// The field of a record's name, as it is written; a claim goes with it.
pub const NAME: &str = "name";

/// Into how many parts the digests of all records are summed up, so that two servers find what differs.
pub const BUCKETS: usize = 256;

/// How many fields one edit may write.
pub const FIELDS_MAX: usize = 2000;

/// How many fields a record may come to have, those included that have been taken away.
pub const RECORD_FIELDS_MAX: usize = 1000;

/// How many certificates may log in to one account.
pub const CERTS_MAX: usize = 20;

/// How many memos a record may come to have.
const MEMOS_MAX: usize = 400;

/// How many keys of metadata a record may come to have: more than may be set at once, by as many as may be
/// taken away for others meanwhile.
const METADATA_MAX: usize = 400;

/// For how long, in milliseconds, it is remembered that a field was taken away of those counted apart: a server
/// that was away for longer than these 30 days may bring it back.
const REMEMBERED_MS: u64 = 30 * 86_400_000;

/// The longest key, in bytes.
pub const KEY_MAX: usize = 256;

/// The longest value, in bytes.
pub const VALUE_MAX: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tick: u64) -> Stamp {
        Stamp { tick, server: Sid::FIRST }
    }

    fn write(tick: u64, fields: &[(&str, Option<&str>)]) -> Edit {
        let fields = fields.iter().map(|(key, value)| ((*key).into(), value.map(Into::into)));
        let what = What::Write(fields.collect());
        Edit { id: RecordId(at(1)), kind: Kind::Account, at: at(tick), by: "test".into(), what }
    }

    fn end(tick: u64) -> Edit {
        Edit { what: What::End, ..write(tick, &[]) }
    }

    fn record(edits: &[&Edit]) -> Record {
        let mut record = Record::new(RecordId(at(1)), Kind::Account);
        edits.iter().for_each(|edit| drop(record.apply(edit)));
        record
    }

    #[test]
    fn edits_lead_to_the_same_record_in_any_order() {
        let edits = [
            write(1, &[("name", Some("Bob")), ("pass", Some("x")), ("mail", Some("b@y"))]),
            write(2, &[("pass", Some("y"))]),
            write(3, &[("mail", None), ("pass", Some("z"))]),
            write(4, &[("name", Some("rob")), ("nick:rob", Some("rob"))]),
        ];
        let whole = record(&edits.iter().collect::<Vec<_>>());
        assert_eq!(
            (whole.name(), whole.get("pass"), whole.get("mail")),
            (Some("rob"), Some("z"), None)
        );
        // Every order of four.
        for order in 0..256 {
            let order = [order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6];
            if (0..4).all(|edit| order.contains(&edit)) {
                let other = record(&order.map(|edit| &edits[edit]));
                assert_eq!((&other, other.digest()), (&whole, whole.digest()), "{order:?}");
            }
        }
        let replay = whole.replay();
        assert_eq!(record(&replay.iter().collect::<Vec<_>>()), whole);
    }

    #[test]
    fn memos_that_were_taken_away_are_forgotten_after_a_while() {
        let day = 86_400_000 << 16;
        let edits = [
            write(day, &[("memo:1", Some("a"))]),
            write(2 * day, &[("memo:1", None)]),
            write(3 * day, &[("memo:2", Some("b"))]),
            write(33 * day, &[("memo:3", Some("c"))]),
        ];
        let [one, gone, two, late] = &edits;
        let whole = record(&[one, gone, two, late]);
        assert_eq!(whole.fields().map(|(key, _)| key).collect::<Vec<_>>(), ["memo:2", "memo:3"]);
        assert_eq!(record(&[one, late, two, gone]), whole);
        assert_eq!(record(&[one, gone, two]).fields().count(), 2, "it is remembered");
        let replay = whole.replay();
        assert_eq!(record(&replay.iter().collect::<Vec<_>>()), whole);
    }

    #[test]
    fn what_is_counted_apart_takes_no_room_from_anything_else() {
        for (prefix, most) in APART {
            let all: Vec<String> = (0..most).map(|number| format!("{prefix}{number:04}")).collect();
            // Those that were taken away count as well.
            let value = |place| if place % 2 == 0 { Some("x") } else { None };
            let fields = all.iter().enumerate().map(|(place, key)| (key.as_str(), value(place)));
            let full = record(&[&write(2, &fields.collect::<Vec<_>>())]);
            let new = format!("{prefix}x");
            assert!(!full.has_room(&write(3, &[(&new, Some("x"))])));
            assert!(full.has_room(&write(3, &[(&all[1], Some("x"))])));
            assert!(full.has_room(&write(3, &[(&all[2], None)])));
            let late = (REMEMBERED_MS + 1) << 16;
            assert!(full.has_room(&write(late, &[(&new, Some("x"))])), "it is forgotten by then");
            for (other, _) in APART.iter().filter(|row| row.0 != prefix).chain([&("nick:", 0)]) {
                assert!(full.has_room(&write(3, &[(&format!("{other}x"), Some("x"))])));
            }
        }
    }

    #[test]
    fn an_end_beats_what_is_written_before_and_after() {
        let (one, two) = (write(1, &[("pass", Some("x"))]), write(9, &[("pass", Some("y"))]));
        let ended = record(&[&one, &end(5), &two]);
        assert_eq!((ended.ended, ended.fields().count()), (Some(at(5)), 0));
        for edits in [[&end(5), &one, &two], [&two, &end(5), &one]] {
            assert_eq!(record(&edits), ended);
        }
        assert_eq!(record(&[&end(7), &end(5)]), record(&[&end(5), &end(7)]));
        assert_eq!(record(&[&ended.replay()[0]]).digest(), ended.digest());
    }

    #[test]
    fn what_changes_is_told() {
        let mut record = record(&[&write(3, &[("a", Some("1")), ("b", Some("2"))])]);
        let (news, changed) =
            record.apply(&write(4, &[("a", Some("1")), ("b", None), ("c", Some("3"))]));
        let changed: Vec<_> = changed
            .iter()
            .map(|change| (&*change.key, change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert!(news);
        assert_eq!(changed, [("b", Some("2"), None), ("c", None, Some("3"))]);
        assert_eq!(record.apply(&write(2, &[("a", Some("0"))])), (false, Vec::new()));
    }

    #[test]
    fn keys_say_what_is_claimed() {
        let edit = write(2, &[("nick:bob", Some("Bob")), ("cert:ab", None), ("mail", Some("x"))]);
        assert_eq!(edit.claims().collect::<Vec<_>>(), ["nick:bob"]);
        assert!(is_claim("cert:ab") && !is_resident("cert:ab") && is_resident("channel:#a"));
        let record = record(&[&edit, &write(3, &[("nick:rob", Some("Rob")), ("nick:bob", None)])]);
        assert_eq!(record.claims().collect::<Vec<_>>(), ["nick:rob"]);
        let nicks: Vec<_> = record.under("nick:").map(|(nick, _)| nick).collect();
        assert_eq!(nicks, ["rob"]);
    }

    #[test]
    fn an_id_reads_as_it_is_written() {
        let id = RecordId(Stamp { tick: 0x1234_5678_9abc_0001, server: Sid::from_number(77) });
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        for text in ["", "1", "x-000", "1-", "1-00"] {
            assert_eq!(RecordId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_edit_has_bounds() {
        let long = "x".repeat(KEY_MAX + 1);
        assert!(write(1, &[("a", Some("b"))]).is_sound());
        assert!(!write(1, &[]).is_sound());
        assert!(!write(1, &[("", None)]).is_sound());
        assert!(!write(1, &[(&long, None)]).is_sound());
        assert!(!write(1, &[("a", Some(&"x".repeat(VALUE_MAX + 1)))]).is_sound());
    }
}
