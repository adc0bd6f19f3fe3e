//! DNS messages (RFC 1035 §4), as far as somebody needs them who asks for names and addresses.
//!
//! Pure, and made for hostile bytes: every name, list, alias and pointer is bounded, and a message that
//! answers another question than the one asked is no answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many aliases lead from a name to another (RFC 1034 §3.6.2 sets no bound).
pub const ALIASES_MAX: usize = 8;

/// A domain name: labels, each after its length, in lower case, without the empty one at the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name(Box<[u8]>);

/// Which records are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Addresses of IPv4.
    A,
    /// Addresses of IPv6.
    Aaaa,
    /// The names of an address.
    Ptr,
}

/// What is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// About which name.
    pub name: Name,
    /// Which of its records.
    pub kind: Kind,
}

/// What is in a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// Of [`Kind::A`] and [`Kind::Aaaa`].
    Address(IpAddr),
    /// Of [`Kind::Ptr`].
    Name(Name),
}

/// What a server answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// These records, to be remembered for so many seconds.
    Found(Vec<Data>, u32),
    /// The name is an alias of this one, of which nothing is said.
    Alias(Name),
    /// There is no such name, or it has no such record.
    Nothing,
    /// There is more than fits a datagram.
    Truncated,
    /// The server cannot, or will not, say.
    Failed,
}

/// The message that asks a question.
pub fn query(id: u16, question: &Question) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    // One question, and the wish that the server asks others.
    let mut message = vec![high, low, RECURSE, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&question.name.0);
    message.push(0);
    for field in [question.kind.code(), INTERNET] {
        message.extend_from_slice(&field.to_be_bytes());
    }
    message
}

/// What a message answers to a question; `None` if it is no answer to it.
pub fn answer(message: &[u8], id: u16, question: &Question) -> Option<Answer> {
    let mut reader = Reader { message, at: 0 };
    let (told, flags) = (reader.number()?, reader.number()?);
    let (questions, answers) = (reader.number()?, reader.number()?);
    reader.take(4)?;
    if told != id || flags & (RESPONSE | OPCODE) != RESPONSE || questions != 1 {
        return None;
    }
    let asked = (reader.name()?, reader.number()?, reader.number()?);
    if asked != (question.name.clone(), question.kind.code(), INTERNET) {
        return None;
    }
    match flags & CODE {
        _ if flags & TRUNCATED != 0 => return Some(Answer::Truncated),
        NO_ERROR => (),
        NO_SUCH_NAME => return Some(Answer::Nothing),
        _ => return Some(Answer::Failed),
    }
    let mut records = Vec::new();
    for _ in 0..usize::from(answers).min(RECORDS_MAX) {
        records.extend(reader.record()?);
    }
    Some(follow(&records, question))
}

/// Goes from the name that was asked about along its aliases.
fn follow(records: &[Record], question: &Question) -> Answer {
    let mut name = &question.name;
    let mut life = u32::MAX;
    for aliases in 0..=ALIASES_MAX {
        let (mut found, mut alias) = (Vec::new(), None);
        for record in records.iter().filter(|record| record.owner == *name) {
            match &record.content {
                Content::Data(kind, data) if *kind == question.kind => found.push(data.clone()),
                Content::Data(..) => continue,
                Content::Alias(target) => alias = Some(target),
            }
            life = life.min(record.life);
        }
        match alias {
            _ if !found.is_empty() => return Answer::Found(found, life),
            Some(target) => name = target,
            None if aliases == 0 => return Answer::Nothing,
            None => return Answer::Alias(name.clone()),
        }
    }
    Answer::Nothing
}

impl Name {
    /// The name at which the names of an address stand (RFC 1035 §3.5, RFC 3596 §2.5).
    pub fn of_address(address: IpAddr) -> Name {
        let zone = if address.is_ipv4() { "in-addr.arpa" } else { "ip6.arpa" };
        // These are short and made of good labels.
        Name::in_zone(address, zone).unwrap_or(Name(Box::default()))
    }

    /// The name at which a zone tells of an address (RFC 5782 §2.1, §2.4); nothing if that is no name.
    pub fn in_zone(address: IpAddr, zone: &str) -> Option<Name> {
        let parts: Vec<String> = match address {
            IpAddr::V4(ip) => ip.octets().iter().rev().map(u8::to_string).collect(),
            IpAddr::V6(ip) => {
                let halves = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
                halves.map(|half| format!("{half:x}")).collect()
            }
        };
        let zone = zone.to_ascii_lowercase();
        let mut labels = Vec::new();
        for part in parts.iter().map(String::as_str).chain(zone.split('.')) {
            let length = u8::try_from(part.len()).ok().filter(|l| (1..=LABEL_MAX).contains(l))?;
            labels.push(length);
            labels.extend_from_slice(part.as_bytes());
        }
        (labels.len() <= LABELS_LENGTH_MAX).then(|| Name(labels.into()))
    }

    /// The host name that it is (RFC 1123 §2.1). What could be taken for an address is none.
    pub fn host(&self) -> Option<String> {
        let mut host = String::new();
        let mut reader = Reader { message: &self.0, at: 0 };
        let mut last: &[u8] = &[];
        while let Some(length) = reader.byte() {
            last = reader.take(length.into())?;
            let fits = last.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            if !fits || last.starts_with(b"-") || last.ends_with(b"-") {
                return None;
            }
            if !host.is_empty() {
                host.push('.');
            }
            host.extend(last.iter().map(|byte| char::from(*byte)));
        }
        (!last.iter().all(u8::is_ascii_digit)).then_some(host)
    }
}

impl Kind {
    fn code(self) -> u16 {
        match self {
            Kind::A => ADDRESS,
            Kind::Ptr => POINTER_RECORD,
            Kind::Aaaa => ADDRESS_6,
        }
    }
}

/// A record of a kind that matters here.
struct Record {
    owner: Name,
    life: u32,
    content: Content,
}

enum Content {
    Data(Kind, Data),
    Alias(Name),
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.message.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A name, wherever its labels stand (RFC 1035 §4.1.4).
    fn name(&mut self) -> Option<Name> {
        let mut labels = Vec::new();
        let mut there = Reader { message: self.message, at: self.at };
        let mut end = None;
        for _ in 0..LABELS_MAX + POINTERS_MAX {
            let length = there.byte()?;
            match length {
                0 => {
                    self.at = end.unwrap_or(there.at);
                    return Some(Name(labels.into()));
                }
                1..=LABEL_MAX => {
                    let label = there.take(length.into())?;
                    if labels.len() + 1 + label.len() > LABELS_LENGTH_MAX {
                        return None;
                    }
                    labels.push(length);
                    labels.extend(label.iter().map(u8::to_ascii_lowercase));
                }
                POINTER.. => {
                    let place = there.at - 1;
                    let target =
                        usize::from(u16::from_be_bytes([length & !POINTER, there.byte()?]));
                    // What a pointer names has come before, so no chain of them is endless.
                    if target >= place {
                        return None;
                    }
                    end = end.or(Some(there.at));
                    there.at = target;
                }
                _ => return None,
            }
        }
        None
    }

    /// The next record; `Some(None)` if it is of a kind that nobody asks for.
    fn record(&mut self) -> Option<Option<Record>> {
        let owner = self.name()?;
        let (kind, class) = (self.number()?, self.number()?);
        let life = u32::from_be_bytes(self.array()?);
        let length = self.number()?;
        let end = self.at.checked_add(length.into()).filter(|end| *end <= self.message.len())?;
        let content = match kind {
            _ if class != INTERNET => None,
            ADDRESS => Some(Content::Data(
                Kind::A,
                Data::Address(Ipv4Addr::from(self.array::<4>()?).into()),
            )),
            ADDRESS_6 => Some(Content::Data(
                Kind::Aaaa,
                Data::Address(Ipv6Addr::from(self.array::<16>()?).into()),
            )),
            POINTER_RECORD => Some(Content::Data(Kind::Ptr, Data::Name(self.name()?))),
            ALIAS => Some(Content::Alias(self.name()?)),
            _ => None,
        };
        // The length says where the record ends; what is read must end there too.
        if content.is_some() && self.at != end {
            return None;
        }
        self.at = end;
        // RFC 2181 §8: a life with its first bit set is none.
        let life = if life > i32::MAX as u32 { 0 } else { life };
        Some(content.map(|content| Record { owner, life, content }))
    }
}

/// The most bytes of a name without its end (RFC 1035 §2.3.4).
const LABELS_LENGTH_MAX: usize = 254;

/// The most labels that these bytes can hold.
const LABELS_MAX: usize = 127;

/// The longest label.
const LABEL_MAX: u8 = 63;

/// The most pointers in one name.
const POINTERS_MAX: usize = 64;

/// The first two bits of a pointer.
const POINTER: u8 = 0xC0;

/// The most records of a message that are looked at.
const RECORDS_MAX: usize = 256;

// Kinds of records (RFC 1035 §3.2.2, RFC 3596 §2.1), and their class.
const ADDRESS: u16 = 1;
const ALIAS: u16 = 5;
const POINTER_RECORD: u16 = 12;
const ADDRESS_6: u16 = 28;
const INTERNET: u16 = 1;

// The flags of a message (RFC 1035 §4.1.1).
const RECURSE: u8 = 0x01;
const RESPONSE: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const TRUNCATED: u16 = 0x0200;
const CODE: u16 = 0x000F;
const NO_ERROR: u16 = 0;
const NO_SUCH_NAME: u16 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn question(address: &str) -> Question {
        Question { name: Name::of_address(address.parse().unwrap()), kind: Kind::Ptr }
    }

    fn wire(host: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in host.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes
    }

    /// An answer to a question, with records whose owner is the question's name or another.
    fn reply(question: &Question, flags: u16, records: &[(Option<&str>, u16, Vec<u8>)]) -> Vec<u8> {
        let mut message = query(7, question);
        message[2..4].copy_from_slice(&flags.to_be_bytes());
        message[7] = records.len() as u8;
        for (owner, kind, data) in records {
            message.extend(owner.map_or(vec![0xC0, 12], wire));
            message.extend(kind.to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            message.extend((data.len() as u16).to_be_bytes());
            message.extend(data);
        }
        message
    }

    fn hosts(answer: Option<Answer>) -> Vec<String> {
        let Some(Answer::Found(records, 60)) = answer else { panic!("{answer:?}") };
        let host = |data: Data| match data {
            Data::Name(name) => name.host().unwrap_or_else(|| "no host".into()),
            Data::Address(address) => address.to_string(),
        };
        records.into_iter().map(host).collect()
    }

    const FINE: u16 = 0x8180;

    #[test]
    fn addresses_have_names_in_arpa() {
        let host = |address| question(address).name.host();
        assert_eq!(host("192.0.2.7").unwrap(), "7.2.0.192.in-addr.arpa");
        let long = host("2001:db8::567:89ab").unwrap();
        assert!(long.starts_with("b.a.9.8.7.6.5.0.0.0."), "{long}");
        assert!(long.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{long}");
    }

    #[test]
    fn lists_have_a_name_for_each_address() {
        let host = |address: &str, zone: &str| {
            Name::in_zone(address.parse().unwrap(), zone).and_then(|name| name.host())
        };
        assert_eq!(host("192.0.2.99", "Bl.Test").unwrap(), "99.2.0.192.bl.test");
        assert!(host("2001:db8::1", "bl.test").unwrap().ends_with("8.b.d.0.1.0.0.2.bl.test"));
        let long = vec!["a".repeat(63); 3].join(".");
        assert!(host("192.0.2.99", &long).is_some());
        for zone in
            ["", ".test", "a..b", "test.", &"a".repeat(64), &format!("{long}.{}", "a".repeat(60))]
        {
            assert_eq!(host("2001:db8::1", zone), None, "{zone}");
        }
    }

    #[test]
    fn records_are_found_under_aliases_and_in_any_case() {
        let asked = question("192.0.2.7");
        let alias = "7.sub.2.0.192.in-addr.arpa";
        let records = [
            (Some("other.test"), POINTER_RECORD, wire("not.this.test")),
            (None, ALIAS, wire(alias)),
            (Some("7.SUB.2.0.192.in-addr.ARPA"), POINTER_RECORD, wire("Host.Example")),
            (Some(alias), 46, vec![1, 2, 3]),
        ];
        assert_eq!(hosts(answer(&reply(&asked, FINE, &records), 7, &asked)), ["host.example"]);
        let half = reply(&asked, FINE, &records[..2]);
        let Some(Answer::Alias(name)) = answer(&half, 7, &asked) else { panic!() };
        assert_eq!(name.host().unwrap(), alias);
        let forward = Question { name, kind: Kind::A };
        let address = reply(&forward, FINE, &[(None, ADDRESS, vec![192, 0, 2, 7])]);
        assert_eq!(hosts(answer(&address, 7, &forward)), ["192.0.2.7"]);
    }

    #[test]
    fn what_answers_something_else_is_no_answer() {
        let asked = question("192.0.2.7");
        let right = reply(&asked, FINE, &[(None, POINTER_RECORD, wire("a.example"))]);
        assert!(answer(&right, 7, &asked).is_some());
        assert_eq!(answer(&right, 8, &asked), None);
        assert_eq!(answer(&right, 7, &question("192.0.2.8")), None);
        assert_eq!(answer(&right, 7, &Question { kind: Kind::A, ..asked.clone() }), None);
        // A question is no answer.
        assert_eq!(answer(&reply(&asked, 0x0100, &[]), 7, &asked), None);
        for length in 0..right.len() {
            assert_eq!(answer(&right[..length], 7, &asked), None, "{length}");
        }
    }

    #[test]
    fn the_kinds_of_failure_are_told_apart() {
        let asked = question("192.0.2.7");
        let told = |flags| answer(&reply(&asked, flags, &[]), 7, &asked);
        assert_eq!(told(FINE), Some(Answer::Nothing));
        assert_eq!(told(FINE | 3), Some(Answer::Nothing));
        assert_eq!(told(FINE | 2), Some(Answer::Failed));
        assert_eq!(told(FINE | 5), Some(Answer::Failed));
        assert_eq!(told(FINE | TRUNCATED), Some(Answer::Truncated));
    }

    #[test]
    fn aliases_and_pointers_in_circles_end() {
        let asked = question("192.0.2.7");
        let records =
            [(None, ALIAS, wire("a.example")), (Some("a.example"), ALIAS, asked_wire(&asked))];
        assert_eq!(answer(&reply(&asked, FINE, &records), 7, &asked), Some(Answer::Nothing));
        for pointer in [[0xC0, 0xFF], [0xFF, 0xFF]] {
            let own = reply(&asked, FINE, &[(None, POINTER_RECORD, pointer.into())]);
            assert_eq!(answer(&own, 7, &asked), None, "{pointer:?}");
        }
        let mut own = reply(&asked, FINE, &[(None, POINTER_RECORD, vec![1, b'a', 0xC0, 0])]);
        let place = own.len() - 4;
        *own.last_mut().unwrap() = place as u8;
        assert_eq!(answer(&own, 7, &asked), None);
    }

    fn asked_wire(asked: &Question) -> Vec<u8> {
        wire(&asked.name.host().unwrap())
    }

    #[test]
    fn only_host_names_are_hosts() {
        let asked = question("192.0.2.7");
        let host = |data: Vec<u8>| {
            let reply = reply(&asked, FINE, &[(None, POINTER_RECORD, data)]);
            let Some(Answer::Found(records, _)) = answer(&reply, 7, &asked) else { return None };
            let [Data::Name(name)] = &records[..] else { panic!() };
            name.host()
        };
        for good in ["a.example", "localhost", "4.example", "xn--bcher-kva.example", "a--b.c9"] {
            assert_eq!(host(wire(good)).as_deref(), Some(good));
        }
        let long = [wire(&"a".repeat(63)), vec![]].concat();
        let label = &long[..64];
        assert!(host([label, label, label, &[61], &[b'b'; 61], &[0]].concat()).is_some());
        assert!(host([label, label, label, &[62], &[b'b'; 62], &[0]].concat()).is_none());
        for bad in ["192.0.2.1", "a_b.example", "-a.example", "a-.example", "*.example", "a b.c"] {
            assert_eq!(host(wire(bad)), None, "{bad}");
        }
        for bad in
            [&b"\x00"[..], b"\x03a.b\x00", b"\x02\r\n\x00", b"\x02:x\x00", b"\x02\xC3\xA9\x00"]
        {
            assert_eq!(host(bad.to_vec()), None, "{bad:?}");
        }
    }

    #[test]
    fn no_damage_to_a_message_disturbs() {
        let asked = question("192.0.2.7");
        let records = [
            (None, ALIAS, wire("a.example")),
            (Some("a.example"), POINTER_RECORD, vec![1, b'b', 0xC0, 12]),
        ];
        let whole = reply(&asked, FINE, &records);
        let mut seed = 1_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize
        };
        for _ in 0..20_000 {
            let mut message = whole.clone();
            for _ in 0..=random() % 4 {
                let place = random() % message.len();
                message[place] = random() as u8;
            }
            message.truncate(message.len() - random() % 8);
            if let Some(Answer::Found(records, _)) = answer(&message, 7, &asked) {
                assert!(records.len() <= RECORDS_MAX);
            }
        }
    }
}
