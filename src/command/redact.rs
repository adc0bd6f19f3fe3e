//! REDACT (`ircv3: message-redaction`).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters, policy,
        recent::{Place, Said},
    },
    network::{
        UserId, filter,
        mode::Status,
        op::{Op, Target},
    },
    time::MsgId,
    wire::{encode::head, fail, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REDACT",
    params: "<target> <message> [<reason>]",
    about: "Takes back a message, yours or, as an operator of the channel, somebody else's.",
    help: "The message is named by its id, which clients know. Clients that do not know of REDACT go on showing the message.\nExample: REDACT #dev 038gfi928k0006IZ :wrong channel",
    replies: &[],
    cost: 2,
    run: Run::User(redact),
    ..Command::USUAL
}];

fn redact(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (target, id) = (args[0], args[1]);
    let Some(place) = place(ctx, user, target) else {
        return Err(fail::redact_invalid_target(target).into());
    };
    let named = MsgId::parse(id).filter(|id| id.line == 0);
    let said = named.and_then(|id| Some((id.at, ctx.core.recent.find(id.at)?)));
    let Some((at, said)) = said.filter(|(_, said)| is_there(*said, place, user)) else {
        return Err(fail::unknown_msgid(target, id).into());
    };
    let moderates = may_moderate(ctx, user, said);
    let own = said.from == user && ctx.core.config.server.redact_own;
    if !moderates && !own {
        return Err(fail::redact_forbidden(target, id).into());
    }
    let window = ctx.core.config.limits.redact_window;
    let age = ctx.now.wall.0.saturating_sub(at.wall().0);
    if !moderates && !window.is_zero() && u128::from(age) > window.as_millis() {
        let window = window.as_secs().to_string();
        return Err(fail::redact_window_expired(target, id, &window).into());
    }
    let reason = head(args.get(2).unwrap_or_default(), ctx.core.config.limits.kick);
    let reason = said_aloud(ctx, user, said.place, reason);
    if ctx.session().closing {
        return Ok(());
    }
    let to = match said.place {
        Place::Channel(channel, prefix) => {
            Target::Channel { name: ctx.network().channel(channel).name.clone(), prefix }
        }
        Place::User(other) => match ctx.network().find_user(other) {
            Some(other) => Target::User(other.uid),
            None => return Err(fail::unknown_msgid(target, id).into()),
        },
    };
    if let Place::Channel(channel, _) = said.place {
        policy::appear(ctx, user, channel);
    }
    let by = ctx.whois(user).uid;
    ctx.commit(Op::Redact { by, said: at, to, reason: reason.into() });
    Ok(())
}

/// Where the user says that it was said, if they may know.
fn place(ctx: &Ctx<'_>, user: UserId, target: &str) -> Option<Place> {
    let name = target.trim_start_matches(|c| Status::of_prefix(c).is_some());
    if !name.starts_with('#') {
        return ctx.find_user(target).map(Place::User);
    }
    let channel = ctx.channel(name).ok()?;
    ctx.network().status(channel, user).map(|_| Place::Channel(channel, None))
}

/// Whether something was said there, as far as the user may know: in private, by one of the two.
fn is_there(said: Said, place: Place, user: UserId) -> bool {
    match (said.place, place) {
        (Place::Channel(channel, _), Place::Channel(named, _)) => channel == named,
        (Place::User(to), Place::User(other)) => {
            (said.from, to) == (user, other) || (said.from, to) == (other, user)
        }
        (Place::Channel(..), Place::User(_)) | (Place::User(_), Place::Channel(..)) => false,
    }
}

/// Whether a user may take back what others say in the channel. Who has left it, or is an operator above
/// the user, is no exception as long as they are not inside.
fn may_moderate(ctx: &Ctx<'_>, user: UserId, said: Said) -> bool {
    let Place::Channel(channel, _) = said.place else { return false };
    let mine = ctx.network().status(channel, user).unwrap_or(Status::NONE);
    let theirs = ctx.network().status(channel, said.from).unwrap_or(Status::NONE);
    ctx.core.config.server.redact_others
        && mine.at_least(Status::HALFOP)
        && (said.from == user || policy::outranks(mine, theirs))
}

/// The reason, unless the user could not say as much: it is no way around a ban or a filter.
fn said_aloud<'a>(ctx: &mut Ctx<'_>, user: UserId, place: Place, reason: &'a str) -> &'a str {
    let allowed = match place {
        _ if reason.is_empty() => true,
        Place::Channel(channel, _) => {
            policy::mute(ctx, user, channel).is_none()
                && filters::check(ctx, user, filter::Place::Channel, reason).is_ok()
        }
        Place::User(_) => filters::check(ctx, user, filter::Place::Private, reason).is_ok(),
    };
    if allowed { reason } else { "" }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    const CAPS: &str =
        "CAP REQ :message-tags echo-message draft/message-redaction labeled-response batch";

    fn play(script: &str) {
        check(&script.replace("CAPS", CAPS));
    }

    #[test]
    fn what_one_has_said_can_be_taken_back_once() {
        play(
            r"
            alice > CAPS
            bob   > CAPS
            alice > JOIN #a
            bob   > JOIN #a
            carol > CAP REQ message-tags
            carol > JOIN #a
            bob   > PRIVMSG #a :oops
            alice <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :oops
            bob   > @label=1 REDACT #A $id :wrong window
            bob   <~ @label=1;msgid=* :bob!~bob@bob.test REDACT #a $id :wrong window
            alice <~ @msgid=* :bob!~bob@bob.test REDACT #a $id :wrong window
            carol <! REDACT
            bob   > PRIVMSG #a :again
            bob   <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :again
            bob   > REDACT #a $id
            alice <~ @msgid=* :bob!~bob@bob.test REDACT #a $id
            bob   > REDACT #a $id
            bob   <~ :s1.test FAIL REDACT UNKNOWN_MSGID #a $id :*
            bob   > REDACT #a
            bob   < :s1.test 461 bob REDACT :Not enough parameters
            ",
        );
    }

    #[test]
    fn operators_of_a_channel_take_back_what_those_below_them_say() {
        play(
            r"
            servers 2
            alice@1 > CAPS
            bob@2   > CAPS
            alice   > JOIN #a
            bob     > JOIN #a
            alice   > PRIVMSG #a :mine
            bob     <~ @msgid=* :alice!~alice@alice.test PRIVMSG #a :mine
            bob     > REDACT #a $id
            bob     <~ :s2.test FAIL REDACT REDACT_FORBIDDEN #a $id :*
            bob     > PRIVMSG #a :spam
            alice   <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :spam
            alice   > REDACT #a $id :spam
            bob     <~ @msgid=* :alice!~alice@alice.test REDACT #a $id :spam
            bob     > REDACT #a $id
            bob     <~ :s2.test FAIL REDACT UNKNOWN_MSGID #a $id :*
            same
            ",
        );
    }

    #[test]
    fn in_private_it_is_between_two() {
        play(
            r"
            alice > CAPS
            bob   > CAPS
            carol > CAPS
            alice > PRIVMSG bob :psst
            bob   <~ @msgid=* :alice!~alice@alice.test PRIVMSG bob :psst
            carol > REDACT bob $id
            carol <~ :s1.test FAIL REDACT UNKNOWN_MSGID bob $id :*
            bob   > REDACT alice $id
            bob   <~ :s1.test FAIL REDACT REDACT_FORBIDDEN alice $id :*
            alice > REDACT carol $id
            alice <~ :s1.test FAIL REDACT UNKNOWN_MSGID carol $id :*
            bob   > SILENCE +alice
            alice > REDACT bob $id :shout
            alice <~ @msgid=* :alice!~alice@alice.test REDACT bob $id :shout
            bob   <! REDACT bob
            ",
        );
    }

    #[test]
    fn what_is_not_there_or_not_ones_own_cannot_be_taken_back() {
        play(
            r"
            alice > CAPS
            alice > JOIN #a
            bob   > REDACT #a 00000000000010AA
            bob   <~ :s1.test FAIL REDACT INVALID_TARGET #a :*
            alice > REDACT #none 00000000000010AA
            alice <~ :s1.test FAIL REDACT INVALID_TARGET #none :*
            alice > REDACT nobody 00000000000010AA
            alice <~ :s1.test FAIL REDACT INVALID_TARGET nobody :*
            alice > REDACT #a x
            alice <~ :s1.test FAIL REDACT UNKNOWN_MSGID #a x :*
            alice > JOIN #b
            alice > PRIVMSG #b :there
            alice <~ @msgid=* :alice!~alice@alice.test PRIVMSG #b :there
            alice > REDACT #a $id
            alice <~ :s1.test FAIL REDACT UNKNOWN_MSGID #a $id :*
            ",
        );
    }

    #[test]
    fn a_message_is_too_old_in_the_end_but_not_for_operators() {
        play(
            r"
            config limits.redact_window 10
            alice > CAPS
            bob   > CAPS
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PRIVMSG #a :hi
            bob   <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :hi
            wait 11
            bob   > REDACT #a $id
            bob   <~ :s1.test FAIL REDACT REDACT_WINDOW_EXPIRED #a $id 10 :*
            alice > REDACT #a $id
            bob   <~ @msgid=* :alice!~alice@alice.test REDACT #a $id
            ",
        );
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        play(
            r"
            config limits.redact_messages 2
            alice > CAPS
            alice > JOIN #a
            alice > PRIVMSG #a :one
            alice <~ @msgid=* :alice!~alice@alice.test PRIVMSG #a :one
            alice > PRIVMSG #a :two
            alice > @+typing=active TAGMSG #a
            alice > PRIVMSG #a :three
            alice > REDACT #a $id
            alice <~ :s1.test FAIL REDACT UNKNOWN_MSGID #a $id :*
            ",
        );
    }

    #[test]
    fn it_can_be_switched_off() {
        for (key, other) in [("redact_own", "bob"), ("redact_others", "alice")] {
            play(&format!(
                r"
                config server.{key} false
                alice > CAPS
                bob   > CAPS
                alice > JOIN #a
                bob   > JOIN #a
                bob   > PRIVMSG #a :hi
                bob   <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :hi
                {other} > REDACT #a $id
                {other} <~ :s1.test FAIL REDACT REDACT_FORBIDDEN #a $id :*
                "
            ));
        }
    }

    #[test]
    fn who_takes_something_back_is_there() {
        play(
            r"
            alice > CAPS
            bob   > CAPS
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PRIVMSG #a :hi
            bob   <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :hi
            alice > MODE #a +D
            bob   > PART #a
            alice <~ *:bob!~bob@bob.test PART #a
            bob   > JOIN #a
            bob   > REDACT #a $id
            alice <~ @msgid=* :bob!~bob@bob.test JOIN #a
            alice <~ @msgid=* :bob!~bob@bob.test REDACT #a $id
            ",
        );
    }

    #[test]
    fn who_is_muted_takes_back_without_a_word() {
        play(
            r"
            alice > CAPS
            bob   > CAPS
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PRIVMSG #a :hi
            bob   <~ @msgid=* :bob!~bob@bob.test PRIVMSG #a :hi
            alice > MODE #a +m
            bob   > REDACT #a $id :I was not finished
            alice <~ @msgid=* :bob!~bob@bob.test REDACT #a $id
            ",
        );
    }
}
