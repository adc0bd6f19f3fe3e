//! The program: what stands in the library's `cli`.

fn main() -> std::process::ExitCode {
    slircd::cli::main()
}
