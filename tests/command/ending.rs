//! Endings that are not the program's choice: folders that cannot be written, full disks, closed pipes, Ctrl-C.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use patency::clock::Stopwatch;

use super::written::rows;
use super::{DEFIANCE, HANG, P1, Written, files, refused, text};

/// More trials than anyone waits for.
const ENDLESS: &str = "1000000000";

pub(super) fn start(arguments: &[&str], configure: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patency"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    configure(&mut command);
    command.spawn().expect("the program starts")
}

/// Waits until `ready`, or fails after a time that is never needed.
pub(super) fn wait(mut ready: impl FnMut() -> bool) -> bool {
    let watch = Stopwatch::start();
    while !ready() {
        if watch.elapsed() > HANG {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// The exit code and standard error of a program that must end by itself.
pub(super) fn ending(mut child: Child) -> (Option<i32>, String) {
    let ended = wait(|| child.try_wait().expect("the program can be waited for").is_some());
    if !ended {
        child.kill().expect("the program can be killed");
    }
    let output = child.wait_with_output().expect("output can be read");
    let err = String::from_utf8(output.stderr).expect("errors are text");
    assert!(ended, "the program hangs: {err}");
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code(), err)
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_computing() {
    let file = Written::new("a-file", "");
    for out in [format!("{}/results", file.path()), file.path()] {
        let message = refused(&["run", P1, "--replicates", ENDLESS, "--out", &out], 1);
        assert!(message.starts_with(&format!("error: cannot write {out}: ")), "{message}");
        assert_eq!(message.lines().count(), 1);
        assert!(out.ends_with("results") || message.contains("it is a file, not a folder"), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("result.json")).unwrap();
    let message = refused(&["run", P1, "--replicates", ENDLESS, "--out", text(folder.path())], 1);
    assert!(message.contains("result.json"), "{message}");
    for name in ["cohort.csv", "cohort.parquet"] {
        let message = refused(&["cohort", P1, "--out", &format!("{}/{name}", file.path())], 1);
        assert!(message.contains("cannot write") && message.contains(name), "{message}");
    }
}

#[test]
fn pipes_closed_early_are_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path());
    for arguments in [
        &["run", P1, "--replicates", "20", "--out", out][..],
        &["run", P1, "--replicates", "20", "--out", out, "--format", "json"],
        &["run", P1, "--replicates", "20", "--out", out, "--format", "csv"],
        &["check", DEFIANCE, "--trials", "5"],
        &["cohort", DEFIANCE],
        &["bench", P1, "--seconds", "0.01"],
        &["--help"],
    ] {
        let mut child = start(arguments, |_| ());
        drop(child.stdout.take());
        let (code, err) = ending(child);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert_eq!(files(folder.path()), ["replicates.parquet", "result.json", "sums.json", "trials.parquet"]);
}

#[cfg(target_os = "linux")]
#[test]
fn full_disks_are_said() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has /dev/full");
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path());
    for arguments in
        [&["run", P1, "--replicates", "20", "--out", out][..], &["cohort", P1], &["check", P1, "--trials", "5"]]
    {
        let (code, err) = ending(start(arguments, |c| {
            c.stdout(full());
        }));
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(err.starts_with("error: cannot write standard output: "), "{arguments:?}: {err}");
    }
    for (arguments, name) in [
        (&["run", P1, "--replicates", "20", "--out", out][..], "result.json.unfinished"),
        (&["run", P1, "--replicates", "20", "--out", out], "sums.json.unfinished"),
        (&["run", P1, "--replicates", "20", "--out", out], "replicates.parquet.unfinished"),
        (&["cohort", P1, "--out", &format!("{out}/cohort.csv")], "cohort.csv"),
        (&["cohort", P1, "--out", &format!("{out}/cohort.parquet")], "cohort.parquet"),
    ] {
        let path = folder.path().join(name);
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir_all(folder.path().join("unfinished"));
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let message = refused(arguments, 1);
        std::fs::remove_file(&path).unwrap();
        assert!(
            message.starts_with("error: cannot write ") && message.contains(name.trim_end_matches(".unfinished")),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1);
    }
}

#[cfg(unix)]
#[test]
fn disks_that_fill_up_while_running_keep_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path());
    let unfinished = folder.path().join("unfinished");
    let mut child = start(&["run", P1, "--replicates", ENDLESS, "--out", out], |_| ());
    assert!(wait(|| unfinished.join("sums-00000.json").exists()), "nothing was saved");
    child.kill().unwrap();
    child.wait().unwrap();
    // files of at most 16 blocks of 512 bytes; with the signal ignored a longer one is an error of writing
    let script = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} run {P1} --replicates {ENDLESS} --resume --out {out}",
        env!("CARGO_BIN_EXE_patency"),
    );
    let mut command = Command::new("sh");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["-c", &script]);
    let child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("there is a shell");
    let (code, err) = ending(child);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("error: cannot write") && err.contains(out), "{err}");
    let saved = std::fs::read_to_string(unfinished.join("sums-00000.json")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    let parts = super::list(&saved, "/parts");
    assert!(!parts.is_empty());
    for part in parts {
        assert!(unfinished.join(format!("replicates-{:05}.parquet", part.as_u64().unwrap())).exists(), "{part}");
    }
    assert!(!folder.path().join("result.json").exists(), "an empty result was left");
}

#[cfg(unix)]
pub(super) fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill");
    assert!(status.success());
}

#[cfg(unix)]
fn interrupted(
    scenario: &str,
    sizes: &str,
    ready: impl Fn(&Path) -> bool,
) -> (serde_json::Value, Vec<super::written::Row>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = &folder.path().join("out");
    // a result of this length would fill the pipe: it is read from its file
    let child = start(&["run", scenario, "--replicates", ENDLESS, "--n", sizes, "--out", text(out)], |c| {
        c.stdout(Stdio::null());
    });
    assert!(wait(|| ready(out)), "nothing was written");
    interrupt(&child);
    let watch = Stopwatch::start();
    let (code, err) = ending(child);
    assert!(watch.seconds() < 20.0, "it took {} s to end", watch.seconds());
    assert_eq!(code, Some(130), "{err}");
    assert_eq!(files(out), ["replicates.parquet", "result.json", "sums.json", "trials.parquet", "unfinished"]);
    let bytes = std::fs::read(out.join("result.json")).expect("there is a result");
    let json: serde_json::Value = serde_json::from_slice(&bytes).expect("the result is JSON");
    assert_eq!(json["partial"], true);
    assert_eq!(json["replicates"].to_string(), ENDLESS);
    let trials = rows(&out.join("trials.parquet")).len();
    let computed: u64 = super::list(&json, "/designs").iter().filter_map(|d| d["replicates"].as_u64()).sum();
    assert_eq!(trials as u64, computed);
    (json, rows(&out.join("replicates.parquet")))
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_computed() {
    let (json, rows) = interrupted(P1, "30,60", |out| out.join("unfinished/sums-00000.json").exists());
    let designs = json["designs"].as_array().unwrap();
    // the second size had not begun
    assert_eq!(designs.len(), 1);
    let computed = designs[0]["replicates"].as_u64().unwrap();
    assert!(computed > 0 && computed < 1_000_000_000);
    assert_eq!(rows.len() as u64, computed);
    // what there is equals a run of that many
    let again = super::Results::of(&[P1, "--n", "30", "--replicates", &computed.to_string()]).json();
    assert_eq!(again["designs"][0]["analyses"][0]["power"], designs[0]["analyses"][0]["power"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_does_not_wait_for_a_batch_of_large_trials() {
    // a trial of 20,000 patients with 26 analyses lasts; a batch has 64 of them
    let (_, rows) = interrupted(DEFIANCE, "20000", |out| {
        // the folder is made just before the run begins, and a first batch takes far longer than this
        let begun = out.exists();
        std::thread::sleep(Duration::from_secs(if begun { 2 } else { 0 }));
        begun
    });
    assert!(rows.len() < 26 * 64, "a whole batch was computed");
}
