//! What clients say in random histories besides talking, joining and leaving: at least one line for every
//! command, mode, extended ban and capability. The tests of `workload` hold it against the tables.
//!
//! `{channel}` stands for a channel, `{other}` for somebody's nick, `{me}` for one's own, `{n}` for a digit,
//! `{step}` for a number that does not come again, `{id}` for a message. Several lines are sent at once.

use super::{CHANNELS, Workload};
use crate::{
    core::snotice,
    sim::view::Room,
    wire::{extban, name::ChannelName},
};

impl Workload {
    /// Something that a client says.
    pub(super) fn line(&mut self, client: usize, nick: &str) -> Option<String> {
        let channel = format!("#c{}", self.dice.below(CHANNELS));
        let other = self.dice.pick(&self.places)?;
        let other = self.sim.clients.get(other)?.view.nick.clone();
        let n = self.dice.below(6);
        if self.dice.one_in(if self.owned { 6 } else { 60 }) {
            return self.owner((&channel, nick, &other));
        }
        Some(match self.dice.below(72) {
            0 | 1 => format!("NICK n{n}"),
            2 | 3 => format!("TOPIC {channel} :{}", if n == 0 { "" } else { "t" }),
            4 => format!("TOPIC {channel} :t{}", self.step),
            41 | 42 => format!("MODE {channel} +o {other}"),
            5 | 6 => format!("PART {channel}"),
            7 => format!("KICK {channel} {other} :out"),
            8..=10 => format!(
                "MODE {channel} {} {other} {other}",
                self.dice.pick(&["+ov", "-ov", "+vh", "-o+v", "+oh", "-vh"])?
            ),
            11 | 12 => format!("MODE {channel} {}b *!*@x{n}", self.dice.pick(&["+", "-"])?),
            13 => format!("MODE {channel} {} x{n} y{n}", self.dice.pick(&["+eI", "-eI", "+be"])?),
            14 | 15 => format!(
                "MODE {channel} {}",
                self.dice.pick(&["+m", "-m", "+s-t", "-s+t", "+i", "-i", "-n", "+n-i"])?
            ),
            16 | 38..=40 => format!("MODE {channel} +{} {n}7", self.dice.pick(&["k", "l", "l"])?),
            17 => format!("MODE {channel} {}", self.dice.pick(&["-k x", "-l", "+k-k+l a a 9"])?),
            18 | 19 => self.dice.pick(&["AWAY :gone", "AWAY :still gone", "AWAY", "AWAY"])?.into(),
            20 if self.dice.one_in(2) => self.phrase(REGISTERED, (&channel, nick, &other))?,
            66 => self.mail()?,
            68..=71 => self.account((&channel, nick, &other))?,
            64 => self.log_in(&format!("n{n}")).join("\n"),
            65 => self.log_in(&format!("u{n}")).join("\n"),
            20 => format!("SETNAME :name {n}"),
            21 => format!("MODE {nick} {}", self.dice.pick(USER_MODES)?),
            53 => self.question(&other)?,
            22 => format!("INVITE {other} {channel}"),
            23 => match n {
                0 => format!("WHO {other}"),
                1 if self.dice.one_in(4) => format!("KILL {other} :out"),
                2 => format!("WHOIS {other}"),
                3 => "LIST".into(),
                4 => "LUSERS".into(),
                _ => format!("NAMES {channel}"),
            },
            43..=50 => self.modes((&channel, nick, &other))?,
            54..=57 => self.phrase(SAID, (&channel, nick, &other))?,
            58 | 59 => self.phrase(COMMANDED, (&channel, nick, &other))?,
            61..=63 => self.rename(client, &channel)?,
            60 if self.hushes => self.phrase(HUSHING, (&channel, nick, &other))?,
            51 | 52 => {
                let target = self.dice.pick(&["*", "#c0", "#c1"])?;
                let value = self.dice.pick(&["", " :a", " :b"])?;
                format!("METADATA {target} SET k{}{value}", n % 3)
            }
            36 => "OPER root sesame".into(),
            37 => self.operate(&other, n)?,
            24..=27 if other != nick && !other.is_empty() => self.ledger.letter(client, &other),
            28..=30 => self.ledger.word(client, &channel),
            // Somebody inside has told the key, if there is one.
            _ => {
                let inside = |client: &usize| {
                    let known = self.sim.clients.get(*client)?;
                    known.view.rooms.get(&channel)?.modes.as_ref()?.get(&'k').cloned()
                };
                let key = self.places.iter().find_map(inside).unwrap_or_default();
                format!("JOIN {channel} {key}")
            }
        })
    }

    /// Something that an operator says.
    fn operate(&mut self, other: &str, n: usize) -> Option<String> {
        Some(match self.dice.below(6) {
            5 => format!("REPUTATION {other}"),
            0 => format!("GLINE {} x{n}@*.none :out", self.dice.pick(&["20s", "1h"])?),
            1 => format!("GLINE x{n}@*.none"),
            2 => format!("FILTER z{n} block {} :no", self.dice.pick(&["cp", "t"])?),
            3 => format!("FILTER z{n}"),
            _ => format!("DEFCON {}", self.dice.pick(&["4", "5"])?),
        })
    }

    /// Something that the founder of a channel says, or who wants to be one.
    fn owner(&mut self, about: (&str, &str, &str)) -> Option<String> {
        match self.dice.below(16) {
            0..=6 => Some(format!("CS REGISTER {}", about.0)),
            7 if self.dice.one_in(2) => self.unregister(about.0),
            _ => self.phrase(OWNED, about),
        }
    }

    /// A client ends the registration of a channel, if there is one, with the code that its founder is told.
    fn unregister(&mut self, channel: &str) -> Option<String> {
        let network = self.sim.servers().next()?.1.core().network();
        let name = ChannelName::new(channel, network.casemap(), channel.len())?;
        let code = network.claims().channel(&name).map(|id| id.to_string());
        Some(format!("CS UNREGISTER {channel} {}", code.unwrap_or_default()))
    }

    /// Something that a client asks of a server, which may be another than its own, or none at all; and what
    /// operators ask.
    fn question(&mut self, other: &str) -> Option<String> {
        let server = format!("s{}.test", 1 + self.dice.below(self.sim.hosts.len() + 1));
        let target = self.dice.pick(&[server.as_str(), "s?.test", other])?;
        Some(match self.dice.below(24) {
            // Only an operator is heard with these, and only if it is their server.
            0 => format!("DIE {server} :over"),
            1 => format!("RESTART {server} :again"),
            2 | 3 => format!("SAMODE {other} {}", self.dice.pick(&["+i-w", "-i+w", "-o", "+x"])?),
            4 => format!("VERSION {target}"),
            5 => format!("MOTD {target}"),
            6 | 7 => format!("STATS l {target}"),
            8 => format!("LINKS {target} *"),
            9 | 10 => format!("TRACE {target}"),
            11 => format!("MAP {target}"),
            12..=15 => format!("WHOIS {target} {other}"),
            16 => format!("LUSERS * {target}"),
            _ => format!("TIME {target}"),
        })
    }

    /// What one of the mails that have come says that it is to be answered with.
    fn mail(&mut self) -> Option<String> {
        let mails: Vec<&str> = self
            .sim
            .hosts
            .iter()
            .flat_map(|host| &host.mails)
            .map(|mail| mail.1.as_str())
            .collect();
        let mail = self.dice.pick(&mails).unwrap_or("/msg NickServ VERIFY n1 abc");
        let answer = mail.split_once("/msg NickServ ").map_or("HELP", |parts| parts.1);
        let answer = answer.lines().next()?.replace("<new password>", "password1");
        let by_command = answer.starts_with("VERIFY ") && self.dice.one_in(2);
        Some(if by_command { answer } else { format!("NS {answer}") })
    }

    /// A client renames a channel, one in which it may, if there is one.
    pub(super) fn rename(&mut self, client: usize, channel: &str) -> Option<String> {
        let view = &self.sim.clients.get(client)?.view;
        let operates = |room: &Room| {
            let standing = room.members.get(&view.nick);
            standing.is_some_and(|standing| standing.letters.contains(&'o'))
        };
        let rooms = view.rooms.iter().filter(|(_, room)| operates(room));
        let rooms: Vec<&str> = rooms.map(|(name, _)| name.as_str()).collect();
        let room = self.dice.pick(&rooms).unwrap_or(channel);
        let name = self.dice.pick(&["#c0", "#c1", "#c2", "#c3", "#C3", "#C0"])?;
        Some(format!("RENAME {room} {name} :{}", self.dice.pick(&["", "why"])?))
    }

    /// Something that a client says about modes beyond the usual ones.
    fn modes(&mut self, about: (&str, &str, &str)) -> Option<String> {
        let n = self.dice.below(6);
        let (channel, nick, other) = about;
        Some(match self.dice.below(9) {
            0 | 1 => {
                let modes = self.phrase(CHANNEL_MODES, about)?;
                format!("MODE {channel} {modes}")
            }
            2 => format!(
                "MODE {channel} -b+bb time:30s:x{n} time:30s:x{n} time:{}s:m:n{n}",
                self.step
            ),
            3 => format!("MODE {channel} {}b mute:*!*u{n}@*", self.dice.pick(&["+", "-"])?),
            4 => {
                let letters = self.dice.pick(&["+d", "-d", "+IH", "+O", "+s", "-O"])?;
                format!("MODE {other} {letters}")
            }
            5 => format!("NAMES {channel}"),
            6 => self.extban(about)?,
            7 => {
                let (sign, places) = (self.dice.pick(&["+", "-"])?, snotice::KINDS.len());
                let row = snotice::KINDS.get(self.dice.below(places))?;
                format!("MODE {nick} +s {sign}{}", row.letter)
            }
            _ => format!("NOTICE {channel} :\x02{n}"),
        })
    }

    /// A ban of any kind, that takes words to touch a few.
    fn extban(&mut self, about: (&str, &str, &str)) -> Option<String> {
        let row = extban::WORDS.get(self.dice.below(extban::WORDS.len()))?;
        let value = BAN_VALUES.iter().find(|value| value.0 == row.name);
        let value = self.phrase(&[value.map_or("*!*u{n}@*", |value| value.1)], about)?;
        let (sign, letter) = (self.dice.pick(&["+", "-"])?, self.dice.pick(&["b", "b", "e", "I"])?);
        Some(format!("MODE {} {sign}{letter} {}:{value}", about.0, row.name))
    }

    /// One of several phrases, about a channel, by somebody, about somebody else.
    pub(super) fn phrase(
        &mut self,
        of: &[&'static str],
        (channel, me, other): (&str, &str, &str),
    ) -> Option<String> {
        let (phrase, n) = (self.dice.pick(of)?, self.dice.below(6).to_string());
        let phrase = phrase.replace("{channel}", channel).replace("{n}", &n);
        let phrase = phrase.replace("{me}", me).replace("{other}", other);
        Some(phrase.replace("{id}", self.ledger.last_id()))
    }
}

/// What is said of registered channels.
const OWNED: &[&str] = &[
    "NS IDENTIFY u{n} password0",
    "NS LOGOUT",
    "CS INFO {channel}",
    "CS FLAGS {channel} u{n} AOP",
    "CS FLAGS {channel} u{n} -*",
    "CS AKICK {channel} ADD *!*u{n}@* !T 20s",
    "CS AKICK {channel} DEL *!*u{n}@*",
    "CS SET {channel} MLOCK +m-i",
    "CS SET {channel} MLOCK +li-m {n}0",
    "CS SET {channel} MLOCK",
    "CS SET {channel} SECURE ON",
    "CS SET {channel} SECURE OFF",
    "CS SET {channel} SUCCESSOR u{n}",
    "CS SET {channel} ANTIFLOOD QUIET",
    "CS SET {channel} ANTIFLOOD KICKBAN",
    "CS SET {channel} ANTIFLOOD OFF",
    "CS SET {channel} VERBOSE ON",
    "CS SET {channel} VERBOSE OPS",
    "CS TEMPLATE {channel} t{n} +vV",
    "CS TEMPLATE {channel} t{n} !+ho",
    "CS TEMPLATE {channel} t{n} -*",
    "CS SET {channel} LIMITFLAGS ON",
    "CS SET {channel} LIMITFLAGS OFF",
    "CS TRANSFER {channel} u{n}",
    "CS TRANSFER ACCEPT {channel}",
    "CS OP {channel} {other}",
    "CS DEOP {channel} {other}",
    "CS BAN {channel} *!*@x{n} +30s",
    "CS UNBAN {channel}",
    "CS KICK {channel} {other}",
    "CS TOPICAPPEND {channel} more",
    "CS TOPICSWAP {channel} more:less",
    "CS INVITE {channel} {other}",
    "CS CLEAR {channel} MODES",
    "CS CLEAR {channel} BANS",
    "CS RECOVER {channel}",
    "CS ENFORCE {channel}",
    "CS SUSPEND {channel} closed",
    "CS UNSUSPEND {channel}",
    "CS PURGE ADD {channel} out",
    "CS PURGE DEL {channel}",
    "CS PURGE DEL #c0",
    "CS CLONE {channel} #c0",
    "CS UP {channel}",
    "CS DOWN {channel}",
    "METADATA {channel} CLEAR",
    "METADATA {channel} SET k{n}",
    "METADATA {channel} SET k{n} :by {me}",
    "PART {channel}",
    "JOIN {channel}",
];

/// How accounts are registered. Of the mail addresses two are refused, for a while or for good.
const REGISTERED: &[&str] = &[
    "REGISTER * * password0",
    "REGISTER * * password1",
    "REGISTER * me@mail.test password0",
    "REGISTER * you@mail.test password1",
    "REGISTER * later@mail.test password0",
    "REGISTER * nobody@mail.test password1",
];

/// What anybody says.
const SAID: &[&str] = &[
    "ACCEPT {other}",
    "ACCEPT -{other}",
    "ADMIN",
    "AMBIANCE {channel} :night falls",
    "BATCH +{n} draft/multiline {channel}\n@batch={n} PRIVMSG {channel} :a\n@batch={n};draft/multiline-concat PRIVMSG {channel} :b\n@batch={n} PRIVMSG {channel} :c\nBATCH -{n}",
    "BATCH +{n} draft/multiline {other}\n@batch={n} PRIVMSG {other} :a\n@batch={n} PRIVMSG {other} :b\nBATCH -{n}",
    "BATCH +{n} draft/multiline {channel}",
    "CAP LIST",
    "HS OFF",
    "HS ON",
    "HS REQUEST r{n}.example",
    "HS TAKE o{n}.example",
    "HOSTSERV STATUS",
    "MS DELETE ALL",
    "MS FORWARD n{n} LAST",
    "MS IGNORE ADD n{n}",
    "MS READ NEW",
    "MS SEND n{n} hello",
    "MS SENDOPS {channel} hello",
    "MS SEND u{n} hello",
    "MEMOSERV LIST",
    "NS IDENTIFY n{n} password1",
    "NS LOGOUT",
    "NS REGAIN n{n}",
    "NS GROUP",
    "NS RESEND n{n}",
    "NS RESETPASS n{n} 123 password1",
    "NS SENDPASS n{n}",
    "NS SENDPASS {other}",
    "NS VERIFYEMAIL 123",
    "VERIFY n{n} 123",
    "CAP REQ :draft/oper-tag -draft/whoami",
    "CHANSERV INFO {channel}",
    "CS HELP",
    "CYCLE {channel} :round",
    "ERROR :nothing",
    "HELP MODE",
    "HELPOP UMODES",
    "INFO",
    "ISON {other} nobody",
    "ISUPPORT",
    "KNOCK {channel}",
    "LINKS",
    "LUSERS",
    "MAP",
    "METADATA {other} LIST",
    "METADATA {channel} CLEAR",
    "MONITOR + {other},n{n}",
    "MONITOR - {other}",
    "MONITOR S",
    "MOTD",
    "NICKSERV INFO {other}",
    "NPC {channel} elf :hello",
    "NPCA {channel} elf :waves",
    "NS HELP",
    "PASS sesame",
    "PING x",
    "PRIVMSG {channel} :z{n}",
    "PRIVMSG {other} :z{n}",
    "REDACT {channel} {id} :not so",
    "REDACT {other} {id}",
    "RELAYMSG {channel} far/n{n} :hello",
    "REMOVE {channel} {other} :out",
    "REPORT {other} :rude",
    "REPORT {channel} :rude",
    "RULES",
    "SCENE {channel} :a door opens",
    "SERVLIST",
    "SQUERY nobody :x",
    "STARTTLS",
    "STATS u",
    "SUMMON {other}",
    "@+typing=active TAGMSG {channel}",
    "@+typing=active TAGMSG {other}",
    "TIME",
    "TRACE",
    "UNINVITE {other} {channel}",
    "USER x 0 * :x",
    "USERHOST {other}",
    "USERIP {other}",
    "USERS",
    "VERSION",
    "WEBIRC sesame x x.test 192.0.2.7",
    "WHO {channel} %tcuihsnfdlaor,{n}",
    "WHOWAS {other}",
];

/// What only operators of the network may say.
const COMMANDED: &[&str] = &[
    "CHGHOST {other} h{n}.example",
    "CHGIDENT {other} i{n}",
    "CHGNAME {other} :name {n}",
    "DEFCON {n}",
    "DLINE 20s 10.0.0.{n}0 :out",
    "UNDLINE 10.0.0.{n}0",
    "FILTER z{n} kill * :no",
    "FILTER z{n} warn * :no",
    "FILTER z{n} ban c 20s :no",
    "GLINE 20s *@u{n}.test :out",
    "UNGLINE *@u{n}.test",
    "GLOBOPS :news",
    "HS ACTIVATE u{n}",
    "HS DEL n{n}",
    "HS LIST",
    "HS OFFER ADD o{n}.example",
    "HS REJECT n{n}",
    "HS SET u{n} v{n}.example",
    "HS SET n{n} v{n}.example",
    "KLINE 20s *@u{n}.test :out",
    "UNKLINE *@u{n}.test",
    "MODE {me} +O",
    "MODE {me} +H",
    "MODE {me} -H+W",
    "MODE {me} +h-W",
    "MODE {me} -sh",
    "REHASH",
    "REPORT LIST",
    "REPORT CLOSE {n}",
    "OS AKILL ADD +20s x{n}@*.none out",
    "OS EXCEPTION ADD +20s 10.0.0.0/8 1{n}00 all are here",
    "OS EXCEPTION DEL 10.0.0.0/8",
    "OS FORBID ADD nick +20s n{n} no",
    "OS FORBID DEL nick n{n}",
    "OS FORBID ADD email *@bad{n}.example no",
    "OS FORBID ADD password +20s {n}{n}{n}{n} no",
    "OS SQLINE ADD +5s {channel} no",
    "OS SQLINE DEL {channel}",
    "OS GLOBAL hello",
    "OS JUPE ADD j{n}.test no",
    "OS JUPE DEL j{n}.test",
    "OS LOGSEARCH u{n}",
    "OS NEWS ADD logon item {n}",
    "OS NEWS DEL logon {n}",
    "OPERSERV STATS",
    "RLINE 20s *u{n} :out",
    "UNRLINE *u{n}",
    "SAJOIN {other} {channel}",
    "SAKICK {channel} {other} :out",
    "SAMODE {channel} +o {other}",
    "SAMODE {channel} -Oz+a {other}",
    "SANICK {other} n{n}",
    "SAPART {other} {channel} :out",
    "SAQUIT {other} :out",
    "SATOPIC {channel} :t{n}",
    "UBAN ADD *@u{n}.test DURATION 20s :out",
    "UBAN ADD {other} REQUIRE-SASL DURATION 20s :out",
    "UBAN DEL *@u{n}.test",
    "WALLOPS :news",
    "ZLINE 20s 10.0.0.{n}1 :out",
    "UNZLINE 10.0.0.{n}1",
];

/// What keeps people from hearing each other without their knowing, so that nobody can say any more which
/// words should have come.
const HUSHING: &[&str] = &[
    "SILENCE +n{n}!*@*,r*",
    "SILENCE -n{n}!*@*",
    "SILENCE",
    "SHUN 20s *@u{n}.test :quiet",
    "UNSHUN *@u{n}.test",
    "FILTER z{n} shun p 20s :no",
];

/// What members do to their channels. None of these may keep everybody out for good.
const CHANNEL_MODES: &[&str] = &[
    "+A-A",
    "+D",
    "-D",
    "+E",
    "-E",
    "+u",
    "-u",
    "+U",
    "-U",
    "+S-c",
    "+c-S",
    "+C-T",
    "+T-C",
    "+F strict",
    "-F",
    "+f #c0",
    "-f",
    "+W 2",
    "-W",
    "+d 1",
    "-d",
    "+j 3:5",
    "-j",
    "+J 3",
    "-J",
    "+O",
    "-O",
    "+P",
    "-P",
    "+N",
    "-N",
    "+Q",
    "-Q",
    "+gg x y",
    "-g x",
    "+pAKV",
    "-pAKV",
    "+R",
    "-R",
    "+M",
    "-M",
    "+i",
    "-i",
    "+z",
    "-z",
    "+qa {other} {other}",
    "-qa {other} {other}",
    "+ao {other} {me}",
];

/// What users do to themselves.
const USER_MODES: &[&str] = &[
    "+B", "-B", "+D", "-D", "+E", "-E", "+I", "-I", "+L", "-L", "+R", "-R", "+T", "-T", "+c", "-c",
    "+d", "-d", "+g", "-g", "+i", "-i", "+w-i", "-w", "+x", "-x", "+z", "-z", "-o",
];

/// What the words of extended bans take that take no mask.
const BAN_VALUES: &[(&str, &str)] = &[
    ("account", "n{n}"),
    ("channel", "{channel}"),
    ("class", "[dfr]*"),
    ("fingerprint", "ab12"),
    ("gateway", "*"),
    ("opertype", "a*"),
    ("realmask", "*!*@*+name {n}"),
    ("realname", "name?{n}"),
    ("redirect", "#c1:*!*u{n}@*"),
    ("server", "s{n}.*"),
    ("share", "{channel}"),
    ("time", "30s:u{n}"),
];

/// What a client may ask for.
pub const CAPS: &[&str] = &[
    "account-notify",
    "account-tag",
    "away-notify",
    "cap-notify",
    "chghost",
    "draft/account-2fa",
    "draft/channel-rename",
    "draft/extended-isupport",
    "draft/message-redaction",
    "draft/metadata-3",
    "draft/multiline",
    "draft/oper-tag",
    "draft/pre-away",
    "draft/relaymsg",
    "draft/whoami",
    "echo-message",
    "extended-join",
    "extended-monitor",
    "invite-notify",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command, network::mode, wire::cap};
    use std::collections::BTreeSet;

    /// What a client says neither at first nor later, and why.
    const UNSAID: &[(&str, &str)] = &[
        ("command QUIT", "who says it is somebody else from then on"),
        ("command PONG", "it is what each PING is answered with"),
        (
            "cap draft/metadata-2",
            "a client speaks one of the two, and it is the later that is held to account",
        ),
        ("cap draft/no-implicit-names", "a client without NAMES knows nothing that could be wrong"),
        ("cap no-implicit-names", "as its draft"),
        ("umode S", "only the server sets it"),
        ("umode Z", "only the server sets it"),
        ("umode r", "only the server sets it"),
        ("chmode r", "only the server sets it"),
    ];

    /// What of the tables a line touches.
    fn touched(line: &str, all: &mut BTreeSet<String>) {
        let line = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').map_or("", |parts| parts.1),
            None => line,
        };
        let words: Vec<&str> = line.split(' ').collect();
        all.insert(format!("command {}", words[0]));
        match words.as_slice() {
            ["MODE" | "SAMODE", target, modes, rest @ ..] => {
                let kind = if target.starts_with('#') { "chmode" } else { "umode" };
                for letter in modes.chars() {
                    all.insert(format!("{kind} {letter}"));
                }
                for word in rest {
                    let word = word.trim_start_matches(['+', '-']);
                    all.insert(format!("snomask {word}"));
                    all.extend(word.split_once(':').map(|parts| format!("extban {}", parts.0)));
                }
            }
            ["CAP", "REQ", caps @ ..] => {
                let caps = caps.iter().map(|cap| cap.trim_start_matches([':', '-']));
                all.extend(caps.map(|cap| format!("cap {cap}")));
            }
            _ => (),
        }
    }

    #[test]
    fn clients_do_whatever_there_is_in_the_tables() {
        let mut said = BTreeSet::new();
        for seed in 0..8 {
            let mut work = Workload::new(seed, None);
            work.hushes = true;
            for _ in 0..8 {
                work.introduction("u0").iter().for_each(|line| touched(line, &mut said));
            }
            let client = work.places[0];
            for _ in 0..4000 {
                let lines = work.line(client, "u0").unwrap();
                lines.split('\n').for_each(|line| touched(line, &mut said));
            }
        }
        let commands = command::TABLE.iter().map(|row| format!("command {}", row.name));
        let channel = mode::CHANNEL.iter().map(|row| format!("chmode {}", row.letter));
        let status = mode::STATUS.iter().map(|row| format!("chmode {}", row.0));
        let user = mode::USER.iter().map(|row| format!("umode {}", row.letter));
        let extbans = extban::WORDS.iter().map(|row| format!("extban {}", row.name));
        let notices = snotice::KINDS.iter().map(|row| format!("snomask {}", row.letter));
        let caps = cap::ALL.iter().filter(|cap| cap.offered).map(|cap| format!("cap {}", cap.name));
        let all = commands.chain(channel).chain(status).chain(user);
        let all: BTreeSet<String> = all.chain(extbans).chain(notices).chain(caps).collect();
        for (what, why) in UNSAID {
            assert!(all.contains(*what) && !said.contains(*what), "{what} is said, not: {why}");
        }
        let unsaid = |what: &&String| !UNSAID.iter().any(|row| row.0 == what.as_str());
        let missing: Vec<&String> = all.difference(&said).filter(unsaid).collect();
        assert!(missing.is_empty(), "nobody says or has a reason not to say {missing:?}");
    }
}
