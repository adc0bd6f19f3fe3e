//! The command line: a table of subcommands.

mod account;
mod backup;
mod log;
mod password;
mod run;

use crate::{config::schema, work::load::Loader};
use lexopt::ValueExt;
use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Wrong arguments.
const USAGE: u8 = 2;

/// A configuration with mistakes (`EX_CONFIG` of sysexits.h).
const CONFIG: u8 = 78;

/// How many words may follow a subcommand.
const WORDS_MAX: usize = 3;

/// What was said on the command line.
#[derive(Debug, Default)]
struct Arguments {
    subcommand: Option<OsString>,
    config: Option<PathBuf>,
    /// What follows the subcommand.
    file: Option<OsString>,
    /// What follows it where several words may.
    words: Vec<String>,
    /// Whether something may be overwritten.
    force: bool,
}

/// A subcommand.
struct Subcommand {
    name: &'static str,
    params: &'static str,
    about: &'static str,
    run: fn(&Arguments) -> ExitCode,
}

const OPTIONS: [(&str, &str); 4] = [
    ("-c, --config FILE", "the configuration; without one, everything is at its default"),
    ("--force", "replaces what is there"),
    ("-h, --help", "this"),
    ("-V, --version", "the version"),
];

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "run",
        params: "[-c FILE]",
        about: "Serves; this is what happens without a subcommand.",
        run: run::run,
    },
    Subcommand {
        name: "check-config",
        params: "[-c FILE]",
        about: "Lists every mistake in a configuration.",
        run: check_config,
    },
    Subcommand {
        name: "account",
        params: "VERB [NAME] [-c FILE]",
        about: "Lists, makes, changes and ends accounts; alone it says how.",
        run: account::account,
    },
    Subcommand {
        name: "backup",
        params: "FILE [-c FILE]",
        about: "Copies all that is stored into a new file, while the server runs or not.",
        run: backup::backup,
    },
    Subcommand {
        name: "restore",
        params: "FILE [-c FILE] [--force]",
        about: "Makes a backup the data of a server that is not running.",
        run: backup::restore,
    },
    Subcommand {
        name: "verify-data",
        params: "[-c FILE]",
        about: "Looks whether all that is stored is whole.",
        run: backup::verify_data,
    },
    Subcommand {
        name: "hash-password",
        params: "",
        about: "Asks for a password, or reads a line, and prints its hash for the configuration.",
        run: password::hash_password,
    },
    Subcommand {
        name: "help",
        params: "",
        about: "Shows this, as --help does.",
        run: |_| say(&help()),
    },
    Subcommand {
        name: "example-config",
        params: "",
        about: "Prints a configuration with every key explained.",
        run: example_config,
    },
];

/// Does what the command line says.
pub fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error}; `slircd --help` says what there is"));
            return ExitCode::from(USAGE);
        }
    };
    let name = arguments.subcommand.clone().unwrap_or_else(|| "run".into());
    match SUBCOMMANDS.iter().find(|subcommand| name == subcommand.name) {
        Some(subcommand) => (subcommand.run)(&arguments),
        None => {
            complain(&format!(
                "there is no subcommand `{}`; `slircd --help` says what there is",
                name.to_string_lossy()
            ));
            ExitCode::from(USAGE)
        }
    }
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut arguments = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Short('c') | lexopt::Arg::Long("config") => {
                arguments.config = Some(parser.value()?.into())
            }
            lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => {
                say(&help());
                return Ok(None);
            }
            lexopt::Arg::Short('V') | lexopt::Arg::Long("version") => {
                say(concat!("slircd ", env!("CARGO_PKG_VERSION"), "\n"));
                return Ok(None);
            }
            lexopt::Arg::Long("force") => arguments.force = true,
            lexopt::Arg::Value(value) if arguments.subcommand.is_none() => {
                arguments.subcommand = Some(value)
            }
            lexopt::Arg::Value(value)
                if arguments.file.is_none() && takes(arguments.subcommand.as_ref(), "FILE") =>
            {
                arguments.file = Some(value)
            }
            lexopt::Arg::Value(value)
                if arguments.words.len() < WORDS_MAX
                    && takes(arguments.subcommand.as_ref(), "VERB") =>
            {
                arguments.words.push(value.string()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if arguments.force && !takes(arguments.subcommand.as_ref(), "[--force]") {
        return Err(lexopt::Arg::Long("force").unexpected());
    }
    Ok(Some(arguments))
}

/// Whether something may follow a subcommand.
fn takes(subcommand: Option<&OsString>, param: &str) -> bool {
    let named = SUBCOMMANDS.iter().find(|known| subcommand.is_some_and(|name| name == known.name));
    named.is_some_and(|known| known.params.split(' ').any(|word| word == param))
}

fn help() -> String {
    let mut text = String::from(
        "slircd, an IRC server for small communities\n\nusage: slircd [SUBCOMMAND] [OPTIONS]\n\n",
    );
    for subcommand in SUBCOMMANDS {
        let call = format!("{} {}", subcommand.name, subcommand.params);
        text += &format!("  {call:<32} {}\n", subcommand.about);
    }
    text.push('\n');
    for (option, about) in OPTIONS {
        text += &format!("  {option:<32} {about}\n");
    }
    text
}

fn check_config(arguments: &Arguments) -> ExitCode {
    match loader(arguments).load() {
        Ok(_) => {
            say(match arguments.config {
                Some(_) => "the configuration is right\n",
                None => "no file was given (-c FILE), and without one all is at its default\n",
            });
            ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in errors {
                complain(&error.to_string());
            }
            ExitCode::FAILURE
        }
    }
}

fn example_config(_arguments: &Arguments) -> ExitCode {
    say(&schema::example())
}

fn loader(arguments: &Arguments) -> Loader {
    let allow_insecure_cloak =
        std::env::var_os("SLIRCD_ALLOW_INSECURE_CLOAK").is_some_and(|value| value == "1");
    Loader { path: arguments.config.clone(), allow_insecure_cloak, fallback: None }
}

/// Writes to standard output. Whoever has closed it does not want to know; a full disk is told.
fn say(text: &str) -> ExitCode {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("standard output cannot be written to: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Writes a line to standard error. If that fails, there is nobody to tell.
fn complain(text: &str) {
    drop(writeln!(io::stderr(), "slircd: {text}"));
}
