//! WHOWAS (RFC 2812 §3.6.3).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        welcome,
        whowas::Past,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "WHOWAS",
    params: "[<nick> [<count>]]",
    about: "Shows who wore a nick.",
    help: "* and ? in the nick stand for any characters and for one. Without a count, all that are remembered are shown, up to 100.\nExample: WHOWAS bob 5",
    replies: &[
        reply::WHOWAS_USER,
        reply::WHOIS_SERVER,
        reply::WAS_NO_SUCH_NICK,
        reply::END_OF_WHOWAS,
        reply::NO_NICKNAME_GIVEN,
    ],
    cost: 2,
    run: Run::User(whowas),
    ..Command::USUAL
}];

/// The most that are shown at once.
const SHOWN_MAX: usize = 100;

fn whowas(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let Some(nick) = args.given(0) else { return Err(reply::no_nickname_given().into()) };
    let most = args
        .get(1)
        .and_then(|count| count.parse::<usize>().ok())
        .filter(|count| *count > 0)
        .map_or(SHOWN_MAX, |count| count.min(SHOWN_MAX));
    let casemap = ctx.network().casemap();
    let found: Vec<Past> = ctx.core.whowas.of(nick, casemap).take(most).cloned().collect();
    let Some(last) = found.last().map(|past| past.nick.clone()) else {
        ctx.reply(reply::was_no_such_nick(nick));
        ctx.reply(reply::end_of_whowas(nick));
        return Ok(());
    };
    for past in found {
        let nick = past.nick.as_str();
        ctx.reply(reply::whowas_user(nick, &past.user, &past.host, &past.realname));
        ctx.reply(reply::whois_server(nick, &past.server, &welcome::date_text(past.until)));
    }
    // A nick, as the numeric wants it, be it that a mask was asked for.
    ctx.reply(reply::end_of_whowas(last.as_str()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_past_is_remembered() {
        check(
            r"
            alice > PING x
            bob   > NICK robert
            alice > WHOWAS BOB
            alice < :s1.test 314 alice bob ~bob bob.test * :Real bob
            alice <~ :s1.test 312 alice bob s1.test :*
            alice < :s1.test 369 alice bob :End of WHOWAS
            bob   > NICK rob
            alice > WHOWAS *ob*
            alice < :s1.test 314 alice robert ~bob bob.test * :Real bob
            alice < :s1.test 314 alice bob ~bob bob.test * :Real bob
            alice < :s1.test 369 alice bob :End of WHOWAS
            alice > WHOWAS *ob* 1
            alice < :s1.test 314 alice robert ~bob bob.test * :Real bob
            alice < :s1.test 369 alice robert :End of WHOWAS
            alice > WHOWAS none
            alice < :s1.test 406 alice none :There was no such nickname
            alice < :s1.test 369 alice none :End of WHOWAS
            alice > WHOWAS
            alice < :s1.test 431 alice :No nickname given
            ",
        );
    }
    #[test]
    fn the_oldest_is_forgotten_first() {
        check(
            r"
            config limits.whowas 2
            alice > PING x
            bob   > NICK b1
            bob   > NICK b2
            bob   > NICK b3
            alice > WHOWAS b*
            alice < :s1.test 314 alice b2 ~bob bob.test * :Real bob
            alice < :s1.test 314 alice b1 ~bob bob.test * :Real bob
            alice < :s1.test 369 alice b1 :End of WHOWAS
            alice > WHOWAS bob
            alice < :s1.test 406 alice bob :There was no such nickname
            ",
        );
    }

    #[test]
    fn no_more_than_a_hundred_are_shown_at_once() {
        let renames: String = (0..150).map(|number| format!("bob > NICK bob{number}\n")).collect();
        let script = format!(
            "alice > PING x\n{renames}alice > WHOWAS bob*\n\
             alice < :s1.test 314 alice bob148 ~bob bob.test * :Real bob\n\
             alice < :s1.test 314 alice bob49 ~bob bob.test * :Real bob\n\
             alice < :s1.test 369 alice bob49 :End of WHOWAS",
        );
        check(&script);
    }
}
