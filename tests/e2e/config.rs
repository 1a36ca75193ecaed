//! The configuration on disk.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Home, Run};

#[test]
fn writers_at_once_leave_a_valid_file() {
    let home = Home::new();
    let children: Vec<_> = (0..32)
        .map(|number| {
            let (profile, base) = (
                format!("p{number}"),
                format!("http://127.0.0.1:{number}/v1"),
            );
            home.fluxa(&["--profile", &profile, "config", "set", "api_base", &base])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        Run::finish(child).expect(0);
    }
    for number in 0..32 {
        let arguments = [
            "--profile",
            &format!("p{number}"),
            "config",
            "list",
            "--output",
            "json",
        ];
        let run = home.run(&arguments).expect(0);
        let expected = format!("http://127.0.0.1:{number}/v1");
        assert_eq!(run.json_lines()[0]["api_base"]["value"], expected.as_str());
    }
}

#[test]
fn a_key_is_taken_from_stdin_kept_at_0600_and_never_shown() {
    let home = Home::new();
    let secret = "sk_test_abcdefghijklmnopqrstuvwxyz0123";
    let mut child = home
        .fluxa(&["config", "set", "secret_key"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{secret}\n").as_bytes())
        .unwrap();
    let run = Run::finish(child).expect(0);
    assert!(run.stderr.contains("plain text"), "{}", run.stderr);
    let file = home.path(".config/fluxa/credentials.toml");
    assert!(std::fs::read_to_string(&file).unwrap().contains(secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let run = home.run(&["config", "list"]).expect(0);
        assert!(run.stderr.contains("narrowed to 600"), "{}", run.stderr);
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let run = home.run(&["config", "list"]).expect(0);
    assert!(run.stdout.contains("sk_test_…0123") && !run.stdout.contains("abcdefgh"));
    home.run(&["config", "set", "secret_key", secret]).expect(2);
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("c")).unwrap();
    std::fs::write(
        home.path("c/config.toml"),
        "[profiles.default]\n\napi_base = {\n",
    )
    .unwrap();
    let directory = home.path("c");
    let run = home
        .run(&[
            "--config-dir",
            directory.to_str().unwrap(),
            "config",
            "list",
        ])
        .expect(1);
    assert!(run.stderr.contains("config.toml:3: "), "{}", run.stderr);
}

#[test]
fn a_profile_that_does_not_exist_is_a_usage_error() {
    let run = Home::new()
        .run(&["--profile", "nobody", "events", "list"])
        .expect(2);
    assert!(
        run.stderr.contains("there is no profile `nobody`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_change_says_what_was_done_and_a_base_url_that_would_not_work_is_refused() {
    let home = Home::new();
    let base = "http://127.0.0.1:4010/v1";
    let said = |arguments: &[&str]| home.run(arguments).expect(0).stderr;
    for setting in ["secret_key", "api_base", "output"] {
        let not_set = said(&["--profile", "p", "config", "unset", setting]);
        assert!(not_set.contains(&format!("{setting} of profile p is not set")));
    }
    home.run(&["--profile", "p", "events", "list"]).expect(2);
    let set = said(&["config", "set", "api_base", base]);
    let expected = format!("api_base of profile default set to {base} in ");
    assert!(
        set.contains(&expected) && set.contains("config.toml"),
        "{set}"
    );
    let unset = said(&["config", "unset", "api_base"]);
    assert!(
        unset.contains("api_base of profile default removed from "),
        "{unset}"
    );
    for wrong in [
        "nonsense",
        "http://example.com/v1",
        "localhost:4010",
        "ftp://example.com",
    ] {
        home.run(&["config", "set", "api_base", wrong]).expect(2);
    }
}
