//! What a turn brings to write: each line once, however many it is for.
//!
//! A recipient's lines are chained to each other until the turn ends, and put together only to be
//! written, in a buffer that the next recipient uses again. So a line to a thousand members takes a link
//! for each of them, and only who reads too slowly for the kernel keeps a buffer.

/// The lines of a turn, and whose they are.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    links: Vec<Link>,
    /// Where lines are put together.
    pub buffers: Buffers,
}

/// A line of this turn.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    start: u32,
    end: u32,
}

/// A line of a recipient, and where the recipient's next one stands.
#[derive(Debug)]
struct Link {
    line: Line,
    next: u32,
}

/// The lines of one recipient in this turn, in order. Means nothing once the outbox has been cleared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chain {
    first: u32,
    last: u32,
    /// How many bytes they are; none is empty.
    len: u32,
}

impl Outbox {
    /// Takes in a line, for whomever it will be chained to.
    pub fn line(&mut self, bytes: &[u8]) -> Line {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Line { start, end: self.bytes.len() as u32 }
    }

    /// The bytes of a line, for whom it cannot be chained, and where to find a buffer for them.
    pub fn bytes_and_buffers(&mut self, line: Line) -> (&[u8], &mut Buffers) {
        (bytes_of(&self.bytes, line), &mut self.buffers)
    }

    /// Adds a line to a recipient's.
    pub fn chain(&mut self, line: Line, chain: &mut Chain) {
        let place = self.links.len() as u32;
        self.links.push(Link { line, next: 0 });
        if chain.len == 0 {
            chain.first = place;
        } else if let Some(last) = self.links.get_mut(chain.last as usize) {
            last.next = place;
        }
        chain.last = place;
        chain.len = chain.len.saturating_add(line.end - line.start);
    }

    /// Appends a recipient's lines to what is to be written, and forgets that they are the recipient's.
    pub fn collect(&self, chain: &mut Chain, output: &mut Vec<u8>) {
        let Chain { first, len, .. } = std::mem::take(chain);
        let (mut place, end) = (first, output.len() + len as usize);
        while output.len() < end {
            let Some(link) = self.links.get(place as usize) else { break };
            output.extend_from_slice(bytes_of(&self.bytes, link.line));
            place = link.next;
        }
    }

    /// Whether so much is waiting that it is to be written before more is done.
    pub fn is_full(&self) -> bool {
        self.bytes.len() > BYTES_MAX || self.links.len() > LINKS_MAX
    }

    /// Forgets the lines, now that all have been written, and keeps a bounded amount of memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.links.clear();
        self.bytes.shrink_to(BYTES_KEPT_MAX);
        self.links.shrink_to(LINKS_KEPT_MAX);
    }
}

impl Chain {
    /// How many bytes the lines are.
    pub fn len(&self) -> usize {
        self.len as usize
    }
}

fn bytes_of(bytes: &[u8], line: Line) -> &[u8] {
    bytes.get(line.start as usize..line.end as usize).unwrap_or_default()
}

/// Buffers that nobody is using.
#[derive(Debug, Default)]
pub struct Buffers {
    free: Vec<Vec<u8>>,
    bytes: usize,
}

impl Buffers {
    /// An empty buffer.
    pub fn take(&mut self) -> Vec<u8> {
        let buffer = self.free.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    /// Takes a buffer back, unless it is large or there are many.
    pub fn give(&mut self, mut buffer: Vec<u8>) {
        let size = buffer.capacity();
        if size == 0 || size > BUFFER_KEPT_MAX || self.bytes + size > POOL_BYTES_MAX {
            return;
        }
        buffer.clear();
        self.bytes += size;
        self.free.push(buffer);
    }
}

/// How many bytes of lines wait to be written at most, before those that one input brings.
const BYTES_MAX: usize = 1 << 20;

/// How many links wait at most, before those that one input brings.
const LINKS_MAX: usize = 1 << 18;

/// How much memory for lines is kept from turn to turn.
const BYTES_KEPT_MAX: usize = 64 << 10;

/// How many links' worth of memory is kept from turn to turn.
const LINKS_KEPT_MAX: usize = 32 << 10;

/// A buffer larger than this goes back to the system.
const BUFFER_KEPT_MAX: usize = 16 << 10;

/// How much memory unused buffers hold.
const POOL_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_gets_its_lines_in_order() {
        let mut outbox = Outbox::default();
        let (mut alice, mut bob) = (Chain::default(), Chain::default());
        let [one, two, three] = [b"one".as_slice(), b"two", b"three"].map(|text| outbox.line(text));
        for line in [one, two] {
            outbox.chain(line, &mut alice);
            outbox.chain(line, &mut bob);
        }
        outbox.chain(three, &mut alice);
        assert_eq!((alice.len(), bob.len()), (11, 6));
        let mut output = b"left ".to_vec();
        outbox.collect(&mut alice, &mut output);
        assert_eq!((output.as_slice(), alice.len()), (b"left onetwothree".as_slice(), 0));
        outbox.chain(three, &mut alice);
        output.clear();
        outbox.collect(&mut bob, &mut output);
        outbox.collect(&mut alice, &mut output);
        assert_eq!(output, b"onetwothree");
    }

    #[test]
    fn unused_buffers_are_bounded() {
        let mut buffers = Buffers::default();
        buffers.give(Vec::with_capacity(BUFFER_KEPT_MAX + 1));
        assert_eq!(buffers.take().capacity(), 0);
        for _ in 0..1_000 {
            buffers.give(Vec::with_capacity(BUFFER_KEPT_MAX));
        }
        assert!(buffers.bytes <= POOL_BYTES_MAX);
        assert_eq!(buffers.free.iter().map(Vec::capacity).sum::<usize>(), buffers.bytes);
        assert!(buffers.take().capacity() > 0);
    }
}
