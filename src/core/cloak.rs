//! Cloaked hosts: an address is shown as a keyed digest, by prefix, so that it can be banned as wide or
//! as narrow as the address itself, and not be found out.
//!
//! `192.0.2.7` is shown as `A.B.C.ip`: A is made from the whole address, B from its /24, C from its /16;
//! `*.B.C.ip` bans the /24. An IPv6 address is shown by its /64, /48 and /32. Each part is 40 bits of
//! HMAC-SHA-256 in base 32. Same secret and address, same cloak: on every server and for ever.

use super::peer::Origin;
use crate::config::{self, Secret};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::{fmt, net::IpAddr};

/// Makes cloaks.
pub struct Cloak {
    key: Hmac<Sha256>,
    suffix: Box<str>,
}

impl fmt::Debug for Cloak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloak(….{})", self.suffix)
    }
}

impl Cloak {
    /// Makes cloaks with a secret.
    pub fn new(secret: &Secret, config: &config::Cloak) -> Cloak {
        let keyed = <Hmac<Sha256> as Mac>::new_from_slice(secret.expose().as_bytes());
        let Ok(key) = keyed else { unreachable!("HMAC takes a key of any length") };
        Cloak { key, suffix: config.suffix.as_str().into() }
    }

    /// The host shown for where a client comes from.
    pub fn host(&self, from: Origin) -> String {
        match from {
            Origin::Ip(IpAddr::V4(ip)) => self.parts(&ip.octets(), [4, 3, 2]),
            Origin::Ip(IpAddr::V6(ip)) => self.parts(&ip.octets(), [8, 6, 4]),
            Origin::Local => format!("local.{}", self.suffix),
            // There is nothing to hide, and nothing to tell one from another.
            Origin::Tor(_) => format!("tor.{}", self.suffix),
        }
    }

    /// A secret of this network for another purpose, which tells nothing of the key.
    pub fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let mut mac = self.key.clone();
        // Longer than any address, so that it is no part of a cloak.
        mac.update(b"slircd derives a secret for: ");
        mac.update(purpose);
        mac.finalize().into_bytes().into()
    }

    fn parts(&self, octets: &[u8], prefixes: [usize; 3]) -> String {
        let mut host = String::with_capacity(3 * 9 + self.suffix.len());
        for prefix in prefixes {
            self.part(octets.get(..prefix).unwrap_or(octets), &mut host);
            host.push('.');
        }
        host.push_str(&self.suffix);
        host
    }

    fn part(&self, prefix: &[u8], host: &mut String) {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut mac = self.key.clone();
        mac.update(prefix);
        let digest = mac.finalize().into_bytes();
        let bits = digest.iter().take(5).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let digit = (bits >> (place * 5) & 31) as usize;
            host.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'a')));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloak(secret: &str, address: &str) -> String {
        let cloak = Cloak::new(&Secret::new(secret), &config::Cloak::default());
        cloak.host(Origin::Ip(address.parse().unwrap()))
    }

    #[test]
    fn neighbours_share_the_tail_of_their_cloaks() {
        let [a, b, c] = ["192.0.2.7", "192.0.2.8", "192.0.3.7"].map(|ip| cloak("secret", ip));
        assert_ne!(a, b);
        assert_eq!(a.split_once('.').map(|parts| parts.1), b.split_once('.').map(|parts| parts.1));
        assert_ne!(a.split('.').nth(1), c.split('.').nth(1));
        assert_eq!(a.splitn(3, '.').nth(2), c.splitn(3, '.').nth(2));
    }

    #[test]
    fn a_customers_64_has_one_cloak() {
        assert_eq!(cloak("s", "2001:db8:1:2::1"), cloak("s", "2001:db8:1:2:ffff::9"));
        assert_ne!(cloak("s", "2001:db8:1:2::1"), cloak("s", "2001:db8:1:3::1"));
    }

    #[test]
    fn cloaks_depend_on_the_secret_alone_and_never_change() {
        assert_ne!(cloak("one", "192.0.2.7"), cloak("two", "192.0.2.7"));
        // A cloak that changed with a version would let the banned back in.
        assert_eq!(cloak("secret", "192.0.2.7"), "4ziaoysp.357qdv3t.3ql4cg4u.ip");
        assert_eq!(cloak("secret", "2001:db8::1"), "ssqxg33j.5gw72r3h.azvsw4eo.ip");
    }
}
