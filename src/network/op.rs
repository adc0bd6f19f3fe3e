//! What may happen to the network (`Op`).

use super::{
    ban::{Key, Terms},
    crdt::{Epoch, Source, Uid},
    filter::Rule,
    mode::{ChannelModes, Status, UserModes},
    note::{self, Note},
    rename::Renaming,
};
use crate::{
    registry::{Edit, Login, RecordId},
    time::{Sid, Stamp},
    wire::name::{ChannelName, Nick},
};
use std::net::IpAddr;

/// One thing that happens, as every server learns of it. One verb is one operation.
#[derive(Clone, Debug)]
pub enum Op {
    /// A server begins a life. The first operation of every origin.
    Server(Box<ServerInfo>),
    /// The servers that are linked with the one that says so.
    Links(Vec<Sid>),
    /// A server ends its life in good order; its users go with it.
    Goodbye(Box<str>),
    /// A server has been out of reach for so long that its life is held to be over; its users go with it.
    Forget {
        /// Which.
        server: Sid,
        /// Which of its lives.
        life: u64,
    },
    /// Nothing but what this operation depends on: tells the others how much its origin has seen.
    Beat,
    /// Operations that a server has not heard, only what they led to: words among them are lost there.
    Missed(Vec<Gap>),
    /// A user is there, and is as described. Also how a whole user is told again.
    User(Box<Presence>),
    /// A user takes another nick.
    Nick {
        /// Who.
        uid: Uid,
        /// Which.
        nick: Nick,
    },
    /// A user goes away, or comes back.
    Away {
        /// Who.
        uid: Uid,
        /// Why, while away.
        message: Option<Box<str>>,
    },
    /// A user is called otherwise.
    Realname {
        /// Who.
        uid: Uid,
        /// The new name.
        realname: Box<str>,
    },
    /// A user's modes.
    UserModes {
        /// Whose.
        uid: Uid,
        /// All of them.
        modes: UserModes,
        /// The host that others see from now on.
        host: Box<str>,
        /// The operator class, for operators.
        class: Option<Box<str>>,
    },
    /// A user has another user name or host.
    Host {
        /// Who.
        uid: Uid,
        /// The user name.
        user: Box<str>,
        /// The host that others see.
        host: Box<str>,
    },
    /// A user logs in to an account, or out.
    Account {
        /// Who.
        uid: Uid,
        /// The account; none when logged out.
        login: Option<Box<Login>>,
    },
    /// A user leaves the network.
    Quit {
        /// Who.
        uid: Uid,
        /// Why.
        reason: Box<str>,
    },
    /// A channel that may have nobody in it, told again with its epoch.
    Channel {
        /// Which.
        name: ChannelName,
        /// The founding that holds.
        epoch: Epoch,
        /// The modes it began with.
        modes: ChannelModes,
    },
    /// A registered channel is there, with what it has. Told whenever somebody enters it who finds nobody in
    /// it, and the same by everybody who does.
    Restore(Box<Restored>),
    /// A channel takes another name. Also how it is told again that it has.
    Rename(Box<Renaming>),
    /// Empty channels are forgotten, with these foundings: every server has seen their end.
    Ended(Vec<(ChannelName, Epoch)>),
    /// A user enters a channel.
    Join {
        /// Who.
        uid: Uid,
        /// Which.
        name: ChannelName,
        /// The channel as the user found it.
        entry: Entry,
    },
    /// A member whose join was not shown has something to say: it is shown now.
    Reveal {
        /// Who.
        uid: Uid,
        /// Where.
        name: ChannelName,
        /// Which of the user's joins.
        joined: Stamp,
    },
    /// A membership ends.
    Leave {
        /// Whose.
        uid: Uid,
        /// Of which channel.
        name: ChannelName,
        /// Which of the user's joins is undone.
        joined: Stamp,
        /// How.
        how: Leave,
    },
    /// A channel's modes change.
    Mode {
        /// Which channel.
        name: ChannelName,
        /// In which epoch.
        epoch: Epoch,
        /// By whom.
        by: Source,
        /// What, in order.
        changes: Vec<ModeChange>,
    },
    /// A channel's topic changes.
    Topic {
        /// Which channel.
        name: ChannelName,
        /// In which epoch.
        epoch: Epoch,
        /// By whom.
        by: Source,
        /// The setter as `nick!user@host`, for those who ask later.
        setter: Box<str>,
        /// The topic; empty for none.
        text: Box<str>,
    },
    /// A user or a channel tells something of itself, or no longer does.
    Metadata {
        /// By whom it is set.
        by: Source,
        /// Of whom.
        of: Subject,
        /// What it is.
        key: Box<str>,
        /// The value; none when it is taken away.
        value: Option<Box<str>>,
    },
    /// A user is asked into a channel.
    Invite {
        /// By whom.
        by: Uid,
        /// Who.
        uid: Uid,
        /// Where to.
        name: ChannelName,
        /// Whether the registration of the channel lets them, whatever they are in the channel itself.
        access: bool,
    },
    /// A user asks to be let in to a channel.
    Knock {
        /// Who.
        uid: Uid,
        /// Where.
        name: ChannelName,
    },
    /// Words to everybody who listens, or to the operators.
    Announce {
        /// Whose.
        by: Source,
        /// For whom.
        to: Hearers,
        /// The words.
        text: Box<str>,
    },
    /// Words that pass by and leave no trace in the network.
    Message(Box<Message>),
    /// Words are taken back.
    Redact {
        /// By whom.
        by: Uid,
        /// The operation that said them.
        said: Stamp,
        /// To whom.
        to: Target,
        /// Why; empty for no reason.
        reason: Box<str>,
    },
    /// A user tells operators of something.
    Report {
        /// Who.
        by: Uid,
        /// A user as `nick!user@host`, or a channel.
        about: Box<str>,
        /// What is wrong.
        reason: Box<str>,
    },
    /// An operator has dealt with what a user has reported.
    ReportClosed {
        /// Who.
        by: Source,
        /// The operation that reported it.
        report: Stamp,
    },
    /// Operators are told of something, those whose snomask has the letter.
    Snotice {
        /// Which kind of thing.
        letter: char,
        /// What.
        text: Box<str>,
    },
    /// Something only the user's own server may do is asked of it.
    Request {
        /// By whom.
        by: Source,
        /// About whom.
        uid: Uid,
        /// What.
        ask: Ask,
    },
    /// A server ban is set, changed or lifted.
    Ban {
        /// By whom.
        by: Source,
        /// Which.
        key: Key,
        /// What it says; none when it is lifted.
        terms: Option<Box<Terms>>,
    },
    /// A content filter is set, changed or taken away.
    Filter {
        /// By whom.
        by: Source,
        /// What it looks for, as `*` and `?` match.
        pattern: Box<str>,
        /// What happens then; none when it is taken away.
        rule: Option<Box<Rule>>,
    },
    /// A note is written, or taken away.
    Note {
        /// By whom.
        by: Source,
        /// Which.
        key: note::Key,
        /// What it says; none when it is taken away.
        note: Option<Box<Note>>,
    },
    /// The network locks itself against an attack, or opens again.
    Defcon {
        /// By whom.
        by: Source,
        /// 5 is nothing, 1 is nearly all.
        level: u8,
    },
    /// An account or a registered channel is written or ended; every server does so in its own store.
    Edit(Box<Edit>),
    /// What the store says who has which claims now. Said by every server to itself only.
    Claims(Vec<(Box<str>, Option<RecordId>)>),
    /// Time has passed: bans run out, of the network and of channels. Said by every server to itself only.
    Lapse,
    /// A server is out of reach for longer than the grace. Said by this server to itself only.
    Hide(Sid),
    /// A server is back in reach. Said by this server to itself only.
    Show(Sid),
}

/// A registered channel, with what it has.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Which.
    pub name: ChannelName,
    /// The founding by its registration.
    pub epoch: Epoch,
    /// As whose doing what then changes is shown.
    pub by: Source,
    /// What it has, as operations that name it and its founding, with their stamps.
    pub state: Vec<(Op, Stamp)>,
}

/// A server, as it introduces itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerInfo {
    /// Its name.
    pub name: Box<str>,
    /// What its administrator says about it.
    pub description: Box<str>,
    /// Which of its lives this is.
    pub life: u64,
}

/// Operations of one server that another has not heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gap {
    /// Whose.
    pub server: Sid,
    /// Those after this tick,
    pub after: u64,
    /// up to this one.
    pub last: u64,
}

/// All that is known of a user.
#[derive(Clone, Debug)]
pub struct Presence {
    /// The identity.
    pub uid: Uid,
    /// The nick asked for.
    pub nick: Nick,
    /// When it was asked for; the operation's own stamp if none.
    pub claimed: Option<Stamp>,
    /// When the user came; the operation's own stamp if none.
    pub born: Option<Stamp>,
    /// The user name.
    pub user: Box<str>,
    /// The host that others see.
    pub host: Box<str>,
    /// The host that operators see.
    pub real_host: Box<str>,
    /// The cloak, where another host is shown.
    pub cloak: Option<Box<str>>,
    /// The address; none behind a Unix socket.
    pub address: Option<IpAddr>,
    /// The real name.
    pub realname: Box<str>,
    /// The away message, while away.
    pub away: Option<Box<str>>,
    /// The user modes.
    pub modes: UserModes,
    /// The operator class, for operators.
    pub class: Option<Box<str>>,
    /// The class of the user's connection, if it is another than that of all others.
    pub connection: Option<Box<str>>,
    /// The account that the user is logged in to.
    pub login: Option<Box<Login>>,
}

/// How a user found the channel that it enters.
#[derive(Clone, Debug)]
pub enum Entry {
    /// In this epoch.
    Found(Epoch),
    /// In this epoch, with joins not shown since this writing of `+D`.
    Delayed(Epoch, Stamp),
    /// Empty: this join founds it.
    Founds {
        /// The epoch that had come to its end, if it is still remembered.
        before: Option<Epoch>,
        /// The modes it begins with.
        modes: ChannelModes,
    },
}

/// Whose metadata.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A user's.
    User(Uid),
    /// A channel's, of an epoch.
    Channel(ChannelName, Epoch),
}

/// How a membership ends.
#[derive(Clone, Debug)]
pub enum Leave {
    /// By the user's own wish, with a reason.
    Part(Box<str>),
    /// By force.
    Kick {
        /// Whose.
        by: Source,
        /// Why.
        reason: Box<str>,
    },
}

/// One change of a channel's modes.
#[derive(Clone, Debug)]
pub enum ModeChange {
    /// A mode that is on or off.
    Flag {
        /// Which.
        letter: char,
        /// On?
        on: bool,
    },
    /// A mode with a value.
    Value {
        /// Which.
        letter: char,
        /// The value; none when it is taken away.
        value: Option<Box<str>>,
    },
    /// A mask enters a list.
    Add {
        /// Which list.
        letter: char,
        /// As it was entered.
        mask: Box<str>,
        /// The setter as `nick!user@host`.
        setter: Box<str>,
    },
    /// A mask leaves a list.
    Remove {
        /// Which list.
        letter: char,
        /// As it is shown.
        mask: Box<str>,
        /// The additions that are undone: those that were seen.
        added: Vec<Stamp>,
    },
    /// A member's status.
    Status {
        /// Which.
        letter: char,
        /// On?
        on: bool,
        /// Whose.
        uid: Uid,
        /// In which of the user's joins.
        joined: Stamp,
    },
}

/// For whom words are that are for no channel and no single user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hearers {
    /// The members of a channel who have at least a status.
    Channel(ChannelName, Status),
    /// Everybody.
    Everybody,
    /// The operators of the network.
    Opers,
    /// Those who want to hear such words (`+w`).
    Wallops,
}

/// Words from a user.
#[derive(Clone, Debug)]
pub struct Message {
    /// Who speaks.
    pub from: Uid,
    /// To whom.
    pub to: Target,
    /// How.
    pub kind: MessageKind,
    /// The words; none for a TAGMSG. Of several lines (`ircv3: multiline`) each begins after a LF, or
    /// after a CR where it goes on with the one before; neither can stand in a line.
    pub text: Box<str>,
    /// Client-only tags as they came, without the `@`.
    pub tags: Box<str>,
    /// Under which other name they are said.
    pub guise: Option<Box<Guise>>,
}

/// Another name than the speaker's own.
#[derive(Clone, Debug)]
pub struct Guise {
    /// The name, as `nick!user@host`.
    pub mask: Box<str>,
    /// Why it is used.
    pub why: Why,
}

/// Why somebody speaks under another name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// The words are another's, from elsewhere (RELAYMSG).
    Relayed,
    /// It is a part that is played (NPC, SCENE).
    Played,
}

/// Whom words are for.
#[derive(Clone, Debug)]
pub enum Target {
    /// Everybody in a channel, or only those of at least a status.
    Channel {
        /// Which.
        name: ChannelName,
        /// The status' prefix, as in `@#channel`.
        prefix: Option<char>,
    },
    /// The operators of a channel in which all was meant for everybody (`+U`).
    Moderated(ChannelName),
    /// One user.
    User(Uid),
}

/// The kinds of messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MessageKind {
    /// PRIVMSG
    Privmsg,
    /// NOTICE
    Notice,
    /// TAGMSG (`ircv3: message-tags`)
    Tagmsg,
}

impl MessageKind {
    /// The command on the wire.
    pub fn verb(self) -> &'static str {
        match self {
            MessageKind::Privmsg => "PRIVMSG",
            MessageKind::Notice => "NOTICE",
            MessageKind::Tagmsg => "TAGMSG",
        }
    }
}

/// What is asked of a user's own server.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Disconnect the user, with a reason.
    Kill(Box<str>),
    /// Tell the user something.
    Tell(Box<str>),
    /// Have the user enter a channel.
    Join(ChannelName),
    /// Have the user leave a channel, with a reason.
    Part(ChannelName, Box<str>),
    /// Give the user another nick.
    Nick(Nick),
    /// Change the user's modes as these letters say, as far as that can be asked.
    Modes(Box<str>),
    /// Give the user another user name.
    Ident(Box<str>),
    /// Give the user another host.
    Host(Box<str>),
    /// Give the user another real name.
    Realname(Box<str>),
    /// Take back an invitation.
    Uninvite(ChannelName),
    /// Tell the user that somebody with +g does not hear them.
    Unheard {
        /// Who does not.
        nick: Nick,
        /// Whether they have been told of it.
        informed: bool,
    },
}
