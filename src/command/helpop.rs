//! HELPOP: HELP, as some clients call it.

use crate::{
    core::dispatch::{Command, Run},
    wire::reply,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "HELPOP",
    params: "[<topic> [<letter>]]",
    about: "Explains a command or a mode, as HELP does.",
    help: "Example: HELPOP KICK",
    replies: &[reply::HELP_START, reply::HELP_TXT, reply::END_OF_HELP, reply::HELP_NOT_FOUND],
    cost: 3,
    run: Run::User(super::help::help),
    ..Command::USUAL
}];

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn it_is_help() {
        check(
            r"
            alice > HELPOP part
            alice < :s1.test 704 alice PART :PART <channel>{,<channel>} [<reason>]
            alice < :s1.test 705 alice PART :Leaves channels.
            alice < :s1.test 706 alice PART :End of /HELP
            alice > HELPOP nothing
            alice < :s1.test 524 alice nothing :No help available on this topic
            ",
        );
    }
}
