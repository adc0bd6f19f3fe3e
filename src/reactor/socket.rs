//! One connection's socket: what has come and is not handled, what is to be written.

use super::{
    listener::Stream,
    outbox::{Buffers, Chain, Line, Outbox},
    prelude::Waiting,
    secure::{Broken, Progress, Secure, UNFINISHED_MAX},
};
use crate::{
    core::ConnId,
    time::Mono,
    wire::{
        framing::Framing,
        websocket::{self, Frames, Violation},
    },
};
use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    mem,
};

/// A connection, as far as its bytes go.
#[derive(Debug)]
pub struct Socket {
    /// For mio.
    pub stream: Stream,
    /// Its encryption, if it has any.
    pub secure: Option<Box<Secure>>,
    /// Its frames, if it is a WebSocket.
    pub websocket: Option<Box<Frames>>,
    /// What is still to come before the server hears of it.
    pub waiting: Option<Box<Waiting>>,
    /// Who it is to the server: nobody before that.
    pub conn: Option<ConnId>,
    /// How far its life has come.
    pub phase: Phase,
    /// Came, and is not handled yet: holds no memory when empty.
    pub rest: Vec<u8>,
    /// Where lines begin and end.
    pub framing: Framing,
    /// When its phase is over whatever happens.
    pub deadline: Option<Mono>,
    /// There may be something to read.
    pub readable: bool,
    /// The other side has closed or broken the connection, which is still to be read.
    pub hung_up: bool,
    /// The other side will send nothing more.
    pub ended: bool,
    /// It stands in the ready list.
    pub queued: bool,
    /// It stands in the list of those to be written to.
    pub dirty: bool,
    /// The server wants to know when little is left to write.
    pub drain: bool,
    /// It is no more, but what is to be written is written yet.
    pub farewell: bool,
    /// The kernel takes no more until it says so.
    pub blocked: bool,
    /// What this turn has brought.
    chain: Chain,
    /// What the kernel has not taken yet: holds no memory when empty.
    output: Vec<u8>,
}

/// How far a connection's life has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// It agrees on keys, or speaks IRC.
    Open,
    /// The last lines are being written to it.
    Closing,
    /// All has been written; it has a moment to read it and to close.
    Lingering,
    /// It is to be taken away as soon as nobody is looking at it.
    Gone,
}

/// What reading has given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Got {
    /// For now there is no more.
    Nothing,
    /// There was something, and there may be more.
    Some,
    /// Nothing comes after this.
    Last,
}

/// Why a socket can be used no more.
#[derive(Debug)]
pub enum Failure {
    /// The system says so.
    Io(io::Error),
    /// Its encryption does.
    Secure(Broken),
    /// Its frames are not as they must be.
    WebSocket(Violation),
}

impl Socket {
    /// A socket from which nothing has been read.
    pub fn new(stream: Stream, waiting: Option<Box<Waiting>>) -> Socket {
        Socket {
            stream,
            secure: None,
            websocket: None,
            waiting,
            conn: None,
            phase: Phase::Open,
            rest: Vec::new(),
            framing: Framing::default(),
            deadline: None,
            readable: false,
            hung_up: false,
            ended: false,
            queued: false,
            dirty: false,
            drain: false,
            farewell: false,
            blocked: false,
            chain: Chain::default(),
            output: Vec::new(),
        }
    }

    /// Reads once. The bytes, as lines, are in `scratch` until it is read into again.
    pub fn read(&mut self, scratch: &mut Scratch) -> Result<Got, Failure> {
        let got = self.decrypt(scratch)?;
        let Some(frames) = &mut self.websocket else { return Ok(got) };
        let mut lines = mem::take(&mut scratch.lines);
        lines.clear();
        let decoded = frames.decode(scratch.fresh(), &mut lines, &mut self.output);
        scratch.lines = lines;
        scratch.fresh = Fresh::Lines;
        match decoded.map_err(Failure::WebSocket)? {
            websocket::Progress::Open => Ok(got),
            websocket::Progress::Closed => {
                self.readable = false;
                self.farewell = true;
                Ok(Got::Last)
            }
        }
    }

    fn decrypt(&mut self, scratch: &mut Scratch) -> Result<Got, Failure> {
        let kept = match &self.secure {
            Some(secure) => scratch.put(&secure.input),
            None => 0,
        };
        let (got, end) = self.receive(scratch, kept).map_err(Failure::Io)?;
        let records = scratch.raw.get_mut(..end).unwrap_or_default();
        let Some(secure) = &mut self.secure else {
            scratch.fresh = Fresh::Raw(end);
            return Ok(got);
        };
        scratch.fresh = Fresh::Plain;
        scratch.plain.clear();
        if got == Got::Nothing {
            return Ok(got);
        }
        match secure.read(records, &mut scratch.plain).map_err(Failure::Secure)? {
            Progress::Open => Ok(got),
            Progress::Ended => {
                self.readable = false;
                Ok(Got::Last)
            }
        }
    }

    /// Reads once, for nobody.
    pub fn skip(&mut self, scratch: &mut Scratch) -> io::Result<Got> {
        self.receive(scratch, 0).map(|(got, _)| got)
    }

    /// Reads once behind the first `kept` bytes; how far the bytes now reach.
    fn receive(&mut self, scratch: &mut Scratch, kept: usize) -> io::Result<(Got, usize)> {
        let room = scratch.raw.get_mut(kept..kept + READ_MAX).unwrap_or_default();
        loop {
            match self.stream.read(room) {
                Ok(0) => {
                    self.readable = false;
                    return Ok((Got::Last, kept));
                }
                Ok(len) => {
                    // mio: elsewhere than on Unix readiness comes back only after `WouldBlock`. Here a
                    // short read has emptied the socket, unless its end is still to be read.
                    if cfg!(unix) && len < READ_MAX && !self.hung_up {
                        self.readable = false;
                    }
                    return Ok((Got::Some, kept + len));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Ok((Got::Nothing, kept));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Appends to what is to be written, before a turn's lines.
    pub fn append(&mut self, bytes: &[u8], buffers: &mut Buffers) {
        if self.output.capacity() == 0 {
            self.output = buffers.take();
        }
        match &self.websocket {
            None => self.output.extend_from_slice(bytes),
            Some(frames) => frames.encode(bytes, &mut self.output),
        }
    }

    /// Adds one of a turn's lines to what is to be written.
    pub fn add(&mut self, line: Line, outbox: &mut Outbox) {
        // Frames keep their order among each other. Who is blocked is not written to before the lines of
        // this turn are forgotten.
        if self.blocked || self.websocket.is_some() {
            let (bytes, buffers) = outbox.bytes_and_buffers(line);
            self.append(bytes, buffers);
        } else {
            outbox.chain(line, &mut self.chain);
        }
    }

    /// Keeps what this turn has brought, which is not to be written now.
    pub fn hold(&mut self, outbox: &Outbox) {
        outbox.collect(&mut self.chain, &mut self.output);
    }

    /// Hands over what is to be written.
    pub fn take_output(&mut self, outbox: &Outbox) -> Vec<u8> {
        self.hold(outbox);
        mem::take(&mut self.output)
    }

    /// Says why a WebSocket ends, in the way of WebSockets.
    pub fn part_frames(&mut self, code: u16) {
        if let Some(frames) = &mut self.websocket {
            frames.close(code, &mut self.output);
        }
    }

    /// Writes until everything is written or the kernel takes no more.
    pub fn flush(&mut self, outbox: &mut Outbox) -> Result<(), Failure> {
        if self.output.capacity() == 0 {
            self.output = outbox.buffers.take();
        }
        outbox.collect(&mut self.chain, &mut self.output);
        let buffers = &mut outbox.buffers;
        let result = match &mut self.secure {
            None => drain(&mut self.stream, &mut self.output),
            Some(secure) => loop {
                match drain(&mut self.stream, &mut secure.output) {
                    // Who turns to TLS hears the rest once both sides have agreed.
                    Ok(true) if self.output.is_empty() || !secure.is_established() => {
                        break Ok(true);
                    }
                    Ok(true) => {
                        let len = self.output.len().min(RECORD_MAX);
                        let plain = self.output.get(..len).unwrap_or_default();
                        if secure.output.capacity() == 0 {
                            secure.output = buffers.take();
                        }
                        secure.write(plain).map_err(Failure::Secure)?;
                        self.output.drain(..len);
                    }
                    other => break other,
                }
            },
        };
        self.blocked = !result.map_err(Failure::Io)?;
        match self.output.is_empty() {
            true => buffers.give(mem::take(&mut self.output)),
            // The buffer may have been large for the sake of others.
            false => self.output.shrink_to(self.output.len() * 2),
        }
        if let Some(secure) = &mut self.secure {
            if secure.output.is_empty() {
                buffers.give(mem::take(&mut secure.output));
            }
        }
        Ok(())
    }

    /// Writes what is left, and then says that nothing more comes.
    pub fn finish(&mut self, outbox: &mut Outbox) -> Result<(), Failure> {
        self.part_frames(websocket::NORMAL);
        self.flush(outbox)?;
        if self.blocked {
            return Ok(());
        }
        if let Some(secure) = &mut self.secure {
            if !secure.is_established() {
                // Nothing is left that could be said.
                outbox.buffers.give(mem::take(&mut self.output));
            }
            secure.close();
            self.flush(outbox)?;
        }
        if !self.blocked {
            self.stream.finish().map_err(Failure::Io)?;
            self.phase = Phase::Lingering;
        }
        Ok(())
    }

    /// Ends the encryption, with an alert if something has gone wrong, as far as the kernel takes it at
    /// once.
    pub fn part(&mut self) -> io::Result<()> {
        let Some(secure) = &mut self.secure else { return Ok(()) };
        secure.close();
        drain(&mut self.stream, &mut secure.output).map(|_| ())
    }

    /// Throws away what is to be written.
    pub fn forget(&mut self, buffers: &mut Buffers) {
        buffers.give(mem::take(&mut self.output));
        self.chain = Chain::default();
        self.rest = Vec::new();
    }

    /// How many bytes are waiting to be written.
    pub fn pending(&self) -> usize {
        let secure = self.secure.as_ref().map_or(0, |secure| secure.output.len());
        self.chain.len() + self.output.len() + secure
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Io(error) => error.fmt(f),
            Failure::Secure(broken) => broken.fmt(f),
            Failure::WebSocket(violation) => violation.fmt(f),
        }
    }
}

/// Writes until nothing is left (`true`) or the kernel takes no more.
fn drain(stream: &mut Stream, output: &mut Vec<u8>) -> io::Result<bool> {
    let mut written = 0;
    let done = loop {
        let left = output.get(written..).unwrap_or_default();
        if left.is_empty() {
            break Ok(true);
        }
        match stream.write(left) {
            Ok(0) => break Err(ErrorKind::WriteZero.into()),
            Ok(len) => written += len,
            Err(error) if error.kind() == ErrorKind::Interrupted => (),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(false),
            Err(error) => break Err(error),
        }
    };
    output.drain(..written);
    done
}

/// The buffers into which all connections are read, one after the other.
#[derive(Debug)]
pub struct Scratch {
    raw: Vec<u8>,
    plain: Vec<u8>,
    lines: Vec<u8>,
    fresh: Fresh,
}

/// Where the bytes are that have been read last.
#[derive(Clone, Copy, Debug)]
enum Fresh {
    /// So many as they came.
    Raw(usize),
    /// Those that have been decrypted.
    Plain,
    /// Those that were in frames.
    Lines,
}

impl Scratch {
    /// The bytes that have been read last.
    pub fn fresh(&self) -> &[u8] {
        match self.fresh {
            Fresh::Raw(len) => self.raw.get(..len).unwrap_or_default(),
            Fresh::Plain => &self.plain,
            Fresh::Lines => &self.lines,
        }
    }

    /// Begins with bytes that came before.
    fn put(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(UNFINISHED_MAX);
        for (to, from) in self.raw.iter_mut().zip(bytes) {
            *to = *from;
        }
        len
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        let raw = vec![0; UNFINISHED_MAX + READ_MAX];
        Scratch { raw, plain: Vec::new(), lines: Vec::new(), fresh: Fresh::Plain }
    }
}

/// How much is read at once, and so how much a connection can keep unhandled beside one line.
const READ_MAX: usize = 16 << 10;

/// How much is encrypted at once (RFC 8446 §5.1).
const RECORD_MAX: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_plain_socket_is_small() {
        assert!(size_of::<Socket>() <= 160, "{}", size_of::<Socket>());
    }
}
