//! What an operation has visibly done to the network (`Change`): what is to be told.

use super::{
    ChannelId, Sight, UserId, ban::Key, crdt::Source, metadata::Holder, mode::UserModes, op::Leave,
};
use crate::{
    time::Sid,
    wire::name::{ChannelName, Nick},
};
use std::net::IpAddr;

/// What visibly happened: what local clients may have to be told.
///
/// A user or a channel named here may have gone with the same operation; what is needed to tell of
/// it then stands in the change.
#[derive(Clone, Debug)]
pub enum Change {
    /// A user has come.
    Came {
        /// Who.
        user: UserId,
    },
    /// A user goes by another nick.
    Nick {
        /// Who.
        user: UserId,
        /// `nick!user@host` before.
        mask: Box<str>,
        /// The nick now.
        new: Nick,
    },
    /// A user went away or came back.
    Away {
        /// Who.
        user: UserId,
    },
    /// A user has another real name.
    Realname {
        /// Who.
        user: UserId,
    },
    /// A user's modes changed.
    UserModes {
        /// Whose.
        user: UserId,
        /// What they were.
        before: UserModes,
    },
    /// A user logged in or out.
    Account {
        /// Who.
        user: UserId,
    },
    /// A user's user name or host changed.
    Host {
        /// Whose.
        user: UserId,
        /// `nick!user@host` before.
        mask: Box<str>,
    },
    /// A user is in a channel.
    Joined {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// A user who has been in a channel for a while is shown there.
    Revealed {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// A user is no longer in a channel.
    Left {
        /// Who.
        user: UserId,
        /// Which channel; it may be empty now.
        channel: ChannelId,
        /// Who there knew of the user.
        sight: Sight,
        /// How.
        how: Leave,
    },
    /// A channel goes by another name, with everybody in it.
    Renamed {
        /// Which.
        channel: ChannelId,
        /// Its name before.
        old: ChannelName,
    },
    /// Members of a channel that has taken another name are in the one that goes by that name by now.
    Moved {
        /// The channel they have left, in which others have stayed, or which is empty now.
        from: ChannelId,
        /// The channel they are in, in which others may have been before.
        to: ChannelId,
        /// Who.
        users: Vec<Moved>,
    },
    /// A user is in a channel twice over, having come under two of its names.
    Doubled {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// A user has left the network.
    Quit(Departed, Box<str>),
    /// Users are out of sight, their servers being out of reach.
    Split(Vec<Departed>, Sid),
    /// Users are in sight again.
    Healed(Vec<UserId>, Sid),
    /// A channel's modes changed.
    Mode {
        /// Which channel.
        channel: ChannelId,
        /// By whom.
        by: Source,
        /// What, in order: on or off, letter, parameter as it is shown.
        changes: Vec<(bool, char, Option<Box<str>>)>,
    },
    /// A channel's topic changed.
    Topic {
        /// Which channel.
        channel: ChannelId,
        /// By whom.
        by: Source,
        /// `nick!user@host` of the setter when it was set.
        setter: Box<str>,
    },
    /// A user's or a channel's metadata changed.
    Metadata {
        /// Whose.
        of: Holder,
        /// Which key.
        key: Box<str>,
        /// By whom.
        by: Source,
    },
    /// A user has been asked into a channel.
    Invited {
        /// By whom.
        by: UserId,
        /// Who.
        user: UserId,
        /// Where to.
        channel: ChannelId,
    },
    /// A user asks to be let in to a channel.
    Knocked {
        /// Who.
        user: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// Words for everybody or for operators; they stand in the operation.
    Announced,
    /// Words have been said in a channel; they stand in the operation.
    Said {
        /// By whom.
        by: UserId,
        /// Where.
        channel: ChannelId,
    },
    /// Words have been said to a user; they stand in the operation.
    Told {
        /// By whom.
        by: UserId,
        /// To whom.
        user: UserId,
    },
    /// Words have been taken back; which stands in the operation.
    Redacted {
        /// By whom.
        by: UserId,
    },
    /// A user has reported something; it stands in the operation.
    Reported {
        /// Who.
        by: UserId,
    },
    /// A report has been closed; which stands in the operation.
    ReportClosed,
    /// Operators are told of something; it stands in the operation.
    Snotice,
    /// Something is asked of a user's own server; it stands in the operation.
    Asked {
        /// About whom.
        user: UserId,
    },
    /// A server has not heard what this server said meanwhile.
    Missed(Sid),
    /// A founding that is not remembered here has turned out to hold.
    Unknown {
        /// Of which channel.
        channel: ChannelId,
    },
    /// A channel goes on with a founding by its registration, which it did not have, or which some have come to
    /// who did not know of it.
    Restored {
        /// Which.
        channel: ChannelId,
    },
    /// A server ban has been set, changed or lifted.
    Ban {
        /// Which.
        key: Key,
        /// By whom.
        by: Source,
    },
    /// A server ban has run out.
    Lapsed(Key),
    /// A content filter has been set, changed or taken away; it stands in the operation.
    Filter,
    /// A note has been written or taken away; it stands in the operation.
    Noted,
    /// The network is locked otherwise than before, by whom.
    Defcon(Source),
    /// A record has been edited; how stands in the operation.
    Edited,
    /// Channels are registered now, or no longer.
    Claimed,
    /// A server has come, or begun another life.
    Server(Sid),
    /// Which servers are linked has changed.
    Links,
    /// A server's life is held to be over.
    Forgotten(Sid),
}

impl Change {
    /// Whether something is to be done about it.
    pub fn leads_on(&self) -> bool {
        matches!(self, Change::Unknown { .. } | Change::Doubled { .. } | Change::Restored { .. })
    }

    /// A user whom masks may fit now that did not, or no longer fit.
    pub fn looks_other(&self) -> Option<UserId> {
        match self {
            Change::Nick { user, .. }
            | Change::Realname { user }
            | Change::UserModes { user, .. }
            | Change::Host { user, .. } => Some(*user),
            _ => None,
        }
    }
}

/// A user who is no longer there to be looked at.
#[derive(Clone, Debug)]
pub struct Departed {
    /// Who; stale after a quit.
    pub user: UserId,
    /// `nick!user@host`
    pub mask: Box<str>,
    /// The real name.
    pub realname: Box<str>,
    /// The host that operators see.
    pub real_host: Box<str>,
    /// The address; none behind a Unix socket.
    pub address: Option<IpAddr>,
    /// The user modes.
    pub modes: UserModes,
    /// The user's server.
    pub server: Sid,
    /// The channels that saw the user.
    pub channels: Vec<ChannelId>,
    /// The channels of which only some members saw the user (`+u`).
    pub shy: Vec<ChannelId>,
}

/// A member of a channel that has taken another name.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Who.
    pub user: UserId,
    /// Who knew of them where they were.
    pub sight: Sight,
    /// Whether they have left that channel, and are not there by another join.
    pub left: bool,
    /// Whether they are new to the channel where they are now.
    pub new: bool,
}
