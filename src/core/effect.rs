//! What the core wants done. Closed, so that a reactor's whole duty is one `match`.

use crate::{
    core::{
        ConnId,
        frame::{Frame, PeerId},
    },
    job::{Job, JobId, Loaded},
    wire::cap::CapSet,
};
use std::ops::Range;

/// One thing to do. Effects are done in the order in which they were pushed.
#[derive(Debug)]
pub enum Effect {
    /// Append one encoded line to the output of each of its recipients: see [`Effects::line`] and
    /// [`Effects::recipients`]. A recipient that has gone is skipped.
    Send {
        /// Where the line stands in the bytes.
        line: Span,
        /// Where its recipients stand.
        to: Span,
    },
    /// Close the connection once everything sent to it has been written, or its time is up.
    Close {
        /// Which.
        conn: ConnId,
    },
    /// The connection's next line may be handled again: `Server::ready` has become true.
    Ready {
        /// Which.
        conn: ConnId,
    },
    /// Say `Input::Drained` once little of the connection's output is left to write.
    Drain {
        /// Which.
        conn: ConnId,
    },
    /// Begin TLS on a connection that was plain, once everything sent to it has been written, and say
    /// `Input::Secured` when both sides have agreed.
    Secure {
        /// Which.
        conn: ConnId,
        /// Which of the configuration's listeners has the certificates.
        listener: usize,
    },
    /// Hand a frame to a linked server.
    Frame {
        /// Which.
        peer: PeerId,
        /// What.
        frame: Frame,
    },
    /// Close the link with a server, and say `Input::Unlinked`.
    Unlink {
        /// Which.
        peer: PeerId,
    },
    /// Have a worker do it, and say `Input::Done` with its answer.
    Job {
        /// What the answer is to name.
        id: JobId,
        /// What to do.
        job: Box<Job>,
    },
    /// The configuration has been read again and accepted: open and close listeners, and use the
    /// certificates that come with it.
    Reconfigure(Box<Loaded>),
    /// Everybody has been told goodbye: leave when all output has been written, or its time is up.
    Stop(Ending),
}

/// What comes after the end of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Nothing.
    Exit,
    /// Another start of the program, which goes on listening where this one did.
    Restart,
}

/// A place in one of the buffers of [`Effects`].
#[derive(Clone, Copy, Debug)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Effects in order, with the bytes and the recipients they speak of.
///
/// Kept and used again by whoever drains it, so that a message costs no allocation.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    bytes: Vec<u8>,
    recipients: Vec<ConnId>,
    /// Who is still to be given a line that is encoded for one set of capabilities after the other.
    left: Vec<(CapSet, ConnId)>,
    capture: Option<Capture>,
}

/// Lines held back from one connection, because they are the answer to a labelled command.
#[derive(Debug)]
pub struct Capture {
    /// Whose.
    pub conn: ConnId,
    /// The lines, one after another, each with its end.
    pub lines: Vec<u8>,
    /// How many.
    pub count: usize,
    /// Whether the connection ends once they are sent.
    pub closes: bool,
}

impl Effects {
    /// From now on holds back what is sent to a connection; until [`Effects::release`].
    pub fn hold(&mut self, capture: Capture) {
        self.capture = Some(capture);
    }

    /// Ends what [`Effects::hold`] began, and hands over what was held back.
    pub fn release(&mut self) -> Option<Capture> {
        self.capture.take()
    }

    /// How many lines are held back.
    pub fn held(&self) -> usize {
        self.capture.as_ref().map_or(0, |capture| capture.count)
    }

    /// Ends a connection, once it has what is held back from it.
    pub fn close(&mut self, conn: ConnId) {
        match self.capture.as_mut().filter(|capture| capture.conn == conn) {
            Some(capture) => capture.closes = true,
            None => self.list.push(Effect::Close { conn }),
        }
    }

    /// Adds an effect that carries no line.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Sends to each of `to` what `encode` appends; nothing if it says that there is nothing to send.
    pub fn send(&mut self, to: &[ConnId], encode: impl FnOnce(&mut Vec<u8>) -> bool) {
        let first = self.recipients.len();
        self.recipients.extend_from_slice(to);
        self.line_for(first, encode);
    }

    /// Sends to each of `to`, who are named with their capabilities, what `encode` appends for these:
    /// once for each set of them.
    pub fn send_by_caps(
        &mut self,
        to: impl Iterator<Item = (CapSet, ConnId)>,
        encode: impl Fn(CapSet, &mut Vec<u8>) -> bool,
    ) {
        let mut left = std::mem::take(&mut self.left);
        left.extend(to);
        while let Some(caps) = left.first().map(|first| first.0) {
            let first = self.recipients.len();
            left.retain(|(other, conn)| {
                if *other == caps {
                    self.recipients.push(*conn);
                }
                *other != caps
            });
            self.line_for(first, |out| encode(caps, out));
        }
        self.left = left;
    }

    /// Adds a line for the recipients from `first` on.
    fn line_for(&mut self, first: usize, encode: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.bytes.len();
        let to = self.recipients.get(first..).unwrap_or_default();
        let mut wanted = !to.is_empty() && encode(&mut self.bytes);
        if let Some(capture) = self.capture.as_mut().filter(|capture| to.contains(&capture.conn)) {
            if wanted {
                capture.lines.extend_from_slice(self.bytes.get(start..).unwrap_or_default());
                capture.count += 1;
            }
            let others = to.iter().copied().filter(|conn| *conn != capture.conn);
            let others: Vec<ConnId> = others.collect();
            self.recipients.truncate(first);
            self.recipients.extend(others);
            wanted &= self.recipients.len() > first;
        }
        if !wanted {
            self.bytes.truncate(start);
            self.recipients.truncate(first);
            return;
        }
        let line = Span { start: start as u32, end: self.bytes.len() as u32 };
        let to = Span { start: first as u32, end: self.recipients.len() as u32 };
        self.list.push(Effect::Send { line, to });
    }

    /// The bytes of a line, its end included.
    pub fn line(&self, line: Span) -> &[u8] {
        self.bytes.get(line.range()).unwrap_or_default()
    }

    /// Who gets a line.
    pub fn recipients(&self, to: Span) -> &[ConnId] {
        self.recipients.get(to.range()).unwrap_or_default()
    }

    /// Takes the effects out, in order. The spans in them stay readable until [`Effects::clear`].
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.list)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forgets what has been done, gives `list` back for use, and keeps a bounded amount of memory.
    pub fn clear(&mut self, mut list: Vec<Effect>) {
        list.clear();
        self.list = list;
        self.bytes.clear();
        self.recipients.clear();
        self.list.shrink_to(KEPT);
        self.bytes.shrink_to(KEPT * 16);
        self.recipients.shrink_to(KEPT * 4);
        self.left.shrink_to(KEPT);
    }
}

/// How many effects' worth of memory is kept from turn to turn.
const KEPT: usize = 4096;
