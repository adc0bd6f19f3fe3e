//! Disks that are full, may only be read, or take their time, as the system itself makes them so: a file system in
//! memory that the program alone sees, and system calls that fail or wait. Where that is not permitted, or what
//! it takes is not installed, the test says so and looks at nothing.

use super::{
    disk::{registers, watcher},
    process::{FILES, Process},
    reload::with_operator,
};
use crate::client::PATIENCE;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

/// Whether something can be done here; if not, that is said.
fn can(program: &str, arguments: &[&str]) -> bool {
    let tried = Command::new(program).args(arguments).stderr(Stdio::piped()).output();
    let why = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    left_out(&format!("`{program}` cannot be used here: {why}"));
    false
}

#[allow(clippy::print_stderr, reason = "whoever runs the tests is to know")]
fn left_out(why: &str) {
    eprintln!("left out, since {why}");
}

/// Whether a process can have a view of the file systems of its own.
fn has_namespaces() -> bool {
    let script = "mount -t tmpfs -o size=1m tmpfs /tmp";
    can("unshare", &["--user", "--map-root-user", "--mount", "sh", "-c", script])
}

/// A program whose data folder is a file system of its own, mounted with these options.
fn on_tmpfs(options: &str) -> Process {
    let mount = format!("mkdir -p FOLDER/data && mount -t tmpfs -o {options} tmpfs FOLDER/data");
    // The shell that starts the program takes its place, and so does each of these.
    let shell = format!(
        "exec unshare --user --map-root-user --mount sh -c '{mount} && exec \"$0\" \"$@\"'"
    );
    Process::start_by(&with_operator(""), &shell)
}

#[test]
fn a_disk_that_is_full_is_said_to_be_and_written_to_again_when_there_is_room() {
    if !has_namespaces() {
        return;
    }
    let process = on_tmpfs("size=1m,mode=700");
    let (mut root, mut alice) = (watcher(&process), process.user("alice"));
    let filler = format!("/proc/{}/root{}/data/filler", process.pid(), process.folder.display());
    // Until nothing more fits.
    let full = fs::write(&filler, vec![7; 2 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    registers(&mut alice, false);
    root.expect("cannot be written to: the disk is full; make room on the disk of the data folder");
    registers(&mut alice, false);
    root.send("PRIVMSG alice :still here");
    alice.expect(":still here");
    fs::remove_file(&filler).unwrap();
    root.expect("the database can be written to again");
    registers(&mut alice, true);
}

/// What has some system calls of a program fail or wait, until it is dropped.
struct Meddler {
    child: Child,
}

impl Meddler {
    /// Returns once all threads of the program are watched.
    fn new(process: &Process, calls: &str, how: &str) -> Option<Meddler> {
        if !can("strace", &["-o", "/dev/null", "true"]) {
            return None;
        }
        let pid = process.pid().to_string();
        let child = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-p", &pid])
            .arg(format!("--trace={calls}"))
            .arg(format!("--inject={calls}:{how}"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut meddler = Meddler { child };
        let begun = Instant::now();
        while !is_watched(Path::new("/proc").join(&pid).as_path()) {
            if meddler.child.try_wait().unwrap().is_some() {
                left_out("`strace` may not watch another program here");
                return None;
            }
            assert!(begun.elapsed() < PATIENCE, "strace does not begin");
            thread::yield_now();
        }
        Some(meddler)
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        // Whatever it has held back goes on then.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether every thread of a process is traced.
fn is_watched(process: &Path) -> bool {
    fs::read_dir(process.join("task")).unwrap().all(|task| {
        // One that has just ended is no more.
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    })
}

#[test]
fn a_disk_that_may_only_be_read_all_of_a_sudden_is_said_to_fail_and_is_tried_again() {
    let process = Process::start(&with_operator(""), FILES);
    let (mut root, mut alice) = (watcher(&process), process.user("alice"));
    registers(&mut alice, true);
    let Some(meddler) = Meddler::new(&process, "pwrite64,fsync,fdatasync,ftruncate", "error=EROFS")
    else {
        return;
    };
    let mut bob = process.user("bob");
    registers(&mut bob, false);
    root.expect("cannot be written to: ");
    // Who has an account logs in all the same.
    let mut carol = process.user("carol");
    carol.send("NS IDENTIFY alice open-sesame");
    carol.expect(" 900 ");
    drop(meddler);
    root.expect("the database can be written to again");
    registers(&mut bob, true);
}

#[test]
fn a_disk_that_takes_too_long_keeps_only_those_waiting_who_need_it() {
    let process = Process::start(&with_operator(""), FILES);
    let (mut root, mut alice) = (watcher(&process), process.user("alice"));
    let Some(meddler) = Meddler::new(&process, "fsync,fdatasync", "delay_enter=60s") else {
        return;
    };
    alice.send("REGISTER * * open-sesame");
    let mut bob = process.user("bob");
    for text in ["one", "two"] {
        bob.send(&format!("PRIVMSG root :{text}"));
        root.expect(text);
    }
    alice.expect("FAIL REGISTER TEMPORARILY_UNAVAILABLE");
    root.expect("cannot be written to: it does not answer in time; look at the disk, which may be slow or broken");
    registers(&mut bob, false);
    drop(meddler);
    root.expect("the database can be written to again");
    registers(&mut bob, true);
}

#[test]
fn a_data_folder_that_may_only_be_read_is_said_to_be_so() {
    if !has_namespaces() {
        return;
    }
    let folder = crate::cli::folder("read-only");
    let config = folder.join("slircd.toml");
    fs::write(&config, format!("[storage]\npath = {:?}\n", folder.join("data"))).unwrap();
    let script = "mkdir -p \"$1/data\" && mount -t tmpfs -o ro,mode=700 tmpfs \"$1/data\" && exec \"$0\" run -c \"$1/slircd.toml\"";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(env!("CARGO_BIN_EXE_slircd"))
        .arg(&folder)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let told = "the database may only be read; let the server's user write to the data folder, whose file system may be mounted read-only";
    assert!(output.status.code() == Some(1) && text.contains(told), "{text}");
    fs::remove_dir_all(folder).unwrap();
}
