//! Records of accounts and registered channels, which every server keeps whole.
//!
//! A record is known by the moment of its registration, never by its name. Each of its fields is a
//! register that the last writer wins; the end of a record undoes all of them, and nothing undoes the
//! end. That a field was taken away is remembered for a while (`room`). Some fields are *claims*: of a
//! name, a nick, a channel or a certificate. Of several living records that claim the same, the one that was
//! registered first has it.

mod room;

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

/// What applying an edit has led to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Applied {
    /// Whether it was news.
    pub news: bool,
    /// The values that are others than before.
    pub changed: Vec<Changed>,
    /// The fields of which it is not remembered any more that they were taken away.
    pub forgotten: Vec<Box<str>>,
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

    /// Every field that is set, or of which it is remembered that it was taken away, in order of their keys.
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

    /// Applies an edit, in whichever order edits come.
    pub fn apply(&mut self, edit: &Edit) -> Applied {
        let mut applied = Applied::default();
        match &edit.what {
            // Of several ends the earliest is kept, so that all servers keep the same.
            What::End if self.ended.is_some_and(|ended| ended <= edit.at) => (),
            What::End => {
                self.ended = Some(edit.at);
                let fields = std::mem::take(&mut self.fields);
                let set = fields.into_iter().filter(|(_, field)| field.value.is_some());
                let gone =
                    |(key, field): (_, Field)| Changed { key, before: field.value, after: None };
                applied = Applied { news: true, changed: set.map(gone).collect(), ..applied };
            }
            What::Write(_) if self.ended.is_some() => (),
            What::Write(fields) => {
                for (key, value) in fields {
                    let known = self.fields.get(key);
                    if known.is_some_and(|known| known.at >= edit.at) {
                        continue;
                    }
                    applied.news = true;
                    let before = known.and_then(|known| known.value.clone());
                    if before != *value {
                        let after = value.clone();
                        applied.changed.push(Changed { key: key.clone(), before, after });
                    }
                    let (value, by) = (value.clone(), edit.by.clone());
                    self.fields.insert(key.clone(), Field { value, at: edit.at, by });
                }
                if applied.news {
                    applied.forgotten = self.forget();
                }
            }
        }
        applied
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

/// How many certificates may log in to one account.
pub const CERTS_MAX: usize = 20;

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
        let applied = record.apply(&write(4, &[("a", Some("1")), ("b", None), ("c", Some("3"))]));
        let changed: Vec<_> = applied
            .changed
            .iter()
            .map(|change| (&*change.key, change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert!(applied.news);
        assert_eq!(changed, [("b", Some("2"), None), ("c", None, Some("3"))]);
        assert_eq!(record.apply(&write(2, &[("a", Some("0"))])), Applied::default());
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
