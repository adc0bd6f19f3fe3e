//! What crypt(3) of C libraries makes of passwords: `$1$` (MD5), `$5$` and `$6$` (SHA-2, by U. Drepper's
//! specification). For verifying alone.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512};

/// A hash without what it was made with: the last part of the text that crypt(3) yields.
pub(super) fn crypt(kind: Kind, password: &[u8], salt: &[u8], rounds: u32) -> String {
    let digest = match kind {
        Kind::Md5 => md5(password, salt),
        Kind::Sha256 => sha::<Sha256>(password, salt, rounds),
        Kind::Sha512 => sha::<Sha512>(password, salt, rounds),
    };
    encode(kind, &digest)
}

/// Which hash function is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Md5,
    Sha256,
    Sha512,
}

impl Kind {
    /// The longest salt.
    pub(super) fn salt_max(self) -> usize {
        if self == Kind::Md5 { 8 } else { 16 }
    }
}

/// How often SHA-2 hashes if the text does not say.
pub(super) const ROUNDS: u32 = 5000;

fn md5(password: &[u8], salt: &[u8]) -> Vec<u8> {
    let mut first = Md5::new_with_prefix([password, b"$1$", salt].concat());
    let other = Md5::digest([password, salt, password].concat());
    first.update(repeated(&other, password.len()));
    for bit in bits(password.len()) {
        // Hardly what was meant when it was written, but so it is.
        first.update(if bit { &[0] } else { password.get(..1).unwrap_or_default() });
    }
    stretch::<Md5>(first.finalize().to_vec(), password, salt, 1000)
}

fn sha<D: Digest>(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let mut first = D::new_with_prefix([password, salt].concat());
    let other = D::digest([password, salt, password].concat());
    first.update(repeated(&other, password.len()));
    for bit in bits(password.len()) {
        first.update(if bit { &other } else { password });
    }
    let first = first.finalize().to_vec();
    let salts = 16 + usize::from(first.first().copied().unwrap_or_default());
    let passwords = D::digest(password.repeat(password.len()));
    let password = repeated(&passwords, password.len());
    let salt = repeated(&D::digest(salt.repeat(salts)), salt.len());
    stretch::<D>(first, &password, &salt, rounds)
}

/// What takes the time.
fn stretch<D: Digest>(mut digest: Vec<u8>, password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    for round in 0..rounds {
        let (begin, end) =
            if round % 2 == 0 { (&digest[..], password) } else { (password, &digest[..]) };
        let mut next = D::new_with_prefix(begin);
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(end);
        digest = next.finalize().to_vec();
    }
    digest
}

/// As many bytes as are wanted, over and over the same.
fn repeated(bytes: &[u8], len: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(len).collect()
}

/// The bits of a number, from the lowest to the highest that is set.
fn bits(number: usize) -> impl Iterator<Item = bool> {
    let bits = usize::BITS - number.leading_zeros();
    (0..bits).map(move |bit| number >> bit & 1 == 1)
}

/// Three bytes as four characters, each kind taking its bytes in an order of its own.
fn encode(kind: Kind, digest: &[u8]) -> String {
    let order: Vec<usize> = match kind {
        Kind::Md5 => vec![0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11],
        Kind::Sha256 => {
            let groups = (0..10).map(|group| [0, 10, 20].map(|at| (at + 21 * group) % 30));
            groups.flatten().chain([31, 30]).collect()
        }
        Kind::Sha512 => {
            let groups = (0..21).map(|group| [0, 21, 42].map(|at| (at + 22 * group) % 63));
            groups.flatten().chain([63]).collect()
        }
    };
    let mut text = String::with_capacity(86);
    for group in order.chunks(3) {
        let byte = |at: &usize| u32::from(digest.get(*at).copied().unwrap_or_default());
        let bits = group.iter().fold(0, |bits, at| bits << 8 | byte(at));
        for digit in 0..=group.len() {
            let digit = DIGITS.get((bits >> (6 * digit) & 63) as usize);
            text.extend(digit.copied().map(char::from));
        }
    }
    text
}

const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
