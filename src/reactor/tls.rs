//! How the connections of a listener are encrypted: its certificates, and what is asked of clients.

use super::secure::Secure;
use crate::{config, job::Material, work::certificate};
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        ClientHello, NoServerSessionStorage, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};
use std::sync::Arc;

/// What encrypts the connections of one listener.
#[derive(Clone, Debug)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
}

impl Acceptor {
    /// Uses the certificates in `materials` that belong to the listener at `place`. One that cannot be
    /// used is complained about, and `old`'s certificate at its place stays in use.
    ///
    /// `Err` tells everything that is wrong when there is no certificate to begin with.
    pub fn new(
        place: usize,
        tls: &[config::Tls],
        materials: &[Material],
        old: Option<&Acceptor>,
    ) -> Result<Acceptor, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut list = Vec::new();
        for (number, entry) in tls.iter().enumerate() {
            let material =
                materials.iter().find(|one| one.listener == place && one.place == number);
            let read = material
                .map(|one| certificate::parse(&one.chain, one.key.expose().as_bytes(), &provider));
            let key = match read {
                Some(Ok(key)) => Some(Arc::new(key)),
                Some(Err(error)) => {
                    log::error!("{}: {error}", entry.certificate.display());
                    old.and_then(|old| old.certificates.of(entry))
                }
                None => old.and_then(|old| old.certificates.of(entry)),
            };
            list.extend(key.map(|key| Certificate { entry: entry.clone(), key }));
        }
        if list.is_empty() {
            return Err(rustls::Error::NoCertificatesPresented);
        }
        let certificates = Arc::new(Certificates { list });
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(AnyClient { provider }))
            .with_cert_resolver(certificates.clone());
        // A client of a chat reconnects rarely, and tickets are memory for each of them.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Acceptor { config: Arc::new(config), certificates })
    }

    /// A connection that has just been accepted.
    pub fn begin(&self) -> Result<Secure, rustls::Error> {
        Secure::new(self.config.clone())
    }
}

/// The certificates of one listener; the first is for whoever names no server.
#[derive(Debug)]
struct Certificates {
    list: Vec<Certificate>,
}

#[derive(Debug)]
struct Certificate {
    entry: config::Tls,
    key: Arc<CertifiedKey>,
}

impl Certificates {
    fn of(&self, entry: &config::Tls) -> Option<Arc<CertifiedKey>> {
        let same = |one: &&Certificate| {
            one.entry.certificate == entry.certificate && one.entry.key == entry.key
        };
        self.list.iter().find(same).map(|one| one.key.clone())
    }

    fn choose(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let named = name.and_then(|name| {
            self.list.iter().find(|one| one.entry.names.iter().any(|own| matches(own, name)))
        });
        named.or(self.list.first()).map(|one| one.key.clone())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name())
    }
}

/// Whether a configured name, which may begin with `*.`, is the one that was asked for.
fn matches(own: &str, name: &str) -> bool {
    match (own.strip_prefix("*."), name.split_once('.')) {
        (Some(own), Some((_, parent))) => own.eq_ignore_ascii_case(parent),
        (Some(_), None) => false,
        (None, _) => own.eq_ignore_ascii_case(name),
    }
}

/// Takes any certificate of a client, and none: it is known by its fingerprint alone. That the client
/// has its key is verified.
#[derive(Debug)]
struct AnyClient {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
