//! The client protocol, one command to a file. To add one: write the file, name it twice here.

mod accept;
mod admin;
mod away;
mod ban;
mod batch;
mod cap;
mod chghost;
mod chgident;
mod chgname;
mod cycle;
mod defcon;
mod dline;
mod error;
mod filter;
mod gline;
mod globops;
mod help;
mod helpop;
mod info;
mod invite;
mod ison;
mod isupport;
mod join;
mod kick;
mod kill;
mod kline;
mod knock;
mod links;
mod list;
mod lusers;
mod map;
mod message;
mod mode;
mod modelist;
mod monitor;
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
mod redact;
mod rehash;
mod remove;
mod report;
mod request;
mod rline;
mod rules;
mod sajoin;
mod sakick;
mod samode;
mod sanick;
mod sapart;
mod saquit;
mod satopic;
mod servlist;
mod setname;
mod shun;
mod silence;
mod squery;
mod starttls;
mod stats;
mod summon;
mod tagmsg;
mod time;
mod topic;
mod trace;
mod uban;
mod uninvite;
mod user;
mod userhost;
mod userip;
mod usermode;
mod users;
mod version;
mod wallops;
mod webirc;
mod who;
mod whois;
mod whowas;
mod zline;

use crate::core::dispatch::{Command, Table};

/// Every command.
pub static TABLE: Table = Table { commands: ALL };

/// Sorted by name.
const ALL: &[&[Command]] = &[
    accept::COMMANDS,
    admin::COMMANDS,
    away::COMMANDS,
    batch::COMMANDS,
    cap::COMMANDS,
    chghost::COMMANDS,
    chgident::COMMANDS,
    chgname::COMMANDS,
    cycle::COMMANDS,
    defcon::COMMANDS,
    dline::COMMANDS,
    error::COMMANDS,
    filter::COMMANDS,
    gline::COMMANDS,
    globops::COMMANDS,
    help::COMMANDS,
    helpop::COMMANDS,
    info::COMMANDS,
    invite::COMMANDS,
    ison::COMMANDS,
    isupport::COMMANDS,
    join::COMMANDS,
    kick::COMMANDS,
    kill::COMMANDS,
    kline::COMMANDS,
    knock::COMMANDS,
    links::COMMANDS,
    list::COMMANDS,
    lusers::COMMANDS,
    map::COMMANDS,
    mode::COMMANDS,
    monitor::COMMANDS,
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
    redact::COMMANDS,
    rehash::COMMANDS,
    remove::COMMANDS,
    report::COMMANDS,
    rline::COMMANDS,
    rules::COMMANDS,
    sajoin::COMMANDS,
    sakick::COMMANDS,
    samode::COMMANDS,
    sanick::COMMANDS,
    sapart::COMMANDS,
    saquit::COMMANDS,
    satopic::COMMANDS,
    servlist::COMMANDS,
    setname::COMMANDS,
    shun::COMMANDS,
    silence::COMMANDS,
    squery::COMMANDS,
    starttls::COMMANDS,
    stats::COMMANDS,
    summon::COMMANDS,
    tagmsg::COMMANDS,
    time::COMMANDS,
    topic::COMMANDS,
    trace::COMMANDS,
    uban::COMMANDS,
    dline::UNDO,
    gline::UNDO,
    uninvite::COMMANDS,
    kline::UNDO,
    rline::UNDO,
    shun::UNDO,
    zline::UNDO,
    user::COMMANDS,
    userhost::COMMANDS,
    userip::COMMANDS,
    users::COMMANDS,
    version::COMMANDS,
    wallops::COMMANDS,
    webirc::COMMANDS,
    who::COMMANDS,
    whois::COMMANDS,
    whowas::COMMANDS,
    zline::COMMANDS,
];
