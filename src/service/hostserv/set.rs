//! HostServ SET and DEL.

use super::{fit, give};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
    },
    job::Answer,
    network::{UserId, note::Section},
    service::{account, asked, asks, told},
    wire::message::Args,
};

pub const SET: &[Command] = &[Command {
    name: "SET",
    params: "<account> <host>",
    about: "Gives an account a host.",
    help: "Whoever is logged in to it is shown by it at once; what the account has asked for is forgotten.\nExample: SET alice alice.example",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Vhosts, set),
    ..Command::USUAL
}];

pub const DEL: &[Command] = &[Command {
    name: "DEL",
    params: "<account>",
    about: "Takes the host of an account away.",
    help: "Example: DEL alice",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Vhosts, del),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (name, host) = (args[0], args[1]);
    let Some(id) = account(ctx, name) else { return Ok(()) };
    if !fit(ctx, host) {
        return Ok(());
    }
    asks(ctx, &[&id.to_string(), &format!("{name} has the host {host} now.")]);
    give(ctx, user, id, Some(host), done)
}

fn del(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(id) = account(ctx, args[0]) else { return Ok(()) };
    asks(ctx, &[&id.to_string(), &format!("{} has no host of its own any more.", args[0])]);
    give(ctx, user, id, None, done)
}

fn done(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (asked, user) = (asked(ctx), ctx.session().user());
    let ([id, text], Some(user)) = (asked.as_slice(), user) else { return Ok(()) };
    if told(ctx, &answer, text) {
        notes::remove(ctx, user, Section::Request, id);
        let text = format!("{}: {text}", ctx.whois(user).mask());
        ctx.snotice('a', &text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn operators_give_and_take_hosts() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            root@1  > OPER root sesame
            alice@2 > NS IDENTIFY alice sesame
            alice   > HS REQUEST asked.example
            alice   > HS SET alice a.example
            alice   < :HostServ!services@services.test NOTICE alice :Permission Denied - You're not an IRC operator with that privilege
            root    > HS SET alice s1.test
            root    < :HostServ!services@services.test NOTICE root :s1.test cannot be a host of somebody's: it is that of a server.
            root    > HS SET alice 192.0.2.7
            root    < :HostServ!services@services.test NOTICE root :192.0.2.7 cannot be a host of somebody's: it looks like an address.
            root    > HS SET nobody a.example
            root    < :HostServ!services@services.test NOTICE root :nobody is not registered.
            root    > HS SET alice staff.example
            root    < :HostServ!services@services.test NOTICE root :alice has the host staff.example now.
            alice   < :s2.test 396 alice staff.example :is now your displayed host
            root    > HS WAITING
            root    < :HostServ!services@services.test NOTICE root :Requests that wait: 0.
            root    > HS DEL alice
            root    < :HostServ!services@services.test NOTICE root :alice has no host of its own any more.
            alice   < :s2.test 396 alice alice.test :is now your displayed host
            alice   < :HostServ!services@services.test NOTICE alice :Your account has no host of its own any more.
            same
            ",
        );
    }
}
