//! `sandbox`, `spec` and `completions`.

use crate::{run, vitec_connect};

#[test]
fn the_document_is_printed_as_it_was_written_and_as_json() {
    let yaml = run(&mut vitec_connect(&["spec"]));
    assert_eq!(
        (yaml.status, yaml.stdout.as_str()),
        (Some(0), vitec_connect::OPENAPI_YAML)
    );
    let json = run(&mut vitec_connect(&["spec", "--json"]));
    assert_eq!(json.object()["openapi"], "3.0.3");
}

#[test]
fn completions_know_the_flags() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = run(&mut vitec_connect(&["completions", shell]));
        assert_eq!(run.status, Some(0), "{shell}");
        assert!(run.stdout.contains("valid-until"), "{shell}");
    }
}

#[cfg(unix)]
mod sandbox {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Child, Command, Stdio};

    use crate::{create, run, vitec_connect};

    fn start(command: &mut Command) -> (Child, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut url)
            .unwrap();
        (child, url.trim().to_owned())
    }

    fn stop(mut child: Child) -> (Option<i32>, String) {
        assert!(
            Command::new("kill")
                .args(["-INT", &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        let mut stderr = String::new();
        child.stderr.as_mut().unwrap().read_to_string(&mut stderr).unwrap();
        (child.wait().unwrap().code(), stderr)
    }

    #[test]
    fn a_made_up_password_is_shown() {
        let (child, url) = start(&mut vitec_connect(&["sandbox", "--listen", "127.0.0.1:0"]));
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let (status, stderr) = stop(child);
        assert_eq!(status, Some(0));
        assert!(
            stderr.contains(&url) && stderr.contains("user name partner, password "),
            "{stderr}"
        );
    }

    #[test]
    fn a_given_password_is_not_and_works() {
        let (child, url) = start(
            vitec_connect(&["sandbox", "--listen", "127.0.0.1:0"])
                .env("VITEC_CONNECT_USERNAME", "office")
                .env("VITEC_CONNECT_PASSWORD", "hemligt"),
        );
        let sent = run(create(&["--bank", "b", "--base-url", &url])
            .env("VITEC_CONNECT_USERNAME", "office")
            .env("VITEC_CONNECT_PASSWORD", "hemligt"));
        assert_eq!(
            (sent.status, sent.stdout.as_str()),
            (Some(0), "sandbox-1\n"),
            "{sent:?}"
        );
        let (status, stderr) = stop(child);
        assert_eq!(status, Some(0));
        assert!(stderr.contains(&url) && !stderr.contains("hemligt"), "{stderr}");
    }

    #[test]
    fn half_a_pair_of_credentials_is_a_mistake() {
        let run = run(vitec_connect(&["sandbox"]).env("VITEC_CONNECT_USERNAME", "office"));
        assert_eq!(run.status, Some(2), "{run:?}");
    }
}
