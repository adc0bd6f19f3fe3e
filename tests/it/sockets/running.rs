//! A server on free ports of the loopback address, in a thread.

use crate::client::Client;
use slircd::{
    config::{Address, Config, Limits, Listen, Secret, Tls},
    job::{Loaded, Material, Texts},
    reactor::{Reactor, signal::Handle},
    server::{Server, Setup},
    store::memory::Memory,
    time::{Now, Sid, Wall},
    work::{Pool, Workers, certificate, load::Loader},
};
use std::{io, net::SocketAddr, thread::JoinHandle, time::Duration};

/// A server that runs until it is stopped or dropped.
pub struct Running {
    plain: SocketAddr,
    secure: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Limits that no test reaches unless it means to.
    pub fn limits() -> Limits {
        Limits {
            clients: 5000,
            clients_per_address: 5000,
            connect_burst: 5000,
            flood_burst: 5000,
            stop_timeout: Duration::from_secs(5),
            ..Limits::default()
        }
    }

    /// Starts one.
    pub fn start(limits: Limits) -> Running {
        let (chain, key) = certificate::self_signed(&["localhost", "127.0.0.1"]).unwrap();
        let tls = Tls { certificate: "a.pem".into(), key: "a.key".into(), names: Vec::new() };
        let address = Address::Tcp(([127, 0, 0, 1], 0).into());
        let config = Config {
            listen: vec![
                Listen { address: address.clone(), tls: Vec::new() },
                Listen { address, tls: vec![tls] },
            ],
            limits,
            ..Config::default()
        };
        let key = Secret::new(&key);
        let material = Material { listener: 1, place: 0, chain: chain.into_bytes(), key };
        let loaded = Loaded { config, texts: Texts::default(), certificates: vec![material] };
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
            let workers =
                Workers { store: Box::new(Memory::default()), loader, loaded: loaded.clone() };
            let mut reactor = Reactor::new(server, |waker| Pool::new(waker, workers), &loaded)?;
            reactor.bind(&loaded)?;
            let told = tell.send((reactor.addresses(), reactor.handle()));
            told.map_err(io::Error::other)?;
            reactor.run()
        });
        let (addresses, handle) = told.recv().unwrap();
        Running { plain: addresses[0].1, secure: addresses[1].1, handle, thread: Some(thread) }
    }

    /// A client that has connected.
    pub fn plain(&self) -> Client {
        Client::plain(self.plain)
    }

    /// A client that has connected over TLS.
    pub fn secure(&self, own: Option<(&str, &str)>) -> Client {
        Client::secure(self.secure, own).0
    }

    /// A client that does not speak TLS where it should.
    pub fn plain_on_secure(&self) -> Client {
        Client::plain(self.secure)
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
