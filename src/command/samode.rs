//! SAMODE: MODE by the powers of an operator of the network.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        policy, usermode,
    },
    network::{UserId, mode, op::Ask},
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SAMODE",
    params: "<target> <modes> [<parameter>]",
    about: "Changes the modes of a channel without a status there, or those of a user.",
    help: "A user gets and loses what users can set themselves, and may lose the mode of an operator. Modes of users take the privilege to force as well.\nExample: SAMODE #dev +o alice",
    replies: super::mode::COMMANDS[0].replies,
    cost: 1,
    run: Run::Oper(Priv::Channels, samode),
    audited: without_key,
    ..Command::USUAL
}];

fn samode(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if !args[0].starts_with('#') {
        return of_user(ctx, user, args[0], args[1]);
    }
    let words: Vec<&str> = args.iter().collect();
    policy::force(ctx, user, &format!("MODE {}", without_key(&words).join(" ")));
    super::mode::mode(ctx, user, args)
}

fn of_user(ctx: &mut Ctx<'_>, user: UserId, nick: &str, text: &str) -> Outcome {
    if !ctx.may(user, Priv::Force) {
        return Err(reply::no_privileges().into());
    }
    let target = ctx.user(nick)?;
    if text.chars().any(|letter| !"+-".contains(letter) && !mode::is_user(letter)) {
        ctx.reply(reply::umode_unknown_flag());
    }
    let text = encode::head(text, MODES_MAX);
    let before = ctx.whois(target).modes;
    if usermode::after(before, text) == before {
        ctx.notice(&format!(
            "Nothing has been changed: {nick} has these modes already, or they cannot be given and taken so. HELP UMODES lists them."
        ));
        return Ok(());
    }
    request(ctx, user, target, Ask::Modes(text.into()));
    Ok(())
}

/// The parameters, with the key of the channel hidden.
fn without_key<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let (target, words) = args.split_at(args.len().min(1));
    [target, &mode::without_key(words)].concat()
}

/// Longer than any change of user modes that says each once, in bytes.
const MODES_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_has_other_modes_on_any_server() {
        check(
            r"
            servers 2
            config oper root sesame
            config oper_class channels channels
            config oper chan sesame channels
            alice@1 > OPER root sesame
            bob@2   > MODE bob +w
            alice   > SAMODE bob +iZo-w
            bob     < :bob!~bob@bob.test MODE bob :-w+i
            alice   > SAMODE bob +W5
            alice   < :s1.test 501 alice :Unknown MODE flag; HELP UMODES lists them
            bob     > OPER root sesame
            bob     > MODE bob +W
            alice   > SAMODE bob -o
            bob     < :bob!~bob@bob.test MODE bob :-Wo
            alice   > SAMODE bob +x
            bob     <~ :s2.test 396 bob *.ip :is now your displayed host
            alice   > SAMODE nobody +i
            alice   < :s1.test 401 alice nobody :No such nick/channel
            alice   > MODE alice +s o
            alice   > SAMODE bob +oZ
            alice   <~ :s1.test NOTICE alice :Nothing has been changed: bob has these modes already*
            alice   <! Notice --
            alice   > MODE alice -s
            alice   > SAMODE alice +s
            alice   > MODE alice
            alice   < :s1.test 221 alice +o
            carol   > OPER chan sesame
            carol   > SAMODE bob -i
            carol   < :s1.test 481 carol :Permission Denied - You're not an IRC operator with that privilege
            same
            ",
        );
    }

    #[test]
    fn modes_change_without_a_status() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            bob   > OPER root sesame
            bob   > MODE #a +m
            bob   < :s1.test 442 bob #a :You're not on that channel
            bob   > SAMODE #a +mqo alice alice
            alice < :bob!~bob@bob.test MODE #a +mq alice
            alice > SAMODE #a -m
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
