//! Where the outbox lies: `--outbox`, `VITEC_CONNECT_OUTBOX`, and what may be meant by neither.

use std::process::Command;

use vitec_connect_sandbox::Sandbox;

use crate::{Run, run, run_with_stdin, vitec_connect};

const ROWS: &str = "customerId;contactId;bank\nM30011;4711;SBAB\n";

/// A folder in which the command runs, to see what it leaves there.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn files(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn import(folder: &tempfile::TempDir) -> Command {
    import_to("http://127.0.0.1:1", folder)
}

fn import_to(base_url: &str, folder: &tempfile::TempDir) -> Command {
    let mut command = vitec_connect(&["loan-promise", "import", "-", "--base-url", base_url]);
    command
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_PASSWORD", "secret")
        .env("HOME", folder.path())
        .env_remove("XDG_DATA_HOME")
        .current_dir(folder);
    command
}

fn status(folder: &tempfile::TempDir) -> Command {
    let mut command = vitec_connect(&["outbox", "status"]);
    command.env("HOME", folder.path()).current_dir(folder);
    command
}

fn refused(run: &Run, folder: &tempfile::TempDir) {
    assert_eq!(run.status, Some(2), "{run:?}");
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(!told.contains("s3cret") && !told.contains("s3c"), "{run:?}");
    assert_eq!(files(folder), [""; 0], "{run:?}");
}

#[test]
fn what_looks_like_a_database_never_becomes_a_file_and_is_not_repeated() {
    for place in [
        "host=127.0.0.1 port=5432 user=u password=s3cret dbname=a",
        "postgresql+psycopg2://u:s3cret@127.0.0.1:5432/a",
        "jdbc:postgresql://127.0.0.1:5432/a?user=u&password=s3cret",
        "postgres:/u:s3cret@127.0.0.1:5432/a",
        "\"postgres://u:s3cret@127.0.0.1:5432/a\"",
        "postgres://u:s3c@s3cret@127.0.0.1:5432/a",
        "postgres://u:s3c/s3cret@127.0.0.1:5432/a",
    ] {
        let folder = folder();
        for mut command in [import(&folder), status(&folder)] {
            let run = run_with_stdin(command.args(["--outbox", place]), ROWS);
            refused(&run, &folder);
            assert!(run.stderr.contains("postgres://USER@HOST:PORT/DATABASE"), "{run:?}");
        }
        let run = run_with_stdin(import(&folder).env("VITEC_CONNECT_OUTBOX", place), ROWS);
        refused(&run, &folder);
    }
}

#[test]
fn a_database_is_one_however_it_is_spelt_and_is_shown_without_its_password() {
    for place in [
        "POSTGRES://u:s3cret@127.0.0.1:1/a",
        " Postgresql://u:s3cret@127.0.0.1:1/a",
    ] {
        let folder = folder();
        let run = run(status(&folder).args(["--outbox", place]));
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(
            told.contains("postgres://127.0.0.1/a") && !told.contains("s3cret"),
            "{run:?}"
        );
        assert_eq!(files(&folder), [""; 0], "{run:?}");
    }
}

#[tokio::test]
async fn the_argument_goes_before_the_variable_and_that_before_the_default() {
    let (sandbox, folder) = (Sandbox::start().await.unwrap(), folder());
    let import = || import_to(sandbox.url(), &folder);
    run_with_stdin(import().env("VITEC_CONNECT_OUTBOX", "of-the-variable.db"), ROWS);
    assert!(
        files(&folder).contains(&"of-the-variable.db".to_owned()),
        "{:?}",
        files(&folder)
    );
    let shown = run(status(&folder).env("VITEC_CONNECT_OUTBOX", "of-the-variable.db"));
    assert_eq!(shown.status, Some(0), "{shown:?}");
    assert!(shown.stderr.contains("of-the-variable.db"), "{shown:?}");
    let both = run(status(&folder)
        .env("VITEC_CONNECT_OUTBOX", "of-the-variable.db")
        .args(["--outbox", "of-the-argument.db"]));
    assert!(both.stderr.contains("of-the-argument.db"), "{both:?}");
    run_with_stdin(import().args(["--outbox", "./host=a.db"]), ROWS);
    assert!(files(&folder).contains(&"host=a.db".to_owned()), "{:?}", files(&folder));
}

#[test]
fn a_sandbox_does_not_touch_the_outbox_of_the_variable() {
    let folder = folder();
    let mut command = vitec_connect(&["loan-promise", "import", "-", "--sandbox"]);
    command
        .env("VITEC_CONNECT_OUTBOX", folder.path().join("outbox.db"))
        .current_dir(&folder);
    let run = run_with_stdin(&mut command, ROWS);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(files(&folder), [""; 0]);
}
