//! Metadata of accounts: what somebody tells of themselves who is logged in stands in the record of their
//! account, a field for each key, and whoever is logged in to it tells the same, on whichever server.
//!
//! The specification knows of metadata that is "stored by the server or by services" and says nothing of
//! when it comes and goes. Here it is the account's: it comes with logging in and goes with logging out, so
//! that nobody goes on to tell what belongs to an account that they have left, and of two people who use one
//! connection after the other none gets what the other's account tells. What somebody had set before they
//! logged in is something that they have said, and becomes the account's unless that has been written later:
//! the last writer wins here as everywhere. So before a connection is complete a client can set what holds
//! for its account from then on.
//!
//! The store has it before anybody sees it. Each user's own server sees to it that they tell what their
//! account does; an operator of another server, who has not heard yet that somebody has logged in, may set
//! something of the user alone, which that server then writes to the account.

use super::{early::Early, field};
use crate::{
    core::{
        ConnId, Core, account,
        ctx::{Ctx, Resume},
        effect::Effects,
        filters, registry,
    },
    job::Answer,
    network::{
        UserId,
        change::Change,
        crdt::Source,
        filter::Place,
        metadata::Holder,
        op::{Op, Subject},
    },
    registry::{Edit, KeyValue, Kind, METADATA, Record, RecordId, What},
    store::{Edited, Rows},
    time::{Now, Stamp},
    wire::name::Nick,
};
use std::collections::{BTreeMap, BTreeSet};

/// Keys that are set, with their values.
type Told = BTreeMap<Box<str>, Box<str>>;

/// What an account tells.
pub fn of(record: &Record) -> Told {
    let fields = record.under(METADATA);
    fields.filter_map(|(key, field)| Some((key.into(), field.value.clone()?))).collect()
}

/// A session has logged in to an account. Whoever was nobody's before, a `guest`, may have told something that
/// the account does not tell yet.
pub fn entered(ctx: &mut Ctx<'_>, record: &Record, guest: bool) {
    let mut told = of(record);
    let Some(user) = ctx.session().user() else {
        if let Some(registration) = ctx.session_mut().registration() {
            registration.metadata.account = told;
        }
        return;
    };
    let new = if guest { later(ctx, user, record) } else { Told::new() };
    told.extend(new.clone());
    wear(ctx.core, ctx.fx, (user, None), &told, ctx.now);
    let new = new.into_iter().map(|(key, value)| (key, Some(value)));
    let by = ctx.whois(user).mask();
    keep(ctx.core, ctx.fx, (record.id, &by), new, ctx.now);
}

/// What a user has told later than their account, as far as that has room.
fn later(ctx: &Ctx<'_>, user: UserId, record: &Record) -> Told {
    let most = ctx.core.config.limits.metadata_keys;
    let mut room = most.saturating_sub(record.under(METADATA).count());
    let registers = ctx.whois(user).metadata.registers();
    let later = registers.filter_map(|(key, register)| {
        let (value, field) = (register.value.clone()?, record.field(&field(key)));
        let takes_room = field.is_none_or(|field| field.value.is_none());
        if field.is_some_and(|field| field.at > register.at) || takes_room && room == 0 {
            return None;
        }
        room -= usize::from(takes_room);
        Some((key.into(), value))
    });
    later.collect()
}

/// A user has come who may have told something before. It is told as of now, but for what a filter does not
/// let pass, and what has no room beside what their account tells; who is logged in has their account tell it
/// as well.
pub fn comes(ctx: &mut Ctx<'_>, user: UserId, early: Early) {
    let Early { account: mut told, said } = early;
    let most = ctx.core.config.limits.metadata_keys;
    // What is taken away makes room for what is set.
    let (set, gone): (Vec<_>, Vec<_>) = said.into_iter().partition(|(_, value)| value.is_some());
    let mut new = Vec::new();
    for (key, value) in gone.into_iter().chain(set) {
        if value.is_some() && !told.contains_key(&key) && told.len() >= most {
            continue;
        }
        if let Some(value) = &value {
            let refused = filters::check(ctx, user, Place::Topic, value).is_err();
            if ctx.session().closing {
                return;
            }
            if refused {
                continue;
            }
        }
        if told.get(&key) == value.as_ref() {
            continue;
        }
        match &value {
            Some(value) => told.insert(key.clone(), value.clone()),
            None => told.remove(&key),
        };
        new.push((key, value));
    }
    wear(ctx.core, ctx.fx, (user, Some(ctx.conn)), &told, ctx.now);
    let who = ctx.whois(user);
    if let Some(account) = who.login.as_ref().map(|login| login.id) {
        let by = who.mask();
        keep(ctx.core, ctx.fx, (account, &by), new, ctx.now);
    }
}

/// Has the store write what the account of a user tells from now on who is logged in; the session waits, and
/// goes on with [`proposed`].
pub fn propose(
    ctx: &mut Ctx<'_>,
    user: UserId,
    new: impl IntoIterator<Item = KeyValue>,
    resume: Resume,
) {
    let Some(id) = ctx.whois(user).login.as_ref().map(|login| login.id) else { return };
    let (at, by) = (ctx.core.clock.tick(ctx.now.wall), account::mask(ctx).into());
    let edit = Edit { id, kind: Kind::Account, at, by, what: written(new) };
    registry::propose(ctx, edit, resume);
}

/// Why an account does not tell something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Its record has no room for more keys.
    Full,
    /// The store cannot write it, or there is no such account any more.
    Unavailable,
}

/// What has become of it: that the account tells it now, and whoever is logged in to it; still, of whom it was
/// asked by this nick.
pub fn proposed(ctx: &Ctx<'_>, nick: &str, answer: &Answer) -> Result<(), Refusal> {
    let login = ctx.find_user(nick).and_then(|user| ctx.whois(user).login.as_deref());
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited)))
            if login.is_some_and(|login| login.id == edited.edit.id) =>
        {
            Ok(())
        }
        Answer::Stored(Ok(Rows::Full)) => Err(Refusal::Full),
        _ => Err(Refusal::Unavailable),
    }
}

/// The store has written to an account, as the session `cause` has asked if one has: whoever is logged in to it
/// here, or is about to come in, tells what it tells.
pub fn edited(core: &mut Core, fx: &mut Effects, edited: &Edited, cause: Option<ConnId>, now: Now) {
    let Edited { edit, changed, .. } = edited;
    let told = changed
        .iter()
        .filter_map(|change| Some((change.key.strip_prefix(METADATA)?, change.after.as_deref())));
    if edit.kind != Kind::Account || told.clone().next().is_none() {
        return;
    }
    for new in core.entering(edit.id) {
        told.clone().for_each(|(key, value)| new.metadata.account_tells(key, value));
    }
    let by = source(core, cause);
    for user in core.logged_in(edit.id) {
        // The session gets an answer about the one whom it has named, and no other.
        let cause = cause.filter(|conn| asked_about(core, *conn) == Some(user));
        told.clone().for_each(|told| tell(core, fx, (user, by, cause), told, now));
    }
}

/// Whose metadata a session has asked to change, by the nick that it will be answered with.
fn asked_about(core: &Core, conn: ConnId) -> Option<UserId> {
    let words = &core.sessions.get(conn)?.again.as_ref()?.words;
    let network = core.network();
    network.nick(&Nick::lookup(words.first()?, network.casemap())?)
}

/// Looks at what a change means for what accounts tell.
pub fn note(core: &mut Core, fx: &mut Effects, (change, at): (&Change, Stamp), now: Now) {
    let (Change::Account { user } | Change::Metadata { of: Holder::User(user), .. }) = change
    else {
        return;
    };
    let found = core.network().find_user(*user).filter(|_| core.locals.get(*user).is_some());
    let Some(who) = found else { return };
    match (change, &who.login) {
        (Change::Account { .. }, None) => wear(core, fx, (*user, None), &Told::new(), now),
        // What this server does itself follows the account.
        (Change::Metadata { key, .. }, Some(login)) if at.server != core.sid() => {
            let new = [(key.clone(), who.metadata.get(key).map(Into::into))];
            let (account, by) = (login.id, core.name().to_owned());
            keep(core, fx, (account, &by), new, now);
        }
        _ => (),
    }
}

/// Has a user of this server tell this and nothing else. `cause` is the session that has asked for that.
fn wear(
    core: &mut Core,
    fx: &mut Effects,
    (user, cause): (UserId, Option<ConnId>),
    told: &Told,
    now: Now,
) {
    let by = source(core, cause);
    let before = core.network().user(user).metadata.iter().map(|(key, _)| key.into());
    let keys: BTreeSet<Box<str>> = before.chain(told.keys().cloned()).collect();
    for key in keys {
        let value = told.get(&key).map(|value| &**value);
        tell(core, fx, (user, by, cause), (&key, value), now);
    }
}

/// Who changes what is told: the user of the session that has asked for it, or this server.
fn source(core: &Core, asker: Option<ConnId>) -> Source {
    match asker.and_then(|conn| core.sessions.get(conn)?.user()) {
        Some(asker) => Source::User(core.network().user(asker).uid),
        None => Source::Server(core.sid()),
    }
}

fn tell(
    core: &mut Core,
    fx: &mut Effects,
    (user, by, cause): (UserId, Source, Option<ConnId>),
    (key, value): (&str, Option<&str>),
    now: Now,
) {
    let who = core.network().user(user);
    if who.metadata.get(key) == value {
        return;
    }
    let of = Subject::User(who.uid);
    let op = Op::Metadata { by, of, key: key.into(), value: value.map(Into::into) };
    core.commit(fx, op, cause, now);
}

/// Has an account tell something from now on that is told already.
fn keep(
    core: &mut Core,
    fx: &mut Effects,
    (account, by): (RecordId, &str),
    new: impl IntoIterator<Item = KeyValue>,
    now: Now,
) {
    let mut new = new.into_iter().peekable();
    if new.peek().is_some() {
        let (at, what) = (core.clock.tick(now.wall), written(new));
        core.store_later(
            fx,
            Edit { id: account, kind: Kind::Account, at, by: by.into(), what },
            now,
        );
    }
}

/// What an account tells from now on, as it is written.
fn written(new: impl IntoIterator<Item = KeyValue>) -> What {
    What::Write(new.into_iter().map(|(key, value)| (field(&key), value)).collect())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_somebody_tells_comes_with_logging_in_and_goes_with_logging_out() {
        check(
            r"
            servers 2
            account alice password=sesame
            bob@2   > CAP REQ :batch draft/metadata-3
            bob     > METADATA * SUB color url
            bob     > JOIN #a
            alice@1 > JOIN #a
            alice   > CAP REQ :batch draft/metadata-3
            alice   > METADATA * SUB color
            alice   > NS IDENTIFY sesame
            alice   > METADATA * SET color :red
            alice   < :s1.test 761 alice alice color * :red
            alice   <! 761
            bob     < :s2.test 761 bob alice color * :red
            alice   > METADATA * SET url x
            bob     < :s2.test 761 bob alice url * :x
            alice   > NS LOGOUT
            alice   < :s1.test 766 alice alice color :Key is not set
            bob     < :s2.test 766 bob alice color :Key is not set
            bob     < :s2.test 766 bob alice url :Key is not set
            alice   > METADATA * LIST
            alice   < :s1.test BATCH +b1 metadata alice
            alice   < :s1.test BATCH -b1
            al@2    > JOIN #a
            al      > NS IDENTIFY alice sesame
            bob     < :s2.test 761 bob al color * :red
            bob     < :s2.test 761 bob al url * :x
            alice   > NS IDENTIFY sesame
            alice   < :s1.test 761 alice alice color * :red
            bob     < :s2.test 761 bob alice color * :red
            same
            ",
        );
    }

    #[test]
    fn all_sessions_of_an_account_tell_the_same_on_whichever_server() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > NS IDENTIFY sesame
            al@2    > NS IDENTIFY alice sesame
            ali@2   > CAP REQ draft/metadata-2
            ali     > METADATA * SUB color
            ali     > JOIN #a
            ali     > NS IDENTIFY alice sesame
            al      > JOIN #a
            alice   > METADATA * SET color red
            alice   < :s1.test 761 alice alice color * :red
            ali     < :s2.test METADATA al color * :red
            ali     < :s2.test METADATA ali color * :red
            al      > METADATA ali SET color blue
            al      <~ :s2.test FAIL METADATA KEY_NO_PERMISSION ali color :*
            root@2  > OPER root sesame
            root    > METADATA alice SET color blue
            root    < :s2.test 761 root alice color * :blue
            ali     < :s2.test METADATA al color * :blue
            ali     < :s2.test METADATA ali color * :blue
            al      > METADATA * GET color
            al      < :s2.test 761 al al color * :blue
            alice   > METADATA * GET color
            alice   < :s1.test 761 alice alice color * :blue
            ali     > METADATA * SET color green
            ali     < :ali!~ali@ali.test METADATA al color * :green
            ali     < :s2.test 761 ali ali color * :green
            ali     <! METADATA
            al      > METADATA * CLEAR
            al      < :s2.test 766 al al color :Key is not set
            alice   > METADATA * GET color
            alice   < :s1.test 766 alice alice color :Key is not set
            same
            ",
        );
    }

    #[test]
    fn what_was_told_before_becomes_the_accounts_unless_that_is_later() {
        check(
            r"
            config limits.metadata_keys 3
            account alice password=sesame
            alice > NS IDENTIFY sesame
            al    > METADATA * SET color old
            alice > METADATA * SET color new
            alice > METADATA * SET url x
            al    > METADATA * SET url y
            al    > METADATA * SET one more
            al    > NS IDENTIFY alice sesame
            al    > METADATA * LIST
            al    < :s1.test 761 al al color * :new
            al    < :s1.test 761 al al one * :more
            al    < :s1.test 761 al al url * :y
            alice > METADATA * LIST
            alice < :s1.test 761 alice alice color * :new
            alice < :s1.test 761 alice alice one * :more
            alice < :s1.test 761 alice alice url * :y
            bob   > METADATA * SET two more
            bob   > METADATA * SET color other
            bob   > NS IDENTIFY alice sesame
            bob   > METADATA * LIST
            bob   < :s1.test 761 bob bob color * :other
            bob   < :s1.test 761 bob bob one * :more
            bob   <! two
            bob   > NS LOGOUT
            bob   > NS REGISTER open-sesame
            bob   <~ :s1.test 900 bob *
            bob   > METADATA * LIST
            bob   <! 761
            carl  > METADATA * SET color mine
            carl  > NS REGISTER open-sesame
            carl  > NS EXPORT
            carl  <~ :NickServ!services@* NOTICE carl :{*field*:*meta:color*,*value*:*mine*}
            carl  > NS IDENTIFY alice sesame
            carl  > METADATA * GET color one
            carl  < :s1.test 761 carl carl color * :other
            carl  < :s1.test 761 carl carl one * :more
            carl  > METADATA * SET one
            carl  > METADATA * SET three more
            carl  < :s1.test 761 carl carl three * :more
            carl  > METADATA * SET four more
            carl  <~ :s1.test FAIL METADATA LIMIT_REACHED carl SET :*
            ",
        );
    }

    #[test]
    fn who_is_logged_in_before_the_connection_is_complete_tells_what_the_account_does() {
        check(
            r"
            account jilles password=sesame
            config oper root sesame
            root   > OPER root sesame
            root   > FILTER *spam* block t :no
            jilles > NS IDENTIFY sesame
            jilles > METADATA * SET color red
            jilles > METADATA * SET url x
            jilles > METADATA * SET status here
            raw a
            a > CAP REQ :batch sasl draft/metadata-2
            a > METADATA * SET color blue
            a > METADATA * SET offer :all spam
            a > METADATA * SUB color
            a > NICK al
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            a <~ :s1.test 903 *
            a > METADATA * LIST
            a < @batch=b1 :s1.test 761 al * color * :blue
            a < @batch=b1 :s1.test 761 al * offer * :all spam
            a < @batch=b1 :s1.test 761 al * status * :here
            a < @batch=b1 :s1.test 761 al * url * :x
            a > METADATA * SET url
            a < :s1.test 766 al * url :Key is not set
            a > METADATA * SET new y
            jilles > METADATA * SET status gone
            jilles < :s1.test 761 jilles jilles status * :gone
            a > USER al 0 * :Al
            a > CAP END
            a < @batch=b2 :s1.test METADATA al color * :blue
            a < @batch=b2 :s1.test METADATA al new * :y
            a < @batch=b2 :s1.test METADATA al status * :gone
            a < :s1.test BATCH -b2
            a <! offer
            jilles > METADATA * LIST
            jilles < :s1.test 761 jilles jilles color * :blue
            jilles < :s1.test 761 jilles jilles new * :y
            jilles < :s1.test 761 jilles jilles status * :gone
            jilles <! url
            jilles <! offer
            ",
        );
    }

    #[test]
    fn what_was_told_before_the_connection_is_complete_has_to_find_room() {
        check(
            r"
            config limits.metadata_keys 2
            account jilles password=sesame meta:one=1 meta:two=2
            raw a
            a > CAP REQ :sasl draft/metadata-2
            a > METADATA * SET zoo x
            a > METADATA * SET one y
            a > NICK al
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            a <~ :s1.test 903 *
            a > USER al 0 * :Al
            a > CAP END
            a < :s1.test METADATA al one * :y
            a < :s1.test METADATA al two * :2
            a <! zoo
            bob > NS IDENTIFY jilles sesame
            bob > METADATA * LIST
            bob < :s1.test 761 bob bob one * :y
            bob < :s1.test 761 bob bob two * :2
            bob <! zoo
            raw c
            c > CAP REQ :sasl draft/metadata-2
            c > METADATA * SET zoo x
            c > NICK cy
            c > AUTHENTICATE PLAIN
            c > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            c <~ :s1.test 903 *
            c > METADATA * SET two
            c > USER cy 0 * :Cy
            c > CAP END
            c < :s1.test METADATA cy one * :y
            c < :s1.test METADATA cy zoo * :x
            c <! two
            ",
        );
    }

    #[test]
    fn what_the_store_does_not_take_is_not_told_and_what_it_has_taken_is_kept() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY sesame
            alice   > METADATA * SET color red
            disk 1 full
            alice   > METADATA * SET color blue
            alice   < :s1.test FAIL METADATA TEMPORARILY_UNAVAILABLE alice color :It cannot be stored now, and nothing has been changed; try again later.
            alice   > METADATA * CLEAR
            alice   <~ :s1.test FAIL METADATA TEMPORARILY_UNAVAILABLE alice * :*
            alice   > METADATA * GET color
            alice   < :s1.test 761 alice alice color * :red
            bob@1   > METADATA * SET url x
            bob     > NS IDENTIFY alice sesame
            bob     > METADATA * LIST
            bob     < :s1.test 761 bob bob color * :red
            bob     < :s1.test 761 bob bob url * :x
            alice   > METADATA * LIST
            alice   <! url
            disk 1 well
            wait 60
            alice   > METADATA * LIST
            alice   < :s1.test 761 alice alice url * :x
            crash 1
            wait 10
            start 1
            heal
            wait 10
            al@1    > NS IDENTIFY alice sesame
            al      > METADATA * LIST
            al      < :s1.test 761 al al color * :red
            al      < :s1.test 761 al al url * :x
            same
            ",
        );
    }

    #[test]
    fn of_what_is_told_on_two_sides_of_a_split_the_later_stays_key_by_key() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY sesame
            al@2    > NS IDENTIFY alice sesame
            alice   > METADATA * SET status x
            split 1 | 2
            al      > METADATA * SET color blue
            al      > METADATA * SET status
            wait 2
            alice   > METADATA * SET color red
            alice   > METADATA * SET url y
            heal
            wait 20
            al      > METADATA * LIST
            al      < :s2.test 761 al al color * :red
            al      < :s2.test 761 al al url * :y
            al      <! status
            alice   > METADATA * LIST
            alice   < :s1.test 761 alice alice color * :red
            alice   < :s1.test 761 alice alice url * :y
            alice   <! status
            same
            ",
        );
    }

    #[test]
    fn what_an_operator_sets_who_has_not_heard_of_the_log_in_goes_to_the_account() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > PING x
            root@2  > OPER root sesame
            split 1 | 2
            alice   > NS IDENTIFY sesame
            alice   > METADATA * SET color red
            root    > METADATA alice SET url y
            root    < :s2.test 761 root alice url * :y
            wait 2
            root    > METADATA alice SET color blue
            heal
            wait 20
            al@1    > NS IDENTIFY alice sesame
            al      > METADATA * LIST
            al      < :s1.test 761 al al color * :blue
            al      < :s1.test 761 al al url * :y
            same
            ",
        );
    }

    #[test]
    fn an_account_that_ends_tells_nothing_any_more() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY sesame
            alice > METADATA * SET color red
            alice > NS DELETE-ME
            alice > NS DELETE-ME 1-000
            alice <~ * NOTICE alice :You are logged out*
            alice > METADATA * LIST
            alice <! 761
            ",
        );
    }
}
