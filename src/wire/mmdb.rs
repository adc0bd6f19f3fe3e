//! Databases of addresses in the MaxMind DB format, version 2: what country or network one belongs to.
//!
//! Pure, and made for files that are damaged: whatever stands in one, a look-up ends soon, with something
//! or with nothing.

use std::{fmt, net::IpAddr};

/// What stands before the metadata.
pub const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// How far before the end the metadata can begin.
const METADATA_MAX: usize = 128 << 10;

/// What lies between the tree and the data.
pub const SEPARATOR: usize = 16;

/// The most values that a look-up reads; records of databases in use have some hundreds.
const VALUES_MAX: usize = 20_000;

/// A database.
pub struct Database {
    bytes: Vec<u8>,
    /// How many nodes the tree has, and how many bits each half of one.
    nodes: usize,
    bits: usize,
    /// Whether its addresses are those of IPv6; those of IPv4 then stand among them, at `::/96`.
    wide: bool,
    /// Where the data begin, and where they end.
    data: usize,
    end: usize,
}

/// Why a file is no database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrong {
    /// It has no metadata.
    Foreign,
    /// It is of another version of the format.
    Version,
    /// What it says of itself cannot be true.
    Damaged,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wrong::Foreign => "it is no MaxMind database (.mmdb)",
            Wrong::Version => "it is of another version of the MaxMind database format than 2",
            Wrong::Damaged => "it is damaged",
        })
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({} nodes)", self.nodes)
    }
}

/// What a database knows of an address.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    data: &'a [u8],
    at: usize,
}

impl Database {
    /// Reads a database.
    pub fn new(bytes: Vec<u8>) -> Result<Database, Wrong> {
        let from = bytes.len().saturating_sub(METADATA_MAX);
        let tail = bytes.get(from..).unwrap_or_default();
        let found = tail.windows(MARKER.len()).rposition(|part| part == MARKER);
        let end = from + found.ok_or(Wrong::Foreign)?;
        let metadata = Record { data: bytes.get(end + MARKER.len()..).unwrap_or_default(), at: 0 };
        let number = |name| metadata.number(&[name]).and_then(|n| usize::try_from(n).ok());
        if number("binary_format_major_version") != Some(2) {
            return Err(Wrong::Version);
        }
        let (nodes, bits) =
            number("node_count").zip(number("record_size")).ok_or(Wrong::Damaged)?;
        let wide = match number("ip_version") {
            Some(4) => false,
            Some(6) => true,
            Some(_) | None => return Err(Wrong::Damaged),
        };
        if ![24, 28, 32].contains(&bits) {
            return Err(Wrong::Damaged);
        }
        let data = nodes.checked_mul(bits / 4).and_then(|tree| tree.checked_add(SEPARATOR));
        let data = data.filter(|data| *data <= end).ok_or(Wrong::Damaged)?;
        Ok(Database { bytes, nodes, bits, wide, data, end })
    }

    /// What is known of an address, if anything is.
    pub fn find(&self, address: IpAddr) -> Option<Record<'_>> {
        let (number, width) = match address {
            IpAddr::V4(ip) if self.wide => (u128::from(u32::from(ip)), 128),
            IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
            IpAddr::V6(_) if !self.wide => return None,
            IpAddr::V6(ip) => (u128::from(ip), 128),
        };
        let mut node = 0;
        for place in (0..width).rev() {
            if node >= self.nodes {
                break;
            }
            node = self.half(node, number >> place & 1 == 1)?;
        }
        // Beyond the nodes, and one that means nothing, begin the data.
        let at = node.checked_sub(self.nodes)?.checked_sub(SEPARATOR)?;
        let data = self.bytes.get(self.data..self.end)?;
        (at < data.len()).then_some(Record { data, at })
    }

    /// Where a node leads for a bit.
    fn half(&self, node: usize, one: bool) -> Option<usize> {
        let start = node.checked_mul(self.bits / 4)?;
        let bytes = self.bytes.get(start..)?.get(..self.bits / 4)?;
        let half = bytes.get(if one { bytes.len() - self.bits / 8 } else { 0 }..)?;
        let number = big_endian(half.get(..self.bits / 8)?);
        let number = match (self.bits, bytes.get(3)?) {
            // The byte in the middle belongs to both.
            (28, middle) if one => number | u64::from(middle & 0x0F) << 24,
            (28, middle) => number | u64::from(middle >> 4) << 24,
            (_, _) => number,
        };
        usize::try_from(number).ok()
    }
}

impl<'a> Record<'a> {
    /// A text, by the names of the maps that lead to it.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        match self.value(path)? {
            Value::Text(bytes) => std::str::from_utf8(bytes).ok(),
            Value::Number(_) | Value::Map(_) | Value::Other => None,
        }
    }

    /// A number, by the names of the maps that lead to it.
    pub fn number(&self, path: &[&str]) -> Option<u64> {
        match self.value(path)? {
            Value::Number(number) => Some(number),
            Value::Text(_) | Value::Map(_) | Value::Other => None,
        }
    }

    fn value(&self, path: &[&str]) -> Option<Value<'a>> {
        let mut reader = Reader { data: self.data, at: self.at, left: VALUES_MAX };
        let mut value = reader.value()?;
        for name in path {
            let Value::Map(entries) = value else { return None };
            value = reader.entry(entries, name)?;
        }
        Some(value)
    }
}

/// A value; of a map, how many entries it has, which come next.
enum Value<'a> {
    Text(&'a [u8]),
    Number(u64),
    Map(usize),
    Other,
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    /// How many more values may be read.
    left: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.data.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn number(&mut self, length: usize) -> Option<usize> {
        self.take(length).map(|bytes| big_endian(bytes) as usize)
    }

    /// The kind and the size of what comes next; of a pointer, where it leads.
    fn control(&mut self) -> Option<(u8, usize)> {
        self.left = self.left.checked_sub(1)?;
        let control = self.number(1)?;
        let low = control & 0x1F;
        let kind = match (control >> 5) as u8 {
            POINTER => {
                let high = low & 7;
                let target = match low >> 3 {
                    0 => high << 8 | self.number(1)?,
                    1 => (high << 16 | self.number(2)?) + 2048,
                    2 => (high << 24 | self.number(3)?) + 526_336,
                    _ => self.number(4)?,
                };
                return Some((POINTER, target));
            }
            0 => u8::try_from(self.number(1)? + 7).ok()?,
            kind => kind,
        };
        let size = match low {
            29 => self.number(1)? + 29,
            30 => self.number(2)? + 285,
            31 => self.number(3)? + 65_821,
            size => size,
        };
        Some((kind, size))
    }

    /// The next value, wherever it stands.
    fn value(&mut self) -> Option<Value<'a>> {
        let (mut kind, mut size) = self.control()?;
        if kind == POINTER {
            self.at = size;
            (kind, size) = self.control()?;
        }
        Some(match kind {
            TEXT => Value::Text(self.take(size)?),
            UINT_16 | UINT_32 | UINT_64 if size <= 8 => Value::Number(big_endian(self.take(size)?)),
            MAP => Value::Map(size),
            // A pointer leads to no other.
            POINTER => return None,
            ARRAY | BOOL => Value::Other,
            _ => {
                self.take(size)?;
                Value::Other
            }
        })
    }

    /// The value of one of the entries of a map that come next.
    fn entry(&mut self, entries: usize, name: &str) -> Option<Value<'a>> {
        for _ in 0..entries {
            let before = self.at;
            let Value::Text(found) = self.value()? else { return None };
            if found == name.as_bytes() {
                return self.value();
            }
            // Reading a name may have led elsewhere.
            self.at = before;
            self.skip(2)?;
        }
        None
    }

    /// Passes over so many values, with all that is in them.
    fn skip(&mut self, values: usize) -> Option<()> {
        let mut pending = values;
        while pending > 0 {
            pending -= 1;
            match self.control()? {
                (POINTER | BOOL, _) => (),
                (MAP, size) => pending = pending.checked_add(size.checked_mul(2)?)?,
                (ARRAY, size) => pending = pending.checked_add(size)?,
                (_, size) => drop(self.take(size)?),
            }
        }
        Some(())
    }
}

/// The number that some bytes, at most eight, are.
fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

// Kinds of values that are more than so many bytes.
const POINTER: u8 = 1;
const TEXT: u8 = 2;
const UINT_16: u8 = 5;
const UINT_32: u8 = 6;
const MAP: u8 = 7;
const UINT_64: u8 = 9;
const ARRAY: u8 = 11;
const BOOL: u8 = 14;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::mmdb::{country, database, map, network, number, text};

    const CODE: [&str; 2] = ["country", "iso_code"];

    fn code(database: &Database, address: &str) -> Option<String> {
        database.find(address.parse().unwrap())?.text(&CODE).map(str::to_owned)
    }

    #[test]
    fn addresses_are_found_in_trees_of_every_width() {
        for bits in [24, 28, 32] {
            let ranges = [
                ("192.0.2.0/24", country("DE")),
                ("192.0.3.7", country("FR")),
                ("2001:db8::/32", country("SE")),
            ];
            let found = Database::new(database(bits, &ranges)).unwrap();
            for (address, wanted) in [
                ("192.0.2.1", Some("DE")),
                ("192.0.2.255", Some("DE")),
                ("192.0.3.7", Some("FR")),
                ("192.0.3.6", None),
                ("2001:db8:1::1", Some("SE")),
                ("2001:db9::1", None),
            ] {
                assert_eq!(code(&found, address).as_deref(), wanted, "{bits} {address}");
            }
        }
    }

    #[test]
    fn values_are_found_behind_pointers_and_by_their_kind() {
        let mut record = map(&[("a", vec![POINTER << 5, 0]), ("country", vec![POINTER << 5, 0])]);
        let target = record.len() as u8;
        let length = record.len();
        record[length - 1] = target;
        record.extend(map(&[("iso_code", text("NO"))]));
        let found = Database::new(database(24, &[("192.0.2.0/24", record)])).unwrap();
        assert_eq!(code(&found, "192.0.2.1").as_deref(), Some("NO"));
        let long = "a name of a network that is longer than twenty-eight bytes";
        let found = Database::new(database(28, &[("::/1", network(64_500, long))])).unwrap();
        let record = found.find("192.0.2.1".parse().unwrap()).unwrap();
        assert_eq!(record.number(&["autonomous_system_number"]), Some(64_500));
        assert_eq!(record.text(&["autonomous_system_organization"]), Some(long));
        assert_eq!(record.text(&["autonomous_system_number"]), None);
        assert_eq!(record.number(&["autonomous_system_number", "more"]), None);
    }

    #[test]
    fn what_is_no_database_is_said_to_be_none() {
        let wrong = |bytes: Vec<u8>| Database::new(bytes).unwrap_err();
        assert_eq!(wrong(b"\x1f\x8b a packed one".to_vec()), Wrong::Foreign);
        assert_eq!(wrong(MARKER.to_vec()), Wrong::Version);
        let good = database(24, &[("192.0.2.0/24", country("DE"))]);
        let changed = |from: Vec<u8>, to: Vec<u8>| {
            let place = good.windows(from.len()).rposition(|part| part == from).unwrap();
            let mut bytes = good.clone();
            bytes.splice(place..place + from.len(), to);
            wrong(bytes)
        };
        let key = |name: &str, n| [text(name), number(n)].concat();
        let version = "binary_format_major_version";
        assert_eq!(changed(key(version, 2), key(version, 3)), Wrong::Version);
        assert_eq!(changed(key("record_size", 24), key("record_size", 20)), Wrong::Damaged);
        assert_eq!(changed(key("ip_version", 6), key("ip_version", 5)), Wrong::Damaged);
        let cut = good[good.len() / 2..].to_vec();
        assert_eq!(wrong(cut), Wrong::Damaged);
    }

    #[test]
    fn no_damage_to_a_database_disturbs() {
        let ranges = [("192.0.2.0/24", country("DE")), ("192.0.0.0/9", network(1, "one"))];
        let good = database(28, &ranges);
        let mut seed = 1_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize
        };
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..=random() % 4 {
                let place = random() % bytes.len();
                bytes[place] = random() as u8;
            }
            bytes.drain(..random() % 8);
            let Ok(database) = Database::new(bytes) else { continue };
            for address in ["192.0.2.1", "192.0.3.1", "2001:db8::1"] {
                let record = database.find(address.parse().unwrap());
                if let Some(code) = record.and_then(|record| record.text(&CODE)) {
                    assert!(code.len() <= good.len());
                }
            }
        }
        // Maps within maps without end.
        let deep = [7 << 5 | 31, 0xFF, 0xFF, 0xFF].repeat(9000);
        let found = Database::new(database(24, &[("192.0.2.0/24", deep)])).unwrap();
        assert_eq!(code(&found, "192.0.2.1"), None);
    }
}
