//! Password hashes that other servers have stored, as their databases hold them: Ergo, Anope, Atheme. For
//! verifying alone; who logs in by one gets a hash of ours.
//!
//! Ergo's databases hold bcrypt of a SHA-3 with nothing that tells it from any other bcrypt, so it is kept
//! here behind `ergo:`, as Anope writes `bcrypt:`.
//!
//! Passwords are taken as they are sent, since that is what was hashed. Left out are DES of crypt(3), scrypt
//! (`$7$`), and the MD5 of IRCServices that lost half of its bits: hardly anybody has them, and each needs a
//! crate or a table of its own.

use super::{
    bcrypt::Bcrypt,
    crypt::{self, Kind},
    password::Error,
};
use crate::wire::{precis, scram};
use argon2::{Argon2, Params, PasswordHash, PasswordVerifier};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Mac, SimpleHmac, digest::core_api::BlockSizeUser};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, digest::generic_array::GenericArray};
use subtle::ConstantTimeEq;

/// A hash that has been read and is within the limits below.
pub(super) enum Stored<'a> {
    /// argon2, of any kind and cost.
    Argon2(PasswordHash<'a>),
    /// What SCRAM needs.
    Scram(scram::Verifier),
    Bcrypt(Bcrypt),
    /// crypt(3).
    Crypt {
        kind: Kind,
        rounds: u32,
        salt: &'a str,
        wanted: &'a str,
    },
    /// Atheme's PBKDF2; `scram` if it is kept as the key of SCRAM's server.
    Pbkdf2 {
        by: &'static Algorithm,
        scram: bool,
        rounds: u32,
        salt: Vec<u8>,
        wanted: Vec<u8>,
    },
    /// A keyed digest.
    Hmac {
        by: &'static Algorithm,
        key: Vec<u8>,
        wanted: Vec<u8>,
    },
    /// A plain digest.
    Digest {
        by: &'static Algorithm,
        wanted: Vec<u8>,
    },
    /// Anope's SHA-256, which begins with random numbers instead of those of the standard.
    Seeded {
        state: [u32; 8],
        wanted: Vec<u8>,
    },
    /// The password itself.
    Plain(Vec<u8>),
}

/// The most memory that argon2 may take, in KiB: twice what Anope's default takes.
const ARGON2_MEMORY_MAX: u32 = 256 << 10;

/// The most work argon2 may be, in KiB that are gone over: a few seconds.
const ARGON2_WORK_MAX: u64 = 1 << 20;

/// The most rounds of crypt(3), which is Atheme's limit.
const CRYPT_ROUNDS_MAX: u32 = 1_000_000;

/// The most rounds of PBKDF2, which is Atheme's limit.
const PBKDF2_ROUNDS_MAX: u32 = scram::ITERATIONS_MAX;

/// How Atheme used PBKDF2 before it wrote down how: the rounds, and the length of the salt.
const PBKDF2_FIRST: (u32, usize) = (128_000, 16);

impl<'a> Stored<'a> {
    /// Reads a hash.
    pub(super) fn parse(text: &'a str) -> Result<Stored<'a>, Error> {
        // Anope keeps the byte that ends a string of C.
        let text = text.trim_end_matches('\0');
        if text.starts_with('$') {
            return modular(text);
        }
        if text.starts_with("SCRAM-SHA-256$") {
            return scram::Verifier::parse(text).map(Stored::Scram).ok_or(Error::Malformed);
        }
        match text.split_once(':') {
            Some((scheme, rest)) => prefixed(scheme, rest),
            None => first_pbkdf2(text).ok_or(Error::Unknown),
        }
    }

    /// Whether it is of this password.
    pub(super) fn fits(&self, password: &str) -> bool {
        let bytes = password.as_bytes();
        let is = |given: &[u8], wanted: &[u8]| bool::from(given.ct_eq(wanted));
        match self {
            Stored::Argon2(hash) => Argon2::default().verify_password(bytes, hash).is_ok(),
            Stored::Scram(verifier) => verifier.fits(password),
            Stored::Bcrypt(bcrypt) => bcrypt.fits(bytes),
            Stored::Crypt { kind, rounds, salt, wanted } => {
                let given = crypt::crypt(*kind, bytes, salt.as_bytes(), *rounds);
                is(given.as_bytes(), wanted.as_bytes())
            }
            Stored::Pbkdf2 { by, scram: false, rounds, salt, wanted } => {
                is(&(by.pbkdf2)(bytes, salt, *rounds), wanted)
            }
            Stored::Pbkdf2 { by, scram: true, rounds, salt, wanted } => {
                let salted = (by.pbkdf2)(precis::opaque(password).as_bytes(), salt, *rounds);
                is(&(by.hmac)(&salted, b"Server Key"), wanted)
            }
            Stored::Hmac { by, key, wanted } => is(&(by.hmac)(key, bytes), wanted),
            Stored::Digest { by, wanted } => is(&(by.digest)(bytes), wanted),
            Stored::Seeded { state, wanted } => is(&seeded(*state, bytes), wanted),
            Stored::Plain(wanted) => is(bytes, wanted),
        }
    }
}

/// `$what$…`: crypt(3) and those that write like it.
fn modular(text: &str) -> Result<Stored<'_>, Error> {
    let mut parts = text.split('$').skip(1);
    let what = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    match (what, &parts[..]) {
        ("argon2d" | "argon2i" | "argon2id", _) => argon2(text),
        ("2a" | "2b" | "2y", _) => Bcrypt::parse(text, false).map(Stored::Bcrypt),
        ("1", [salt, wanted]) => crypt(Kind::Md5, None, salt, wanted),
        ("5", [salt, wanted]) => crypt(Kind::Sha256, None, salt, wanted),
        ("5", [rounds, salt, wanted]) => crypt(Kind::Sha256, Some(rounds), salt, wanted),
        ("6", [salt, wanted]) => crypt(Kind::Sha512, None, salt, wanted),
        ("6", [rounds, salt, wanted]) => crypt(Kind::Sha512, Some(rounds), salt, wanted),
        ("z", [by, rounds, salt, wanted @ ..]) => pbkdf2(by, rounds, salt, wanted),
        ("base64", [password]) => base64(password).map(Stored::Plain),
        ("anope", ["enc_sha256", state, wanted]) => seeded_from(&base64(state)?, base64(wanted)?),
        ("1" | "5" | "6" | "z" | "base64" | "anope", _) => Err(Error::Malformed),
        (_, [digest]) => match what.strip_prefix("raw") {
            Some(by) => plain_digest(by, digest),
            None => Err(Error::Unknown),
        },
        _ => Err(Error::Unknown),
    }
}

/// `scheme:…`, as Anope writes.
fn prefixed<'a>(scheme: &str, rest: &'a str) -> Result<Stored<'a>, Error> {
    if let Some(by) = scheme.strip_prefix("hmac-") {
        let (wanted, key) = rest.split_once(':').ok_or(Error::Malformed)?;
        let by = Algorithm::named(by)?;
        return Ok(Stored::Hmac { by, key: hex(key)?, wanted: by.digest_of(hex(wanted)?)? });
    }
    if let Some(by) = scheme.strip_prefix("raw-") {
        return plain_digest(by, rest);
    }
    match scheme {
        "bcrypt" => Bcrypt::parse(rest, false).map(Stored::Bcrypt),
        "ergo" => Bcrypt::parse(rest, true).map(Stored::Bcrypt),
        "argon2d" | "argon2i" | "argon2id" => argon2(rest),
        "posix" => modular(rest),
        "md5" | "sha1" => plain_digest(scheme, rest),
        "sha256" => {
            let (wanted, state) = rest.split_once(':').ok_or(Error::Malformed)?;
            seeded_from(&hex(state)?, hex(wanted)?)
        }
        "plain" => base64(rest).map(Stored::Plain),
        _ => Err(Error::Unknown),
    }
}

fn argon2(text: &str) -> Result<Stored<'_>, Error> {
    let hash = PasswordHash::new(text).map_err(|_| Error::Malformed)?;
    let params = Params::try_from(&hash).map_err(|_| Error::Malformed)?;
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    if params.m_cost() > ARGON2_MEMORY_MAX || work > ARGON2_WORK_MAX {
        return Err(Error::TooCostly);
    }
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(Error::Malformed);
    }
    Ok(Stored::Argon2(hash))
}

fn crypt<'a>(
    kind: Kind,
    rounds: Option<&str>,
    salt: &'a str,
    wanted: &'a str,
) -> Result<Stored<'a>, Error> {
    let rounds = match rounds {
        None => crypt::ROUNDS,
        Some(rounds) => number(rounds.strip_prefix("rounds=").ok_or(Error::Malformed)?)?,
    };
    if rounds > CRYPT_ROUNDS_MAX {
        return Err(Error::TooCostly);
    }
    if salt.len() > kind.salt_max() {
        return Err(Error::Malformed);
    }
    Ok(Stored::Crypt { kind, rounds, salt, wanted })
}

/// Atheme's `$z$`: the number says the hash function, whether the salt is in base64, and whether the keys of
/// SCRAM are kept and not the hash itself.
fn pbkdf2<'a>(by: &str, rounds: &str, salt: &str, wanted: &[&str]) -> Result<Stored<'a>, Error> {
    let (number, rounds) = (number(by)?, number(rounds)?);
    let by = match number % 20 {
        3 => "md5",
        4 => "sha1",
        5 => "sha256",
        6 => "sha512",
        _ => return Err(Error::Malformed),
    };
    let (plain_salt, scram) = match number / 20 {
        0 => (true, false),
        1 => (false, false),
        2 => (true, true),
        3 => (false, true),
        _ => return Err(Error::Malformed),
    };
    let wanted = match (scram, wanted) {
        (false, [hash]) => hash,
        (true, [server_key, _stored_key]) => server_key,
        _ => return Err(Error::Malformed),
    };
    if rounds == 0 {
        return Err(Error::Malformed);
    }
    if rounds > PBKDF2_ROUNDS_MAX {
        return Err(Error::TooCostly);
    }
    let by = Algorithm::named(by)?;
    let salt = if plain_salt { salt.as_bytes().to_vec() } else { base64(salt)? };
    Ok(Stored::Pbkdf2 { by, scram, rounds, salt, wanted: by.digest_of(base64(wanted)?)? })
}

/// Atheme's first PBKDF2: the salt, and the hash right behind it.
fn first_pbkdf2<'a>(text: &str) -> Option<Stored<'a>> {
    let (rounds, salt_len) = PBKDF2_FIRST;
    let (salt, wanted) = text.split_at_checked(salt_len)?;
    if !salt.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let by = Algorithm::named("sha512").ok()?;
    let wanted = by.digest_of(hex(wanted).ok()?).ok()?;
    Some(Stored::Pbkdf2 { by, scram: false, rounds, salt: salt.into(), wanted })
}

fn plain_digest<'a>(by: &str, digest: &str) -> Result<Stored<'a>, Error> {
    let by = Algorithm::named(by)?;
    Ok(Stored::Digest { by, wanted: by.digest_of(hex(digest)?)? })
}

fn seeded_from<'a>(state: &[u8], wanted: Vec<u8>) -> Result<Stored<'a>, Error> {
    let mut words = [0; 8];
    if state.len() != 4 * words.len() || wanted.len() != state.len() {
        return Err(Error::Malformed);
    }
    for (word, bytes) in words.iter_mut().zip(state.chunks(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    Ok(Stored::Seeded { state: words, wanted })
}

/// SHA-256 from a state of one's own (FIPS 180-4 §5.1.1, §6.2.2).
fn seeded(mut state: [u32; 8], message: &[u8]) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        sha2::compress256(&mut state, &[*GenericArray::from_slice(block)]);
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A hash function by its name, in the ways in which it is used.
pub(super) struct Algorithm {
    name: &'static str,
    len: usize,
    digest: fn(&[u8]) -> Vec<u8>,
    hmac: fn(&[u8], &[u8]) -> Vec<u8>,
    pbkdf2: fn(&[u8], &[u8], u32) -> Vec<u8>,
}

const ALGORITHMS: &[Algorithm] = &[
    Algorithm::of::<Md5>("md5", 16),
    Algorithm::of::<Sha1>("sha1", 20),
    Algorithm::of::<Sha224>("sha224", 28),
    Algorithm::of::<Sha256>("sha256", 32),
    Algorithm::of::<Sha384>("sha384", 48),
    Algorithm::of::<Sha512>("sha512", 64),
];

impl Algorithm {
    const fn of<D: BlockSizeUser + Clone + Digest + Sync>(
        name: &'static str,
        len: usize,
    ) -> Algorithm {
        Algorithm { name, len, digest: digest::<D>, hmac: hmac::<D>, pbkdf2: pbkdf2_of::<D> }
    }

    fn named(name: &str) -> Result<&'static Algorithm, Error> {
        ALGORITHMS.iter().find(|row| row.name == name).ok_or(Error::Unknown)
    }

    /// Bytes that are as many as this yields.
    fn digest_of(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
        if bytes.len() == self.len { Ok(bytes) } else { Err(Error::Malformed) }
    }
}

fn digest<D: Digest>(message: &[u8]) -> Vec<u8> {
    D::digest(message).to_vec()
}

fn hmac<D: BlockSizeUser + Digest>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let keyed = <SimpleHmac<D> as Mac>::new_from_slice(key);
    let Ok(mac) = keyed else { unreachable!("HMAC takes a key of any length") };
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn pbkdf2_of<D: BlockSizeUser + Clone + Digest + Sync>(
    password: &[u8],
    salt: &[u8],
    rounds: u32,
) -> Vec<u8> {
    let mut out = vec![0; <D as Digest>::output_size()];
    let hashed = pbkdf2::pbkdf2::<SimpleHmac<D>>(password, salt, rounds, &mut out);
    let Ok(()) = hashed else { unreachable!("HMAC takes a key of any length") };
    out
}

fn number(text: &str) -> Result<u32, Error> {
    text.parse().map_err(|_| Error::Malformed)
}

fn base64(text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error::Malformed)
}

fn hex(text: &str) -> Result<Vec<u8>, Error> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect::<Option<_>>().ok_or(Error::Malformed)
}

#[cfg(test)]
mod tests {
    use super::super::password::{check, needs_upgrade, verify};
    use super::*;
    use argon2::{Params, PasswordHasher, Version, password_hash::SaltString};

    /// Of `sesame`, by Python's hashlib and hmac, and the C library's crypt.
    const SESAME: &str = "
        sha256:54b8beee4c8dd16b2deefaf9b6b647d4d641b84cf64fc776a8721531f2a57a5d:6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283
        $anope$enc_sha256$ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=$VLi+7kyN0Wst7vr5trZH1NZBuEz2T8d2qHIVMfKlel0=
        md5:c8dae1c50e092f3d877192fc555b1dcf
        sha1:084a3501edef6845f2f1e4198ec3a2b81cf5c6bc
        plain:c2VzYW1l
        $base64$c2VzYW1l
        raw-sha224:c6f6d61e04590c24e6e06dcd3d60d56f1a7cd86372853a8b69b0c6ac
        hmac-sha256:46f0696d0e943fdd2ba2ab086bd3f534865a0da6faf83364846f8d599491a800:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683
        raw-sha384:fd0fa6301b99d8a18bffa42b4be3dffbc6b7427d30120077ea0295847f0e3724e599f22be2a25fda8ad1c33be211c1af
        hmac-sha512:5301fa277b7f3d2f2b9bb7c50653bfd2b039426b2c6a1af284751b83108da51f4ac6229a2bf4591d7cc5027c7d87753690717dd884df589841abc994618ecf88:8335fa56d487562de248f47befc72743334051ddffcc2c09275f665454990317594745ee17c08f798cd7dce0ba8155dcda14f6398c1d1545116520a133017c09
        $rawmd5$c8dae1c50e092f3d877192fc555b1dcf
        $rawsha1$084a3501edef6845f2f1e4198ec3a2b81cf5c6bc
        $rawsha256$d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272
        $rawsha512$bb947e9c96a5620c696bd175a1b28eea6337fa8ca6c3dd19efb65e2cb1a4dfee0256cc87c21589354f1a9f5887af5d23ce05d72a143ae2f1efea9c455bf3d056
        $z$3$100$saltSALTsalt5678$6/0ncBmleNbcb31DUjfOcQ==
        $z$24$100$c2FsdFNBTFRzYWx0NTY3OA==$3v29bOu6M5FHUbySMPOBXpfiK0o=
        $z$45$100$saltSALTsalt5678$ttKPXOZeS2sFrfRrVceIGbP1q243fRoOy9ONM41lXsg=$Gg61HLmn0+9HglTyqWqHIErj/0PVm2fEMcs7oK/D+mQ=
        $z$65$100$c2FsdFNBTFRzYWx0NTY3OA==$ttKPXOZeS2sFrfRrVceIGbP1q243fRoOy9ONM41lXsg=$Gg61HLmn0+9HglTyqWqHIErj/0PVm2fEMcs7oK/D+mQ=
        $z$6$100$saltSALTsalt5678$u1VIo79ylT9R6GbOnxWgglXe7UnN71F3m97gTT5mX7zsVoQOwwVKw44LORWy7OEX6fUueO/R2U2S8c169Bhf2w==
        $z$26$100$c2FsdFNBTFRzYWx0NTY3OA==$u1VIo79ylT9R6GbOnxWgglXe7UnN71F3m97gTT5mX7zsVoQOwwVKw44LORWy7OEX6fUueO/R2U2S8c169Bhf2w==
        $z$66$100$c2FsdFNBTFRzYWx0NTY3OA==$yHjZPVJXfYTf3iPQXzCNRtAN2isC6dulH25TPeqrSsRxQp0Xox9XAB0qItRmrkvkmY800pKbr5vii4Aj+XXiiw==$AJLE3WysXCsgDyEoR+4g6oNHTxuR1S4z15hR6aVtx63lEAHXLL3CrD2WgAEfp8bRed1t9lWN5sqzbX6aZ4Pg4w==
        $1$abcdefgh$5XhrJpGu.bBXAZh4lT8oY/
        $5$saltstring$dpp83Gw80RwXMu3uTayJceXPuNPIaqrzxHgMiJWTXR0
        $5$rounds=1234$saltstringsalt$zrUD6VFFQR.gDVzK7m8CCdZB7OM/ljwGdSpCMDdjmhB
        $6$saltsalt$g3uPFdehVnKoLXdidvSAg1zlVgYomPr0X/xgdXSBn2LuxZUOGgYW4IULZkguZ77fzYteIur49AGHmF9iek6Sf1
        $6$rounds=5001$0123456789abcdef$NwqFxxUhuMLFTMr65d9f09RjKiRGHrKVAO6Pj6xom3OcfwIB/NXT4axQdFh8HvHOyItkB8/eJdhLgUQVx210W/
        $2a$05$abcdefghijklmnopqrstuuKcS.CYWVYVaLiiCKrrc0A5s3mGesJ9O
        $2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW
        $2y$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW
        bcrypt:$2a$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW
        posix:$6$rounds=1000$abc$KVaVT1ILTm2XrbHAgI72fG3sCzXCyf7gJu4kqdLyajXUXpQ0fA3TPTq0CsK0smxFowWwMt9LDhcSLthZWm5F0/
        ergo:$2a$04$abcdefghijklmnopqrstuuS1R6eTkdTAgDRnkZY3GNvqPCtZoZ0EC
        SCRAM-SHA-256$16:c2FsdFNBTFRzYWx0NTY3OA==$UXPMwPQBIKEZEr85xWDzITsXmXWj+tqRG/TCCJc1yQw=:S788BCKAyjKEdR0p+q+HzQ50/IH9Rc1d/7bze1JWgvs=
    ";

    /// Of `pässwörd`, twenty times.
    const LONG: &str = "
        $1$abcdefgh$2rb8cNKsl64VvXwReFcHO1
        $5$saltstring$bezaDQgwnKUIcYXGuAk0arQouImt5mwE2JaXJF.VMv.
        $6$saltsalt$wPItq0PSmWHyl9Se5Qlf8eia9u0X8RGf1KZE2c/3H5.7zUHQ5Vu2DiBcViIPylSd2FQXfUPVL2ofTDsEH/Gkn1
        $2a$04$abcdefghijklmnopqrstuu3EIilE7Xjwa.QSG9G9Ugz6f7vGhHFgu
        sha256:1bb0a1884ad09a55272a17ef5abc8461b4b64fc21782dfa3237311482b903007:6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283
    ";

    /// Of nothing.
    const EMPTY: &str = "
        $1$ab$rn6aQS/o7141mj179E/zA.
        $5$ab$qRq/oZkUn9lJUSIcgVT3NbpSDsjn.r137TBSoCt2kCA
        $6$ab$xnh5Qsr2NdbFw1PgdZie7nLON3gv.S.23iQDBqAzkdoXPtDnVSpludXkM5UWybQO3OI7hBj9wHg9Ow6sUWD60/
        $2a$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq
    ";

    fn hashes(text: &str) -> impl Iterator<Item = &str> {
        text.split_whitespace()
    }

    #[test]
    fn what_other_servers_have_stored_fits_its_password_and_no_other() {
        for hash in hashes(SESAME) {
            assert_eq!(verify("sesame", hash), Ok(true), "{hash}");
            assert!(needs_upgrade(hash), "{hash}");
        }
        for wrong in ["", "Sesame", "sesame "] {
            for hash in hashes(SESAME) {
                assert_eq!(verify(wrong, hash), Ok(false), "{wrong} {hash}");
            }
        }
        let long = "pässwörd".repeat(20);
        for hash in hashes(LONG) {
            assert_eq!(verify(&long, hash), Ok(true), "{hash}");
            assert_eq!(verify(&long[1..], hash), Ok(false), "{hash}");
        }
        for hash in hashes(EMPTY) {
            assert_eq!(verify("", hash), Ok(true), "{hash}");
        }
    }

    #[test]
    fn the_first_hashes_of_atheme_are_a_salt_and_a_pbkdf2() {
        let hash = "saltSALTsalt5678444cf828d8f3c314298c1aacc6183dae372e3558bf3b07e3ec65f16af7989fbb0d49154a59812e7057a87341c55706213773c27c0f75a4b4f26245a0182fe3fe";
        let Ok(Stored::Pbkdf2 { by, scram: false, rounds, salt, wanted }) = Stored::parse(hash)
        else {
            panic!("{hash}");
        };
        assert_eq!(
            (by.name, rounds, salt.as_slice()),
            ("sha512", 128_000, &b"saltSALTsalt5678"[..])
        );
        // What takes seconds without optimisation is tried on fewer rounds above.
        assert_eq!(wanted, hex(&hash[16..]).unwrap());
        assert!(Stored::parse(&hash[1..]).is_err());
        assert!(Stored::parse(&hash.replace("saltSALT", "salt-ALT")).is_err());
    }

    #[test]
    fn argon2_is_verified_whatever_its_kind_and_cost() {
        let salt = SaltString::encode_b64(b"sixteen bytes it").unwrap();
        for kind in ["d", "i", "id"] {
            let algorithm = argon2::Algorithm::new(format!("argon2{kind}")).unwrap();
            let params = Params::new(64, 3, 2, Some(16)).unwrap();
            let argon2 = Argon2::new(algorithm, Version::V0x13, params);
            let hash = argon2.hash_password(b"sesame", &salt).unwrap().to_string();
            let from_anope = format!("argon2{kind}:{hash}\0");
            for hash in [&hash, &from_anope] {
                assert_eq!(verify("sesame", hash), Ok(true), "{hash}");
                assert_eq!(verify("Sesame", hash), Ok(false), "{hash}");
                assert!(needs_upgrade(hash), "{hash}");
            }
        }
    }

    #[test]
    fn what_cannot_be_verified_is_said() {
        for (hash, error) in [
            ("", Error::Unknown),
            ("sesame", Error::Unknown),
            ("é", Error::Unknown),
            ("$", Error::Unknown),
            ("$7$C6..../....SodiumChloride$x", Error::Unknown),
            ("$2x$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW", Error::Unknown),
            ("$rawcrc$00", Error::Unknown),
            ("abnqrLigH.z/s", Error::Unknown),
            ("oldmd5:c8dae1c50e092f3d877192fc555b1dcf", Error::Unknown),
            ("raw-md4:00", Error::Unknown),
            ("posix:abnqrLigH.z/s", Error::Unknown),
            ("$argon2id$", Error::Malformed),
            ("$argon2id$v=19$m=19456,t=2,p=1", Error::Malformed),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2xpcmNkIG5vYm9keQ", Error::Malformed),
            (
                "$argon2id$v=19$m=262145,t=1,p=1$c2xpcmNkIG5vYm9keQ$0K0pVbUq0d4M1vJ3mYxYvw",
                Error::TooCostly,
            ),
            (
                "$argon2id$v=19$m=64,t=16385,p=1$c2xpcmNkIG5vYm9keQ$0K0pVbUq0d4M1vJ3mYxYvw",
                Error::TooCostly,
            ),
            ("$2a$31$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW", Error::TooCostly),
            ("$2a$-1$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW", Error::Malformed),
            ("$2a$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85R", Error::Malformed),
            ("$2a$04$abcdefghijklmnopqrstué", Error::Malformed),
            ("$2a$04", Error::Malformed),
            ("ergo:", Error::Malformed),
            ("$1$toolongsalt$x", Error::Malformed),
            ("$5$x", Error::Malformed),
            ("$6$16$salt$x", Error::Malformed),
            ("$6$rounds=1000001$salt$x", Error::TooCostly),
            ("$z$65", Error::Malformed),
            ("$z$7$10000$salt$x", Error::Malformed),
            ("$z$85$10000$salt$x", Error::Malformed),
            ("$z$5$0$salt$x", Error::Malformed),
            ("$z$5$5000001$salt$x", Error::TooCostly),
            ("$z$5$10000$salt$AAAA", Error::Malformed),
            ("$z$5$10000$salt$AAAA$AAAA", Error::Malformed),
            ("$z$25$10000$?$AAAA", Error::Malformed),
            ("$z$65$10000$c2FsdA==", Error::Malformed),
            ("$base64$?", Error::Malformed),
            ("plain:?", Error::Malformed),
            ("md5:c8dae1c50e092f3d877192fc555b1dc", Error::Malformed),
            ("md5:c8dae1c50e092f3d877192fc555b1dcé", Error::Malformed),
            ("sha1:c8dae1c50e092f3d877192fc555b1dcf", Error::Malformed),
            ("sha256:00", Error::Malformed),
            ("sha256:00:00", Error::Malformed),
            ("hmac-sha256:00", Error::Malformed),
            ("$anope$enc_sha256$AA==$AA==", Error::Malformed),
            ("$anope$enc_md5$AA==$AA==", Error::Malformed),
            ("SCRAM-SHA-256$", Error::Malformed),
        ] {
            assert_eq!(verify("sesame", hash), Err(error), "{hash}");
            assert_eq!(check(hash), Err(error), "{hash}");
            assert!(needs_upgrade(hash), "{hash}");
        }
    }
}
