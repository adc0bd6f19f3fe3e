//! HELP: the command table, read aloud.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        snotice,
    },
    network::{UserId, mode},
    wire::{extban, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "HELP",
    params: "[<command>]",
    about: "Explains a command, or lists all of them.",
    help: "",
    replies: &[reply::HELP_START, reply::HELP_TXT, reply::END_OF_HELP, reply::HELP_NOT_FOUND],
    cost: 1,
    run: Run::User(help),
}];

pub(super) fn help(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let Some(topic) = args.given(0) else { return index(ctx) };
    if let Some((name, about, lines)) = list(topic) {
        ctx.reply(reply::help_start(name, about));
        for line in lines {
            ctx.reply(reply::help_txt(name, &line));
        }
        ctx.reply(reply::end_of_help(name));
        return Ok(());
    }
    let Some(command) = super::TABLE.find(topic) else {
        return Err(reply::help_not_found(topic).into());
    };
    ctx.reply(reply::help_start(
        command.name,
        format!("{} {}", command.name, command.params).trim_end(),
    ));
    for text in [command.about, command.help].into_iter().filter(|text| !text.is_empty()) {
        ctx.reply(reply::help_txt(command.name, text));
    }
    ctx.reply(reply::end_of_help(command.name));
    Ok(())
}

/// A page that is a table: its name, its first line, the others.
fn list(topic: &str) -> Option<(&'static str, &'static str, Vec<String>)> {
    let page = match topic.to_ascii_uppercase().as_str() {
        "CMODES" => {
            let status = mode::STATUS.iter().map(|row| format!("{} ({}): {}", row.0, row.1, row.2));
            let rows = mode::CHANNEL.iter().map(|row| format!("{}: {}", row.letter, row.about));
            ("CMODES", "The modes of channels and of their members:", status.chain(rows).collect())
        }
        "UMODES" => {
            let rows = mode::USER.iter().map(|row| format!("{}: {}", row.letter, row.about));
            ("UMODES", "The modes of users:", rows.collect())
        }
        "SNOMASKS" => {
            let rows = snotice::KINDS.iter().map(|row| format!("{}: {}", row.letter, row.about));
            (
                "SNOMASKS",
                "What operators can be told of, with MODE <nick> +s <letters>:",
                rows.collect(),
            )
        }
        "EXTBANS" => {
            let rows = extban::WORDS.iter().map(|row| format!("{}: {}", row.letter, row.about));
            (
                "EXTBANS",
                "What can stand in place of a mask in +b, +e and +I; ! before it turns it round:",
                rows.collect(),
            )
        }
        _ => return None,
    };
    Some(page)
}

fn index(ctx: &mut Ctx<'_>) -> Outcome {
    ctx.reply(reply::help_start("*", "HELP <command> explains one of these; HELP CMODES, UMODES, EXTBANS and SNOMASKS list modes:"));
    for command in super::TABLE.iter() {
        ctx.reply(reply::help_txt("*", &format!("{}: {}", command.name, command.about)));
    }
    ctx.reply(reply::end_of_help("*"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{command::TABLE, sim::script::check};

    #[test]
    fn help_reads_the_table() {
        check(
            r"
            alice > HELP kick
            alice < :s1.test 704 alice KICK :KICK <channel>{,<channel>} <nick>{,<nick>} [<reason>]
            alice < :s1.test 705 alice KICK :Removes users from a channel.
            alice < :s1.test 706 alice KICK :End of /HELP
            alice > HELP cmodes
            alice < :s1.test 704 alice CMODES :The modes of channels and of their members:
            alice < :s1.test 705 alice CMODES :o (@): operator
            alice < :s1.test 705 alice CMODES :z: Only those connected by TLS may enter.
            alice < :s1.test 706 alice CMODES :End of /HELP
            alice > HELP umodes
            alice < :s1.test 705 alice UMODES :i: Invisible to those who share no channel.
            alice > HELP extbans
            alice < :s1.test 705 alice EXTBANS :m: mute:<mask> lets nobody who fits speak.
            alice > HELP snomasks
            alice < :s1.test 705 alice SNOMASKS :k: KILL.
            alice > HELP nothing
            alice < :s1.test 524 alice nothing :No help available on this topic
            alice > HELP
            alice < :s1.test 705 alice * :AWAY: Says that you are away; without a message, that you are back.
            ",
        );
    }

    #[test]
    fn the_table_is_sorted_and_every_command_says_what_it_is_about() {
        let names: Vec<&str> = TABLE.iter().map(|command| command.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for command in TABLE.iter() {
            assert!(command.about.ends_with('.'), "{}", command.name);
            assert_eq!(command.name, command.name.to_uppercase());
            assert!(TABLE.find(&command.name.to_lowercase()).is_some());
        }
    }
}
