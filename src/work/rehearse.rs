//! Trying out whether the program would start again, before it is ended for that.

use std::{
    io::{self, Read},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long the new program may take to check its configuration.
const TIME_MAX: Duration = Duration::from_secs(10);

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How much of what it complains about is told.
const TOLD_MAX: u64 = 16 << 10;
const LINES_MAX: usize = 50;

/// Has the program, as it is on the disk now, check the configuration; what is wrong, line by line.
pub fn rehearse(program: Option<&Path>, config: Option<&Path>) -> Vec<String> {
    if cfg!(not(unix)) {
        return vec!["a program cannot take the place of another on this system".to_owned()];
    }
    let Some(program) = program else {
        return vec!["the system does not say where the program is".to_owned()];
    };
    let mut command = Command::new(program);
    command.arg("check-config");
    if let Some(config) = config {
        command.arg("-c").arg(config);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match command.spawn() {
        Ok(child) => watch(child),
        Err(error) => vec![format!("{} cannot be started: {error}", program.display())],
    }
}

/// Waits for its end, and reads what it has complained about.
fn watch(mut child: Child) -> Vec<String> {
    let start = Instant::now();
    // Read as it is written: whoever fills a pipe that nobody reads does not end.
    let complaints = child.stderr.take();
    let reader = thread::spawn(move || complaints.map(read).unwrap_or_default());
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < TIME_MAX => thread::sleep(LOOK),
            Ok(None) => {
                // Either it ends by this or it has ended by itself.
                drop(child.kill().and_then(|()| child.wait()));
                return vec![
                    "the new program takes too long to check its configuration".to_owned(),
                ];
            }
            Err(error) => return vec![format!("the new program cannot be watched: {error}")],
        }
    };
    if status.success() {
        return Vec::new();
    }
    let text = reader.join().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut wrong: Vec<String> = text.lines().take(LINES_MAX).map(str::to_owned).collect();
    if wrong.is_empty() {
        wrong.push(format!("the new program ends with {status}, without a word"));
    }
    wrong
}

/// The beginning of what it complains about.
fn read(mut complaints: ChildStderr) -> Vec<u8> {
    let mut text = Vec::new();
    let told = complaints.by_ref().take(TOLD_MAX).read_to_end(&mut text);
    if let Err(error) = told.and_then(|_| io::copy(&mut complaints, &mut io::sink())) {
        log::debug!("reading the complaints of a program: {error}");
    }
    text
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn what_the_new_program_complains_about_is_told() {
        let wrong = std::env::temp_dir().join(format!("slircd-wrong-{}", std::process::id()));
        fs::write(&wrong, "#!/bin/sh\necho $* >&2\nexit 3\n").unwrap();
        fs::set_permissions(&wrong, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(rehearse(Some(&wrong), Some(Path::new("x.toml"))), ["check-config -c x.toml"]);
        fs::write(&wrong, "#!/bin/sh\nyes wrong | head -n 50000 >&2\nexit 3\n").unwrap();
        assert_eq!(rehearse(Some(&wrong), None), ["wrong"; LINES_MAX]);
        fs::write(&wrong, "#!/bin/sh\nexit 3\n").unwrap();
        assert!(rehearse(Some(&wrong), None)[0].contains("without a word"));
        fs::write(&wrong, "#!/bin/sh\nexit 0\n").unwrap();
        assert_eq!(rehearse(Some(&wrong), None), Vec::<String>::new());
        fs::remove_file(&wrong).unwrap();
        assert!(rehearse(Some(&wrong), None)[0].contains("cannot be started"));
        assert!(!rehearse(None, None).is_empty());
    }
}
