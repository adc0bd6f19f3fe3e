//! The command line, by the binary.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("slircd-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn slircd(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slircd"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn ten_mistakes_are_listed_with_their_lines() {
    let folder = folder("mistakes");
    let path = folder.join("bad.toml");
    let text = "[server]\nname = \"nodot\"\nnetwrok = \"x\"\ndescription = 5\n[limits]\nnick = 900\nping_interval = \"soon\"\nsend_queue = \"big\"\n[cloak]\nsecret = \"changeme\"\n[[listen]]\naddress = \"here\"\n[[oper]]\nname = \"a\"\n[logg]\n";
    fs::write(&path, text).unwrap();
    let output = slircd(&["check-config", "-c", path.to_str().unwrap()], "");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors.lines().count(), 10, "{errors}");
    for line in [2, 3, 4, 6, 7, 8, 10, 12, 13, 15] {
        assert!(errors.contains(&format!("bad.toml:{line}: ")), "line {line}\n{errors}");
    }
    let output = slircd(&["run", "-c", path.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn wrong_arguments_are_told_apart_from_failures() {
    assert_eq!(slircd(&["dance"], "").status.code(), Some(2));
    assert_eq!(slircd(&["--nonsense"], "").status.code(), Some(2));
    let version = slircd(&["--version"], "");
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        format!("slircd {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(String::from_utf8(slircd(&["--help"], "").stdout).unwrap().contains("check-config"));
}

#[test]
fn a_password_is_hashed_from_standard_input() {
    let output = slircd(&["hash-password"], "sesame\n");
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("$argon2id$"));
    assert_eq!(slircd(&["hash-password"], "\n").status.code(), Some(1));
}

#[test]
fn the_example_configuration_is_right() {
    let folder = folder("example");
    let path = folder.join("slircd.toml");
    fs::write(&path, slircd(&["example-config"], "").stdout).unwrap();
    assert!(slircd(&["check-config", "-c", path.to_str().unwrap()], "").status.success());
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_slircd"))
        .arg("example-config")
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be written to"));
}

#[test]
fn a_data_folder_that_cannot_be_used_is_said_to_be_so() {
    let folder = folder("data");
    let (path, file) = (folder.join("slircd.toml"), folder.join("file"));
    fs::write(&file, "").unwrap();
    fs::write(&path, format!("[storage]\npath = \"{}/data\"\n", file.display())).unwrap();
    let output = slircd(&["run", "-c", path.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be used"));
    fs::remove_dir_all(folder).unwrap();
}
