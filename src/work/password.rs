//! The one place where passwords are hashed and verified. Each takes long, on purpose: for the CPU lane.

use super::{foreign::Stored, load};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, Version, password_hash::SaltString,
};
use std::fmt;

/// The argon2id hash of a password: 19 MiB of memory, gone over twice, by one thread, which is what OWASP
/// advises. `None` if the system has no random bytes.
pub fn hash(password: &str) -> Option<String> {
    let mut bytes = [0; 16];
    load::random(&mut bytes).ok()?;
    let salt = SaltString::encode_b64(&bytes).ok()?;
    Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// Whether a stored hash is of this password: one of [`hash`], a verifier of SCRAM, or a hash that another
/// server has stored.
pub fn verify(password: &str, hash: &str) -> Result<bool, Error> {
    Stored::parse(hash).map(|stored| stored.fits(password))
}

/// Whether a stored hash can be verified at all, which costs nothing: for what is brought from elsewhere.
pub fn check(hash: &str) -> Result<(), Error> {
    Stored::parse(hash).map(drop)
}

/// Takes as long as verifying a hash of [`hash`], for where there is none: how long an answer takes tells
/// nobody whether an account exists.
pub fn verify_nothing(password: &str) {
    // What comes out is known.
    let _ = verify(password, NOBODY);
}

/// Whether a hash is other than [`hash`] would make it today, so that it is replaced when its password is
/// known again.
pub fn needs_upgrade(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return true };
    let today = Argon2::default();
    let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    let same_costs = Params::try_from(&hash).is_ok_and(|it| costs(&it) == costs(today.params()));
    let whole = hash.hash.is_some_and(|it| it.len() == Params::DEFAULT_OUTPUT_LEN);
    hash.algorithm != Algorithm::Argon2id.ident()
        || hash.version != Some(Version::V0x13.into())
        || !same_costs
        || !whole
}

/// Why a stored hash can verify nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Error {
    /// It is of no kind that is known here.
    Unknown,
    /// It is of a kind that is known, but damaged.
    Malformed,
    /// Verifying it would take too much memory or time.
    TooCostly,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Unknown => "the stored hash of the password is of an unknown kind",
            Error::Malformed => "the stored hash of the password is damaged",
            Error::TooCostly => "verifying the stored hash of the password would take too long",
        })
    }
}

/// A hash of nothing anybody knows, at today's cost.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2xpcmNkIG5vYm9keQ$0K0pVbUq0d4M1vJ3mYxYv5l8c2nqk7r9w1t3u5y7a8A";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_and_no_other() {
        let (one, two) = (hash("sesame").unwrap(), hash("sesame").unwrap());
        assert_ne!(one, two, "each has a salt of its own");
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_eq!(verify("sesame", &one), Ok(true));
        assert_eq!(verify("Sesame", &one), Ok(false));
        assert!(!needs_upgrade(&one));
    }

    #[test]
    fn an_account_that_does_not_exist_costs_as_much_as_one_that_does() {
        let costs = |hash| {
            let hash = PasswordHash::new(hash).unwrap();
            assert_eq!(hash.algorithm, Algorithm::Argon2id.ident());
            let params = Params::try_from(&hash).unwrap();
            (params.m_cost(), params.t_cost(), params.p_cost(), params.output_len())
        };
        assert_eq!(costs(NOBODY), costs(&hash("sesame").unwrap()));
        assert!(!needs_upgrade(NOBODY));
        assert_eq!(verify("sesame", NOBODY), Ok(false));
    }
}
