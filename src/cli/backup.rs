//! `slircd backup`, `slircd restore` and `slircd verify-data`

use super::{Arguments, USAGE, complain, loader, run, say};
use crate::{reactor::system::wall, store::backup};
use std::{path::Path, process::ExitCode};

pub(super) fn backup(arguments: &Arguments) -> ExitCode {
    with_file(arguments, |folder, file| {
        backup::backup(folder, file)?;
        Ok(format!("{} holds all that {} does\n", file.display(), folder.display()))
    })
}

pub(super) fn restore(arguments: &Arguments) -> ExitCode {
    with_file(arguments, |folder, file| {
        backup::restore(file, folder, arguments.force, wall())?;
        Ok(format!("{} holds again what {} does\n", folder.display(), file.display()))
    })
}

pub(super) fn verify_data(arguments: &Arguments) -> ExitCode {
    with_folder(arguments, |folder| {
        backup::verify(folder)?;
        Ok(format!("the database in {} is whole\n", folder.display()))
    })
}

fn with_file(
    arguments: &Arguments,
    act: impl FnOnce(&Path, &Path) -> Result<String, backup::Trouble>,
) -> ExitCode {
    let Some(file) = &arguments.file else {
        complain("a file is missing; `slircd --help` says what there is");
        return ExitCode::from(USAGE);
    };
    with_folder(arguments, |folder| act(folder, Path::new(file)))
}

fn with_folder(
    arguments: &Arguments,
    act: impl FnOnce(&Path) -> Result<String, backup::Trouble>,
) -> ExitCode {
    let loaded = match loader(arguments).load() {
        Ok(loaded) => loaded,
        Err(errors) => {
            errors.iter().for_each(|error| complain(&error.to_string()));
            return ExitCode::from(super::CONFIG);
        }
    };
    let folder = run::folder(&loaded.config);
    if let Err(not_yours) = run::is_ours(&folder) {
        complain(&not_yours.to_string());
        return ExitCode::FAILURE;
    }
    match act(&folder) {
        Ok(text) => say(&text),
        Err(trouble) => {
            complain(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}
