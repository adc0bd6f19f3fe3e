//! `slircd hash-password`

use super::{Arguments, complain, say};
use crate::work::password;
use std::{
    io::{self, BufRead, IsTerminal, Read, Write},
    process::ExitCode,
};

pub(super) fn hash_password(_arguments: &Arguments) -> ExitCode {
    let hash = match ask() {
        Ok(Some(password)) if password.is_empty() => Err("the password is empty".to_owned()),
        Ok(Some(password)) => {
            password::hash(&password).ok_or("the system has no random bytes to give".to_owned())
        }
        Ok(None) => Err("the passwords are not the same; nothing was made".to_owned()),
        Err(error) => Err(format!("the password could not be read: {error}")),
    };
    match hash {
        Ok(hash) => say(&format!("{hash}\n")),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// The password; none if it was typed differently the second time.
pub(super) fn ask() -> io::Result<Option<String>> {
    if !io::stdin().is_terminal() {
        return line().map(Some);
    }
    let silence = Silence::begin();
    let first = prompt("Password: ")?;
    let second = prompt("The same again: ")?;
    drop(silence);
    Ok((first == second).then_some(first))
}

/// Asks on standard error, since what standard output gets may go into a file.
fn prompt(question: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    terminal.write_all(question.as_bytes())?;
    let answer = typed();
    // The end of line that was typed has not been shown.
    terminal.write_all(b"\n")?;
    answer
}

/// A line as a terminal hands it over, all of it in one read. Ctrl-C, which ends a line while [`Silence`]
/// lasts, gives up: the terminal then shows again what is typed.
fn typed() -> io::Result<String> {
    let mut bytes = [0; TYPED_MAX];
    let read = io::stdin().lock().read(&mut bytes)?;
    let line = bytes.get(..read).unwrap_or_default();
    if line.is_empty() || line.contains(&CTRL_C) {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "given up"));
    }
    let text = std::str::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The longest line that a terminal takes, with its end (termios(3), canonical mode).
const TYPED_MAX: usize = 4096;

const CTRL_C: u8 = 3;

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
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr,
        };
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut modes) = before.clone() {
            modes.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
            modes.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
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
