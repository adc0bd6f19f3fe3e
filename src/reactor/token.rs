//! What mio hands back with an event: the whole name of a socket, so that readiness for one that has
//! been closed cannot reach the one that took its place.

use super::SocketId;
use crate::arena::{Arena, Id};
use mio::Token;

/// What an event is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// A worker has answered, or somebody wants the reactor to stop.
    Waker,
    /// A signal has come: which of those that are watched.
    Signal(usize),
    /// A listener, by its slot.
    Listener(usize),
    /// A connection: the slot and as much of the generation as a token holds.
    Socket(u32, u32),
}

impl Source {
    /// The token to register it with.
    pub fn token(self) -> Token {
        match self {
            Source::Waker => Token(INDEX_MASK),
            Source::Signal(which) => Token(INDEX_MASK - 1 - which),
            Source::Listener(slot) => Token(INDEX_MASK - SIGNALS_MAX - 1 - slot),
            Source::Socket(index, generation) => {
                Token(index as usize | (generation as usize & GENERATION_MASK) << INDEX_BITS)
            }
        }
    }

    /// What a token was registered for.
    pub fn of(token: Token) -> Source {
        let index = token.0 & INDEX_MASK;
        let generation = token.0 >> INDEX_BITS;
        match INDEX_MASK - index {
            0 => Source::Waker,
            from_top if from_top <= SIGNALS_MAX => Source::Signal(from_top - 1),
            from_top if from_top <= SIGNALS_MAX + LISTENERS_MAX => {
                Source::Listener(from_top - SIGNALS_MAX - 1)
            }
            _ => Source::Socket(index as u32, generation as u32),
        }
    }
}

impl From<SocketId> for Source {
    fn from(id: SocketId) -> Source {
        Source::Socket(id.index(), id.generation())
    }
}

/// The socket that is meant, unless it has gone.
pub fn find<V>(sockets: &Arena<SocketId, V>, index: u32, generation: u32) -> Option<SocketId> {
    let (id, _) = sockets.in_slot(index)?;
    (id.generation() as usize & GENERATION_MASK == generation as usize).then_some(id)
}

/// How many listeners there can be.
pub const LISTENERS_MAX: usize = 1024;

/// How many sources of signals there can be.
const SIGNALS_MAX: usize = 15;

/// On a machine of 64 bits a token holds an id whole; on one of 32 bits, a million sockets and the
/// lowest bits of the generation.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: usize = usize::MAX >> INDEX_BITS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_source() {
        let sources = [
            Source::Waker,
            Source::Signal(0),
            Source::Signal(SIGNALS_MAX - 1),
            Source::Listener(0),
            Source::Listener(LISTENERS_MAX - 1),
            Source::Socket(0, 1),
            Source::Socket(9_999, 77),
        ];
        for source in sources {
            assert_eq!(Source::of(source.token()), source);
        }
    }

    #[test]
    fn a_token_of_a_closed_socket_finds_nobody() {
        let mut sockets: Arena<SocketId, char> = Arena::default();
        let old = sockets.insert('a');
        sockets.remove(old);
        let new = sockets.insert('b');
        assert_eq!(old.index(), new.index());
        assert_eq!(find(&sockets, old.index(), old.generation()), None);
        assert_eq!(find(&sockets, new.index(), new.generation()), Some(new));
    }
}
