//! A client: what it was sent, what it has yet to say, and whether it reads.

use super::{
    told::Told,
    view::{Event, View},
};
use crate::core::ConnId;
use std::collections::VecDeque;

/// A client.
#[derive(Debug)]
pub struct Client {
    /// What it calls itself, and where it comes from.
    pub name: String,
    /// Which server it is connected to.
    pub server: usize,
    /// Its connection; none once it has ended.
    pub conn: Option<ConnId>,
    /// Lines that have come and not been looked at.
    pub got: VecDeque<String>,
    /// What it believes.
    pub view: View,
    /// What it believes that others tell of themselves.
    pub told: Told,
    /// Lines that wait for the server to be ready.
    pub pending: VecDeque<String>,
    /// Whether it takes what is sent to it.
    pub reads: bool,
    /// How many bytes it has not taken.
    pub unread: usize,
    /// Whether the server wants to know when it has taken them.
    pub drain: bool,
    /// What is not to be looked at: answers to questions that nobody has told it to ask.
    pub hushed: bool,
}

/// What a client does of its own accord.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Answers a PING, as all real ones do.
    pub pongs: bool,
    /// Asks for modes, lists and users of the channels it enters, as most real ones do.
    pub asks: bool,
    /// Hides those questions and their answers from whoever looks at what it got.
    pub hides: bool,
}

impl Client {
    /// A client on a connection.
    pub fn new(name: &str, server: usize, conn: ConnId) -> Client {
        Client {
            name: name.into(),
            server,
            conn: Some(conn),
            got: VecDeque::new(),
            view: View::default(),
            told: Told::default(),
            pending: VecDeque::new(),
            reads: true,
            unread: 0,
            drain: false,
            hushed: false,
        }
    }

    /// A line has been written to it. Returns what it would say to that.
    pub fn hear(&mut self, line: &str, manners: Manners) -> Vec<String> {
        if !self.reads {
            self.unread += line.len() + 2;
        }
        self.told.hear(line);
        let event = self.view.hear(line);
        if !self.hushed {
            self.got.push_back(line.to_owned());
        }
        match event {
            Some(Event::Ping(token)) if manners.pongs => vec![format!("PONG :{token}")],
            Some(Event::Entered(channel)) if manners.asks => vec![
                format!("MODE {channel}"),
                format!("MODE {channel} b"),
                format!("MODE {channel} e"),
                format!("MODE {channel} I"),
                format!("WHO {channel}"),
            ],
            Some(Event::Ping(_) | Event::Entered(_)) | None => Vec::new(),
        }
    }
}
