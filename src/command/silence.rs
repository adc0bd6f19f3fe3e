//! SILENCE: masks of those whom one does not want to hear.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{mask, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SILENCE",
    params: "[<mask>{,<mask>}]",
    about: "Keeps those whom a mask fits from speaking to you; without one, shows your masks.",
    help: "A + before a mask adds it, a - takes it away. Whoever is silenced is not told.\nExample: SILENCE +*!*@*.example.org",
    replies: &[reply::SILENCE_LIST, reply::END_OF_SILENCE_LIST, reply::SILENCE_LIST_FULL],
    cost: 1,
    run: Run::User(silence),
    ..Command::USUAL
}];

/// The longest mask.
const MASK_MAX: usize = 200;

fn silence(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if args.given(0).is_none() {
        return list(ctx, user);
    }
    let (source, casemap) = (ctx.whois(user).mask(), ctx.network().casemap());
    let most = ctx.core.config.limits.silence;
    for text in args.list(0) {
        let add = !text.starts_with('-');
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        if text.is_empty() || text.len() > MASK_MAX {
            continue;
        }
        let entry = mask::canonical(text, casemap).into_boxed_str();
        let Some(local) = ctx.core.locals.get_mut(user) else { return Ok(()) };
        let place = local.seldom().silence.iter().position(|known| *known == entry);
        match (add, place) {
            (true, None) if local.seldom().silence.len() >= most => {
                ctx.reply(reply::silence_list_full(text));
                continue;
            }
            (true, None) => local.seldom_mut().silence.push(entry.clone()),
            (false, Some(place)) => drop(local.seldom_mut().silence.remove(place)),
            (true, Some(_)) | (false, None) => continue,
        }
        let change = format!("{}{entry}", if add { '+' } else { '-' });
        ctx.raw_as(&source, "SILENCE", &[], &change);
    }
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, user: UserId) -> Outcome {
    let nick = ctx.whois(user).nick().to_string();
    let masks = ctx.local(user).map(|local| local.seldom().silence.clone()).unwrap_or_default();
    for mask in masks {
        ctx.reply(reply::silence_list(&nick, &mask));
    }
    ctx.reply(reply::end_of_silence_list(&nick));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn those_who_are_silenced_are_not_heard_on_any_server() {
        check(
            r"
            servers 2
            alice@1 > SILENCE +BOB,*!*@carol.*
            alice < :alice!~alice@alice.test SILENCE :+bob!*@*
            alice < :alice!~alice@alice.test SILENCE :+*!*@carol.*
            bob@2   > CAP REQ echo-message
            bob   > PRIVMSG alice :one
            bob   < :bob!~bob@bob.test PRIVMSG alice :one
            carol@1 > NOTICE alice :two
            carol > JOIN #a
            carol > INVITE alice #a
            carol < :s1.test 341 carol alice #a
            alice > PING x
            alice <! one
            alice <! two
            alice <! INVITE
            alice > SILENCE -Bob
            alice < :alice!~alice@alice.test SILENCE :-bob!*@*
            bob   > PRIVMSG alice :three
            alice < :bob!~bob@bob.test PRIVMSG alice :three
            ",
        );
    }

    #[test]
    fn the_list_is_shown_and_bounded() {
        check(
            r"
            config limits.silence 2
            alice > SILENCE a,b,c,A
            alice < :alice!~alice@alice.test SILENCE :+a!*@*
            alice < :alice!~alice@alice.test SILENCE :+b!*@*
            alice < :s1.test 511 alice c :Your silence list is full
            alice > SILENCE
            alice < :s1.test 271 alice alice a!*@*
            alice < :s1.test 271 alice alice b!*@*
            alice < :s1.test 272 alice alice :End of Silence List
            alice > SILENCE -nobody
            alice > PING x
            alice <! SILENCE
            ",
        );
    }
}
