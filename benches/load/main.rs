//! The whole program under load, beside two floors: see `benches/README.md`.
//!
//! `cargo bench --bench load` measures everything, with `-- fan-out idle` only what is named, with
//! `-- --quick` in small; without `--bench`, as `cargo test` runs it, it only shows that it works.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "results are for whoever runs this")]

#[cfg(target_os = "linux")]
mod accounts;
#[cfg(target_os = "linux")]
mod answers;
#[cfg(target_os = "linux")]
mod beside;
#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod floor;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod scenario;
#[cfg(target_os = "linux")]
mod tls;

/// What a process has used is read from `/proc`.
#[cfg(not(target_os = "linux"))]
fn main() {
    println!("This benchmark runs on Linux only.");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match linux::run(&arguments) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the benchmark cannot go on: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::{
        accounts::{Size, accounts},
        answers::answers,
        floor::{self, Floor, Lengths},
        process,
        report::Report,
        scenario::{self, Bursts, Scale},
    };
    use std::{fs, io, thread, time::Duration};

    pub(crate) fn run(arguments: &[String]) -> io::Result<()> {
        let files = process::raise_file_limit();
        if let [option, name, lengths @ ..] = arguments {
            if option == "--floor" {
                return become_floor(name, lengths);
            }
        }
        let given = |name: &str| arguments.iter().any(|argument| argument == name);
        let quick = given("--quick") || !given("--bench");
        let (scale, report) = (if quick { QUICK } else { FULL }, Report { judged: !quick });
        let named = arguments.iter().any(|argument| !argument.starts_with("--"));
        let wanted = |name: &str| given(name) || !named;
        let load = || fs::read_to_string("/proc/loadavg").unwrap_or_default();
        report.figure("cores", thread::available_parallelism().map_or(0, usize::from));
        report.figure("open files", files);
        report.figure("load average at the start", load().trim_end());
        if quick {
            report.figure("in small", "these figures say nothing");
        }
        if wanted("empty") {
            scenario::empty(report, scale)?;
        }
        if wanted("fan-out") {
            let bursts = Bursts {
                channels: 1,
                talkers: 16.min(scale.clients),
                count: if quick { 2 } else { 25 },
                pace: Duration::from_millis(20),
            };
            let title = format!("Fan-out, a channel of {}", scale.clients);
            scenario::delivery(report, &title, scale, &bursts, 1.05)?;
        }
        if wanted("channels") {
            let bursts = Bursts {
                channels: scale.clients / 10,
                talkers: scale.clients,
                count: if quick { 2 } else { 15 },
                pace: Duration::from_millis(40),
            };
            let title = format!("{} clients in channels of 10, each talking", scale.clients);
            scenario::delivery(report, &title, scale, &bursts, 1.25)?;
        }
        if wanted("registration") {
            scenario::registration(report, scale, 2.0)?;
        }
        if wanted("latency") {
            let title = "Latency at 1,000 messages/s, channels of";
            scenario::latency(report, &format!("{title} 10"), scale, 10, None)?;
            scenario::latency(report, &format!("{title} 20"), scale, 20, Some(1.15))?;
        }
        if wanted("answers") {
            answers(report, scale)?;
        }
        if wanted("accounts") {
            accounts(report, if quick { FEW } else { MANY })?;
        }
        if wanted("idle") {
            scenario::idle(report, scale, false)?;
            scenario::idle(report, scale, true)?;
        }
        report.heading("Done");
        report.figure("load average at the end", load().trim_end());
        Ok(())
    }

    fn become_floor(name: &str, lengths: &[String]) -> io::Result<()> {
        let mut lengths = lengths.iter().filter_map(|text| text.parse().ok());
        let (Some(floor), Some(welcome), Some(source)) =
            (Floor::named(name), lengths.next(), lengths.next())
        else {
            return Err(io::Error::other("--floor wants a name and two lengths"));
        };
        floor::serve(floor, Lengths { welcome, source })
    }

    const FULL: Scale = Scale {
        clients: 1000,
        idle: 10_000,
        registrations: 1000,
        rounds: 12,
        steady: Duration::from_millis(1500),
    };

    const MANY: Size = Size {
        accounts: 100_000,
        channels: 10_000,
        starts: 7,
        span: Duration::from_secs(5),
        rounds: 6,
    };

    const FEW: Size =
        Size { accounts: 50, channels: 5, starts: 1, span: Duration::from_millis(100), rounds: 1 };

    const QUICK: Scale = Scale {
        clients: 40,
        idle: 60,
        registrations: 20,
        rounds: 2,
        steady: Duration::from_millis(50),
    };
}
