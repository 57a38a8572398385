//! The command line: arguments → library call → report.

use std::process::ExitCode;

use clap::Parser;
use patency::command::{self, Command};

#[derive(Parser)]
#[command(name = "patency", version, about, long_about = None, after_help = command::EXAMPLES, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    command::finish(Arguments::parse().command.execute())
}
