//! Listeners: binding them, and what they accept.

use super::tls::Acceptor;
use crate::{
    config::{Address, Listen},
    core::peer::Origin,
};
use mio::{
    Interest, Registry, Token,
    event::Source,
    net::{TcpListener, TcpStream},
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr},
    path::Path,
};
#[cfg(unix)]
use {
    mio::net::{UnixListener, UnixStream},
    socket2::SockAddr,
    std::{
        fs, net,
        os::{
            fd::{AsFd, BorrowedFd, OwnedFd},
            unix::{self, fs::FileTypeExt, fs::PermissionsExt},
        },
        path::PathBuf,
    },
};

/// One place where clients may connect.
#[derive(Debug)]
pub struct Listener {
    /// Which entry of the configuration's listeners this is.
    pub place: usize,
    /// As it is configured.
    pub listen: Listen,
    /// How its connections are encrypted, if they are.
    pub acceptor: Option<Acceptor>,
    incoming: Incoming,
}

impl Listener {
    /// Goes on with a socket that is bound already, or binds one, and asks to be told of connections.
    pub fn open(
        (place, listen): (usize, Listen),
        acceptor: Option<Acceptor>,
        bound: Option<Incoming>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Listener> {
        let mut incoming = match (bound, &listen.address) {
            (Some(bound), _) => bound,
            (None, Address::Tcp(address)) => Incoming::Tcp(bind(*address)?),
            #[cfg(unix)]
            (None, Address::Unix(path)) => Incoming::Unix(bind_unix(path)?),
            #[cfg(not(unix))]
            (None, Address::Unix(_)) => return Err(io::ErrorKind::Unsupported.into()),
        };
        registry.register(incoming.source(), token, Interest::READABLE)?;
        Ok(Listener { place, listen, acceptor, incoming })
    }

    /// The next connection, and where it comes from.
    pub fn accept(&self) -> io::Result<(Stream, Origin)> {
        match &self.incoming {
            Incoming::Tcp(listener) => {
                let (stream, from) = listener.accept()?;
                // What is written is put together by the end of the turn; waiting for more gains
                // nothing. A connection that has been reset already shows that at its first read.
                if let Err(error) = stream.set_nodelay(true) {
                    log::debug!("TCP_NODELAY: {error}");
                }
                Ok((Stream::Tcp(stream), Origin::Ip(from.ip().to_canonical())))
            }
            #[cfg(unix)]
            Incoming::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok((Stream::Unix(stream), Origin::Local))
            }
        }
    }

    /// Where it is bound; none if it is a Unix socket.
    pub fn bound(&self) -> Option<SocketAddr> {
        self.incoming.bound()
    }

    /// Accepts nobody any more, and keeps the socket for the next program.
    pub fn rest(&mut self, registry: &Registry) {
        if let Err(error) = registry.deregister(self.incoming.source()) {
            log::debug!("leaving a listener alone: {error}");
        }
    }

    /// Its socket.
    #[cfg(unix)]
    pub fn socket(&self) -> BorrowedFd<'_> {
        match &self.incoming {
            Incoming::Tcp(listener) => listener.as_fd(),
            Incoming::Unix(listener) => listener.as_fd(),
        }
    }

    /// Where it listens, as people are told.
    pub fn shown(&self) -> String {
        let listen = &self.listen;
        let bound = self.bound().map_or(listen.address.to_string(), |bound| bound.to_string());
        let tls = self.acceptor.is_some() && !listen.starttls;
        let kinds = [
            (!listen.proxy.is_empty(), "PROXY"),
            (tls, "TLS"),
            (listen.starttls, "STARTTLS"),
            (listen.websocket, "WebSocket"),
            (listen.tor, "Tor"),
        ];
        let kinds: Vec<&str> = kinds.iter().filter(|kind| kind.0).map(|kind| kind.1).collect();
        if kinds.is_empty() { bound } else { format!("{bound} ({})", kinds.join(", ")) }
    }

    /// Stops listening.
    pub fn close(mut self, registry: &Registry) {
        if let Err(error) = registry.deregister(self.incoming.source()) {
            log::debug!("closing a listener: {error}");
        }
        if let Address::Unix(path) = &self.listen.address {
            remove(path);
        }
    }
}

/// Removes the file of a Unix socket. Left behind it does no harm: the next start finds nobody answering
/// and takes it over.
fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        log::debug!("{}: {error}", path.display());
    }
}

/// A listening socket.
#[derive(Debug)]
pub enum Incoming {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Incoming {
    /// One that another program has bound.
    #[cfg(unix)]
    pub fn inherited(socket: OwnedFd) -> io::Result<Incoming> {
        let tcp = net::TcpListener::from(socket);
        tcp.set_nonblocking(true)?;
        if tcp.local_addr().is_ok() {
            return Ok(Incoming::Tcp(TcpListener::from_std(tcp)));
        }
        let local = unix::net::UnixListener::from(OwnedFd::from(tcp));
        local.local_addr()?;
        Ok(Incoming::Unix(UnixListener::from_std(local)))
    }

    /// Where it is bound; none if it is a Unix socket.
    pub fn bound(&self) -> Option<SocketAddr> {
        match self {
            Incoming::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Incoming::Unix(_) => None,
        }
    }

    /// The file that it is bound to, if it is a Unix socket.
    #[cfg(unix)]
    fn file(&self) -> Option<PathBuf> {
        match self {
            Incoming::Tcp(_) => None,
            Incoming::Unix(listener) => {
                listener.local_addr().ok()?.as_pathname().map(Path::to_owned)
            }
        }
    }

    /// Where it is bound, as people are told.
    #[cfg(unix)]
    pub fn place(&self) -> String {
        let file = self.file().map(|file| Address::Unix(file).to_string());
        let bound = self.bound().map(|bound| bound.to_string());
        bound.or(file).unwrap_or_else(|| "a socket without a name".to_owned())
    }

    /// Whether it is bound to an address, and can be reached there: the file of a Unix socket may be gone.
    #[cfg(unix)]
    pub fn is_at(&self, address: &Address) -> bool {
        match address {
            Address::Tcp(address) => self.bound() == Some(*address),
            Address::Unix(path) => self.file().is_some_and(|file| file == *path && path.exists()),
        }
    }

    /// Stops listening for good.
    #[cfg(unix)]
    pub fn end(self) {
        if let Some(file) = self.file() {
            remove(&file);
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Incoming::Tcp(listener) => listener,
            #[cfg(unix)]
            Incoming::Unix(listener) => listener,
        }
    }
}

/// A connection's bytes.
#[derive(Debug)]
pub enum Stream {
    /// Over the network.
    Tcp(TcpStream),
    /// On this machine.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    /// For mio.
    pub fn source(&mut self) -> &mut dyn Source {
        match self {
            Stream::Tcp(stream) => stream,
            #[cfg(unix)]
            Stream::Unix(stream) => stream,
        }
    }

    /// Tells the other side that nothing more will be written.
    pub fn finish(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            #[cfg(unix)]
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Elsewhere than on Unix the option means that another process may take the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // So that `[::]` and `0.0.0.0` can both be listened on.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

#[cfg(unix)]
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let bound = match unix::net::UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            unix::net::UnixListener::bind(path)
        }
        bound => bound,
    }?;
    bound.set_nonblocking(true)?;
    // After binding, so that the umask has no say.
    fs::set_permissions(path, fs::Permissions::from_mode(UNIX_SOCKET_MODE))?;
    Ok(UnixListener::from_std(bound))
}

/// Whether the file is a socket on which nobody answers any more.
#[cfg(unix)]
fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && knock(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Connects, but does not wait for somebody whose queue is full.
#[cfg(unix)]
fn knock(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

/// How many connections the kernel keeps for us until we accept them.
const BACKLOG: i32 = 1024;

/// Its owner and its group may connect.
#[cfg(unix)]
const UNIX_SOCKET_MODE: u32 = 0o660;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_another_server_whose_queue_is_full() {
        let folder = std::env::temp_dir().join(format!("slircd-busy-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("sock");
        let address = SockAddr::unix(&path).unwrap();
        let other = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        other.bind(&address).unwrap();
        other.listen(1).unwrap();
        let client = || {
            let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            client.connect(&address).map(|()| client)
        };
        let waiting: Vec<Socket> = (0..1000).map_while(|_| client().ok()).collect();
        assert!(waiting.len() < 1000, "its queue is never full");
        let error = bind_unix(&path).map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        fs::remove_dir_all(folder).unwrap();
    }
}
