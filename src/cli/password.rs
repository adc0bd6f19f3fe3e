//! `slircd hash-password`

use super::{Arguments, complain, say};
use crate::work::load;
use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
};

pub(super) fn hash_password(_arguments: &Arguments) -> ExitCode {
    let password = match ask() {
        Ok(password) if !password.is_empty() => password,
        Ok(_) => {
            complain("the password is empty, or was not typed the same twice");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            complain(&format!("the password could not be read: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match load::hash(&password) {
        Some(hash) => say(&format!("{hash}\n")),
        None => {
            complain("the system has no random bytes to give");
            ExitCode::FAILURE
        }
    }
}

/// The password; empty if it was typed differently the second time.
fn ask() -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let silence = Silence::begin();
    let first = prompt("Password: ")?;
    let second = prompt("The same again: ")?;
    drop(silence);
    Ok(if first == second { first } else { String::new() })
}

/// A line from the terminal, which does not show the end of it either.
fn prompt(text: &str) -> io::Result<String> {
    io::stderr().write_all(text.as_bytes())?;
    let line = line()?;
    io::stderr().write_all(b"\n")?;
    Ok(line)
}

fn line() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal does not show what is typed, for as long as this lives.
struct Silence {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Silence {
    #[cfg(unix)]
    fn begin() -> Silence {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut modes) = before.clone() {
            modes.local_modes.remove(LocalModes::ECHO);
            // A terminal that cannot be silenced shows the password to its owner only.
            let _: Result<(), _> = tcsetattr(io::stdin(), OptionalActions::Flush, &modes);
        }
        Silence { before }
    }

    #[cfg(not(unix))]
    fn begin() -> Silence {
        Silence {}
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // As above.
            let _: Result<(), _> = rustix::termios::tcsetattr(
                io::stdin(),
                rustix::termios::OptionalActions::Flush,
                before,
            );
        }
    }
}
