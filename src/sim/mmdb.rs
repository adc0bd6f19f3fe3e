//! Databases of addresses, made for tests.

use crate::wire::{
    cidr::Cidr,
    mmdb::{MARKER, SEPARATOR},
};
use std::net::IpAddr;

/// A text of less than 285 bytes.
pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = match text.len() {
        short @ ..29 => vec![2 << 5 | short as u8],
        long => vec![2 << 5 | 29, (long - 29) as u8],
    };
    bytes.extend(text.bytes());
    bytes
}

/// A number.
pub fn number(number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let bytes = &bytes[number.leading_zeros() as usize / 8..];
    [&[6 << 5 | bytes.len() as u8], bytes].concat()
}

/// A map of less than 29 entries.
pub fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![7 << 5 | entries.len() as u8];
    entries.iter().for_each(|(name, value)| bytes.extend([text(name), value.clone()].concat()));
    bytes
}

/// A database of IPv6, with a tree of so many bits, that knows these ranges, each by a record of its own. The
/// wider come first.
pub fn database(bits: usize, ranges: &[(&str, Vec<u8>)]) -> Vec<u8> {
    // A node holds for each bit the node or the record to which it leads.
    let mut nodes: Vec<[Result<usize, Option<usize>>; 2]> = vec![[Err(None); 2]];
    let (mut data, mut places): (Vec<u8>, Vec<usize>) = (Vec::new(), Vec::new());
    for (range, record) in ranges {
        let Some(range) = Cidr::parse(range) else { panic!("{range} is no range") };
        let (number, length) = match range.address() {
            IpAddr::V4(ip) => (u128::from(u32::from(ip)), range.bits() + 96),
            IpAddr::V6(ip) => (u128::from(ip), range.bits()),
        };
        let mut node = 0;
        for place in 0..length {
            let bit = usize::from(number >> (127 - place) & 1 == 1);
            if place + 1 == length {
                nodes[node][bit] = Err(Some(places.len()));
            } else if let Ok(next) = nodes[node][bit] {
                node = next;
            } else {
                // What holds for the whole holds for each half.
                nodes.push([nodes[node][bit]; 2]);
                nodes[node][bit] = Ok(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
        places.push(data.len());
        data.extend(record);
    }
    let count = nodes.len();
    let mut bytes = Vec::new();
    for node in &nodes {
        let [left, right] = node.map(|half| match half {
            Ok(node) => node,
            Err(None) => count,
            Err(Some(record)) => count + SEPARATOR + places[record],
        } as u32);
        let ([a, left @ ..], [b, right @ ..]) = (left.to_be_bytes(), right.to_be_bytes());
        match bits {
            24 => bytes.extend([left, right].concat()),
            28 => bytes.extend([&left[..], &[a << 4 | b], &right].concat()),
            _ => bytes.extend([&[a], &left[..], &[b], &right].concat()),
        }
    }
    bytes.extend([0; SEPARATOR]);
    bytes.extend(data);
    bytes.extend(MARKER);
    bytes.extend(map(&[
        ("binary_format_major_version", number(2)),
        ("description", map(&[("en", text("a database for tests, of some addresses"))])),
        ("ip_version", number(6)),
        ("node_count", number(count as u32)),
        ("record_size", number(bits as u32)),
    ]));
    bytes
}

/// A record of a country.
pub fn country(code: &str) -> Vec<u8> {
    let names = map(&[("de", text("Irgendwo")), ("en", text("Somewhere"))]);
    map(&[
        ("continent", map(&[("geoname_id", number(7)), ("names", names)])),
        ("country", map(&[("is_in_european_union", vec![1, 7]), ("iso_code", text(code))])),
    ])
}

/// A record of a network.
pub fn network(asn: u32, name: &str) -> Vec<u8> {
    map(&[
        ("autonomous_system_number", number(asn)),
        ("autonomous_system_organization", text(name)),
    ])
}
