//! REHASH (RFC 2812 §4.2).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        reload::{self, Reload},
    },
    job::{Answer, Job},
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REHASH",
    params: "",
    about: "Reads the configuration again; mistakes are listed and change nothing.",
    help: "What takes a restart is named and stays as it was. The same happens on SIGHUP.",
    replies: &[reply::REHASHING],
    cost: 5,
    run: Run::Oper(Priv::Rehash, rehash),
    ..Command::USUAL
}];

fn rehash(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let text =
        format!("{} has {} read its configuration again", ctx.whois(user).mask(), ctx.core.name());
    ctx.snotice('r', &text);
    ctx.reply(reply::rehashing("configuration"));
    ctx.defer(Job::Load, loaded);
    Ok(())
}

fn loaded(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let texts = match reload::finish(ctx.core, ctx.fx, answer, ctx.now) {
        Reload::Done(restart) if restart.is_empty() => {
            vec!["The configuration has been read again.".to_owned()]
        }
        Reload::Done(restart) => {
            vec![format!(
                "The configuration has been read again; a restart is needed for: {}.",
                restart.join(", ")
            )]
        }
        Reload::Refused(errors) => {
            let mut texts = vec!["The configuration has mistakes and stays as it was:".to_owned()];
            texts.extend(errors.iter().map(ToString::to_string));
            texts
        }
        Reload::Busy => vec![
            "The configuration could not be read now and stays as it was; try again.".to_owned(),
        ],
    };
    texts.iter().for_each(|text| ctx.notice(text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_configuration_is_read_again() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > REHASH
            alice < :s1.test 382 alice configuration :Rehashing
            alice < :s1.test NOTICE alice :The configuration has been read again.
            ",
        );
    }
}
