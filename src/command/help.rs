//! HELP: the command table, read aloud.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{message::Args, reply},
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

fn index(ctx: &mut Ctx<'_>) -> Outcome {
    ctx.reply(reply::help_start("*", "HELP <command> explains one of these:"));
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
