//! How the connections of a listener are encrypted: its certificates, and what is asked of clients.

use super::secure::{Asked, Secure};
use crate::{config, job::Material, wire::name, work::certificate};
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
            .with_cert_resolver(Arc::new(Chooser::new(&certificates)));
        // A client of a chat reconnects rarely, and tickets are memory for each of them.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Acceptor { config: Arc::new(config), certificates })
    }

    /// A connection that has just been accepted.
    pub fn begin(&self) -> Result<Secure, rustls::Error> {
        // An unbuffered session does not tell which name was asked for. Who chooses the certificate hears
        // it, and so each handshake has a chooser of its own.
        let chooser = Chooser::new(&self.certificates);
        let asked = chooser.asked.clone();
        let mut config = ServerConfig::clone(&self.config);
        config.cert_resolver = Arc::new(chooser);
        Secure::new(Arc::new(config), asked)
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
            self.list
                .iter()
                .find(|one| one.entry.names.iter().any(|own| name::is_host_of(own, name)))
        });
        named.or(self.list.first()).map(|one| one.key.clone())
    }
}

/// Chooses the certificate of one connection.
#[derive(Debug)]
struct Chooser {
    certificates: Arc<Certificates>,
    asked: Asked,
}

impl Chooser {
    fn new(certificates: &Arc<Certificates>) -> Chooser {
        Chooser { certificates: certificates.clone(), asked: Asked::default() }
    }
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        if let Some(name) = name {
            // Asked twice, the answer is the same.
            self.asked.get_or_init(|| name.into());
        }
        self.certificates.choose(name)
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
