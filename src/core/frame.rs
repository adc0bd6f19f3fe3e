//! What linked servers say to each other.

use super::oper::Priv;
use crate::{
    id,
    network::{
        crdt::{Have, Origin, Seen, Uid},
        op::Op,
    },
    registry::{BUCKETS, Edit, RecordId},
    time::{Sid, Stamp},
};
use std::{collections::BTreeMap, rc::Rc};

id!(
    /// A link to another server.
    PeerId
);

/// One thing that a server says to a server that it is linked with.
#[derive(Clone, Debug)]
pub enum Frame {
    /// How much has been seen, and who the neighbours are: asks for what is missing.
    Have {
        /// Who says so, in which life.
        from: Origin,
        /// The version vector.
        have: Have,
        /// The servers that the sender is linked with.
        neighbours: Vec<Sid>,
    },
    /// An operation, numbered by its origin.
    Op(Rc<Numbered>),
    /// Something for one server alone, however it gets there.
    Routed(Box<Routed>),
    /// The whole network, since what is missing is no longer held as operations.
    State(Rc<State>),
    /// Of the registry, which is kept in stores and not in the network.
    Registry(Registry),
}

/// What linked servers say to each other so that their registries become one.
#[derive(Clone, Debug)]
pub enum Registry {
    /// What all records sum up to, by buckets: asks which of them differ.
    Digests(Box<[u64; BUCKETS]>),
    /// The records of a bucket that differs, with their digests.
    Bucket(usize, Vec<(RecordId, u64)>),
    /// Records that the other does not know, or knows otherwise.
    Edits(Vec<Edit>),
}

/// An operation as it travels: with its number and what it depends on.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// Whose clock stamped it.
    pub origin: Origin,
    /// Its number among those of its origin; the first is 1.
    pub seq: u64,
    /// When it was made.
    pub at: Stamp,
    /// What its origin had come to see since its operation before this one.
    pub deps: Vec<(Origin, Seen)>,
    /// What happened.
    pub op: Op,
}

/// Something that one server has to say to another, whether or not they are linked with each other.
#[derive(Clone, Debug)]
pub struct Routed {
    /// Whose it is.
    pub from: Sid,
    /// For whom.
    pub to: Sid,
    /// Which of the questions of the server that asks it is, or answers.
    pub number: u64,
    /// How often it may still be passed on.
    pub hops: u8,
    /// What.
    pub body: Body,
}

/// What servers have to say to each other besides what happens on the network.
#[derive(Clone, Debug)]
pub enum Body {
    /// A user asks something with a command.
    Question {
        /// Who, at home at the server that asks.
        by: Uid,
        /// What the user may do there.
        privileges: Vec<Priv>,
        /// The command with its parameters.
        line: Box<str>,
    },
    /// What the server says to it.
    Answer {
        /// Numerics, in order.
        lines: Vec<Line>,
        /// Whether there would be more.
        cut: bool,
    },
}

/// One numeric of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Three digits.
    pub code: Box<str>,
    /// What follows the name of the one who has asked.
    pub body: Box<str>,
}

/// The network as one server knows it.
#[derive(Clone, Debug)]
pub struct State {
    /// Which one, in which life.
    pub from: Origin,
    /// What has been seen of every origin.
    pub have: Have,
    /// What each server is known to have seen.
    pub known: BTreeMap<Origin, Have>,
    /// What has been seen of every origin, beats left out.
    pub weighty: Have,
    /// Operations that lead to it, with the stamps of what they restate.
    pub ops: Vec<(Op, Stamp)>,
}
