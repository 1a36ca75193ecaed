//! What a file may say, and what is said of one that says something else.

use super::*;

fn read(text: &str, powers: Powers) -> Result<Plan> {
    let source = Source {
        name: "a.toml".to_owned(),
        text: text.to_owned(),
    };
    parse(&source, Path::new(""), powers)
}

fn scenario(steps: &str) -> String {
    format!("[[scenario]]\nname = 'a'\n{steps}")
}

/// Says what is wrong with steps, and what was meant.
#[track_caller]
fn wrong(steps: &str) -> (String, String) {
    let error = read(&scenario(steps), Powers::All).unwrap_err();
    assert_eq!(error.kind, crate::error::Kind::Usage, "{error}");
    (error.message, error.hint.unwrap_or_default())
}

#[test]
fn the_example_of_the_documentation_is_of_the_form() {
    let page = include_str!("../../../../docs/check.md");
    let example = page.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    // The fixture of one's own is named in a comment alone: there is no such file here.
    let plan = read(example, Powers::All).unwrap();
    assert_eq!(plan.scenarios.len(), 2);
    assert_eq!(plan.server.unwrap().forward_to.unwrap(), "${port}/webhooks");
}

#[test]
fn what_is_not_of_the_form_is_told_with_its_line_and_what_was_meant() {
    for (steps, line, said, meant) in [
        (
            "nam = 'b'",
            3,
            "a scenario has no `nam`",
            "did you mean `name`?",
        ),
        (
            "[[scenario.step]]\nexpct = 'payment.settled'",
            3,
            "a step does one thing",
            "did you mean `expect`?",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\ncuont = 1",
            5,
            "a step with `expect` has no `cuont`",
            "did you mean `count`?",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.setled'",
            4,
            "no event type matches",
            "did you mean `payment.settled`?",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\ncount = 'one'",
            5,
            "`count` is a whole number from 0 on, not a text",
            "",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\ncount = -1",
            5,
            "not -1",
            "",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\nwithin = '5'",
            5,
            "no time",
            "500ms",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\nwithin = 5",
            5,
            "a time such as \"30s\", not a number",
            "",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\nanswered = 200",
            5,
            "nothing is forwarded",
            "[server]",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\ncount = 0\nwithin = '30s'",
            6,
            "the scenario is over before",
            "a longer `within`",
        ),
        (
            "[[scenario.step]]\ncall = 'GET /payments'\nstatus = 999",
            5,
            "a status is a number such as 404",
            "",
        ),
        (
            "[[scenario.step]]\nexpect = 'payment.settled'\ncount = 0\nanswered = 200",
            6,
            "`count = 0` means none",
            "",
        ),
        (
            "[[scenario.step]]\ntrigger = 'payment.settled'\noverride = { amuont = 1 }",
            4,
            "nothing that is sent has it",
            "did you mean `amount`?",
        ),
        (
            "[[scenario.step]]\ntrigger = 'payment.settled'\nexpect = 'payment.settled'",
            3,
            "both `trigger` and `expect`",
            "",
        ),
        (
            "[[scenario.step]]\ncall = 'GET /payment/pay_1'\nstatus = 200",
            4,
            "the API has no `GET /payment/pay_1`",
            "did you mean `GET /payments",
        ),
        (
            "[[scenario.step]]\ncall = 'POST /refunds'\nbody = { amuont = 1 }\nstatus = 201",
            4,
            "takes no `amuont`",
            "did you mean `amount`?",
        ),
        (
            "[[scenario.step]]\ncall = 'GET http://127.0.0.1/'\nstatus = 201",
            4,
            "no path of the API",
            "for `http`",
        ),
        (
            "[[scenario.step]]\ncall = 'FETCH /payments'\nstatus = 201",
            4,
            "a method is",
            "a request is a method and where it goes",
        ),
        (
            "[[scenario.step]]\nhttp = 'GET https://example.com/'\nstatus = 200",
            4,
            "not of this machine",
            "",
        ),
        (
            "[[scenario.step]]\ncall = 'GET /payments/${piad.payment}'\nstatus = 200",
            4,
            "no step `piad` before",
            "",
        ),
        (
            "[[scenario.step]]\nfault = { pth = '/v1/*' }",
            4,
            "a fault has no `pth`",
            "did you mean `path`?",
        ),
        (
            "[[scenario.step]]\ntrigger = 'payment.settled'",
            1,
            "the scenario `a` expects nothing",
            "an `expect`",
        ),
        ("[[scenario.step]]\nexpect = [", 4, "", ""),
    ] {
        let (message, hint) = wrong(steps);
        assert!(
            message.starts_with(&format!("a.toml:{line}: ")),
            "{message}: {steps}"
        );
        assert!(message.contains(said), "{message}");
        assert!(hint.contains(meant), "{hint}: {message}");
    }
}

#[test]
fn a_condition_that_can_never_hold_or_never_fail_is_refused() {
    let expect = |of: &str, conditions: &str| {
        format!("[[scenario.step]]\nexpect = '{of}'\ncount = 1\nwhere = {{ {conditions} }}")
    };
    let call = |request: &str, status: &str, conditions: &str| {
        format!(
            "[[scenario.step]]\ncall = '{request}'\nstatus = {status}\nwhere = {{ {conditions} }}"
        )
    };
    let of_payment = |conditions: &str| call("GET /payments/pay_1", "200", conditions);
    for (steps, said, meant) in [
        (
            expect("payment.settled", "'data.object.amout' = 5"),
            "no `data.object.amout`",
            "did you mean `data.object.amount`?",
        ),
        (
            expect("payment.settled", "amount = 4999"),
            "no `amount`",
            "did you mean `data.object.amount`?",
        ),
        (
            expect("payment.settled", "'data.object.amount' = '4999'"),
            "a whole number, never \"4999\"",
            "unchecked",
        ),
        (
            expect("refund.*", "'data.object.fee' = 1"),
            "no `data.object.fee`",
            "",
        ),
        (
            of_payment("staet = { not = 'FAILED' }"),
            "no `staet`",
            "did you mean `state`?",
        ),
        (
            of_payment("failur_code = { exists = false }"),
            "no `failur_code`",
            "did you mean `failure_code`?",
        ),
        (
            of_payment("state = { not = 'FAILD' }"),
            "did you mean \"FAILED\"?",
            "",
        ),
        (
            of_payment("state = { one-of = ['SETTLED', 'FAILD'] }"),
            "did you mean \"FAILED\"?",
            "",
        ),
        (
            of_payment("state = { matches = 'SETL*' }"),
            "nothing matches SETL*",
            "",
        ),
        (
            of_payment("state = { at-least = 1 }"),
            "are for numbers",
            "",
        ),
        (
            of_payment("amount = { length = 4 }"),
            "for lists and texts",
            "",
        ),
        (
            of_payment("amount = { matches = '4*' }"),
            "is for texts",
            "",
        ),
        (
            of_payment("'customer.email' = 'a@example.com'"),
            "`customer` is an id",
            "expand[]",
        ),
        (
            call("GET /payments", "200", "'data.first.id' = 'pay_1'"),
            "`data` is a list",
            "`data.0`",
        ),
        (
            call(
                "GET /payments/pay_1",
                "404",
                "'error.cod' = 'resource_missing'",
            ),
            "no `error.cod`",
            "did you mean `error.code`?",
        ),
    ] {
        let (message, hint) = wrong(&steps);
        assert!(message.starts_with("a.toml:6: "), "{message}: {steps}");
        assert!(message.contains(said), "{message}");
        assert!(hint.contains(meant), "{hint}: {message}");
    }
    for steps in [
        expect("payment.*", "'data.object.metadata.anything' = 'x'"),
        expect("payment.*", "'data.object.amount' = '${port}'"),
        // Of one of the types.
        expect("*", "'data.object.gross' = { at-least = 1 }"),
        call(
            "GET /payments",
            "200",
            "'data.7.state' = { not = 'FAILED' }",
        ),
        call("GET /payments/pay_1", "'4xx'", "'error.type' = 'not_found'"),
        of_payment("'customer.email' = 'a@example.com' }\nquery = { 'expand[]' = 'customer'"),
        of_payment("'risk.score' = 1 }\nunchecked = true\nquery = {"),
        expect(
            "payment.reversed",
            "'data.object.x' = 1 }\nunchecked = true #",
        ),
    ] {
        let with_port = format!("[server]\nforward-to = '4242'\n{}", scenario(&steps));
        read(&with_port, Powers::All).unwrap_or_else(|error| panic!("{error}: {steps}"));
    }
}

#[test]
fn a_name_with_space_around_it_is_the_name_and_no_name_is_refused() {
    // As it stands it would match nothing, so that `count = 0` could not fail.
    let plan = read(
        &scenario("[[scenario.step]]\nexpect = ' payment.settled '\ncount = 0"),
        Powers::All,
    );
    let step = plan.unwrap().scenarios.remove(0).steps.remove(0);
    assert_eq!(step.to_string(), "expect payment.settled ×0");
    let (message, _) = wrong("[[scenario.step]]\nexpect = ' '\ncount = 0");
    assert!(message.contains("names no event"), "{message}");
}

#[test]
fn what_is_on_its_way_is_known_of_the_bundled_sandbox_alone() {
    let none = "[[scenario.step]]\nexpect = 'payment.settled'\ncount = 0";
    read(&scenario(none), Powers::All).unwrap();
    let error = read(&scenario(none), Powers::Api).unwrap_err();
    assert!(error.message.contains("needs `within`"), "{error}");
    let with_a_time = scenario(&format!("{none}\nwithin = '5s'"));
    for powers in [Powers::All, Powers::Api] {
        read(&with_a_time, powers).unwrap();
    }
}

#[test]
fn what_the_sandbox_of_the_settings_does_not_have_is_refused_there() {
    for (steps, name) in [
        ("[[scenario.step]]\nadvance = '72h'", "advance"),
        (
            "[[scenario.step]]\nfault = { path = '/v1/*', status = 503 }",
            "fault",
        ),
        ("[[scenario.step]]\ninvariants = true", "invariants"),
        ("pace = 60\n[[scenario.step]]\nexpect = '*'", "pace"),
    ] {
        let text = scenario(&format!("{steps}\n[[scenario.step]]\nexpect = 'payment.*'"));
        read(&text, Powers::All).unwrap();
        let error = read(&text, Powers::Api).unwrap_err();
        assert!(
            error
                .message
                .contains(&format!("`{name}` is of the bundled")),
            "{error}"
        );
    }
}

#[test]
fn names_of_scenarios_and_of_what_they_make_are_there_once() {
    let step = "[[scenario.step]]\nexpect = 'payment.*'\n";
    let twice = format!("{0}{0}", scenario(step));
    let error = read(&twice, Powers::All).unwrap_err();
    assert!(
        error.message.contains("two scenarios are called `a`"),
        "{error}"
    );
    let (message, _) = wrong(&format!("{step}as = 'x'\n{step}as = 'x'"));
    assert!(
        message.contains("`x` is the name of something already"),
        "{message}"
    );
    let (message, _) = wrong(&format!("{step}as = 'a.b'"));
    assert!(message.contains("no name"), "{message}");
}

#[test]
fn a_server_is_started_or_runs_already() {
    let with = |server: &str| {
        let step = "[[scenario.step]]\nhttp = 'GET http://localhost:${port}/'\nstatus = 200";
        read(
            &format!("[server]\n{server}\n{}", scenario(step)),
            Powers::All,
        )
    };
    let plan = with("command = ['x']\nenv = { PORT = '${port}', N = 7 }").unwrap();
    assert_eq!(plan.server.unwrap().env["N"], "7");
    with("forward-to = '4242'").unwrap();
    for (server, said) in [
        ("command = []", "no program"),
        ("command = 'npm start'", "a list, not a text"),
        ("env = {}", "needs `forward-to`"),
        (
            "forward-to = '4242'\nready = '4242'",
            "`ready` is for a `command`",
        ),
        ("command = ['x', '${prt}']", "`prt`"),
        ("comand = ['x']", "has no `comand`"),
    ] {
        let error = with(server).unwrap_err();
        assert!(error.message.contains(said), "{error}");
    }
}
