//! Whom bans touch. Asked where a user is at home, so what only that server knows counts as well.

use super::{Core, atlas, class, session::Session};
use crate::{
    network::{Channel, Mask, User, UserId, mode::Status},
    wire::{
        extban::{Act, Ban, Fits},
        mask::{self, Person},
        name::ChannelName,
    },
};

/// The ban that keeps a user from something and that no exception lifts. `acts` says which bans do.
pub fn find<'a>(
    core: &Core,
    channel: &'a Channel,
    user: UserId,
    acts: impl Fn(Act) -> bool,
) -> Option<&'a Mask> {
    let whom = Whom::new(core, user);
    let act = |mask: &Mask| mask.ban.as_ref().map(|ban| ban.act);
    let touches = |mask: &&Mask| {
        fits(core, channel, mask, &whom, &acts)
            && act(mask).is_some_and(|act| !excepted(core, channel, &whom, act))
    };
    channel.all_masks('b').find(touches)
}

/// Whether a ban by mask keeps somebody out or from speaking who is no user here. No exception counts.
pub fn touches(core: &Core, channel: &Channel, person: &Person<'_>) -> bool {
    let casemap = core.network().casemap();
    channel.all_masks('b').filter_map(|mask| mask.ban.as_ref()).any(|ban| {
        matches!(&ban.fits, Fits::Mask(mask) if mask.fits(person, casemap) != ban.not)
            && matches!(ban.act, Act::Ban | Act::Mute)
    })
}

/// Whether a user is on a list, be it of exceptions from `+i` or of exceptions from bans.
pub fn listed(core: &Core, channel: &Channel, letter: char, user: UserId) -> bool {
    let whom = Whom::new(core, user);
    channel.all_masks(letter).any(|mask| fits(core, channel, mask, &whom, |act| act == Act::Ban))
}

/// An exception that names no act is one from all of them.
fn excepted(core: &Core, channel: &Channel, whom: &Whom<'_>, act: Act) -> bool {
    let lifts = |other| other == Act::Ban || other == act;
    channel.all_masks('e').any(|mask| fits(core, channel, mask, whom, lifts))
}

/// Whether a ban that no list of a channel holds touches a user. It tells nothing of who is in which channel.
pub fn is_fit(core: &Core, ban: &Ban, user: UserId) -> bool {
    is_of(core, ban, &Whom::new(core, user), |_| false)
}

/// Who is compared with the masks of a list.
struct Whom<'a> {
    user: UserId,
    who: &'a User,
    person: Person<'a>,
}

impl Whom<'_> {
    fn new(core: &Core, user: UserId) -> Whom<'_> {
        let who = core.network().user(user);
        Whom { user, who, person: person(who) }
    }
}

/// Whether a mask of a channel is a ban of such an act and touches a user, exceptions aside.
fn fits(
    core: &Core,
    channel: &Channel,
    mask: &Mask,
    whom: &Whom<'_>,
    acts: impl Fn(Act) -> bool,
) -> bool {
    let ban = mask.ban.as_ref().filter(|ban| acts(ban.act));
    ban.is_some_and(|ban| is_of(core, ban, whom, |other| tells(other, channel, mask)))
}

/// Whether a ban touches a user; `tells` says of which other channels it may tell who is in them.
fn is_of(core: &Core, ban: &Ban, whom: &Whom<'_>, tells: impl Fn(&Channel) -> bool) -> bool {
    let (network, casemap) = (core.network(), core.network().casemap());
    let Whom { user, who, person } = whom;
    let glob = |pattern: &str, text: &str| mask::fits_folded(pattern, text, casemap);
    let fits = match &ban.fits {
        Fits::Mask(mask) => mask.fits(person, casemap),
        Fits::Account(name) => who.account().is_some_and(|account| glob(name, account)),
        Fits::Asn(number) => {
            atlas::asn(&core.atlas, who.address).is_some_and(|asn| asn.number == *number)
        }
        Fits::Country(code) => atlas::country(&core.atlas, who.address)
            .is_some_and(|country| country.eq_ignore_ascii_case(code)),
        Fits::Unauthed(mask) => who.account().is_none() && mask.fits(person, casemap),
        Fits::Bot(mask) => who.modes.contains('B') && mask.fits(person, casemap),
        Fits::Channel(prefix, name) => {
            other(core, name).is_some_and(|other| tells(other) && inside(other, *user, *prefix))
        }
        Fits::Share(name) => {
            other(core, name).is_some_and(|other| tells(other) && banned(core, other, whom))
        }
        Fits::Class(class) => glob(class, class::of(who)),
        Fits::Fingerprint(print) => fingerprint(core, who, *user, print.as_deref()),
        Fits::Gateway(name) => sessions(core, *user)
            .any(|session| session.gateway.as_deref().is_some_and(|known| glob(name, known))),
        Fits::Oper(mask) => who.is_oper() && mask.fits(person, casemap),
        Fits::OperType(class) => who.class.as_deref().is_some_and(|known| glob(class, known)),
        Fits::Realmask(mask, name) => mask.fits(person, casemap) && glob(name, &who.realname),
        Fits::Realname(name) => glob(name, &who.realname),
        Fits::Server(name) => {
            network.server(who.uid.server).is_some_and(|server| glob(name, &server.info.name))
        }
    };
    fits != ban.not
}

/// A user, as masks are compared with them.
pub fn person(who: &User) -> Person<'_> {
    Person {
        nick: who.nick().folded(),
        user: &who.user,
        host: &who.host,
        real_host: &who.real_host,
        cloak: who.cloak.as_deref(),
        address: who.address,
    }
}

/// The channel that a mask names.
fn other<'a>(core: &'a Core, name: &str) -> Option<&'a Channel> {
    let name = ChannelName::new(name, core.network().casemap(), name.len())?;
    core.network().name(&name).map(|other| core.network().channel(other))
}

/// Whether what goes on in another channel may show in this one: a mask must not find out who is in a
/// secret channel. Whoever set it has seen that channel then, but perhaps only since it was no secret yet.
fn tells(other: &Channel, channel: &Channel, mask: &Mask) -> bool {
    other.name == channel.name || other.since('s').is_none_or(|hidden| hidden < mask.at)
}

fn inside(other: &Channel, user: UserId, prefix: Option<char>) -> bool {
    let lowest = prefix.and_then(Status::of_prefix);
    other
        .member(user)
        .is_some_and(|member| lowest.is_none_or(|lowest| member.status.at_least(lowest)))
}

/// Whether a user is banned in another channel, by a ban that itself speaks of no other channel.
fn banned(core: &Core, other: &Channel, whom: &Whom<'_>) -> bool {
    let fits = |mask: &Mask| {
        let shares = mask.ban.as_ref().is_some_and(|ban| matches!(ban.fits, Fits::Share(_)));
        !shares && fits(core, other, mask, whom, |act| act == Act::Ban)
    };
    other.all_masks('b').any(fits) && !other.all_masks('e').any(fits)
}

fn fingerprint(core: &Core, who: &User, user: UserId, print: Option<&str>) -> bool {
    let Some(print) = print else { return who.modes.contains('Z') };
    sessions(core, user).any(|session| {
        let known = session.tls.as_ref().and_then(|tls| tls.fingerprint.as_deref());
        known.is_some_and(|known| mask::matches(print, known, core.network().casemap()))
    })
}

fn sessions(core: &Core, user: UserId) -> impl Iterator<Item = &Session> {
    let conns = core.locals.get(user).map_or(&[][..], |local| &local.sessions);
    conns.iter().filter_map(|conn| core.sessions.get(*conn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command,
        config::{self, Trusted},
        core::{
            dispatch,
            effect::Effects,
            peer::{Origin, Peer},
            registration,
        },
        network::op::Op,
        registry::{Login, RecordId},
        sim::script::check,
        time::{Now, Stamp},
    };

    #[test]
    fn accounts_and_classes_fit_in_every_wrapper() {
        let (mut core, fx, now) = (Core::sample(), &mut Effects::default(), Now::default());
        core.config.class.push(config::Class {
            name: "Bridges".into(),
            hosts: vec![Trusted::Unix],
            ..config::Class::default()
        });
        let peer = Peer { from: Origin::Local, listener: 0, tls: None };
        let conn = registration::open(&mut core, fx, peer, now);
        for line in ["NICK alice", "USER a 0 * :A"] {
            dispatch::line(&mut core, fx, &command::TABLE, conn, line.as_bytes(), now);
        }
        let user = core.sessions[conn].user().unwrap();
        let fits = |core: &Core, text: &str| {
            let ban = Mask::read('b', text, core.network().casemap()).1.unwrap();
            (ban.act, is_of(core, &ban, &Whom::new(core, user), |_| true))
        };
        assert_eq!(fits(&core, "m:account:*"), (Act::Mute, false));
        assert_eq!(fits(&core, "m:unauthed:alice"), (Act::Mute, true));
        let uid = core.network().user(user).uid;
        let login = Some(Box::new(Login { id: RecordId(Stamp::ZERO), name: "Al".into() }));
        core.commit(fx, Op::Account { uid, login }, None, now);
        assert_eq!(fits(&core, "m:unauthed:alice"), (Act::Mute, false));
        let wrappers = [
            ("", Act::Ban),
            ("m:", Act::Mute),
            ("~quiet:", Act::Mute),
            ("N:", Act::NoNick),
            ("C:", Act::NoCtcp),
            ("T:", Act::NoNotice),
            ("Q:", Act::NoKick),
            ("time:1h:m:", Act::Mute),
            ("~time:60:~q:", Act::Mute),
        ];
        for (wrapper, act) in wrappers {
            for (matcher, wanted) in [
                ("account:AL", true),
                ("R:al", true),
                ("a:other", false),
                ("!account:al", false),
                ("!account:other", true),
                ("class:bridges", true),
                ("n:BRIDGE?", true),
                ("class:default", false),
                ("!class:default", true),
            ] {
                let text = format!("{wrapper}{matcher}");
                assert_eq!(fits(&core, &text), (act, wanted), "{text}");
            }
        }
    }

    #[test]
    fn bans_fit_by_what_they_name() {
        check(
            r"
            config oper root sesame
            secure bob
            alice > JOIN #a,#b
            alice > MODE #a +b fingerprint:ab12
            bob   > JOIN #a
            bob   < :s1.test 474 bob #a :Cannot join channel (+b)
            alice > MODE #a -b+b fingerprint:ab12 !$z
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            carol > JOIN #a
            carol < :s1.test 474 carol #a :Cannot join channel (+b)
            alice > MODE #a -b+b !$z realname:real?CAROL
            carol > JOIN #a
            carol < :s1.test 474 carol #a :Cannot join channel (+b)
            alice > MODE #a -b+b realname:real?carol a:carol!*@*+real*
            carol > JOIN #a
            carol < :s1.test 474 carol #a :Cannot join channel (+b)
            alice > MODE #a -b+b a:carol!*@*+real* channel:#b
            carol > JOIN #b
            carol > JOIN #a
            carol < :s1.test 474 carol #a :Cannot join channel (+b)
            alice > MODE #a -b+b channel:#b channel:@#b
            carol > JOIN #a
            carol < :carol!~carol@carol.test JOIN #a
            alice > MODE #a -b+b channel:@#b share:#b
            alice > MODE #b +b dave
            dave  > JOIN #a
            dave  < :s1.test 474 dave #a :Cannot join channel (+b)
            alice > MODE #a -b+b share:#b oper:*
            dave  > JOIN #a
            dave  < :dave!~dave@dave.test JOIN #a
            erin  > OPER root sesame
            erin  > JOIN #a
            erin  < :s1.test 474 erin #a :Cannot join channel (+b)
            alice > MODE #a -b+b oper:* server:s1.*
            erin  > JOIN #a
            erin  < :s1.test 474 erin #a :Cannot join channel (+b)
            alice > MODE #a -b+bb server:s1.* unauthed:erin account:*
            erin  > JOIN #a
            erin  < :s1.test 474 erin #a :Cannot join channel (+b)
            alice > MODE #a -b+b unauthed:erin *!*@10.0.0.0/8
            erin  > JOIN #a
            erin  < :s1.test 474 erin #a :Cannot join channel (+b)
            alice > MODE #a +e opertype:admin
            erin  > JOIN #a
            erin  < :erin!~erin@erin.test JOIN #a
            ",
        );
    }

    #[test]
    fn who_is_in_a_secret_channel_cannot_be_found_out_by_bans() {
        check(
            r"
            alice > JOIN #s,#a
            bob   > JOIN #b
            bob   > MODE #b +b channel:#s
            alice > MODE #s +s
            alice > JOIN #b
            alice < :alice!~alice@alice.test JOIN #b
            bob   > MODE #b -b channel:#s
            bob   > MODE #b +bb channel:#s share:#s
            bob   < :s1.test 696 bob #b b channel:#s :There is no such channel to ask about
            bob   < :s1.test 696 bob #b b share:#s :There is no such channel to ask about
            bob   > MODE #b +b channel:#none
            bob   < :s1.test 696 bob #b b channel:#none :There is no such channel to ask about
            alice > MODE #a +iI channel:#s
            carol > JOIN #s
            carol > JOIN #a
            carol < :carol!~carol@carol.test JOIN #a
            alice > MODE #s +b !channel:#s
            dave  > JOIN #s
            dave  < :s1.test 474 dave #s :Cannot join channel (+b)
            ",
        );
    }

    #[test]
    fn a_ban_is_echoed_and_listed_as_entered_and_taken_away_in_any_dialect() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +b ~q:Bob!*@*
            alice < :alice!~alice@alice.test MODE #a +b ~q:Bob!*@*
            alice > MODE #a +b mute:bob!*@*
            alice > MODE #a b
            alice <~ :s1.test 367 alice #a ~q:Bob!*@* alice!~alice@alice.test *
            alice < :s1.test 368 alice #a :End of channel ban list
            alice > MODE #a -b $m:bob
            alice < :alice!~alice@alice.test MODE #a -b ~q:Bob!*@*
            alice > MODE #a +b nothing:x
            alice < :s1.test 696 alice #a b nothing:x :There is no extended ban of that name; HELP EXTBANS lists them
            alice > MODE #a +b time:x:bob
            alice < :s1.test 696 alice #a b time:x:bob :The time must be a duration such as 30m, 2h or 1d12h, of at most ten years
            alice > MODE #a +q *!*@bob.test
            alice < :alice!~alice@alice.test MODE #a +b mute:*!*@bob.test
            alice > MODE #a +q
            alice <~ :s1.test 728 alice #a q *!*@bob.test alice!~alice@alice.test *
            alice < :s1.test 729 alice #a q :End of channel quiet list
            alice > MODE #a -q *!*@BOB.test
            alice < :alice!~alice@alice.test MODE #a -b mute:*!*@bob.test
            alice > MODE #a -q
            alice < :s1.test 729 alice #a q :End of channel quiet list
            ",
        );
    }

    #[test]
    fn those_who_come_through_a_gateway_are_known_by_its_name() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            alice > JOIN #a
            alice > MODE #a +b w:chat
            raw a
            a     > WEBIRC sesame kiwi home.example 192.0.2.7
            a     > NICK al
            a     > USER al 0 * :Al
            a     > JOIN #a
            a     < :s1.test 474 al #a :Cannot join channel (+b)
            alice > MODE #a -b+b gateway:Chat gateway:other
            a     > JOIN #a
            a     < :al!~al@home.example JOIN #a
            ",
        );
    }

    #[test]
    fn names_of_every_script_are_banned_in_either_case() {
        check(
            r"
            config server.casemapping precis
            alice > JOIN #a
            bob   > NICK Éric
            alice > MODE #a +b éRIC
            bob   > JOIN #a
            bob   < :s1.test 474 Éric #a :Cannot join channel (+b)
            alice > MODE #a -b+g ÉRIC wörter
            bob   > JOIN #a
            bob   > PRIVMSG #a :WÖRTER
            bob   < :s1.test 404 Éric #a :Cannot send to channel (+g: your message holds what may not be said here)
            ",
        );
    }

    #[test]
    fn a_timed_ban_ends_by_itself_on_every_server() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice   > MODE #a +bb time:2m:carol time:3m:m:bob
            bob     < :alice!~alice@alice.test MODE #a +bb time:2m:carol time:3m:m:bob
            carol@2 > JOIN #a
            carol   < :s2.test 474 carol #a :Cannot join channel (+b)
            wait 121
            alice   < :s1.test MODE #a -b time:2m:carol
            bob     < :s2.test MODE #a -b time:2m:carol
            carol   > JOIN #a
            carol   < :carol!~carol@carol.test JOIN #a
            alice   > MODE #a -b m:bob
            bob     < :alice!~alice@alice.test MODE #a -b time:3m:m:bob
            same
            ",
        );
    }

    #[test]
    fn bans_that_were_set_at_once_end_at_once_or_are_taken_away_one_by_one() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +bbb time:30s:x time:30s:m:y time:30s:z
            alice > MODE #a -b time:30s:z
            wait 31
            alice < :s1.test MODE #a -bb time:30s:x time:30s:m:y
            alice > MODE #a b
            alice < :s1.test 368 alice #a :End of channel ban list
            ",
        );
    }

    #[test]
    fn a_timed_ban_set_during_a_split_ends_at_its_time() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice   > MODE #a +b time:1m:erin
            wait 30
            heal
            bob     < :alice!~alice@alice.test MODE #a +b time:1m:erin
            wait 31
            bob     < :s2.test MODE #a -b time:1m:erin
            same
            ",
        );
    }
}
