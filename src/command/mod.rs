//! The client protocol, one command to a file. To add one: write the file, name it twice here.

mod away;
mod ban;
mod cap;
mod defcon;
mod dline;
mod error;
mod filter;
mod gline;
mod help;
mod invite;
mod ison;
mod join;
mod kick;
mod kill;
mod kline;
mod list;
mod lusers;
mod message;
mod mode;
mod modelist;
mod motd;
mod names;
mod nick;
mod notice;
mod oper;
mod part;
mod pass;
mod ping;
mod pong;
mod privmsg;
mod quit;
mod rehash;
mod rline;
mod setname;
mod shun;
mod tagmsg;
mod time;
mod topic;
mod uban;
mod user;
mod userhost;
mod usermode;
mod version;
mod who;
mod whois;
mod whowas;
mod zline;

use crate::core::dispatch::{Command, Table};

/// Every command.
pub static TABLE: Table = Table { commands: ALL };

/// Sorted by name.
const ALL: &[&[Command]] = &[
    away::COMMANDS,
    cap::COMMANDS,
    defcon::COMMANDS,
    dline::COMMANDS,
    error::COMMANDS,
    filter::COMMANDS,
    gline::COMMANDS,
    help::COMMANDS,
    invite::COMMANDS,
    ison::COMMANDS,
    join::COMMANDS,
    kick::COMMANDS,
    kill::COMMANDS,
    kline::COMMANDS,
    list::COMMANDS,
    lusers::COMMANDS,
    mode::COMMANDS,
    motd::COMMANDS,
    names::COMMANDS,
    nick::COMMANDS,
    notice::COMMANDS,
    oper::COMMANDS,
    part::COMMANDS,
    pass::COMMANDS,
    ping::COMMANDS,
    pong::COMMANDS,
    privmsg::COMMANDS,
    quit::COMMANDS,
    rehash::COMMANDS,
    rline::COMMANDS,
    setname::COMMANDS,
    shun::COMMANDS,
    tagmsg::COMMANDS,
    time::COMMANDS,
    topic::COMMANDS,
    uban::COMMANDS,
    dline::UNDO,
    gline::UNDO,
    kline::UNDO,
    rline::UNDO,
    shun::UNDO,
    zline::UNDO,
    user::COMMANDS,
    userhost::COMMANDS,
    version::COMMANDS,
    who::COMMANDS,
    whois::COMMANDS,
    whowas::COMMANDS,
    zline::COMMANDS,
];
