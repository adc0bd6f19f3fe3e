//! What this server knows of a user who is at home here, besides what every server knows.

use super::{ConnId, flood::Bucket, reserve::Trespass};
use crate::{
    network::crdt::Uid,
    time::{Mono, Now, Wall},
    wire::name::ChannelName,
};

/// How many invitations are kept for a user; the oldest goes first.
pub const INVITES_MAX: usize = 32;

/// A user at home here.
#[derive(Debug)]
pub struct Local {
    /// The user's sessions.
    pub sessions: Vec<ConnId>,
    /// When the user came.
    pub since: Wall,
    /// When the user last said something.
    pub active: Mono,
    /// Whether nothing but leaving is heard of them, by a server ban.
    pub shunned: bool,
    /// Whether the user is deaf, as the user modes say: kept here by `render`, which writes it whenever
    /// they change, so that a message to many looks at each hearer once.
    pub deaf: bool,
    /// How often the user may still change metadata.
    pub changes: Bucket,
    /// What most users have nothing of.
    seldom: Option<Box<Seldom>>,
}

/// What few users have anything of, kept apart so that the others do without the room for it.
#[derive(Debug)]
pub struct Seldom {
    /// Masks of those whom the user does not want to hear, folded; bounded by `[limits] silence`.
    pub silence: Vec<Box<str>>,
    /// Those whom the user hears in spite of +g; bounded by `[limits] accept`.
    pub accept: Vec<Uid>,
    /// When the user was last told that somebody is not on that list.
    pub informed: Option<Mono>,
    /// The nick that the user asks for and should not have.
    pub trespass: Option<Trespass>,
    /// The host that the user's account has, while it is shown.
    pub vhost: Option<Box<str>>,
    /// When the user last knocked.
    pub knocked: Option<Mono>,
    /// When the user last reported something to operators.
    pub reported: Option<Mono>,
    /// The blocklists that know the user's address, with their replies; each once.
    pub listed: Vec<Box<str>>,
    /// Channels that the user has been asked into, the latest last.
    pub invites: Vec<ChannelName>,
}

impl Seldom {
    /// Of a user who has nothing of it.
    const NOTHING: Seldom = Seldom {
        silence: Vec::new(),
        accept: Vec::new(),
        informed: None,
        trespass: None,
        vhost: None,
        knocked: None,
        reported: None,
        listed: Vec::new(),
        invites: Vec::new(),
    };
}

impl Local {
    /// A user who has just come, with one session.
    pub fn new(conn: ConnId, now: Now) -> Local {
        Local {
            sessions: vec![conn],
            since: now.wall,
            active: now.mono,
            shunned: false,
            deaf: false,
            changes: Bucket::full(now.mono),
            seldom: None,
        }
    }

    /// What few users have anything of.
    pub fn seldom(&self) -> &Seldom {
        static NOTHING: Seldom = Seldom::NOTHING;
        self.seldom.as_deref().unwrap_or(&NOTHING)
    }

    /// The same, to change; makes room for it.
    pub fn seldom_mut(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_with(|| Box::new(Seldom::NOTHING))
    }

    /// Forgets an invitation.
    pub fn uninvite(&mut self, channel: &ChannelName) {
        if let Some(seldom) = &mut self.seldom {
            seldom.invites.retain(|known| known != channel);
        }
    }

    /// A channel that the user may have been asked into goes by another name.
    pub fn follow(&mut self, old: &ChannelName, new: &ChannelName) {
        let invites = self.seldom.iter_mut().flat_map(|seldom| &mut seldom.invites);
        invites.filter(|known| *known == old).for_each(|known| *known = new.clone());
    }

    /// Notes an invitation.
    pub fn invite(&mut self, channel: &ChannelName) {
        self.uninvite(channel);
        let invites = &mut self.seldom_mut().invites;
        if invites.len() == INVITES_MAX {
            invites.remove(0);
        }
        invites.push(channel.clone());
    }
}
