//! bcrypt (N. Provos and D. Mazières, 1999), `$2a$`, `$2b$` and `$2y$`. For verifying alone.

use super::password::Error;
use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use blowfish::Blowfish;
use sha2::Digest;
use sha3::Sha3_512;
use subtle::ConstantTimeEq;

/// A hash that has been read.
pub(super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    wanted: [u8; 23],
    /// Whether Ergo has made a SHA-3 of the password first, of which no byte is lost.
    sha3: bool,
}

impl Bcrypt {
    /// Reads a hash.
    pub(super) fn parse(text: &str, sha3: bool) -> Result<Bcrypt, Error> {
        let mut parts = text.split('$').skip(2);
        let (Some(cost), Some(rest), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Malformed);
        };
        let cost = cost.parse().map_err(|_| Error::Malformed)?;
        let (salt, wanted) = rest.split_at_checked(22).ok_or(Error::Malformed)?;
        let decode = |text| BASE64.decode(text).map_err(|_| Error::Malformed);
        let (Ok(salt), Ok(wanted)) = (decode(salt)?.try_into(), decode(wanted)?.try_into()) else {
            return Err(Error::Malformed);
        };
        if cost > COST_MAX {
            return Err(Error::TooCostly);
        }
        Ok(Bcrypt { cost, salt, wanted, sha3 })
    }

    /// Whether it is of this password.
    pub(super) fn fits(&self, password: &[u8]) -> bool {
        self.of(password).ct_eq(&self.wanted).into()
    }

    fn of(&self, password: &[u8]) -> Vec<u8> {
        let mut key = if self.sha3 { Sha3_512::digest(password).to_vec() } else { password.into() };
        key.push(0);
        key.truncate(72);
        let mut cipher: Blowfish = Blowfish::bc_init_state();
        cipher.salted_expand_key(&self.salt, &key);
        for _ in 0..1 << self.cost {
            cipher.bc_expand_key(&key);
            cipher.bc_expand_key(&self.salt);
        }
        let mut out = Vec::with_capacity(24);
        for pair in b"OrpheanBeholderScryDoubt".chunks(8) {
            let pair = pair.iter().fold(0, |pair: u64, byte| pair << 8 | u64::from(*byte));
            let mut pair = [(pair >> 32) as u32, pair as u32];
            for _ in 0..64 {
                pair = cipher.bc_encrypt(pair);
            }
            out.extend(pair.iter().flat_map(|word| word.to_be_bytes()));
        }
        out.truncate(self.wanted.len());
        out
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The highest cost, which is a few seconds.
const COST_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ergo_hashes_first_is_not_cut_off() {
        let bcrypt = |sha3| Bcrypt { cost: 4, salt: [7; 16], wanted: [0; 23], sha3 };
        let (one, other) = ("a".repeat(200), "a".repeat(199) + "b");
        assert_ne!(bcrypt(true).of(one.as_bytes()), bcrypt(true).of(other.as_bytes()));
        assert_eq!(bcrypt(false).of(one.as_bytes()), bcrypt(false).of(other.as_bytes()));
    }
}
