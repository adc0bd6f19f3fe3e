//! One-time passwords by the clock (TOTP, RFC 6238: SHA-1, six digits, 30 seconds, which is what every app
//! understands), and the codes with which an account is recovered when the app is lost.

use super::encode::head;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// The length of a new secret, in bytes (RFC 4226 §4).
pub const SECRET_LEN: usize = 20;

/// How long a code is shown, in seconds.
pub const STEP_SECS: u64 = 30;

/// How many steps a clock may be fast or slow.
pub const STEPS_OFF_MAX: u64 = 1;

/// How many random bytes a recovery code has: too many to guess, and few enough to write down.
pub const RECOVERY_LEN: usize = 10;

/// The step whose code was given, at `unix_secs`. `used` is the step of the code that was last accepted:
/// neither it nor an earlier one is accepted again.
pub fn check(secret: &[u8], code: &str, unix_secs: u64, used: Option<u64>) -> Option<u64> {
    let now = unix_secs / STEP_SECS;
    let steps = now.saturating_sub(STEPS_OFF_MAX)..=now.saturating_add(STEPS_OFF_MAX);
    let mut fitting = None;
    // All are compared, so that the time tells nothing about which it was.
    for step in steps.filter(|step| used.is_none_or(|used| *step > used)) {
        if self::code(secret, step).as_bytes().ct_eq(code.as_bytes()).into() {
            fitting = fitting.or(Some(step));
        }
    }
    fitting
}

/// The code of a step (RFC 4226 §5.3).
pub fn code(secret: &[u8], step: u64) -> String {
    let keyed = <Hmac<Sha1> as Mac>::new_from_slice(secret);
    let Ok(mut mac) = keyed else { unreachable!("HMAC takes a key of any length") };
    mac.update(&step.to_be_bytes());
    let mac: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(mac[19] & 0xf);
    let four = mac.iter().skip(offset).take(4);
    let number = four.fold(0, |number: u32, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// What an app reads from a QR code.
pub fn uri(issuer: &str, account: &str, secret: &[u8]) -> String {
    let (issuer, account, secret) = (escape(issuer), escape(account), base32(secret));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
}

/// What a client shows an app, in base 64, as `draft/account-2fa` has it: a JSON object whose `uri` is that of
/// the QR code. Long names are cut, so that it fits in a line; nobody needs them but to tell their codes apart.
pub fn challenge(issuer: &str, account: &str, secret: &[u8]) -> String {
    let mut whole = String::new();
    for most in NAME_LENS {
        let uri = uri(head(issuer, most), head(account, most), secret);
        // There is nothing in a URI that JSON would have quoted.
        let json = format!(
            "{{\"type\":\"totp\",\"secret\":\"{}\",\"algorithm\":\"SHA1\",\"digits\":6,\"period\":{STEP_SECS},\"uri\":\"{uri}\"}}",
            base32(secret)
        );
        whole = STANDARD.encode(json);
        if whole.len() <= CHALLENGE_MAX {
            break;
        }
    }
    whole
}

/// How long names are in a challenge, in bytes, of which each may take three: the first that fits.
const NAME_LENS: [usize; 4] = [64, 32, 16, 8];

/// The longest challenge: what a line has room for beside the longest name of a server and a few words.
const CHALLENGE_MAX: usize = 344;

/// A recovery code of random bytes, as it is shown, once.
pub fn recovery_code(random: &[u8; RECOVERY_LEN]) -> String {
    let text = base32(random);
    let groups: Vec<&str> =
        text.as_bytes().chunks(4).filter_map(|it| std::str::from_utf8(it).ok()).collect();
    groups.join("-")
}

/// What is stored of a recovery code, of how it was typed in whatever case and groups. It is a plain
/// SHA-256: slow hashes and salts protect what people make up, and nobody tries 2^80 codes.
pub fn recovery_digest(code: &str) -> Option<String> {
    let code: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let bytes: [u8; RECOVERY_LEN] = unbase32(&code)?.try_into().ok()?;
    Some(Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Bytes in base 32 (RFC 4648 §6) without padding, as apps want them.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    for five in bytes.chunks(5) {
        let bits =
            (0..5).fold(0, |bits, at| bits << 8 | u64::from(five.get(at).copied().unwrap_or(0)));
        let digits = (five.len() * 8).div_ceil(5);
        for at in 0..digits {
            let digit = bits >> (35 - 5 * at) & 31;
            text.push(char::from(DIGITS[digit as usize]));
        }
    }
    text
}

/// The bytes of a text in base 32, in capitals or not.
pub fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0u32, 0);
    for c in text.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == c.to_ascii_uppercase())?;
        (bits, held) = (bits << 5 | digit as u32, held + 5);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // What is left is less than a digit, and nothing.
    (held < 5 && bits == 0).then_some(bytes)
}

/// A part of a URI (RFC 3986 §2.1).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_rfcs() {
        let hotp = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (step, wanted) in hotp.into_iter().enumerate() {
            assert_eq!(code(SECRET, step as u64), wanted, "RFC 4226 appendix D");
        }
        for (secs, wanted) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(SECRET, secs / STEP_SECS), wanted[2..], "RFC 6238 appendix B");
            assert_eq!(check(SECRET, &wanted[2..], secs, None), Some(secs / STEP_SECS));
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off_and_no_more() {
        let now = 1_000_000;
        for (step, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = (now / STEP_SECS).checked_add_signed(step).unwrap();
            let found = check(SECRET, &code(SECRET, step), now, None);
            assert_eq!(found, Some(step).filter(|_| accepted));
        }
        assert_eq!(check(SECRET, &code(SECRET, 0), 0, None), Some(0));
        let last = u64::MAX / STEP_SECS;
        assert_eq!(check(SECRET, &code(SECRET, last), u64::MAX, None), Some(last));
    }

    #[test]
    fn no_code_is_accepted_twice_nor_after_a_later_one() {
        let step = 1000;
        let at = |used| check(SECRET, &code(SECRET, step), step * STEP_SECS, used);
        assert_eq!(at(None), Some(step));
        assert_eq!(at(Some(step - 1)), Some(step));
        assert_eq!(at(Some(step)), None);
        assert_eq!(at(Some(step + 1)), None);
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let right = code(SECRET, 1000);
        for wrong in
            ["", "1", "0000000", "abcdef", "１２３４５６", &right[1..], &format!("{right} ")]
        {
            assert_eq!(check(SECRET, wrong, 30_000, None), None, "{wrong}");
        }
        assert_eq!(check(b"another secret", &right, 30_000, None), None);
    }

    #[test]
    fn base_32_is_that_of_the_rfc() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), text);
            assert_eq!(unbase32(text).as_deref(), Some(plain.as_bytes()));
            assert_eq!(unbase32(&text.to_lowercase()).as_deref(), Some(plain.as_bytes()));
        }
        for bad in ["A", "MZ", "MZXW6Y", "MY======", "M1", "É", "MZXW6YTBO"] {
            assert_eq!(unbase32(bad), None, "{bad}");
        }
        for len in 0..50 {
            let bytes: Vec<u8> = (0..len).map(|at: u8| at.wrapping_mul(151)).collect();
            assert_eq!(unbase32(&base32(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn an_app_reads_the_secret_from_a_uri() {
        assert_eq!(
            uri("Example Net", "été:1", SECRET),
            "otpauth://totp/Example%20Net:%C3%A9t%C3%A9%3A1\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Net"
        );
    }

    #[test]
    fn a_client_shows_an_app_a_challenge_that_fits_in_a_line() {
        let read = |text: &str| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
        assert_eq!(
            read(&challenge("Example", "alice", SECRET)),
            "{\"type\":\"totp\",\"secret\":\"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\",\
             \"algorithm\":\"SHA1\",\"digits\":6,\"period\":30,\
             \"uri\":\"otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example\"}"
        );
        for (network, account) in
            [("n".repeat(200), "é".repeat(32)), ("网".repeat(60), "a".repeat(64))]
        {
            let challenge = challenge(&network, &account, SECRET);
            assert!(challenge.len() <= CHALLENGE_MAX, "{}", challenge.len());
            assert!(read(&challenge).ends_with("\"}"));
        }
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = recovery_code(b"0123456789");
        assert_eq!(code, "GAYT-EMZU-GU3D-OOBZ");
        let stored = recovery_digest(&code).unwrap();
        assert_eq!(stored, "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882");
        for typed in ["gayt-emzu-gu3d-oobz", "GAYTEMZUGU3DOOBZ", " gayt emzu gu3d oobz"] {
            assert_eq!(recovery_digest(typed).as_ref(), Some(&stored), "{typed}");
        }
        assert_ne!(recovery_digest("GAYT-EMZU-GU3D-OOBA"), Some(stored));
        for bad in ["", "GAYT", "GAYT-EMZU-GU3D-OOBZ-A", "GAYT-EMZU-GU3D-OOB1"] {
            assert_eq!(recovery_digest(bad), None, "{bad}");
        }
    }
}
