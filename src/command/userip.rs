//! USERIP: the addresses of users, for those who may see them.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        policy, registration,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "USERIP",
    params: "<nick> [<nick> [<nick> [<nick> [<nick>]]]]",
    about: "Shows the addresses of up to five users: your own, and to operators those of all.",
    help: "Example: USERIP bob",
    replies: &[reply::USER_IP],
    cost: 1,
    run: Run::User(userip),
    ..Command::USUAL
}];

/// The most nicks that are looked at, as in USERHOST.
const NICKS_MAX: usize = 5;

fn userip(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let mut list = Vec::new();
    for nick in args.iter().take(NICKS_MAX) {
        let Some(target) = ctx.find_user(nick) else { continue };
        let who = ctx.whois(target);
        let open = target == user || ctx.may(user, Priv::See);
        let address = who.address.filter(|_| open).map(registration::address_text);
        list.push(format!(
            "{}{}={}{}@{}",
            who.nick(),
            if policy::sees_oper(ctx, user, target) { "*" } else { "" },
            if who.away.is_some() { '-' } else { '+' },
            who.user,
            address.as_deref().unwrap_or("255.255.255.255")
        ));
    }
    ctx.reply(reply::user_ip(&list.join(" ")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn addresses_are_for_those_who_may_see_them() {
        check(
            r"
            config oper root sesame
            alice > AWAY :x
            bob   > USERIP bob alice nobody
            bob   < :s1.test 340 bob :bob=+~bob@10.0.0.2 alice=-~alice@255.255.255.255
            bob   > OPER root sesame
            bob   > USERIP alice bob
            bob   < :s1.test 340 bob :alice=-~alice@10.0.0.1 bob*=+~bob@10.0.0.2
            bob   > MODE bob +H
            alice > USERIP bob
            alice < :s1.test 340 alice :bob=+~bob@255.255.255.255
            bob   > USERIP
            bob   < :s1.test 461 bob USERIP :Not enough parameters
            ",
        );
    }
}
