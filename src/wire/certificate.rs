//! As much of a certificate as has to be known here: whether it vouches for itself (RFC 5280 §4.1).

use base64::{Engine, engine::general_purpose::STANDARD};

/// Whether the first certificate of a chain (PEM) was issued by its own subject, so that no client can
/// verify it. One that cannot be read counts as such.
pub fn is_self_issued(chain: &[u8]) -> bool {
    names(chain).is_none_or(|(issuer, subject)| issuer == subject)
}

/// The issuer and the subject, as they are encoded.
fn names(chain: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let text = std::str::from_utf8(chain).ok()?;
    let body = text.split_once("-----BEGIN CERTIFICATE-----")?.1.split_once("-----END")?.0;
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    let (certificate, _) = value(&der)?;
    let (mut rest, _) = value(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = value(rest)?.1;
    }
    let after_serial = value(rest)?.1;
    let after_algorithm = value(after_serial)?.1;
    let (issuer, after_issuer) = value(after_algorithm)?;
    let after_validity = value(after_issuer)?.1;
    let (subject, _) = value(after_validity)?;
    Some((issuer.to_vec(), subject.to_vec()))
}

/// What the first element holds, and what stands behind it (X.690 §8.1).
fn value(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.get(1..)?.split_first()?;
    let (len, rest) = match first {
        short @ 0..0x80 => (usize::from(*short), rest),
        long => {
            let bytes = usize::from(long & 0x7f);
            if bytes > 4 {
                return None;
            }
            let (len, rest) = rest.split_at_checked(bytes)?;
            (len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(len)
}

/// The tag of a version, which a certificate of version 1 does not have.
const VERSION: u8 = 0xa0;

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate that says nothing but who it is of, and by whom.
    fn certificate(issuer: &str, subject: &str) -> String {
        let element = |tag: u8, parts: &[&[u8]]| {
            let body = parts.concat();
            let mut bytes = vec![tag];
            match body.len() {
                short @ 0..128 => bytes.push(short as u8),
                long => bytes.extend([0x82, (long >> 8) as u8, long as u8]),
            }
            bytes.extend(body);
            bytes
        };
        let name = |text: &str| element(0x30, &[&element(0x0c, &[text.as_bytes()])]);
        let (issuer, subject) = (name(issuer), name(subject));
        let (version, serial) = (element(0xa0, &[&[2, 1, 2]]), element(2, &[&[7]]));
        let (algorithm, validity) = (element(0x30, &[]), element(0x30, &[]));
        let fields = [&version[..], &serial, &algorithm, &issuer, &validity, &subject];
        let der = element(0x30, &[&element(0x30, &fields)]);
        let text = STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn one_that_names_itself_as_issuer_vouches_for_itself() {
        let long = "x".repeat(300);
        assert!(is_self_issued(certificate("localhost", "localhost").as_bytes()));
        assert!(!is_self_issued(certificate("An authority", "localhost").as_bytes()));
        assert!(!is_self_issued(certificate(&long, "localhost").as_bytes()));
    }

    #[test]
    fn what_cannot_be_read_counts_as_such() {
        let whole = certificate("a", "b");
        for end in 0..whole.len() - 30 {
            assert!(is_self_issued(&whole.as_bytes()[..end]), "{end}");
        }
        for text in ["", "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----"] {
            assert!(is_self_issued(text.as_bytes()));
        }
    }
}
