//! ACCEPT: whom one hears in spite of user mode +g.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        refuse_each,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "ACCEPT",
    params: "[<nick>{,<nick>}]",
    about: "Lets you hear users in spite of user mode +g; without a nick, or with *, shows whom.",
    help: "A - before a nick takes the user from the list. Users stay on it when they change their nick, and until they quit.\nExample: ACCEPT bob,-carol",
    replies: &[
        reply::ACCEPT_LIST,
        reply::END_OF_ACCEPT,
        reply::ACCEPT_FULL,
        reply::ACCEPT_EXIST,
        reply::ACCEPT_NOT,
        reply::NO_SUCH_NICK,
    ],
    cost: 1,
    run: Run::User(accept),
    ..Command::USUAL
}];

/// How many nicks stand on a line.
const LINE: usize = 10;

fn accept(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if args.given(0).is_none_or(|text| text == "*") {
        return list(ctx, user);
    }
    refuse_each(ctx, args.list(0), |ctx, text| {
        let add = !text.starts_with('-');
        let nick = text.strip_prefix(['+', '-']).unwrap_or(text);
        let target = ctx.user(nick)?;
        prune(ctx, user);
        let (uid, most) = (ctx.whois(target).uid, ctx.core.config.limits.accept);
        let Some(local) = ctx.core.locals.get_mut(user) else { return Ok(()) };
        let place = local.seldom().accept.iter().position(|known| *known == uid);
        match (add, place) {
            (true, Some(_)) => return Err(reply::accept_exist(nick).into()),
            (true, None) if local.seldom().accept.len() >= most => {
                return Err(reply::accept_full().into());
            }
            (true, None) => local.seldom_mut().accept.push(uid),
            (false, Some(place)) => drop(local.seldom_mut().accept.remove(place)),
            (false, None) => return Err(reply::accept_not(nick).into()),
        }
        Ok(())
    })
}

/// Forgets those who have left the network.
fn prune(ctx: &mut Ctx<'_>, user: UserId) {
    let known = ctx.local(user).map(|local| local.seldom().accept.clone()).unwrap_or_default();
    let left = known.into_iter().filter(|uid| ctx.network().uid(*uid).is_some()).collect();
    if let Some(local) = ctx.core.locals.get_mut(user) {
        local.seldom_mut().accept = left;
    }
}

fn list(ctx: &mut Ctx<'_>, user: UserId) -> Outcome {
    let known = ctx.local(user).map(|local| local.seldom().accept.clone()).unwrap_or_default();
    let nicks: Vec<String> = known
        .into_iter()
        .filter_map(|uid| ctx.network().uid(uid))
        .map(|user| ctx.whois(user).nick().to_string())
        .collect();
    for piece in nicks.chunks(LINE) {
        ctx.reply(reply::accept_list(&piece.join(" ")));
    }
    ctx.reply(reply::end_of_accept());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn only_those_on_the_list_are_heard() {
        check(
            r"
            alice > MODE alice +g
            bob   > PRIVMSG alice :one
            bob   < :s1.test 716 bob alice :is in +g mode (server-side ignore)
            bob   < :s1.test 717 bob alice :has been informed that you messaged them
            alice < :s1.test 718 alice bob ~bob@bob.test :is messaging you, and you have user mode +g set; ACCEPT lets you hear them
            bob   > PRIVMSG alice :two
            bob   < :s1.test 716 bob alice :is in +g mode (server-side ignore)
            bob   > NOTICE alice :three
            bob   > PING x
            bob   <! 71
            alice > ACCEPT bob
            bob   > NICK robert
            bob   > PRIVMSG alice :four
            alice < :robert!~bob@bob.test PRIVMSG alice :four
            alice <! three
            alice > ACCEPT -robert
            wait 60
            bob   > PRIVMSG alice :five
            alice <~ :s1.test 718 alice robert *
            alice > MODE alice -g
            bob   > PRIVMSG alice :six
            alice < :robert!~bob@bob.test PRIVMSG alice :six
            ",
        );
    }

    #[test]
    fn who_is_on_another_server_is_told_as_well() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > MODE alice +g
            bob@2   > PRIVMSG alice :one
            bob   < :s2.test 716 bob alice :is in +g mode (server-side ignore)
            bob   < :s2.test 717 bob alice :has been informed that you messaged them
            alice <~ :s1.test 718 alice bob *
            alice <! one
            alice > ACCEPT bob
            bob   > PRIVMSG alice :two
            alice < :bob!~bob@bob.test PRIVMSG alice :two
            carol@2 > OPER root sesame
            carol > PRIVMSG alice :three
            alice < :carol!~carol@carol.test PRIVMSG alice :three
            ",
        );
    }

    #[test]
    fn the_list_is_shown_and_bounded() {
        check(
            r"
            config limits.accept 2
            bob   > PING x
            carol > PING x
            dora  > PING x
            alice > ACCEPT bob,carol,dora,bob,nobody
            alice < :s1.test 456 alice :Accept list is full
            alice < :s1.test 457 alice bob :is already on your accept list
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > ACCEPT -dora
            alice < :s1.test 458 alice dora :is not on your accept list
            alice > ACCEPT *
            alice < :s1.test 281 alice :bob carol
            alice < :s1.test 282 alice :End of /ACCEPT list
            bob   > QUIT
            alice > ACCEPT dora
            alice > ACCEPT
            alice < :s1.test 281 alice :carol dora
            ",
        );
    }
}
