//! The configuration on disk.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::victim::Shim;
use crate::support::{Home, KEY, Mock, Run, pipe_into, piped};

const OLD: &str = "sk_test_oldoldoldoldoldoldoldoldoldold";
const NEW: &str = "sk_test_newnewnewnewnewnewnewnewnewnew";

/// Sets the key of the profile.
fn set_key(home: &Home, key: &str) -> Run {
    piped(home.fluxa(&["config", "set", "secret_key"]), key)
}

/// The keys in the file, by profile. A file that is not whole fails the test.
fn stored_keys(home: &Home) -> toml::Table {
    let text = std::fs::read_to_string(home.path(".config/fluxa/credentials.toml")).unwrap();
    let mut file: toml::Table = text.parse().unwrap();
    match file.remove("profiles") {
        Some(toml::Value::Table(profiles)) => profiles,
        other => panic!("{other:?}"),
    }
}

fn stored_key(home: &Home) -> String {
    let key = &stored_keys(home)["default"]["secret_key"];
    key.as_str().unwrap().to_owned()
}

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
    let run = set_key(&home, secret).expect(0);
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
    for setting in ["secret_key", "api_base", "output", "keyring"] {
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

#[test]
fn logins_at_once_leave_a_key_for_each_profile_and_one_of_them_for_a_shared_one() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let login = |profile: &str, key: &str| -> Child {
        let arguments = ["login", "--api-key-stdin", "--profile", profile];
        let mut command = home.fluxa(&arguments);
        command.args(["--api-base", &mock.base_url]);
        pipe_into(command, key)
    };
    let set = |number: usize| {
        let arguments = ["config", "set", "secret_key", "--profile", "shared"];
        pipe_into(home.fluxa(&arguments), &format!("{OLD}{number}"))
    };
    let children: Vec<Child> = (0..16)
        .flat_map(|number| [login(&format!("p{number}"), KEY), set(number)])
        .collect();
    for child in children {
        Run::finish(child).expect(0);
    }
    let mut keys = stored_keys(&home);
    let shared = keys.remove("shared").unwrap();
    assert!(shared["secret_key"].as_str().unwrap().starts_with(OLD));
    assert_eq!(keys.len(), 16);
    for (profile, key) in &keys {
        assert_eq!(key["secret_key"].as_str(), Some(KEY), "{profile}");
    }
    let listed = home
        .run(&["config", "profiles", "--output", "json"])
        .expect(0);
    let listed = listed.json_lines();
    let bases: BTreeSet<_> = listed.iter().map(|p| p["api_base"].as_str()).collect();
    assert_eq!(bases, [None, Some(mock.base_url.as_str())].into());
}

#[test]
fn a_kill_at_any_write_leaves_the_old_key_or_the_new_one() {
    let Some(shim) = Shim::build() else {
        return;
    };
    let home = Home::new();
    let files = home.path(".config/fluxa");
    let mut left = BTreeSet::new();
    for tear in [false, true] {
        let mut write = 0;
        loop {
            write += 1;
            set_key(&home, OLD).expect(0);
            let mut command = home.fluxa(&["config", "set", "secret_key"]);
            shim.kill_at(&mut command, &files, write, tear);
            let run = piped(command, NEW);
            let key = stored_key(&home);
            assert!([OLD, NEW].contains(&key.as_str()), "after write {write}");
            left.insert(key.clone());
            home.run(&["config", "list"]).expect(0);
            if run.code == 0 {
                assert_eq!(key, NEW);
                break;
            }
            assert_eq!(run.code, -1, "{}", run.stderr);
        }
        assert!(write > 3, "the kills do not reach the writes: {write}");
    }
    assert_eq!(left, [OLD, NEW].map(str::to_owned).into());
    // Nothing of a killed writer is left once another has written.
    let names: BTreeSet<_> = std::fs::read_dir(&files)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        names,
        [".lock", "credentials.toml"].map(str::to_owned).into()
    );
}

/// A command with the shell's settings in front of it.
#[cfg(unix)]
fn under(home: &Home, settings: &str, arguments: &[&str]) -> Command {
    let fluxa = home.fluxa(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{settings}; exec \"$0\" \"$@\"")]);
    command.arg(fluxa.get_program()).args(fluxa.get_args());
    command.env_clear().current_dir(home.path(""));
    command.envs(
        fluxa
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
}

#[cfg(unix)]
#[test]
fn a_full_disk_keeps_the_old_file_and_leaves_no_half_of_the_new_one() {
    let home = Home::new();
    set_key(&home, OLD).expect(0);
    home.run(&["config", "set", "output", "human"]).expect(0);
    let full = "trap '' XFSZ; ulimit -f 0";
    let set = ["config", "set", "secret_key"];
    let failed = piped(under(&home, full, &set), NEW).expect(1);
    let said = "error: cannot write ";
    assert!(failed.stderr.contains(said), "{}", failed.stderr);
    assert!(!failed.stderr.contains("newnew"), "{}", failed.stderr);
    Run::of(under(&home, full, &["config", "set", "output", "json"])).expect(1);
    assert_eq!(stored_key(&home), OLD);
    let output = home.run(&["config", "get", "output"]).expect(0);
    assert_eq!(output.stdout.trim(), "human");
    let mut names = std::fs::read_dir(home.path(".config/fluxa")).unwrap();
    assert!(names.all(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        !name.ends_with(".new")
    }));
}

#[cfg(unix)]
#[test]
fn the_modes_do_not_depend_on_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for umask in ["000", "022", "077", "277", "777"] {
        let home = Home::new();
        let set = under(
            &home,
            &format!("umask {umask}"),
            &["config", "set", "secret_key"],
        );
        piped(set, OLD).expect(0);
        let mode = |name: &str| {
            let metadata = std::fs::metadata(home.path(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode(".config"), 0o700, "umask {umask}");
        assert_eq!(mode(".config/fluxa"), 0o700, "umask {umask}");
        assert_eq!(
            mode(".config/fluxa/credentials.toml"),
            0o600,
            "umask {umask}"
        );
        assert_eq!(stored_key(&home), OLD);
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_directory_is_refused() {
    let home = Home::new();
    let elsewhere = home.path("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    std::fs::create_dir_all(home.path(".config")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, home.path(".config/fluxa")).unwrap();
    let refused = set_key(&home, OLD).expect(1);
    assert!(
        refused.stderr.contains("is a symbolic link"),
        "{}",
        refused.stderr
    );
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

/// Writes what would be used, if it were read.
fn plant(directory: &Path) {
    let config = "[profiles.default]\napi_base = \"http://127.0.0.1:1/v1\"\noutput = \"json\"\n";
    let key = format!("[profiles.default]\nsecret_key = \"{OLD}\"\n");
    let env = format!("FLUXA_SECRET_KEY={OLD}\nFLUXA_API_BASE=http://127.0.0.1:1/v1\n");
    for inner in ["", ".fluxa", "fluxa", ".config/fluxa"] {
        let inner = directory.join(inner);
        std::fs::create_dir_all(&inner).unwrap();
        for (name, text) in [
            ("config.toml", config),
            (".fluxa.toml", config),
            ("fluxa.toml", config),
            ("credentials.toml", &key),
            (".env", &env),
            (".env.local", &env),
        ] {
            std::fs::write(inner.join(name), text).unwrap();
        }
    }
}

#[test]
fn nothing_in_the_working_directory_is_read() {
    let home = Home::new();
    let hostile = home.path("clone/of/a/stranger");
    plant(&hostile);
    for directory in [hostile.clone(), home.path("clone")] {
        if directory != hostile {
            plant(&directory);
        }
        let mut command = home.fluxa(&["config", "list", "--output", "json"]);
        command.current_dir(&directory);
        let settings = Run::of(command).expect(0).json_lines().remove(0);
        assert_eq!(settings["api_key"], serde_json::Value::Null);
        assert_eq!(settings["api_base"]["from"], "default");
        let mut command = home.fluxa(&["events", "list"]);
        command.current_dir(&directory);
        let run = Run::of(command).expect(3);
        assert!(run.stderr.contains("error: no API key"), "{}", run.stderr);
    }
    // Named, it is read.
    let mut command = home.fluxa(&["config", "get", "secret_key", "--config-dir", "."]);
    command.current_dir(&hostile);
    let read = Run::of(command).expect(0).json_lines().remove(0);
    assert_eq!(read["value"], "sk_test_…dold");
}

#[test]
fn where_a_setting_comes_from_is_told() {
    let home = Home::new();
    let get = |environment: &[(&str, &str)], more: &[&str]| {
        let mut command = home.fluxa(&[&["config", "get", "output"], more].concat());
        command.envs(environment.iter().copied());
        Run::of(command).expect(0)
    };
    let from = |run: &Run| run.json_lines()[0]["from"].clone();
    assert_eq!(from(&get(&[], &["--output", "json"])), "--output");
    let environment = [("FLUXA_OUTPUT", "json")];
    assert_eq!(from(&get(&environment, &[])), "FLUXA_OUTPUT");
    home.run(&["config", "set", "output", "json"]).expect(0);
    let profile = get(&[], &[]);
    assert_eq!(
        (from(&profile), profile.stderr.as_str()),
        ("profile default".into(), "")
    );
    let listed = home
        .run(&["config", "list"])
        .expect(0)
        .json_lines()
        .remove(0);
    assert_eq!(
        (&listed["output"], &listed["output_from"]),
        (&"json".into(), &"profile default".into())
    );
}

#[test]
fn a_profile_that_is_typed_is_used_before_that_of_the_environment_and_says_so() {
    let home = Home::new();
    for profile in ["shop", "other"] {
        let set = ["config", "set", "output", "human", "--profile", profile];
        home.run(&set).expect(0);
    }
    let list = |name: &str| {
        let mut command = home.fluxa(&["config", "list", "--profile", "shop"]);
        command.env("FLUXA_PROFILE", name);
        Run::of(command).expect(0)
    };
    let other = list("other");
    assert!(other.stdout.contains("shop"), "{}", other.stdout);
    let warning = "--profile is used; FLUXA_PROFILE holds another name";
    assert!(other.stderr.contains(warning), "{}", other.stderr);
    assert_eq!(list("shop").stderr, "");
}
