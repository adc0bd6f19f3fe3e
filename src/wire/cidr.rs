//! Ranges of addresses: `192.0.2.0/24`, `2001:db8::/32`; one address is the narrowest range.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A range of addresses. What is beyond its prefix is zero, so equal ranges are equal values.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl Cidr {
    /// The range of the first `bits` of an address; `None` if it has fewer.
    pub fn new(address: IpAddr, bits: u8) -> Option<Cidr> {
        if bits > width(address) {
            return None;
        }
        let address = match address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
            }
        };
        Some(Cidr { address, bits })
    }

    /// The range of one address.
    pub fn host(address: IpAddr) -> Cidr {
        Cidr { address, bits: width(address) }
    }

    /// Reads an address, or an address, a slash and a number of bits. Addresses of IPv4 in their IPv6 form
    /// are those of IPv4, as which clients are known too.
    pub fn parse(text: &str) -> Option<Cidr> {
        let cidr = match text.split_once('/') {
            Some((address, bits)) => Cidr::new(address.parse().ok()?, bits.parse().ok()?),
            None => text.parse().ok().map(Cidr::host),
        }?;
        match (cidr.address.to_canonical(), cidr.bits.checked_sub(MAPPED_BITS)) {
            (address @ IpAddr::V4(_), Some(bits)) if cidr.address.is_ipv6() => {
                Cidr::new(address, bits)
            }
            _ => Some(cidr),
        }
    }

    /// Whether an address lies in it.
    pub fn contains(self, ip: IpAddr) -> bool {
        Cidr::new(ip, self.bits) == Some(self)
    }

    /// The length of its prefix.
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// Its first address.
    pub fn address(self) -> IpAddr {
        self.address
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.address) {
            return write!(f, "{}", self.address);
        }
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// What stands before an address of IPv4 in its IPv6 form (RFC 4291 §2.5.5.2).
const MAPPED_BITS: u8 = 96;

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        Cidr::parse(text).unwrap()
    }

    #[test]
    fn a_range_holds_what_shares_its_prefix() {
        for (range, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "255.1.2.3", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "::1", "127.0.0.1"),
            ("::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.1"),
            ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ] {
            assert!(cidr(range).contains(inside.parse().unwrap()), "{range}");
            assert!(!cidr(range).contains(outside.parse().unwrap()), "{range}");
        }
    }

    #[test]
    fn what_is_beyond_the_prefix_does_not_matter() {
        assert_eq!(cidr("192.0.2.77/24"), cidr("192.0.2.0/24"));
        assert_eq!(cidr("192.0.2.77/24").to_string(), "192.0.2.0/24");
        assert_eq!(cidr("2001:db8::1").to_string(), "2001:db8::1");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "192.0.2.0/33", "::/129", "192.0.2/24", "a/8", "192.0.2.0/-1", "1.2.3.4/"]
        {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
    }
}
