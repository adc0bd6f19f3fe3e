//! Of which metadata keys a client wants to hear, and what they are now: SUB, UNSUB, SUBS and SYNC of
//! METADATA (`ircv3: metadata`).

use super::metadata::{Aim, invalid_key, is_own};
use crate::{
    core::{
        ctx::{Ctx, Cursor, Outcome, STREAM_PIECE},
        metadata::{close, is_second, open, told},
    },
    network::{
        UserId,
        metadata::{Holder, is_key},
    },
    wire::{fail, message::Args, reply},
};

/// The target of a SYNC of everybody whom one sees, as `draft/metadata-3` has it.
pub const EVERYBODY: &str = "*ALL";

/// How many others a client may see and still be told at once what they have set; with more, it is told to
/// ask.
const OTHERS_MAX: usize = 32;

/// The most bytes of keys on a line.
const LINE: usize = 360;

/// Wants to hear of keys, in order, until there are as many as may be.
pub fn sub(ctx: &mut Ctx<'_>, aim: &Aim, args: &Args<'_>) -> Outcome {
    own(ctx, aim)?;
    let most = ctx.core.config.limits.metadata_subs;
    let (mut subscribed, mut added) = (Vec::new(), Vec::new());
    for key in args.iter().skip(2) {
        if !is_key(key) {
            let refused = invalid_key(ctx, key);
            ctx.standard(&refused);
            continue;
        }
        if ctx.session().keys.len() >= most {
            let refused = match is_second(ctx.session()) {
                true => fail::metadata_too_many_subs(key),
                false => fail::metadata_limit_reached_by(key, "SUB"),
            };
            ctx.standard(&refused);
            break;
        }
        if !ctx.session().keys.iter().any(|known| &**known == key) {
            ctx.session_mut().keys.push(key.into());
            added.push(key);
        }
        subscribed.push(key);
    }
    for line in lines(&subscribed) {
        ctx.reply(reply::metadata_sub_ok(&line));
    }
    if !added.is_empty() {
        catch_up(ctx, &added);
    }
    Ok(())
}

/// Wants to hear of keys no longer.
pub fn unsub(ctx: &mut Ctx<'_>, aim: &Aim, args: &Args<'_>) -> Outcome {
    own(ctx, aim)?;
    let mut gone = Vec::new();
    for key in args.iter().skip(2) {
        if is_key(key) {
            ctx.session_mut().keys.retain(|known| &**known != key);
            gone.push(key);
        } else {
            let refused = invalid_key(ctx, key);
            ctx.standard(&refused);
        }
    }
    for line in lines(&gone) {
        ctx.reply(reply::metadata_unsub_ok(&line));
    }
    Ok(())
}

/// Shows of which keys it wants to hear.
pub fn subs(ctx: &mut Ctx<'_>, aim: &Aim, _args: &Args<'_>) -> Outcome {
    own(ctx, aim)?;
    let batch = open(ctx.core, ctx.fx, ctx.conn, ("metadata-subs", None), ctx.now);
    let keys = ctx.session().keys.clone();
    for line in lines(&keys.iter().map(|key| &**key).collect::<Vec<_>>()) {
        ctx.reply_in(batch.as_deref(), reply::metadata_subs(&line));
    }
    close(ctx.core, ctx.fx, ctx.conn, batch.as_deref(), ctx.now);
    Ok(())
}

/// Shows what somebody, or a channel and those inside, have set of the keys that are wanted.
pub fn sync(ctx: &mut Ctx<'_>, aim: &Aim, _args: &Args<'_>) -> Outcome {
    if let (Some(Holder::Channel(channel)), Some(user)) = (aim.of, ctx.session().user()) {
        if ctx.network().status(channel, user).is_none() {
            return Err(fail::metadata_key_no_permission(&aim.name, "*").into());
        }
    }
    begin(ctx, &aim.name, vec![aim.name.clone()]);
    Ok(())
}

/// Shows what everybody whom the client sees has set of the keys that are wanted.
pub fn sync_all(ctx: &mut Ctx<'_>) -> Outcome {
    let user = ctx.session().user().ok_or_else(|| fail::metadata_invalid_target(EVERYBODY))?;
    let mut targets: Vec<String> = vec![ctx.whois(user).nick().to_string()];
    targets.extend(ctx.session().monitor.iter().map(ToString::to_string));
    let channels = ctx.whois(user).channels().iter();
    targets.extend(channels.map(|channel| ctx.network().channel(*channel).name.to_string()));
    begin(ctx, EVERYBODY, targets);
    Ok(())
}

/// Begins to show what several have set, the last of them first. Before them stands the batch.
fn begin(ctx: &mut Ctx<'_>, target: &str, targets: Vec<String>) {
    let batch = open(ctx.core, ctx.fx, ctx.conn, ("metadata", Some(target)), ctx.now);
    let asked = std::iter::once(batch.unwrap_or_default()).chain(targets).collect();
    ctx.stream(Cursor { asked, ..Cursor::default() }, piece);
}

/// Shows what some more have set. In a channel, the slot tells whether the channel itself has been shown.
fn piece(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let batch = cursor.asked.first().filter(|batch| !batch.is_empty()).cloned();
    for _ in 0..STREAM_PIECE {
        let [_, .., target] = cursor.asked.as_slice() else {
            close(ctx.core, ctx.fx, ctx.conn, batch.as_deref(), ctx.now);
            return None;
        };
        let next = next(ctx, target, &cursor);
        match next {
            Some(of) => {
                told(ctx.core, ctx.fx, ctx.conn, (of, batch.as_deref()), ctx.now);
                cursor.slot = 1;
                if let Holder::User(user) = of {
                    cursor.after = Some(user);
                }
            }
            None => {
                cursor.asked.pop();
                (cursor.slot, cursor.after) = (0, None);
            }
        }
    }
    Some(cursor)
}

/// Who comes next of a channel and its members, or of one user. A channel that the client has left is over.
fn next(ctx: &Ctx<'_>, target: &str, cursor: &Cursor) -> Option<Holder> {
    let user = ctx.session().user()?;
    if !target.starts_with('#') {
        return ctx.find_user(target).filter(|_| cursor.slot == 0).map(Holder::User);
    }
    let channel = ctx.channel(target).ok()?;
    ctx.network().status(channel, user)?;
    if cursor.slot == 0 {
        return Some(Holder::Channel(channel));
    }
    let mut members = ctx.network().members_after(channel, cursor.after);
    let next = members.find(|(other, _)| ctx.network().sees_member(channel, user, *other));
    next.map(|(user, _)| Holder::User(user))
}

/// Tells what has been set of keys that are wanted from now on, or that it can be asked for.
fn catch_up(ctx: &mut Ctx<'_>, keys: &[&str]) {
    let Some(user) = ctx.session().user() else { return };
    let channels = ctx.whois(user).channels().to_vec();
    let network = ctx.network();
    let watched = ctx.session().monitor.iter().filter_map(|nick| network.nick(nick));
    let members = channels.iter().flat_map(|channel| {
        let members = network.members(*channel).map(|(other, _)| other);
        members.filter(move |other| network.sees_member(*channel, user, *other))
    });
    let others = members.chain(watched).filter(|other| *other != user);
    let mut others: Vec<UserId> = others.take(OTHERS_MAX + 1).collect();
    if others.len() > OTHERS_MAX {
        if !is_second(ctx.session()) {
            return ctx.reply(reply::metadata_sync_later(EVERYBODY));
        }
        for channel in channels {
            let name = ctx.network().channel(channel).name.to_string();
            ctx.reply(reply::metadata_sync_later(&name));
        }
        return;
    }
    others.sort_unstable();
    others.dedup();
    let users = std::iter::once(user).chain(others).map(Holder::User);
    let all: Vec<Holder> = channels.into_iter().map(Holder::Channel).chain(users).collect();
    // Only what is new: what was wanted before has been told before.
    let known = std::mem::replace(
        &mut ctx.session_mut().keys,
        keys.iter().map(|key| (*key).into()).collect(),
    );
    for of in all {
        told(ctx.core, ctx.fx, ctx.conn, (of, None), ctx.now);
    }
    ctx.session_mut().keys = known;
}

/// That a client speaks of itself.
fn own(ctx: &Ctx<'_>, aim: &Aim) -> Outcome {
    match is_own(ctx, aim) {
        true => Ok(()),
        false => Err(fail::metadata_invalid_target(&aim.name).into()),
    }
}

/// Keys, on as many lines as they need.
fn lines(keys: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for key in keys {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + key.len() <= LINE => {
                line.push(' ');
                line.push_str(key);
            }
            Some(_) | None => lines.push((*key).to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn keys_are_subscribed_to_in_order_up_to_the_limit() {
        check(
            r"
            config limits.metadata_subs 3
            alice > CAP REQ :batch draft/metadata-2
            alice > METADATA * SUB foo $url bar foo
            alice <~ :s1.test FAIL METADATA KEY_INVALID $url :*
            alice < :s1.test 770 alice foo bar foo
            alice > METADATA alice SUB a b c
            alice <~ :s1.test FAIL METADATA TOO_MANY_SUBS b :*
            alice < :s1.test 770 alice a
            alice > METADATA * SUBS
            alice < :s1.test BATCH +b1 metadata-subs
            alice < @batch=b1 :s1.test 772 alice foo bar a
            alice < :s1.test BATCH -b1
            alice > METADATA * UNSUB foo $x other
            alice <~ :s1.test FAIL METADATA KEY_INVALID $x :*
            alice < :s1.test 771 alice foo other
            alice > CAP REQ draft/metadata-3
            alice > METADATA * SUB x y
            alice < :s1.test FAIL METADATA LIMIT_REACHED y SUB :There are as many as there may be; take one away first.
            bob   > METADATA alice SUB x
            bob   <~ :s1.test FAIL METADATA INVALID_TARGET alice :*
            bob   > METADATA * SUB
            bob   < :s1.test 461 bob METADATA :Not enough parameters
            ",
        );
        let keys: Vec<String> = (0..13).map(|number| format!("{number:032}")).collect();
        check(&format!(
            "alice > METADATA * SUB {}\nalice < :s1.test 770 alice {}\nalice < :s1.test 770 alice {}",
            keys.join(" "),
            keys[..10].join(" "),
            keys[10..].join(" ")
        ));
    }

    #[test]
    fn subscribers_hear_of_those_whom_they_see_or_monitor() {
        check(
            r"
            alice > CAP REQ :batch draft/metadata-3
            bob   > CAP REQ :batch draft/metadata-3
            carol > CAP REQ :batch draft/metadata-2
            dave  > CAP REQ :batch draft/metadata-3
            bob   > METADATA * SUB display-name
            carol > METADATA * SUB display-name
            dave  > METADATA * SUB display-name
            alice > METADATA * SET display-name One
            alice > METADATA * SET color red
            alice > JOIN #a
            alice > METADATA #a SET display-name :Channel A
            bob   <! 761
            bob   > JOIN #a
            bob   < :s1.test 366 bob #a :End of /NAMES list
            bob   <~ :s1.test BATCH +b* metadata #a
            bob   <~ @batch=b* :s1.test 761 bob #a display-name * :Channel A
            bob   <~ @batch=b* :s1.test 761 bob alice display-name * :One
            bob   <~ :s1.test BATCH -b*
            carol > MONITOR + alice
            carol < :s1.test METADATA alice display-name * :One
            alice > METADATA * SET display-name :Alice Two
            alice < :s1.test 761 alice alice display-name * :Alice Two
            alice <! 761
            bob   < :s1.test 761 bob alice display-name * :Alice Two
            carol < :alice!~alice@alice.test METADATA alice display-name * :Alice Two
            alice > METADATA * SET display-name :Alice Two
            alice > METADATA * SET display-name
            bob   < :s1.test 766 bob alice display-name :Key is not set
            bob   <! 761
            carol < :alice!~alice@alice.test METADATA alice display-name *
            dave  <! alice
            alice > METADATA #a SET display-name :B
            bob   < :s1.test 761 bob #a display-name * :B
            carol > METADATA * SET display-name C
            carol > JOIN #a
            bob   < :s1.test 761 bob carol display-name * :C
            bob   > METADATA * SUB color
            bob   < :s1.test 770 bob color
            bob   < :s1.test 761 bob alice color * :red
            bob   <! display-name
            bob   > METADATA #a SYNC
            bob   <~ :s1.test BATCH +b* metadata #a
            bob   <~ @batch=b* :s1.test 761 bob #a display-name * :B
            bob   <~ @batch=b* :s1.test 761 bob alice color * :red
            bob   <~ @batch=b* :s1.test 761 bob carol display-name * :C
            bob   <~ :s1.test BATCH -b*
            bob   > METADATA *ALL SYNC
            bob   <~ :s1.test BATCH +b* metadata *ALL
            bob   <~ @batch=b* :s1.test 761 bob alice color * :red
            bob   <~ :s1.test BATCH -b*
            carol > METADATA alice SYNC
            carol <~ :s1.test BATCH +b* metadata alice
            carol <~ :s1.test BATCH -b*
            bob   > CAP REQ -draft/metadata-3
            alice > METADATA * SET color blue
            bob   > PING x
            bob   <! blue
            ",
        );
    }

    #[test]
    fn who_comes_again_with_another_host_is_told_of_again() {
        check(
            r"
            alice > METADATA * SET url one
            alice > JOIN #a
            bob   > CAP REQ draft/metadata-3
            bob   > METADATA * SUB url
            bob   > JOIN #a
            bob   < :s1.test 761 bob alice url * :one
            alice > MODE alice +x
            bob   <~ :alice!~alice@* JOIN #a
            bob   < :s1.test 761 bob alice url * :one
            bob   > CAP REQ chghost
            alice > MODE alice -x
            bob   <~ * CHGHOST *
            bob   <! url
            ",
        );
    }

    #[test]
    fn nobody_is_told_of_those_whom_they_do_not_see() {
        check(
            r"
            alice > JOIN #a
            alice > METADATA * SET url op
            alice > MODE #a +u
            bob   > METADATA * SET url guest
            bob   > JOIN #a
            carol > CAP REQ :draft/metadata-3 batch
            carol > METADATA * SUB url
            carol > JOIN #a
            carol <~ @batch=* :s1.test 761 carol alice url * :op
            carol > METADATA #a SYNC
            carol > METADATA * UNSUB url
            carol > METADATA * SUB url
            carol < :s1.test 761 carol alice url * :op
            carol > PING x
            carol <! guest
            alice > MODE #a -u+D
            dave  > METADATA * SET url late
            dave  > JOIN #a
            carol <! late
            dave  > PRIVMSG #a :hi
            carol < :dave!~dave@dave.test JOIN #a
            carol < :s1.test 761 carol dave url * :late
            ",
        );
    }

    #[test]
    fn who_enters_a_large_channel_asks_later() {
        let mut script = String::from(
            "config limits.flood_burst 100000
",
        );
        for number in 0..33 {
            script += &format!(
                "u{number} > JOIN #a
u{number} > METADATA * SET url {number}
"
            );
        }
        script += r"
            bob   > CAP REQ :batch draft/metadata-3
            bob   > METADATA * SUB url
            bob   > JOIN #a
            bob   < :s1.test 774 bob #a
            bob   > METADATA #a SYNC
            bob   <~ @batch=* :s1.test 761 bob u0 url * :0
            bob   <~ @batch=* :s1.test 761 bob u32 url * :32
            bob   <~ :s1.test BATCH -*
            bob   > METADATA * UNSUB url
            bob   > METADATA * SUB url
            bob   < :s1.test 774 bob *ALL
            bob   > CAP REQ :-draft/metadata-3 draft/metadata-2
            bob   > METADATA * UNSUB url
            bob   > METADATA * SUB url
            bob   < :s1.test 774 bob #a
        ";
        check(&script);
    }

    #[test]
    fn users_are_known_across_servers_and_splits() {
        check(
            r"
            servers 2
            alice@1 > METADATA * SET url one
            bob@2   > CAP REQ :batch draft/metadata-3
            bob     > METADATA * SUB url
            alice   > JOIN #a
            bob     > JOIN #a
            bob     <~ @batch=* :s2.test 761 bob alice url * :one
            alice   > METADATA * SET url two
            bob     < :s2.test 761 bob alice url * :two
            split 1 | 2
            wait 61
            alice   > METADATA * SET url three
            heal
            bob     <~ :s2.test BATCH -*
            bob     < :s2.test 761 bob alice url * :three
            same
            ",
        );
    }
}
