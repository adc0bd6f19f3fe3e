//! Nicks that belong to accounts: who takes one and is not logged in to its account has a grace, and is
//! then called otherwise. Their own server sees to it.

use super::{
    Core,
    account::{self, owner},
    ctx::{Ctx, Outcome, Then},
    effect::Effects,
    local::Local,
    render, settings,
    timer::{Key, Timer},
};
use crate::{
    job::{Answer, Job},
    network::{UserId, change::Change, crdt::NICKSERV, op::Op},
    registry::{NICK, RecordId, UNVERIFIED},
    store::{Find, Query, Rows},
    time::{Now, span_text},
    wire::{name::Nick, reply},
};
use std::time::Duration;

/// A nick that a user asks for and should not have.
#[derive(Debug)]
pub struct Trespass {
    nick: Nick,
    /// The account that owns it.
    owner: RecordId,
    /// When it is taken away; none if it is not, or before it is known what the account has set.
    timer: Option<Key>,
}

/// Whether somebody else has a nick, or one that looks like it, and the session does not take it from them.
pub fn is_taken(ctx: &Ctx<'_>, nick: &Nick) -> bool {
    let own = ctx.session().user();
    let wearer = ctx.network().nick(nick).filter(|wearer| Some(*wearer) != own);
    if wearer.is_none() && !ctx.core.lookalikes.is_worn(nick.as_str(), own) {
        return false;
    }
    // Who is logged in to the account that owns it takes it from whoever is not.
    let owner = ctx.network().claims().nick(nick);
    let takes = owner.is_some() && account::id_of_session(ctx) == owner;
    !takes || wearer.is_some_and(|wearer| login(ctx.core, wearer) == owner)
}

/// Refuses a nick that belongs to an account which the session is not logged in to, where that is strict.
pub fn check(ctx: &Ctx<'_>, nick: &Nick) -> Outcome {
    let owner = owner(ctx.network(), nick);
    let strict = ctx.core.config.accounts.nick_grace.is_zero();
    if strict && owner.is_some() && account::id_of_session(ctx) != owner {
        return Err(reply::nickname_reserved(nick.as_str()).into());
    }
    Ok(())
}

fn login(core: &Core, user: UserId) -> Option<RecordId> {
    core.network().user(user).login.as_ref().map(|login| login.id)
}

/// Looks at those whom a change may have given a nick that is not theirs, or taken that fault from.
pub fn note(core: &mut Core, fx: &mut Effects, (change, op): (&Change, &Op), now: Now) {
    match (change, op) {
        (Change::Nick { user, .. } | Change::Account { user }, _) => review(core, fx, *user, now),
        (Change::Claimed, Op::Claims(claims)) => {
            // As while a server starts, which is told of all there are.
            if core.locals.iter().next().is_none() {
                return;
            }
            let casemap = core.network().casemap();
            for (key, holder) in claims {
                if let Some(account) = key.strip_prefix(UNVERIFIED).filter(|_| holder.is_none()) {
                    let account = RecordId::parse(account);
                    account.into_iter().for_each(|account| verified(core, fx, account, now));
                }
                let nick = key.strip_prefix(NICK).and_then(|name| Nick::lookup(name, casemap));
                let user = nick.and_then(|nick| core.network().nick(&nick));
                user.into_iter().for_each(|user| review(core, fx, user, now));
            }
        }
        _ => (),
    }
}

/// An account waits no more, so that its nicks are its own.
fn verified(core: &mut Core, fx: &mut Effects, account: RecordId, now: Now) {
    let network = core.network();
    let wearers = core
        .locals
        .iter()
        .map(|(user, _)| user)
        .filter(|user| account::holder(network, network.user(*user).wanted()) == Some(account));
    for user in wearers.collect::<Vec<UserId>>() {
        review(core, fx, user, now);
    }
}

/// Looks whether a user who is at home here may have the nick that they ask for.
pub fn review(core: &mut Core, fx: &mut Effects, user: UserId, now: Now) {
    let Some(local) = core.locals.get(user) else { return };
    let conn = local.sessions.first().copied();
    let before = local.seldom().trespass.as_ref();
    let nick = core.network().user(user).wanted();
    let owner = owner(core.network(), nick).filter(|own| login(core, user) != Some(*own));
    if before.is_some_and(|before| owner == Some(before.owner) && before.nick == *nick) {
        return;
    }
    let nick = nick.clone();
    if before.is_some() {
        forgive(core, user);
    }
    let Some(owner) = owner else { return };
    if let Some(local) = core.locals.get_mut(user) {
        local.seldom_mut().trespass = Some(Trespass { nick, owner, timer: None });
    }
    let grace = core.config.accounts.nick_grace;
    match conn.filter(|_| !grace.is_zero()) {
        Some(conn) => {
            let find = Job::Store(Query::Find(Find::Id(owner)));
            core.ask(fx, find, Then::Aside { conn, resume: known }, now);
        }
        None => limit(core, fx, user, Some(grace), now),
    }
}

/// A user may have the nick that they ask for, as far as is known.
fn forgive(core: &mut Core, user: UserId) {
    let trespass = core.locals.get_mut(user).and_then(|local| local.seldom_mut().trespass.take());
    if let Some(timer) = trespass.and_then(|trespass| trespass.timer) {
        core.timers.cancel(timer);
    }
}

/// What the account has set that owns the nick of a user. If that cannot be found out, it is as for others.
fn known(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let usual = ctx.core.config.accounts.nick_grace;
    let trespass = ctx.session().user().and_then(|user| {
        let local = ctx.local(user)?;
        Some((user, local.seldom().trespass.as_ref()?))
    });
    let Some((user, trespass)) = trespass else { return Ok(()) };
    let grace = match answer {
        Answer::Stored(Ok(Rows::Record(Some(record)))) if record.id == trespass.owner => {
            settings::grace(&record, usual)
        }
        // Of a nick that the user does not ask for any more.
        Answer::Stored(Ok(Rows::Record(Some(_)))) => return Ok(()),
        _ if trespass.timer.is_some() => return Ok(()),
        _ => Some(usual),
    };
    limit(ctx.core, ctx.fx, user, grace, ctx.now);
    Ok(())
}

/// A user has so long to give up a nick, or for ever.
fn limit(core: &mut Core, fx: &mut Effects, user: UserId, grace: Option<Duration>, now: Now) {
    let timer = grace.map(|grace| core.timers.set(now.mono + grace, Timer::Nick(user)));
    let trespass = core.locals.get_mut(user).and_then(|local| local.seldom_mut().trespass.as_mut());
    let before = trespass.and_then(|trespass| std::mem::replace(&mut trespass.timer, timer));
    before.into_iter().for_each(|before| core.timers.cancel(before));
    if let Some(grace) = grace.filter(|grace| !grace.is_zero()) {
        let text = format!(
            "This nickname is registered and protected. If it is yours, type /msg NickServ IDENTIFY <password>; otherwise choose another within {}, or you get one.",
            span_text(grace)
        );
        render::tell_as(core, fx, (&core.service_mask(NICKSERV), user), &text, now);
    }
}

/// An account wants its nicks to be protected otherwise.
pub fn protect_otherwise(core: &mut Core, fx: &mut Effects, account: RecordId, now: Now) {
    let wears = |local: &Local| {
        local.seldom().trespass.as_ref().is_some_and(|trespass| trespass.owner == account)
    };
    let wearers: Vec<UserId> =
        core.locals.iter().filter(|(_, local)| wears(local)).map(|(user, _)| user).collect();
    for user in wearers {
        forgive(core, user);
        review(core, fx, user, now);
    }
}

/// A user has had a nick for long enough that is not theirs.
pub fn enforce(core: &mut Core, fx: &mut Effects, user: UserId, now: Now) {
    let Some(local) = core.locals.get_mut(user) else { return };
    let Some(Trespass { nick, .. }) = local.seldom_mut().trespass.take() else { return };
    let why = format!("{nick} belongs to somebody's account");
    rename(core, fx, (user, NICKSERV), &why, now);
}

/// Gives a user a nick that nobody has, and has a service tell them why.
pub fn rename(
    core: &mut Core,
    fx: &mut Effects,
    (user, service): (UserId, &str),
    why: &str,
    now: Now,
) {
    let uid = core.network().user(user).uid;
    let Some(guest) = guest(core, user) else {
        let reason = format!("{why}, and no other nick is free").into();
        core.commit(fx, Op::Quit { uid, reason }, None, now);
        return;
    };
    let text = format!("{why}; you are called {guest} from now on.");
    render::tell_as(core, fx, (&core.service_mask(service), user), &text, now);
    core.commit(fx, Op::Nick { uid, nick: guest }, None, now);
}

/// A nick that nobody has, for somebody who must have one.
pub fn guest(core: &Core, user: UserId) -> Option<Nick> {
    let (casemap, most) = (core.network().casemap(), core.config.limits.nick);
    let uid = core.network().user(user).uid;
    // Two servers that do not see each other should not choose the same.
    let first = core.cloak.derive(format!("a guest's nick {uid}").as_bytes());
    let first = first.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    let prefix = &core.config.accounts.guest;
    let names = (0..GUESTS_TRIED).map(|n| format!("{prefix}{}", first.wrapping_add(n) % 100_000));
    let free = |nick: &Nick| {
        core.network().nick(nick).is_none()
            && account::holder(core.network(), nick).is_none()
            && !core.lookalikes.is_worn(nick.as_str(), None)
    };
    names.filter_map(|name| Nick::new(&name, casemap, most)).find(free)
}

/// How many nicks are tried.
const GUESTS_TRIED: u32 = 100;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_is_not_logged_in_has_a_grace_and_is_then_a_guest() {
        check(
            r"
            servers 2
            account alice password=sesame
            bob@2 > JOIN #a
            alice@1 > JOIN #a
            alice < :NickServ!services@services.test NOTICE alice :This nickname is registered and protected. If it is yours, type /msg NickServ IDENTIFY <password>; otherwise choose another within 30s, or you get one.
            wait 20
            alice <! NICK
            wait 15
            alice <~ :NickServ!services@services.test NOTICE alice :alice belongs to somebody's account; you are called Guest* from now on.
            alice <~ :alice!~alice@alice.test NICK :Guest*
            bob <~ :alice!~alice@alice.test NICK :Guest*
            bob > NICK alice
            bob <~ :NickServ!services@services.test NOTICE alice :This nickname is registered*
            bob > NICK bob
            wait 40
            bob <! Guest
            bob > NICK alice
            bob > NS IDENTIFY alice sesame
            wait 40
            bob <! Guest
            bob > NS LOGOUT
            bob <~ :NickServ!services@services.test NOTICE alice :This nickname is registered*
            wait 40
            bob <~ :alice!~bob@bob.test NICK :Guest*
            same
            ",
        );
    }

    #[test]
    fn an_account_says_how_its_nicks_are_protected() {
        check(
            r"
            servers 2
            account open password=sesame enforce=off
            account quick password=sesame enforce=5s
            account strict password=sesame enforce=0s
            open@1 > JOIN #a
            open <! registered and protected
            quick@1 > JOIN #a
            quick <~ :NickServ!services@services.test NOTICE quick :This nickname is registered *choose another within 5s*
            strict@1 > JOIN #a
            strict <~ * NOTICE strict :strict belongs to somebody's account; you are called Guest* from now on.
            wait 6
            quick <~ * NOTICE quick :quick belongs to somebody's account*
            wait 35
            open <! :open!~open@open.test NICK
            owner@2 > NS IDENTIFY open sesame
            owner > NS SET ENFORCE on
            open <~ :NickServ!services@services.test NOTICE open :This nickname is registered *choose another within 30s*
            wait 20
            owner > NS SET ENFORCE off
            wait 35
            open <! :open!~open@open.test NICK
            owner > NS SET ENFORCE 0s
            wait 1
            open <~ * NICK :Guest*
            same
            ",
        );
    }

    #[test]
    fn who_owns_a_nick_takes_it_from_whoever_wears_it() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@2 > JOIN #a
            bob@1 > JOIN #a
            carol@1 > JOIN #a
            bob > NICK alice
            bob < :s1.test 433 bob alice :Nickname is already in use
            bob > NS IDENTIFY alice sesame
            bob > NICK alice
            alice < :alice!~alice@alice.test NICK :2SNAAAAAB
            carol < :bob!~bob@bob.test NICK :alice
            wait 40
            alice <~ :2SNAAAAAB!~alice@alice.test NICK :Guest*
            bob > NICK bob
            wait 5
            alice <! NICK :alice
            carol > NS IDENTIFY alice sesame
            bob > NICK alice
            carol > NICK alice
            carol < :s1.test 433 carol alice :Nickname is already in use
            same
            ",
        );
    }

    #[test]
    fn without_a_grace_nobody_else_gets_the_nick_at_all() {
        check(
            r"
            config accounts.nick_grace 0
            account alice password=sesame
            bob > NICK Alice
            bob < :s1.test 433 bob Alice :Nickname belongs to an account; log in to it first
            raw a
            a > CAP REQ sasl
            a > NICK alice
            a > USER al 0 * :Al
            a <! 433
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGFsaWNlAHNlc2FtZQ==
            a > CAP END
            a < :s1.test 001 alice :Welcome to the Test IRC network, alice!~al@a.test
            raw b
            b > NICK ally
            b > USER al 0 * :Al
            b < :s1.test 001 ally :Welcome to the Test IRC network, ally!~al@b.test
            raw c
            c > USER al 0 * :Al
            c > NICK alice
            c < :s1.test 433 * alice :Nickname is already in use
            a > QUIT
            c > NICK alice
            c < :s1.test 433 * alice :Nickname belongs to an account; log in to it first
            c > NICK carol
            c <~ :s1.test 001 carol *
            c > REGISTER * * open-sesame
            c > NS LOGOUT
            wait 1
            c <~ * NICK :Guest*
            ",
        );
    }

    #[test]
    fn what_looks_like_a_nick_is_protected_like_it() {
        check(
            r"
            config server.casemapping precis
            config accounts.nick_grace 0
            raw a
            a > NICK evan
            a > USER evan 0 * :E
            a > REGISTER * * open-sesame
            a > NICK ivan
            bob > NICK еvan
            bob < :s1.test 433 bob еvan :Nickname belongs to an account; log in to it first
            a > NICK еvan
            a < :ivan!~evan@a.test NICK :еvan
            ",
        );
    }
}
