//! A server on free ports of the loopback address, in a thread.

use crate::client::Client;
use slircd::{
    config::{Address, Config, Limits, Listen, Secret, Tls},
    job::{Loaded, Material},
    reactor::{Reactor, signal::Handle},
    server::{Server, Setup},
    store::memory::Memory,
    time::{Now, Sid, Wall},
    work::{Pool, Workers, certificate, load::Loader},
};
use std::{io, net::SocketAddr, thread::JoinHandle, time::Duration};

/// A server that runs until it is stopped or dropped.
pub struct Running {
    addresses: Vec<SocketAddr>,
    handle: Handle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Limits that no test reaches unless it means to.
    pub fn limits() -> Limits {
        Limits {
            clients: 5000,
            clients_per_address: 5000,
            clients_per_network: 5000,
            connect_burst: 5000,
            flood_burst: 5000,
            stop_timeout: Duration::from_secs(5),
            ..Limits::default()
        }
    }

    /// Starts one, with a plain listener and one that speaks TLS.
    pub fn start(limits: Limits) -> Running {
        let tls = Tls { certificate: "a.pem".into(), key: "a.key".into(), names: Vec::new() };
        let address = Address::Tcp(([127, 0, 0, 1], 0).into());
        let config = Config {
            listen: vec![
                Listen { address: address.clone(), tls: Vec::new(), ..Listen::default() },
                Listen { address, tls: vec![tls], ..Listen::default() },
            ],
            limits,
            ..Config::default()
        };
        Running::serve(config)
    }

    /// Starts one with a configuration; every `tls` gets a certificate.
    pub fn serve(config: Config) -> Running {
        let (chain, key) = certificate::self_signed(&["localhost", "127.0.0.1"]).unwrap();
        let secure = config.listen.iter().enumerate().filter(|(_, listen)| !listen.tls.is_empty());
        let material = |(listener, _)| Material {
            listener,
            place: 0,
            chain: chain.clone().into_bytes(),
            key: Secret::new(&key),
        };
        let certificates = secure.map(material).collect();
        let loaded = Loaded { certificates, ..Loaded::of(config) };
        let setup = Setup {
            loaded: loaded.clone(),
            sid: Sid::FIRST,
            life: 1,
            clock: 0,
            seed: 1,
            cloak: Secret::new("q8ZrT0aXw3LmN7cVbHy2KpUo"),
        };
        let (tell, told) = std::sync::mpsc::channel();
        // Made in its thread: what a server holds is not for other threads.
        let thread = std::thread::spawn(move || {
            let server = Server::new(setup, Now { wall: Wall(1), ..Now::default() });
            let loader = Loader { path: None, allow_insecure_cloak: true, fallback: None };
            let workers = Workers {
                store: Box::new(Memory::default()),
                readers: None,
                loader,
                loaded: loaded.clone(),
            };
            let mut reactor = Reactor::new(server, |waker| Pool::new(waker, workers), &loaded)?;
            reactor.bind(&loaded)?;
            let told = tell.send((reactor.addresses(), reactor.handle()));
            told.map_err(io::Error::other)?;
            reactor.run()
        });
        let (addresses, handle) = told.recv().unwrap();
        let addresses = addresses.into_iter().map(|(_, address)| address).collect();
        Running { addresses, handle, thread: Some(thread) }
    }

    /// Where one of its listeners is.
    pub fn address(&self, place: usize) -> SocketAddr {
        self.addresses[place]
    }

    /// A client that has connected.
    pub fn plain(&self) -> Client {
        Client::plain(self.address(0))
    }

    /// A client that has connected over TLS.
    pub fn secure(&self, own: Option<(&str, &str)>) -> Client {
        Client::secure(self.address(1), own).0
    }

    /// A client that does not speak TLS where it should.
    pub fn plain_on_secure(&self) -> Client {
        Client::plain(self.address(1))
    }

    /// A client that has registered.
    pub fn user(&self, nick: &str) -> Client {
        let mut client = self.plain();
        client.register(nick);
        client
    }

    /// Asks it to stop, as a signal would.
    pub fn stop(&self) {
        self.handle.stop();
    }

    /// Waits until it has left.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            // A test that has failed already says more than this would.
            let _ = thread.join();
        }
    }
}
