//! Credentials in files, and which of several places counts.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const OFFICES: &str = "[M30011]\nusername = \"partner\"\npassword = \"hemligt-å\"\n";

/// A folder with a file of this mode and content in it, and the path of that.
fn with(name: &str, mode: u32, text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

/// A call with these variables and arguments.
fn call(sandbox: &Sandbox, variables: &[(&str, &str)], more: &[&str]) -> crate::Run {
    let mut command = create(&["--bank", "b", "--base-url", sandbox.url()]);
    let run = run(command.args(more).envs(variables.iter().copied()));
    assert!(!format!("{run:?}").contains("hemligt"), "{run:?}");
    assert!(!format!("{run:?}").contains(BASIC), "{run:?}");
    run
}

#[track_caller]
fn refused(run: &crate::Run, why: &[&str]) {
    assert_eq!(run.status, Some(2), "{run:?}");
    for why in why {
        assert!(run.stderr.contains(why), "{why}: {run:?}");
    }
}

const USERNAME: (&str, &str) = ("VITEC_CONNECT_USERNAME", "partner");

#[tokio::test]
async fn a_password_or_the_portals_string_may_be_in_a_file_that_only_its_owner_reads() {
    let sandbox = sandbox().await;
    for (variable, text) in [
        ("VITEC_CONNECT_PASSWORD_FILE", "\u{feff}hemligt-å\r\nand more\n"),
        ("VITEC_CONNECT_PASSWORD_FILE", "hemligt-å"),
        ("VITEC_CONNECT_BASIC_FILE", BASIC),
        ("VITEC_CONNECT_BASIC_FILE", &format!("\u{feff}Basic {BASIC}\n")),
    ] {
        let (_folder, path) = with("secret", 0o600, text);
        let file = (variable, path.as_str());
        let run = call(&sandbox, &[USERNAME, file], &[]);
        assert_eq!(run.status, Some(0), "{variable} {text:?}: {run:?}");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        refused(
            &call(&sandbox, &[USERNAME, file], &[]),
            &[variable, "0640", "chmod 600"],
        );
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(&path, "\nhemligt-å").unwrap();
        refused(&call(&sandbox, &[USERNAME, file], &[]), &[variable, "first line"]);
        // Who mistook the variable for the other one.
        let mistaken = (variable, "hemligt-å");
        refused(&call(&sandbox, &[USERNAME, mistaken], &[]), &[variable, "No such file"]);
    }
    let (_folder, path) = with("secret", 0o600, "hemligt-å");
    let run = call(&sandbox, &[("VITEC_CONNECT_PASSWORD_FILE", &path)], &[]);
    refused(
        &run,
        &["VITEC_CONNECT_PASSWORD_FILE is set and VITEC_CONNECT_USERNAME is not"],
    );
    assert_eq!(sandbox.received().len(), 4);
}

#[tokio::test]
async fn what_systemd_gives_counts_whatever_its_mode() {
    let sandbox = sandbox().await;
    for (name, text) in [
        ("vitec-connect.password", "hemligt-å\n"),
        ("vitec-connect.basic", BASIC),
        ("offices.toml", OFFICES),
    ] {
        let (folder, path) = with(name, 0o444, text);
        let folder = ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
        let run = call(&sandbox, &[USERNAME, folder], &[]);
        assert_eq!(run.status, Some(0), "{name}: {run:?}");
        // A unit may name it too, as `%d/…`.
        let by_name = match name {
            "vitec-connect.password" => call(
                &sandbox,
                &[USERNAME, folder, ("VITEC_CONNECT_PASSWORD_FILE", &path)],
                &[],
            ),
            "vitec-connect.basic" => call(&sandbox, &[folder, ("VITEC_CONNECT_BASIC_FILE", &path)], &[]),
            _ => call(&sandbox, &[folder], &["--credentials", &path]),
        };
        assert_eq!(by_name.status, Some(0), "{name}: {by_name:?}");
    }
    // Not what only a link in it leads to, nor what stands beside it.
    let (other, path) = with("offices.toml", 0o444, OFFICES);
    let (folder, _) = with("empty", 0o444, "");
    let folder = folder.path().join("..").join(folder.path().file_name().unwrap());
    std::os::unix::fs::symlink(&path, folder.join("offices.toml")).unwrap();
    let folder = ("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    refused(&call(&sandbox, &[folder], &[]), &["offices.toml", "chmod 600"]);
    drop(other);
    assert_eq!(sandbox.stored(), 6);
}

#[tokio::test]
async fn a_variable_and_its_file_are_refused_together() {
    let sandbox = sandbox().await;
    for (variable, name, text) in [
        ("VITEC_CONNECT_PASSWORD", "vitec-connect.password", "hemligt-å"),
        ("VITEC_CONNECT_BASIC", "vitec-connect.basic", BASIC),
    ] {
        let (folder, path) = with(name, 0o600, text);
        let folder = ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
        let (_elsewhere, other) = with(name, 0o600, text);
        let by_file = format!("{variable}_FILE");
        let file = (by_file.as_str(), other.as_str());
        let run = call(&sandbox, &[USERNAME, (variable, text), file], &[]);
        refused(&run, &[&format!("{variable} and {by_file}")]);
        let run = call(&sandbox, &[USERNAME, (variable, text), folder], &[]);
        refused(&run, &[variable, &path]);
        let run = call(&sandbox, &[USERNAME, folder, file], &[]);
        refused(&run, &[&by_file, &path]);
    }
    assert!(sandbox.received().is_empty());
}

#[tokio::test]
async fn of_several_kinds_the_first_of_the_help_counts() {
    let sandbox = sandbox().await;
    let wrong = "[M30011]\nusername = \"partner\"\npassword = \"fel\"\n";
    let (_named, named) = with("named.toml", 0o600, OFFICES);
    let (folder, _) = with("offices.toml", 0o444, wrong);
    let folder = ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
    let right = ("VITEC_CONNECT_PASSWORD", "hemligt-å");
    let argument = call(&sandbox, &[USERNAME, folder], &["--credentials", &named]);
    assert_eq!(argument.status, Some(0), "{argument:?}");
    let each = call(&sandbox, &[USERNAME, folder, right], &[]);
    assert_eq!(
        each.status,
        Some(4),
        "offices.toml is asked for each customer: {each:?}"
    );
    let mut typed = create(&["--bank", "b", "--base-url", sandbox.url(), "--password-stdin"]);
    typed.envs([USERNAME, folder]);
    let typed = run_with_stdin(&mut typed, "hemligt-å\n");
    assert_eq!(typed.status, Some(0), "{typed:?}");
    let (basic, _) = with("vitec-connect.basic", 0o444, "ZmVsOmZlbA==");
    let basic = ("CREDENTIALS_DIRECTORY", basic.path().to_str().unwrap());
    let account = call(&sandbox, &[USERNAME, basic, right], &[]);
    assert_eq!(account.status, Some(0), "{account:?}");
    let both = call(&sandbox, &[USERNAME], &["--credentials", &named, "--password-stdin"]);
    refused(&both, &["cannot be used with"]);
}

#[tokio::test]
async fn a_single_call_takes_its_customers_entry() {
    let sandbox = sandbox().await;
    let (_folder, path) = with("offices.toml", 0o600, OFFICES);
    let run = call(&sandbox, &[], &["--credentials", &path]);
    assert_eq!(run.status, Some(0), "{run:?}");
    std::fs::write(&path, OFFICES.replace("M30011", "M30012")).unwrap();
    let run = call(&sandbox, &[], &["--credentials", &path]);
    refused(&run, &["no credentials for customer M30011"]);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o604)).unwrap();
    // A dry run needs none, and looks at the file that is named all the same.
    for more in [&["--credentials", &path][..], &["--credentials", &path, "--dry-run"]] {
        refused(&call(&sandbox, &[], more), &["--credentials", "chmod 600"]);
    }
    assert_eq!(sandbox.received().len(), 1);
}

#[tokio::test]
async fn no_report_is_written_over_a_file_with_a_secret() {
    let sandbox = sandbox().await;
    let (folder, path) = with("vitec-connect.password", 0o600, "hemligt-å");
    let rows = folder.path().join("rows.csv");
    std::fs::write(&rows, "customerId,contactId,bank\nM30011,1,a\n").unwrap();
    for file in [
        ("VITEC_CONNECT_PASSWORD_FILE", path.as_str()),
        ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap()),
    ] {
        let mut import = vitec_connect(&["loan-promise", "import", "--base-url", sandbox.url(), "--report", &path]);
        import.arg(&rows).arg("--outbox").arg(folder.path().join("outbox.db"));
        let run = run(import.envs([USERNAME, file]));
        refused(&run, &["this is the credentials' file"]);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "hemligt-å");
    assert!(sandbox.received().is_empty());
}
