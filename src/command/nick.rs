//! NICK (RFC 2812 §3.1.2).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes, policy, registration, reserve,
        session::Phase,
    },
    network::{note::Section, op::Op},
    service,
    wire::{message::Message, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NICK",
    params: "[<nick>]",
    about: "Takes a nick.",
    help: "A nick that belongs to an account is for those who are logged in to it; they get it from whoever wears it. Letters, digits and []\\`_^{|}- can stand in a nick; a digit or - cannot stand first. Where the network's names are of every script, so can their letters; a nick that looks like another's is taken.\nExample: NICK alice",
    replies: &[
        reply::NO_NICKNAME_GIVEN,
        reply::ERRONEOUS_NICKNAME,
        reply::NICKNAME_IN_USE,
        reply::CANNOT_CHANGE_NICK,
    ],
    cost: 1,
    run: Run::Any(nick),
    ..Command::USUAL
}];

fn nick(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let Some(text) = message.args.given(0) else { return Err(reply::no_nickname_given().into()) };
    let most = ctx.core.config.limits.nick;
    let Some(wanted) = Nick::new(text, ctx.network().casemap(), most) else {
        return Err(reply::erroneous_nickname(text, most).into());
    };
    let taken = reserve::is_taken(ctx, &wanted);
    if service::is_reserved(text, ctx.network().casemap()) {
        return Err(reply::nickname_in_use(text).into());
    }
    if let Some(why) = notes::forbidden(ctx, Section::ForbidNick, text) {
        return Err(reply::forbidden_nickname(text, &why).into());
    }
    match &mut ctx.session_mut().phase {
        Phase::New(registration) => {
            if taken {
                registration.refused = Some(wanted);
                return Err(reply::nickname_in_use(text).into());
            }
            registration.refused = None;
            registration.nick = Some(wanted);
            registration::progress(ctx)
        }
        Phase::User(user) => {
            let user = *user;
            if taken {
                return Err(reply::nickname_in_use(text).into());
            }
            reserve::check(ctx, &wanted)?;
            if ctx.whois(user).nick().as_str() != text {
                policy::change_nick(ctx, user)?;
                let uid = ctx.whois(user).uid;
                ctx.commit(Op::Nick { uid, nick: wanted });
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn nicks_of_every_script_are_told_apart_by_their_looks() {
        check(
            r"
            servers 2
            config server.casemapping precis
            evan@1 > JOIN #a
            bob@2  > JOIN #a
            bob > NICK еvan
            bob < :s2.test 433 bob еvan :Nickname is already in use
            bob > NICK Иван
            evan < :bob!~bob@bob.test NICK :Иван
            evan > PRIVMSG иВАН :hi
            bob < :evan!~evan@evan.test PRIVMSG Иван :hi
            evan > NICK lvan
            bob > NICK Ivan
            bob < :s2.test 433 Иван Ivan :Nickname is already in use
            evan > NICK evan
            bob > NICK Ivan
            evan < :Иван!~bob@bob.test NICK :Ivan
            bob > NICK NісkServ
            bob < :s2.test 433 Ivan NісkServ :Nickname is already in use
            bob > NICK ☃
            bob < :s2.test 432 Ivan ☃ :Erroneous nickname: it has at most 32 letters, digits and -_[]{}\`^|, and begins with neither digit nor hyphen
            same
            ",
        );
    }

    #[test]
    fn without_precis_nicks_are_ascii() {
        check(
            r"
            alice > NICK Иван
            alice < :s1.test 432 alice Иван :Erroneous nickname: it has at most 32 letters, digits and -_[]{}\`^|, and begins with neither digit nor hyphen
            alice > NICK a|ice
            alice < :alice!~alice@alice.test NICK :a|ice
            ",
        );
    }

    #[test]
    fn a_nick_is_taken_and_those_around_are_told() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            alice > NICK carol
            alice < :alice!~alice@alice.test NICK :carol
            bob   < :alice!~alice@alice.test NICK :carol
            alice > NICK CAROL
            alice < :carol!~alice@alice.test NICK :CAROL
            ",
        );
    }

    #[test]
    fn a_nick_that_cannot_be_is_refused() {
        check(
            r"
            bob   > PING x
            alice > NICK
            alice < :s1.test 431 alice :No nickname given
            alice > NICK 1st
            alice < :s1.test 432 alice 1st :Erroneous nickname: it has at most 32 letters, digits and -_[]{}\`^|, and begins with neither digit nor hyphen
            alice > NICK BOB
            alice < :s1.test 433 alice BOB :Nickname is already in use
            ",
        );
    }

    #[test]
    fn the_first_to_ask_keeps_the_nick_when_a_split_heals() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice > NICK neo
            bob   > NICK neo
            heal
            bob   < :neo!~bob@bob.test NICK :2SNAAAAAB
            alice < :bob!~bob@bob.test NICK :2SNAAAAAB
            same
            ",
        );
    }

    #[test]
    fn who_waited_for_a_nick_gets_it_when_it_is_free() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice > NICK neo
            bob   > NICK neo
            heal
            bob   < :neo!~bob@bob.test NICK :2SNAAAAAB
            alice > NICK trinity
            bob   < :neo!~alice@alice.test NICK :trinity
            bob   < :2SNAAAAAB!~bob@bob.test NICK :neo
            same
            ",
        );
    }
}
