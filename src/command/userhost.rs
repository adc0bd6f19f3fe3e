//! USERHOST (RFC 2812 §4.8).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "USERHOST",
    params: "<nick> [<nick>]",
    about: "Shows the hosts of up to five nicks.",
    help: "A * behind the nick marks an operator, a - before the host one who is away.\nExample: USERHOST bob carol",
    replies: &[reply::USER_HOST],
    cost: 1,
    run: Run::User(userhost),
    ..Command::USUAL
}];

/// RFC 2812 §4.8
const NICKS_MAX: usize = 5;

fn userhost(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let found = args.iter().take(NICKS_MAX).filter_map(|nick| ctx.find_user(nick)).map(|other| {
        let who = ctx.whois(other);
        let sign = policy::sees_oper(ctx, user, other);
        let (oper, away) =
            (if sign { "*" } else { "" }, if who.away.is_some() { '-' } else { '+' });
        format!("{}{oper}={away}{}@{}", who.nick(), who.user, who.host)
    });
    let text = found.collect::<Vec<_>>().join(" ");
    ctx.reply(reply::user_host(&text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn hosts_come_with_their_signs() {
        check(
            r"
            config oper root sesame
            alice > AWAY :x
            bob   > USERHOST alice nobody bob
            bob   < :s1.test 302 bob :alice=-~alice@alice.test bob=+~bob@bob.test
            alice > OPER root sesame
            bob   > USERHOST alice
            bob   < :s1.test 302 bob :alice*=-~alice@alice.test
            alice > MODE alice +H
            bob   > USERHOST alice
            bob   < :s1.test 302 bob :alice=-~alice@alice.test
            ",
        );
    }
}
