//! Listening sockets that one program leaves to the next: RESTART replaces the program, and the sockets stay
//! open, so that whoever connects meanwhile waits in their queues instead of being refused.
//!
//! They travel through a pair of Unix sockets, one end of which becomes the standard input of the next
//! program: std and `rustix` then make descriptors of them that somebody owns, which a bare number in a
//! variable cannot be without `unsafe`.

use super::listener::Incoming;
use crate::config::{Address, Listen};
use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};
use std::{
    collections::BTreeMap,
    env,
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{self, Command, Stdio},
};

/// Says to the next program that there is something for it: the number of the process, and how many
/// sockets.
const VARIABLE: &str = "SLIRCD_LISTENERS";

/// How many descriptors go with one message; systems allow some more.
const BATCH: usize = 64;

/// What the next program is left.
#[derive(Debug)]
pub struct Heritage {
    input: OwnedFd,
    count: usize,
}

impl Heritage {
    /// Puts sockets where the next program finds them.
    pub(super) fn of(listeners: &[BorrowedFd<'_>]) -> io::Result<Heritage> {
        let (input, output) = UnixStream::pair()?;
        // Nobody reads until this program has gone: what does not fit must not be waited for.
        output.set_nonblocking(true)?;
        for batch in listeners.chunks(BATCH) {
            let mut space = space();
            let mut control = SendAncillaryBuffer::new(space.as_mut_slice());
            control.push(SendAncillaryMessage::ScmRights(batch));
            let byte = [IoSlice::new(&[0])];
            sendmsg(&output, &byte, &mut control, SendFlags::empty())?;
        }
        Ok(Heritage { input: input.into(), count: listeners.len() })
    }

    /// Becomes the next program, which is this process then. Returns only why it could not.
    pub fn exec(self, program: &mut Command) -> io::Error {
        program.env(VARIABLE, format!("{}:{}", process::id(), self.count));
        program.stdin(Stdio::from(self.input)).exec()
    }
}

/// What the program before has left, if there was one.
pub fn receive() -> Vec<Incoming> {
    let text = env::var(VARIABLE).unwrap_or_default();
    let parts = text.split_once(':').map(|(pid, count)| (pid.parse::<u32>(), count.parse()));
    let Some((Ok(pid), Ok(count))) = parts else { return Vec::new() };
    // A program that this process has started has the same variable, and nothing to inherit.
    if pid != process::id() {
        return Vec::new();
    }
    let mut sockets = Vec::new();
    while sockets.len() < count {
        match receive_some(io::stdin().as_fd(), &mut sockets) {
            Ok(0) => break,
            Ok(_) => (),
            Err(error) => {
                log::warn!("the listeners of the program before cannot be taken over: {error}");
                break;
            }
        }
    }
    sockets.into_iter().filter_map(|socket| Incoming::inherited(socket).ok()).collect()
}

/// Reads one message; how many bytes it had.
fn receive_some(input: BorrowedFd<'_>, sockets: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = space();
    let mut control = RecvAncillaryBuffer::new(space.as_mut_slice());
    let mut byte = [0];
    let mut into = [IoSliceMut::new(&mut byte)];
    let got = recvmsg(input, &mut into, &mut control, RecvFlags::DONTWAIT)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            for socket in received {
                fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
                sockets.push(socket);
            }
        }
    }
    Ok(got.bytes)
}

/// Which of the configured listeners each socket is for, by what it is bound to. Those that are for none
/// are closed.
pub fn share(sockets: Vec<Incoming>, listen: &[Listen]) -> BTreeMap<usize, Incoming> {
    let mut shared = BTreeMap::new();
    let mut left = Vec::new();
    for socket in sockets {
        let place = listen.iter().position(|listen| socket.is_at(&listen.address));
        match place.filter(|place| !shared.contains_key(place)) {
            Some(place) => drop(shared.insert(place, socket)),
            None => left.push(socket),
        }
    }
    // Where the system chooses the port it is to be the one it had chosen.
    for socket in left {
        let fits = |place: &usize| {
            let chosen = listen.get(*place).is_some_and(|listen| match &listen.address {
                Address::Tcp(address) => {
                    address.port() == 0
                        && socket.bound().is_some_and(|bound| bound.ip() == address.ip())
                }
                Address::Unix(_) => false,
            });
            chosen && !shared.contains_key(place)
        };
        match (0..listen.len()).find(fits) {
            Some(place) => drop(shared.insert(place, socket)),
            None => {
                log::info!("no longer listening on {}", socket.place());
                socket.end();
            }
        }
    }
    shared
}

/// A byte of a buffer for control messages: `rustix` wants plain bytes up to 0.38 and uninitialised ones
/// since.
trait Blank {
    fn blank() -> Self;
}

impl Blank for u8 {
    fn blank() -> u8 {
        0
    }
}

impl Blank for MaybeUninit<u8> {
    fn blank() -> MaybeUninit<u8> {
        MaybeUninit::uninit()
    }
}

/// Room for the control message of one batch.
fn space<B: Blank>() -> Vec<B> {
    (0..rustix::cmsg_space!(ScmRights(BATCH))).map(|_| B::blank()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn sockets_arrive_however_many_they_are() {
        let listeners: Vec<TcpListener> =
            (0..BATCH + 3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let sockets: Vec<BorrowedFd<'_>> = listeners.iter().map(AsFd::as_fd).collect();
        let heritage = Heritage::of(&sockets).unwrap();
        let mut received = Vec::new();
        while received.len() < heritage.count {
            assert_eq!(receive_some(heritage.input.as_fd(), &mut received).unwrap(), 1);
        }
        assert_eq!(receive_some(heritage.input.as_fd(), &mut Vec::new()).unwrap(), 0);
        let received = received.into_iter().map(|socket| Incoming::inherited(socket).unwrap());
        let ports = received.map(|socket| socket.bound().unwrap().port());
        let sent = listeners.iter().map(|listener| listener.local_addr().unwrap().port());
        assert_eq!(ports.collect::<Vec<_>>(), sent.collect::<Vec<_>>());
    }

    #[test]
    fn a_unix_socket_that_nobody_finds_any_more_is_not_taken_over() {
        let name = format!("slircd-inherit-{}.sock", process::id());
        let path = env::temp_dir().join(name);
        let listen = [Listen { address: Address::Unix(path.clone()), ..Listen::default() }];
        let bind = || {
            let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
            vec![Incoming::inherited(socket.into()).unwrap()]
        };
        let sockets = bind();
        assert_eq!(sockets[0].place(), listen[0].address.to_string());
        std::fs::remove_file(&path).unwrap();
        assert!(share(sockets, &listen).is_empty());
        assert_eq!(share(bind(), &listen).len(), 1);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn each_listener_gets_the_socket_that_is_bound_to_its_address() {
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets: Vec<TcpListener> = (0..4).map(|_| bind()).collect();
        let ports: Vec<u16> =
            sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        let listen = |port: u16| Listen {
            address: Address::Tcp(([127, 0, 0, 1], port).into()),
            ..Listen::default()
        };
        let listen = [listen(0), listen(ports[2]), listen(0), listen(1)];
        let incoming =
            sockets.into_iter().map(|socket| Incoming::inherited(socket.into()).unwrap());
        let shared = share(incoming.collect(), &listen);
        let port = |place: usize| shared.get(&place).and_then(Incoming::bound).map(|at| at.port());
        assert_eq!(port(0), Some(ports[0]));
        assert_eq!(port(1), Some(ports[2]));
        assert_eq!(port(2), Some(ports[1]));
        assert_eq!(port(3), None);
        assert_eq!(shared.len(), 3, "the one that nobody wants is closed");
    }
}
