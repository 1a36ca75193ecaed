//! Owns what a file of scenarios says: its form, and refusing what is not of that form before
//! anything runs.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value as Json;

use super::condition::Conditions;
use super::known::Known;
use super::step::{self, Step};
use super::table::{Source, Table, Value};
use crate::error::{CliError, Result};
use crate::input;
use crate::trigger::fixture;

/// No file of scenarios is larger.
const LARGEST_BYTES: u64 = 4 * 1024 * 1024;

/// How long a scenario may take, unless it is said otherwise.
const WITHIN: Duration = Duration::from_secs(30);

/// How long a server may take until it is ready, unless it is said otherwise.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// The names of variables that are there with a server.
pub(super) const PORT: &str = "port";
pub(super) const DIRECTORY: &str = "dir";

/// A file of scenarios.
#[derive(Debug)]
pub(crate) struct Plan {
    /// As it was typed.
    pub(crate) file: String,
    pub(super) server: Option<ServerSpec>,
    pub(crate) scenarios: Vec<Scenario>,
}

/// The merchant's server.
#[derive(Clone, Debug)]
pub(super) struct ServerSpec {
    /// Nothing when it runs already.
    pub(super) command: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) directory: PathBuf,
    pub(super) forward_to: Option<String>,
    pub(super) ready: Option<String>,
    pub(super) ready_within: Duration,
    pub(super) retry: u32,
}

/// One scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(super) within: Duration,
    /// How fast the sandbox's clock runs, where that was said.
    pub(super) pace: Option<f64>,
    pub(crate) steps: Vec<Step>,
}

/// What the sandbox can do besides the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Powers {
    /// Ours: its clock, faults and audit are at hand.
    All,
    /// That of the settings: the API alone.
    Api,
}

/// Reads a file.
///
/// # Errors
/// Failure where it cannot be read; usage where it is not of the form, with the line.
pub(super) fn read(path: &Path, powers: Powers) -> Result<Plan> {
    let source = Source {
        name: path.display().to_string(),
        text: input::read_text(path, LARGEST_BYTES)?,
    };
    let directory = path.parent().unwrap_or(Path::new(""));
    parse(&source, directory, powers)
}

pub(super) fn parse(source: &Source, directory: &Path, powers: Powers) -> Result<Plan> {
    let document = source.parse()?;
    let top = Table::new(source, "the file", 0, document.get_ref());
    top.only(&["server", "scenario"])?;
    let server = match top.get("server") {
        Some(server) => Some(read_server(&server.table("[server]")?, directory)?),
        None => None,
    };
    let listed = top
        .get("scenario")
        .ok_or_else(|| top.fault("there is no scenario: [[scenario]] begins one"))?;
    let reading = Reading {
        directory,
        powers,
        has_server: server.is_some(),
        forwards: server
            .as_ref()
            .is_some_and(|server| server.forward_to.is_some()),
    };
    let mut scenarios: Vec<Scenario> = Vec::new();
    for value in listed.list()? {
        let table = value.table("a scenario")?;
        let scenario = reading.scenario(&table)?;
        if scenarios.iter().any(|known| known.name == scenario.name) {
            return Err(table.fault(format!("two scenarios are called `{}`", scenario.name)));
        }
        scenarios.push(scenario);
    }
    match scenarios.is_empty() {
        true => Err(listed.fault("there is no scenario: [[scenario]] begins one")),
        false => Ok(Plan {
            file: source.name.clone(),
            server,
            scenarios,
        }),
    }
}

fn read_server(table: &Table<'_>, directory: &Path) -> Result<ServerSpec> {
    table.only(&[
        "command",
        "env",
        "directory",
        "forward-to",
        "ready",
        "ready-within",
        "retry",
    ])?;
    let command = match table.get("command") {
        Some(command) => {
            let words = command
                .texts()
                .map_err(|error| error.hint("a shell's line is [\"sh\", \"-c\", \"npm start\"]"))?;
            match words.first() {
                Some(program) if !program.is_empty() => words,
                _ => return Err(command.fault("`command` names no program")),
            }
        }
        None => Vec::new(),
    };
    let text = |name: &str| match table.get(name) {
        Some(value) => value.text().map(|text| Some(text.to_owned())),
        None => Ok(None),
    };
    if command.is_empty() {
        table.need("forward-to")?;
        for key in ["env", "directory", "ready", "ready-within"] {
            if let Some(value) = table.get(key) {
                return Err(value.fault(format!("`{key}` is for a `command`, and there is none")));
            }
        }
    }
    let mut env = BTreeMap::new();
    if let Some(variables) = table.get("env") {
        for variable in variables.table("`env`")?.entries() {
            let value = match variable.to_json() {
                Json::String(text) => text,
                Json::Number(number) => number.to_string(),
                _ => return Err(variable.fault(format!("`{}` is a text", variable.name))),
            };
            check_variables(&variable, &Json::String(value.clone()), &with_server())?;
            env.insert(variable.name.to_owned(), value);
        }
    }
    for key in ["command", "directory", "forward-to", "ready"] {
        if let Some(value) = table.get(key) {
            check_variables(&value, &value.to_json(), &with_server())?;
        }
    }
    Ok(ServerSpec {
        command,
        env,
        directory: match text("directory")? {
            Some(below) => directory.join(below),
            None => directory.to_owned(),
        },
        forward_to: text("forward-to")?,
        ready: text("ready")?,
        ready_within: match table.get("ready-within") {
            Some(value) => value.duration()?,
            None => READY_WITHIN,
        },
        retry: match table.get("retry") {
            Some(value) => u32::try_from(value.count()?).unwrap_or(u32::MAX),
            None => 0,
        },
    })
}

/// The variables that are there with a server.
fn with_server() -> HashSet<&'static str> {
    HashSet::from([PORT, DIRECTORY])
}

/// Refuses a variable that is not known where it stands.
fn check_variables(at: &Value<'_>, value: &Json, known: &HashSet<&str>) -> Result<()> {
    let mut texts = fixture::texts(value).into_iter();
    texts
        .try_for_each(|text| fixture::check_variables(text, known).map_err(|error| at.place(error)))
}

/// What is known while scenarios are read.
pub(super) struct Reading<'a> {
    /// Where the file is: paths in it start there.
    pub(super) directory: &'a Path,
    pub(super) powers: Powers,
    has_server: bool,
    /// Whether events are forwarded to it.
    pub(super) forwards: bool,
}

impl Reading<'_> {
    fn scenario(&self, table: &Table<'_>) -> Result<Scenario> {
        table.only(&["name", "within", "pace", "step"])?;
        let name = table.need("name")?;
        let pace = match table.get("pace") {
            Some(value) => Some(self.pace(&value)?),
            None => None,
        };
        let within = match table.get("within") {
            Some(value) => value.duration()?,
            None => WITHIN,
        };
        let mut known = match self.has_server {
            true => with_server(),
            false => HashSet::new(),
        };
        let mut steps = Vec::new();
        let listed = table.need("step")?;
        for value in listed.list()? {
            let table = value.table("a step")?;
            let step = step::read(&table, self)?;
            if step.expects_none()
                && let Some(value) = table.get("within")
                && step.within.is_some_and(|waits| waits >= within)
            {
                let fault =
                    "`within` of `count = 0` is waited for whole, and the scenario is over before";
                return Err(value
                    .fault(fault)
                    .hint("give the scenario a longer `within`"));
            }
            for entry in table.entries() {
                check_variables(&entry, &entry.to_json(), &known)?;
            }
            if let Some(name) = table.get("as") {
                let text = name.text()?;
                let is_name = !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_alphanumeric() || c == '_' || c == '-');
                if !is_name {
                    return Err(
                        name.fault(format!("`{text}` is no name: letters, digits, _ and -"))
                    );
                }
                if !known.insert(text) {
                    return Err(name.fault(format!("`{text}` is the name of something already")));
                }
            }
            steps.push(step);
        }
        if !steps.iter().any(Step::expects) {
            let fault = format!("the scenario `{}` expects nothing", name.text()?);
            return Err(table.fault(fault).hint(
                "an `expect`, a `call` or `http` with `status` or `where`, or `invariants = true`",
            ));
        }
        Ok(Scenario {
            name: match name.text()?.trim() {
                "" => return Err(name.fault("the name is empty")),
                text => text.to_owned(),
            },
            within,
            pace,
            steps,
        })
    }

    fn pace(&self, value: &Value<'_>) -> Result<f64> {
        if self.powers == Powers::Api {
            return Err(only_ours(value));
        }
        if value.to_json() == "frozen" {
            return Ok(0.0);
        }
        let pace = value.number().unwrap_or(-1.0);
        match (0.001..=100_000.0).contains(&pace) {
            true => Ok(pace),
            false => Err(value
                .fault("`pace` is a factor from 0.001 to 100000, or \"frozen\"")
                .hint("60 makes a minute of the sandbox a second")),
        }
    }
}

/// Refuses what only the bundled sandbox has.
pub(super) fn only_ours(value: &Value<'_>) -> CliError {
    let name = value.name;
    let error = value.fault(format!(
        "`{name}` is of the bundled sandbox: the one of the settings does not have it"
    ));
    match name {
        "advance" => error.hint(
            "leave --sandbox settings out; or call = \"POST /sandbox/clock/advance\", body = { seconds = 3600 }",
        ),
        _ => error.hint("leave --sandbox settings out"),
    }
}

/// Reads the conditions of a step; `known` is what can be where they look.
pub(super) fn conditions(table: &Table<'_>, known: &Known) -> Result<Conditions> {
    match table.get("where") {
        Some(value) => Conditions::read(value.table("`where`")?, known),
        None => Ok(Conditions::default()),
    }
}

#[cfg(test)]
mod tests;
