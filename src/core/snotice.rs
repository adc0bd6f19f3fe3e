//! Server notices: what operators are told unasked, each kind by a letter of their snomask.

use super::{
    Core, audience,
    effect::Effects,
    oper::{self, Priv},
};
use crate::{
    network::{UserId, crdt::Source, op::Op},
    time::{Now, Sid},
    wire::encode::Msg,
};
use std::net::IpAddr;

/// A kind of notice.
#[derive(Debug)]
pub struct Row {
    /// Its letter.
    pub letter: char,
    /// What it tells of, for HELP.
    pub about: &'static str,
}

const fn row(letter: char, about: &'static str) -> Row {
    Row { letter, about }
}

/// Every kind, by letter. What the users of one server do is told on that server, all else everywhere.
pub const KINDS: &[Row] = &[
    row('a', "Announcements of administrators, and what users report."),
    row('b', "Addresses that a blocklist knows."),
    row('c', "Users of this server who come."),
    row('d', "Connections to this server that ended before they were users."),
    row('f', "Floods, and messages that a filter caught."),
    row('j', "Channels that users of this server found."),
    row('k', "KILL."),
    row('l', "Servers that come and go."),
    row('n', "Users of this server who take another nick."),
    row('o', "Operators: who has become one, who has failed to, and what they override."),
    row('q', "Users of this server who leave."),
    row('r', "Reading the configuration again, and what this server finds that it cannot do."),
    row('t', "STATS that are asked for of this server."),
    row('u', "Users of this server who log in to an account, or out."),
    row('v', "Users of this server whose user name or host becomes another."),
    row('x', "Server bans, and what else is set for the network by OperServ and HostServ."),
];

/// What `+s` alone asks for.
const USUAL: &str = "abfklorx";

/// Which kinds an operator is told of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Snomask(u32);

impl Snomask {
    /// What is asked for without naming letters.
    pub fn usual() -> Snomask {
        USUAL.chars().fold(Snomask::default(), |mask, letter| mask.set(letter, true))
    }

    /// Changed as `acd`, `+a-c` say; letters that mean nothing are handed to `unknown`.
    pub fn changed(self, text: &str, add: bool, mut unknown: impl FnMut(char)) -> Snomask {
        let (mut mask, mut add) = (self, add);
        for letter in text.chars() {
            match letter {
                '+' | '-' => add = letter == '+',
                _ if KINDS.iter().any(|row| row.letter == letter) => mask = mask.set(letter, add),
                _ => unknown(letter),
            }
        }
        mask
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters, in order.
    pub fn letters(self) -> String {
        KINDS.iter().map(|row| row.letter).filter(|letter| self.contains(*letter)).collect()
    }

    fn contains(self, letter: char) -> bool {
        self.0 & bit(letter) != 0
    }

    fn set(self, letter: char, on: bool) -> Snomask {
        if on { Snomask(self.0 | bit(letter)) } else { Snomask(self.0 & !bit(letter)) }
    }
}

fn bit(letter: char) -> u32 {
    KINDS.iter().position(|row| row.letter == letter).map_or(0, |place| 1 << place)
}

/// Tells operators of this server what happens on it.
pub fn here(
    core: &Core,
    fx: &mut Effects,
    letter: char,
    text: impl FnOnce(&Core) -> String,
    now: Now,
) {
    tell(core, fx, core.sid(), letter, text, now);
}

/// The same, of somebody whose real host and address are not for every operator: `text` is told whether
/// those whom it is for may see them.
pub fn here_of(
    core: &Core,
    fx: &mut Effects,
    letter: char,
    text: impl Fn(&Core, bool) -> String,
    now: Now,
) {
    for open in [true, false] {
        let mut to = listeners(core, letter);
        to.retain(|user| {
            let class = core.network().find_user(*user).and_then(|user| user.class.as_deref());
            oper::may(&core.config, class, Priv::See) == open
        });
        tell_these(core, fx, core.sid(), &to, |core| text(core, open), now);
    }
}

/// Tells operators of this server what happens on some server.
pub fn tell(
    core: &Core,
    fx: &mut Effects,
    server: Sid,
    letter: char,
    text: impl FnOnce(&Core) -> String,
    now: Now,
) {
    tell_these(core, fx, server, &listeners(core, letter), text, now);
}

/// The operators of this server who want to know of something.
fn listeners(core: &Core, letter: char) -> Vec<UserId> {
    let masks = core.snomasks.iter().filter(|(_, mask)| mask.contains(letter));
    masks.map(|(user, _)| *user).collect()
}

fn tell_these(
    core: &Core,
    fx: &mut Effects,
    server: Sid,
    to: &[UserId],
    text: impl FnOnce(&Core) -> String,
    now: Now,
) {
    if to.is_empty() {
        return;
    }
    let text = format!("*** Notice -- {}", text(core));
    let source = core.network().source(Source::Server(server));
    let source = source.unwrap_or_else(|| core.name().to_owned());
    for user in to {
        let Some(nick) = core.network().find_user(*user).map(|user| user.nick().to_string()) else {
            continue;
        };
        let msg = Msg::new(&source, "NOTICE").time(now.wall).param(&nick).text(&text);
        audience::send(core, fx, &msg, audience::of_user(core, *user).iter().copied());
    }
}

/// An address, as those who may see it are told, and the others.
pub fn address(address: Option<IpAddr>, open: bool) -> String {
    match address {
        Some(address) if open => address.to_string(),
        Some(_) => "hidden".to_owned(),
        None => "local".to_owned(),
    }
}

/// Tells operators of all servers.
pub fn everywhere(core: &mut Core, fx: &mut Effects, letter: char, text: &str, now: Now) {
    core.commit(fx, Op::Snotice { letter, text: text.into() }, None, now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::script::check;

    #[test]
    fn operators_are_told_of_what_they_asked_for() {
        check(
            r"
            servers 2
            config oper root sesame
            root@1 > MODE root +s
            root   > OPER root sesame
            root   > MODE root +s cn!
            root   < :s1.test 501 root :Unknown MODE flag; HELP UMODES lists them
            root   < :root!~root@root.test MODE root :+s
            root   < :s1.test 008 root +cn :Server notice mask
            alice@1 > PING x
            root   < :s1.test NOTICE root :*** Notice -- Client connecting: alice (~alice@alice.test) [10.0.0.2] {default} [Real alice]
            bob@2  > PING x
            alice  > NICK eve
            root   < :s1.test NOTICE root :*** Notice -- Nick change: From alice to eve [~alice@alice.test]
            root   > MODE root +s -cn+qjkdr
            root   < :s1.test 008 root +djkqr :Server notice mask
            alice  > JOIN #a
            root   < :s1.test NOTICE root :*** Notice -- Channel #a created by eve!~alice@alice.test
            alice  > QUIT :so long
            root   < :s1.test NOTICE root :*** Notice -- Client exiting: eve (~alice@alice.test) [Quit: so long] [10.0.0.2]
            raw x
            x      > QUIT
            root   > KILL bob :spam
            root   < :s1.test NOTICE root :*** Notice -- Received KILL message for bob!~bob@bob.test. From root!~root@root.test (Killed (root (spam)))
            root   > REHASH
            root   < :s1.test NOTICE root :*** Notice -- root!~root@root.test has s1.test read its configuration again
            root   > MODE root
            root   < :s1.test 221 root +os
            root   < :s1.test 008 root +djkqr :Server notice mask
            root   > MODE root +s xfa
            root   > KLINE 1h *@bad.test :spam
            root   <~ :s1.test NOTICE root :*** Notice -- root!~root@root.test sets a K-line on *@bad.test*: spam
            root   > DEFCON 4
            root   <~ :s1.test NOTICE root :*** Notice -- root!~root@root.test sets DEFCON 4: *
            root   > DEFCON 5
            root   > MODE root -s
            root   < :root!~root@root.test MODE root :-s
            root   > MODE root +s
            root   < :s1.test 008 root +abfklorx :Server notice mask
            split 1 | 2
            wait 61
            root   < :s1.test NOTICE root :*** Notice -- Netsplit s1.test <-> s2.test
            heal
            root   < :s1.test NOTICE root :*** Notice -- Netjoin s1.test <-> s2.test
            ",
        );
    }

    #[test]
    fn real_hosts_are_told_to_those_who_may_see_them() {
        check(
            r"
            config cloak.enabled true
            config oper root sesame
            config oper_class guard kill
            config oper gus sesame guard
            root > OPER root sesame
            root > MODE root +s cdq
            gus  > OPER gus sesame
            gus  > MODE gus +s cdq
            alice > PING x
            root < :s1.test NOTICE root :*** Notice -- Client connecting: alice (~alice@alice.test) [10.0.0.3] {default} [Real alice]
            gus  <~ :s1.test NOTICE gus :*** Notice -- Client connecting: alice (~alice@*.ip) [hidden] {default} [Real alice]
            alice > QUIT
            root < :s1.test NOTICE root :*** Notice -- Client exiting: alice (~alice@alice.test) [Client quit] [10.0.0.3]
            gus  <~ :s1.test NOTICE gus :*** Notice -- Client exiting: alice (~alice@*.ip) [Client quit] [hidden]
            raw x
            drop x
            root < :s1.test NOTICE root :*** Notice -- A connection from 10.0.0.4 ended before it was a user (Connection closed)
            gus  < :s1.test NOTICE gus :*** Notice -- A connection ended before it was a user (Connection closed)
            raw y
            wait 61
            root < :s1.test NOTICE root :*** Notice -- A connection from 10.0.0.5 ended before it was a user (Registration timed out)
            gus  <! alice.test
            gus  <! 10.0.0
            ",
        );
    }

    #[test]
    fn hosts_accounts_and_questions_are_told_of() {
        check(
            r"
            servers 2
            config oper root sesame
            root@1  > OPER root sesame
            root    > MODE root +s tuv
            carol@1 > REGISTER * * sesame-open
            root    < :s1.test NOTICE root :*** Notice -- carol!~carol@carol.test has logged in to carol
            alice@1 > STATS u
            root    < :s1.test NOTICE root :*** Notice -- STATS u asked for by alice!~alice@alice.test
            root    > CHGHOST alice host.example
            root    < :s1.test NOTICE root :*** Notice -- alice!~alice@alice.test has become ~alice@host.example
            bob@2   > STATS u
            root    > CHGHOST bob host.example
            root    <! bob!
            ",
        );
    }

    #[test]
    fn a_mask_is_changed_letter_by_letter() {
        let mut unknown = String::new();
        let mask = Snomask::default().changed("+ck-c!o", true, |letter| unknown.push(letter));
        assert_eq!((mask.letters().as_str(), unknown.as_str()), ("k", "!"));
        let mask = mask.changed("co", true, |_| ()).changed("k", false, |_| ());
        assert_eq!(mask.letters(), "co");
        assert!(KINDS.is_sorted_by_key(|row| row.letter));
    }
}
