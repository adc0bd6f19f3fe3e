//! SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677): its messages, and what is stored of a password.
//!
//! Channel binding is not offered. Passwords are prepared by OpaqueString (RFC 8265), which has taken the
//! place of SASLprep: for nearly all passwords both yield what was typed, and that is what most clients of
//! IRC send, since they prepare nothing; the compatibility forms that SASLprep would replace stay.

use super::precis;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use pbkdf2::pbkdf2_hmac;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// How often a new verifier hashes. A client has to do the same, on a phone or in a browser, and those made
/// with Cyrus SASL refuse more than 65,536.
pub const ITERATIONS: u32 = 32_768;

/// The most iterations that a stored verifier may have.
pub const ITERATIONS_MAX: u32 = 5_000_000;

/// The length of the salt of a new verifier, in bytes.
pub const SALT_LEN: usize = 16;

/// The longest salt that a stored verifier may have, in bytes.
pub const SALT_MAX: usize = 64;

/// How many random bytes the server adds to a client's nonce.
pub const NONCE_LEN: usize = 18;

/// What is stored of a password. It lets nobody log in, but whoever has it can try passwords on it.
#[derive(Clone)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: [u8; KEY_LEN],
    server_key: [u8; KEY_LEN],
}

impl Verifier {
    /// Of a password. Takes as long as `iterations` say.
    pub fn new(password: &str, salt: &[u8], iterations: u32) -> Verifier {
        let mut salted = [0; KEY_LEN];
        let password = precis::opaque(password);
        pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted);
        let client_key = hmac(&salted, &[b"Client Key"]);
        Verifier {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac(&salted, &[b"Server Key"]),
        }
    }

    /// Of an account that does not exist: the same whenever the name is asked for, so that it looks like one
    /// that does, and no password fits it. The name is as accounts are compared, the secret is the server's.
    pub fn decoy(secret: &[u8], name: &str, iterations: u32) -> Verifier {
        let made_up = |what: &[u8]| hmac(secret, &[what, name.as_bytes()]);
        let salt = made_up(b"scram salt ").into_iter().take(SALT_LEN).collect();
        let (stored_key, server_key) = (made_up(b"scram stored "), made_up(b"scram server "));
        Verifier { iterations, salt, stored_key, server_key }
    }

    /// Reads what [`Display`](fmt::Display) writes, which is also PostgreSQL's form.
    pub fn parse(text: &str) -> Option<Verifier> {
        let (costs, keys) = text.strip_prefix(PREFIX)?.split_once('$')?;
        let (iterations, salt) = costs.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        let iterations = iterations.parse().ok()?;
        let salt = STANDARD.decode(salt).ok()?;
        let bounded = (1..=ITERATIONS_MAX).contains(&iterations);
        if !bounded || salt.is_empty() || salt.len() > SALT_MAX {
            return None;
        }
        let (stored_key, server_key) = (key(stored)?, key(server)?);
        Some(Verifier { iterations, salt, stored_key, server_key })
    }

    /// Whether it is of this password. Takes as long as making one.
    pub fn fits(&self, password: &str) -> bool {
        let given = Verifier::new(password, &self.salt, self.iterations);
        self.stored_key.ct_eq(&given.stored_key).into()
    }

    /// How often it hashes.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [&self.salt[..], &self.stored_key, &self.server_key].map(|it| STANDARD.encode(it));
        write!(f, "{PREFIX}{}:{salt}${stored}:{server}", self.iterations)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} iterations)", self.iterations)
    }
}

/// What a client says first: who wants to log in.
#[derive(Debug)]
pub struct First {
    /// Whom it wants to act as, if it says so.
    pub authzid: Option<String>,
    /// Whose password it knows.
    pub name: String,
    /// With which channel binding and as whom, as it was sent.
    header: String,
    /// The rest, as it was sent.
    bare: String,
    nonce: String,
}

impl First {
    /// Reads a client-first-message.
    pub fn parse(message: &[u8]) -> Result<First, Error> {
        let text = text(message)?;
        let mut parts = text.splitn(3, ',');
        let (Some(binding), Some(authzid), Some(bare)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::InvalidEncoding);
        };
        match binding {
            // `y`: it could bind the channel, but believes that this server cannot, which is true.
            "n" | "y" => (),
            _ if binding.starts_with("p=") => return Err(Error::ChannelBindingNotSupported),
            _ => return Err(Error::InvalidEncoding),
        }
        let authzid = match authzid.strip_prefix("a=") {
            Some(name) => Some(unescape(name)?),
            None if authzid.is_empty() => None,
            None => return Err(Error::InvalidEncoding),
        };
        let mut attributes = attributes(bare)?.into_iter();
        let (Some((b'n', name)), Some((b'r', nonce))) = (attributes.next(), attributes.next())
        else {
            return Err(Error::InvalidEncoding);
        };
        if !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::InvalidEncoding);
        }
        let header = text.strip_suffix(bare).unwrap_or_default().to_owned();
        let (name, nonce) = (unescape(name)?, nonce.to_owned());
        Ok(First { authzid, name, header, bare: bare.to_owned(), nonce })
    }

    /// The server-first-message, and what it takes to judge the answer.
    pub fn challenge(self, random: &[u8; NONCE_LEN], verifier: Verifier) -> (String, Exchange) {
        let nonce = format!("{}{}", self.nonce, STANDARD.encode(random));
        let salt = STANDARD.encode(&verifier.salt);
        let challenge = format!("r={nonce},s={salt},i={}", verifier.iterations);
        let said = format!("{},{challenge},", self.bare);
        (challenge, Exchange { header: self.header, nonce, said, verifier })
    }
}

/// A log-in whose challenge has been sent.
#[derive(Debug)]
pub struct Exchange {
    header: String,
    nonce: String,
    /// The messages up to here as both sides sign them, each with a comma behind it.
    said: String,
    verifier: Verifier,
}

impl Exchange {
    /// Judges a client-final-message. If the client knows the password, this is the server-final-message,
    /// which shows that the server knows the verifier.
    pub fn finish(&self, message: &[u8]) -> Result<String, Error> {
        let text = text(message)?;
        let (signed, proof) = text.rsplit_once(",p=").ok_or(Error::InvalidEncoding)?;
        let mut attributes = attributes(signed)?.into_iter();
        let (Some((b'c', binding)), Some((b'r', nonce))) = (attributes.next(), attributes.next())
        else {
            return Err(Error::InvalidEncoding);
        };
        let binding = STANDARD.decode(binding).map_err(|_| Error::InvalidEncoding)?;
        let proof = key(proof).ok_or(Error::InvalidEncoding)?;
        if binding != self.header.as_bytes() {
            return Err(Error::ChannelBindingsDontMatch);
        }
        if nonce != self.nonce {
            return Err(Error::Other);
        }
        let messages = [self.said.as_bytes(), signed.as_bytes()];
        let mut client_key = hmac(&self.verifier.stored_key, &messages);
        for (byte, proof) in client_key.iter_mut().zip(proof) {
            *byte ^= proof;
        }
        if !bool::from(Sha256::digest(client_key).ct_eq(&self.verifier.stored_key)) {
            return Err(Error::InvalidProof);
        }
        Ok(format!("v={}", STANDARD.encode(hmac(&self.verifier.server_key, &messages))))
    }
}

/// Why a log-in fails, by the words of RFC 5802 §7. Of an account that does not exist the proof is invalid,
/// and `unknown-user` is never said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Error {
    /// The message is malformed.
    InvalidEncoding,
    /// The client demands an extension.
    ExtensionsNotSupported,
    /// The client demands that the channel be bound.
    ChannelBindingNotSupported,
    /// The client has not confirmed what it began with: somebody may sit in between.
    ChannelBindingsDontMatch,
    /// A name is empty or escaped wrongly.
    InvalidUsernameEncoding,
    /// The password is wrong, or there is no such account.
    InvalidProof,
    /// The client answers to another challenge.
    Other,
}

/// As the server-final-message says it.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::InvalidEncoding => "e=invalid-encoding",
            Error::ExtensionsNotSupported => "e=extensions-not-supported",
            Error::ChannelBindingNotSupported => "e=channel-binding-not-supported",
            Error::ChannelBindingsDontMatch => "e=channel-bindings-dont-match",
            Error::InvalidUsernameEncoding => "e=invalid-username-encoding",
            Error::InvalidProof => "e=invalid-proof",
            Error::Other => "e=other-error",
        })
    }
}

/// A message as text. What is not UTF-8, or holds a NUL, is none.
fn text(message: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(message).map_err(|_| Error::InvalidEncoding)?;
    if text.contains('\0') { Err(Error::InvalidEncoding) } else { Ok(text) }
}

/// Letters and values. Those that are unknown may be ignored, but none may be demanded with `m`.
fn attributes(text: &str) -> Result<Vec<(u8, &str)>, Error> {
    let attribute = |part| match str::as_bytes(part) {
        [b'm', b'=', ..] => Err(Error::ExtensionsNotSupported),
        // An empty name is told apart from a message without one.
        [b'n', b'='] => Err(Error::InvalidUsernameEncoding),
        [letter, b'=', _, ..] if letter.is_ascii_alphabetic() => {
            Ok((*letter, part.get(2..).unwrap_or_default()))
        }
        _ => Err(Error::InvalidEncoding),
    };
    text.split(',').map(attribute).collect()
}

/// A name, in which a comma stands as `=2C` and an equals sign as `=3D`.
fn unescape(name: &str) -> Result<String, Error> {
    let mut parts = name.split('=');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (c, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return Err(Error::InvalidUsernameEncoding),
        };
        plain.push(c);
        plain.push_str(rest);
    }
    if plain.is_empty() { Err(Error::InvalidUsernameEncoding) } else { Ok(plain) }
}

fn key(text: &str) -> Option<[u8; KEY_LEN]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn hmac(key: &[u8], message: &[&[u8]]) -> [u8; KEY_LEN] {
    let keyed = <Hmac<Sha256> as Mac>::new_from_slice(key);
    let Ok(mut mac) = keyed else { unreachable!("HMAC takes a key of any length") };
    message.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What a verifier begins with as text.
const PREFIX: &str = "SCRAM-SHA-256$";

/// The length of a key, which is that of a SHA-256.
const KEY_LEN: usize = 32;

/// What a client answers to a challenge (RFC 5802 §3), and what it then wants to hear.
#[cfg(test)]
pub fn client(password: &str, first: &str, challenge: &str) -> (String, String) {
    let part = |letter: &str| {
        let mut parts = challenge.split(',');
        parts.find_map(|part| part.strip_prefix(letter)).unwrap()
    };
    let bare = first.splitn(3, ',').nth(2).unwrap();
    let header = first.strip_suffix(bare).unwrap();
    let (salt, iterations) = (STANDARD.decode(part("s=")).unwrap(), part("i=").parse().unwrap());
    let mut salted = [0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, iterations, &mut salted);
    let client_key = hmac(&salted, &[b"Client Key"]);
    let last = format!("c={},r={}", STANDARD.encode(header), part("r="));
    let messages = format!("{bare},{challenge},{last}");
    let stored_key = Sha256::digest(client_key);
    let signature = hmac(&stored_key, &[messages.as_bytes()]);
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    let wanted = hmac(&hmac(&salted, &[b"Server Key"]), &[messages.as_bytes()]);
    (format!("{last},p={}", STANDARD.encode(proof)), format!("v={}", STANDARD.encode(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::Dice;

    fn verifier(password: &str) -> Verifier {
        Verifier::new(password, b"sixteen bytes it", 4)
    }

    fn begin(first: &str, verifier: Verifier) -> (String, Exchange) {
        First::parse(first.as_bytes()).unwrap().challenge(&[7; NONCE_LEN], verifier)
    }

    #[test]
    fn the_example_of_rfc_7677_is_understood() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let stored = Verifier::new("pencil", &salt, 4096);
        assert_eq!(
            stored.to_string(),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\
             WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
        let mut first = First::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
        assert_eq!((first.name.as_str(), &first.authzid), ("user", &None));
        // That the server's part of the nonce is not base64 here is why it is put in by hand.
        first.nonce += "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let random = [0; NONCE_LEN];
        let (challenge, mut exchange) = first.challenge(&random, stored);
        let extra = STANDARD.encode(random);
        let given = challenge.replace(&extra, "");
        assert_eq!(
            given,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        exchange.said = exchange.said.replace(&extra, "");
        exchange.nonce = exchange.nonce.replace(&extra, "");
        let last = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                     p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(
            exchange.finish(last),
            Ok("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".into())
        );
    }

    #[test]
    fn who_knows_the_password_logs_in_and_learns_that_the_server_knows_it() {
        let mut dice = Dice::new(7);
        let alphabet: Vec<char> = "aZ09 ,=\\\"%/+é☃\u{1F600}".chars().collect();
        let text = |dice: &mut Dice, min| {
            let len = min + dice.below(20);
            (0..len).map(|_| dice.pick(&alphabet).unwrap()).collect::<String>()
        };
        for round in 0..500 {
            let (name, act_as) = (text(&mut dice, 1), text(&mut dice, 0));
            let (password, wrong) = (text(&mut dice, 0), text(&mut dice, 0));
            let escaped = |name: &str| name.replace('=', "=3D").replace(',', "=2C");
            let authzid =
                if act_as.is_empty() { "".into() } else { format!("a={}", escaped(&act_as)) };
            let binding = if dice.one_in(2) { "n" } else { "y" };
            let more = if dice.one_in(2) { ",x=1,y=2" } else { "" };
            let first = format!("{binding},{authzid},n={},r=r{round}{more}", escaped(&name));
            let parsed = First::parse(first.as_bytes()).unwrap();
            assert_eq!(
                (parsed.name.as_str(), parsed.authzid.as_deref()),
                (&*name, Some(&*act_as).filter(|it| !it.is_empty()))
            );
            let stored = Verifier::parse(&verifier(&password).to_string()).unwrap();
            assert!(stored.fits(&password));
            let (challenge, exchange) = begin(&first, stored);
            let (last, wanted) = client(&password, &first, &challenge);
            assert_eq!(exchange.finish(last.as_bytes()), Ok(wanted), "{first}");
            let (last, _) = client(&wrong, &first, &challenge);
            let refused = exchange.finish(last.as_bytes());
            assert!(wrong == password || refused == Err(Error::InvalidProof), "{first}");
        }
    }

    #[test]
    fn a_password_is_prepared() {
        let (challenge, exchange) = begin("n,,n=a,r=b", verifier("e\u{301}\u{A0}a"));
        let (last, wanted) = client("é a", "n,,n=a,r=b", &challenge);
        assert_eq!(exchange.finish(last.as_bytes()), Ok(wanted));
    }

    #[test]
    fn a_first_message_is_refused_by_the_right_word() {
        for (message, error) in [
            ("", Error::InvalidEncoding),
            ("n", Error::InvalidEncoding),
            ("n,", Error::InvalidEncoding),
            ("n,,", Error::InvalidEncoding),
            ("n,,n=a", Error::InvalidEncoding),
            ("n,,r=b,n=a", Error::InvalidEncoding),
            ("n,,n=a,r=", Error::InvalidEncoding),
            ("n,,n=a,r=b,", Error::InvalidEncoding),
            ("n,,n=a,r=b,x", Error::InvalidEncoding),
            ("n,,n=a,r=b,1=x", Error::InvalidEncoding),
            ("n,,n=a,r=b c", Error::InvalidEncoding),
            ("n,,n=a,r=é", Error::InvalidEncoding),
            ("n,,n=a\0,r=b", Error::InvalidEncoding),
            ("n,x,n=a,r=b", Error::InvalidEncoding),
            ("N,,n=a,r=b", Error::InvalidEncoding),
            ("p,,n=a,r=b", Error::InvalidEncoding),
            (" n,,n=a,r=b", Error::InvalidEncoding),
            ("p=tls-exporter,,n=a,r=b", Error::ChannelBindingNotSupported),
            ("n,,m=x,n=a,r=b", Error::ExtensionsNotSupported),
            ("n,,n=a,r=b,m=x", Error::ExtensionsNotSupported),
            ("n,,n=,r=b", Error::InvalidUsernameEncoding),
            ("n,,n==,r=b", Error::InvalidUsernameEncoding),
            ("n,,n=a=2c,r=b", Error::InvalidUsernameEncoding),
            ("n,,n=a=2,r=b", Error::InvalidUsernameEncoding),
            ("n,a=,n=a,r=b", Error::InvalidUsernameEncoding),
            ("n,a==41,n=a,r=b", Error::InvalidUsernameEncoding),
        ] {
            assert_eq!(First::parse(message.as_bytes()).unwrap_err(), error, "{message}");
        }
        assert_eq!(First::parse(b"n,,n=\xff,r=b").unwrap_err(), Error::InvalidEncoding);
    }

    #[test]
    fn a_final_message_is_refused_by_the_right_word() {
        let first = "n,,n=a,r=b";
        let (challenge, exchange) = begin(first, verifier("sesame"));
        let (last, wanted) = client("sesame", first, &challenge);
        let finish = |message: &str| exchange.finish(message.as_bytes());
        let (signed, proof) = last.rsplit_once(",p=").unwrap();
        assert_eq!(finish(&last), Ok(wanted));
        // What stands in between is signed as well, so it needs another proof.
        assert_eq!(finish(&format!("{signed},x=1,p={proof}")), Err(Error::InvalidProof));
        for (message, error) in [
            ("".into(), Error::InvalidEncoding),
            (signed.into(), Error::InvalidEncoding),
            (format!("{signed},p="), Error::InvalidEncoding),
            (format!("{signed},p=AAAA"), Error::InvalidEncoding),
            (format!("{signed},p={proof},x=1"), Error::InvalidEncoding),
            (format!("p={proof}"), Error::InvalidEncoding),
            (last.replace("c=biws", "c=?"), Error::InvalidEncoding),
            (last.replace("c=biws,", ""), Error::InvalidEncoding),
            (last.replace("c=biws", "c=eSws"), Error::ChannelBindingsDontMatch),
            (last.replace("r=b", "r=c"), Error::Other),
            (format!("{signed},m=1,p={proof}"), Error::ExtensionsNotSupported),
            (format!("{signed},p={}", STANDARD.encode([0; 32])), Error::InvalidProof),
        ] {
            assert_eq!(finish(&message), Err(error), "{message}");
        }
        assert_eq!(exchange.finish(b"\xff"), Err(Error::InvalidEncoding));
    }

    #[test]
    fn an_account_that_does_not_exist_looks_like_one_that_does() {
        let decoy = |name| Verifier::decoy(b"secret", name, 4);
        let (challenge, exchange) = begin("n,,n=a,r=b", decoy("a"));
        assert_eq!(challenge, begin("n,,n=a,r=b", decoy("a")).0, "the same every time");
        assert_ne!(challenge, begin("n,,n=a,r=b", decoy("c")).0, "and each name has its own");
        let another = Verifier::decoy(b"another secret", "a", 4);
        assert_ne!(challenge, begin("n,,n=a,r=b", another).0, "and so has each server");
        assert_eq!(challenge.len(), begin("n,,n=a,r=b", verifier("")).0.len());
        for password in ["", "sesame", "secret"] {
            let (last, _) = client(password, "n,,n=a,r=b", &challenge);
            assert_eq!(exchange.finish(last.as_bytes()), Err(Error::InvalidProof));
        }
    }

    #[test]
    fn a_stored_verifier_is_read_or_refused_and_never_shown() {
        let text = verifier("sesame").to_string();
        let read = Verifier::parse(&text).unwrap();
        assert_eq!(read.to_string(), text);
        assert!(read.fits("sesame") && !read.fits("Sesame") && read.iterations() == 4);
        assert_eq!(format!("{read:?}"), "Verifier(4 iterations)");
        let with_salt =
            |len| text.replace("c2l4dGVlbiBieXRlcyBpdA==", &STANDARD.encode(vec![1; len]));
        assert!(Verifier::parse(&with_salt(SALT_MAX)).is_some());
        for bad in [
            "".into(),
            PREFIX.into(),
            text.replace("256", "1"),
            text.replace("$4:", "$0:"),
            text.replace("$4:", "$5000001:"),
            text.replace("$4:", "$-4:"),
            text.replace("$4:", "$99999999999:"),
            text.replace("==$", "$"),
            format!("{text}="),
            format!("{text}:"),
            with_salt(0),
            with_salt(SALT_MAX + 1),
            text.chars().take(text.len() - 4).collect::<String>(),
        ] {
            assert!(Verifier::parse(&bad).is_none(), "{bad}");
        }
    }
}
