//! Certificates: read from PEM, or made on the spot.

use crate::job::Material;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::{
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};
use std::fmt;

/// Why a certificate cannot be used.
#[derive(Debug)]
pub enum Error {
    /// The certificate's file is not PEM.
    Chain(pem::Error),
    /// There is no certificate in its file.
    Empty,
    /// The key's file is not PEM, or holds no key.
    Key(pem::Error),
    /// The key is of a kind that cannot be used, or does not belong to the certificate.
    Pair(rustls::Error),
}

/// Reads a certificate chain and its key, and checks that they belong together.
pub fn parse(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::Chain)?;
    if chain.is_empty() {
        return Err(Error::Empty);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(Error::Key)?;
    CertifiedKey::from_der(chain, key, provider).map_err(Error::Pair)
}

/// Checks that a certificate and its key can be used.
pub fn check(material: &Material) -> Result<(), Error> {
    let provider = ring::default_provider();
    parse(&material.chain, material.key.expose().as_bytes(), &provider).map(|_| ())
}

/// Makes a certificate for `names`, signed by itself: the chain and the key, both PEM.
pub fn self_signed(names: &[&str]) -> Result<(String, String), rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate()?;
    let subject = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names)?;
    // Clients show it to those whom they ask whether they trust it.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

impl Error {
    /// Whether it is about the key, and not about the certificate.
    pub fn is_of_key(&self) -> bool {
        match self {
            Error::Chain(_) | Error::Empty => false,
            Error::Key(_) | Error::Pair(_) => true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Chain(error) => write!(f, "the certificate is not PEM: {error}"),
            Error::Empty => f.write_str("there is no certificate in the file"),
            Error::Key(error) => write!(f, "no private key can be read: {error}"),
            Error::Pair(rustls::Error::InconsistentKeys(_)) => {
                f.write_str("the key belongs to another certificate")
            }
            Error::Pair(error) => write!(f, "the key cannot be used: {error}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_made_on_the_spot_can_be_read() {
        let (chain, key) = self_signed(&["localhost", "127.0.0.1", "::1"]).unwrap();
        let read = parse(chain.as_bytes(), key.as_bytes(), &ring::default_provider()).unwrap();
        assert_eq!(read.cert.len(), 1);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (chain, _) = self_signed(&["localhost"]).unwrap();
        let (_, key) = self_signed(&["localhost"]).unwrap();
        let result = parse(chain.as_bytes(), key.as_bytes(), &ring::default_provider());
        assert!(matches!(result, Err(Error::Pair(_))), "{result:?}");
    }

    #[test]
    fn files_without_a_certificate_or_a_key_are_refused() {
        let (chain, key) = self_signed(&["localhost"]).unwrap();
        let provider = ring::default_provider();
        assert!(matches!(parse(b"", key.as_bytes(), &provider), Err(Error::Empty)));
        assert!(matches!(parse(chain.as_bytes(), b"hello", &provider), Err(Error::Key(_))));
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let result = parse(broken.as_bytes(), key.as_bytes(), &provider);
        assert!(matches!(result, Err(Error::Chain(_))), "{result:?}");
    }
}
