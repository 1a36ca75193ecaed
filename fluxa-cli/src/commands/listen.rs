//! `fluxa listen`: events to a server on this machine, or to the eyes of a person.

mod start;
mod verdict;

use std::pin::pin;

use fluxa_sdk::types::{CreateListenSession, ListenSession};
use fluxa_sdk::{Client, SecretText};
use futures_util::stream;
use serde_json::json;
use tokio::sync::Notify;
use url::Url;

use super::{Context, mock};
use crate::cli::ListenArguments;
use crate::connection;
use crate::env;
use crate::env_file::EnvTarget;
use crate::error::Result;
use crate::listen::acknowledge::Acknowledger;
use crate::listen::api::{SdkEventApi, recall};
use crate::listen::chaos::Chaos;
use crate::listen::child::Companion;
use crate::listen::doctor::Doctor;
use crate::listen::expect::Goal;
use crate::listen::filter::Filter;
use crate::listen::forwarder::{Manner, is_private, parse_headers};
use crate::listen::record::Recorder;
use crate::listen::report::{Report, again};
use crate::listen::signer::Signer;
use crate::listen::targets::Targets;
use crate::listen::{Limits, ListenEvent, Pipeline, Session, Stop, source};
use crate::private_file;
use crate::signals::interrupted;
use crate::ui::Line;
use start::start;
use verdict::verdict;

pub(crate) async fn run(context: &Context, arguments: ListenArguments) -> Result<()> {
    let filter = Filter::parse(&arguments.events)?;
    let ends_when_met = arguments.max_events.is_none() && arguments.command.is_empty();
    let goal = Goal::new(
        arguments.expect.clone(),
        arguments.until.clone(),
        ends_when_met,
    );
    let manner = Manner {
        timeout: arguments.timeout,
        headers: parse_headers(&arguments.header)?,
        skip_verify: arguments.skip_verify,
    };
    let targets = Targets::parse(&arguments.forward_to, &arguments.route, &manner)?;
    goal.check(&filter, &targets)?;
    if let Some(file) = &arguments.ready_file {
        private_file::check_announcement(file)?;
    }
    // With --mock the server is started here, unless one runs already. Not for its secret alone,
    // which would be gone with the server before anyone could use it.
    let own_mock = match context.settings.mock && !arguments.print_secret {
        true => mock::start_if_absent(context).await?,
        false => None,
    };
    let client = connection::client(&context.settings)?;
    let reach = connection::with_reach_hint(&context.settings);
    if arguments.print_secret {
        let session = open_session(&client, &filter).await.map_err(reach)?;
        write_env(context, arguments.write_env.as_ref(), &session)?;
        return match context.ui.is_json() {
            true => context.ui.json(&json!({ "secret": session.secret })),
            false => context.ui.line(&Line::new().text(session.secret.expose())),
        };
    }
    for target in targets.idle(&filter) {
        context.ui.warn(&format!(
            "nothing goes to {target}: no type that --events lets through is sent there"
        ));
    }
    warn_of_public_targets(context, &targets, &manner);
    let (session, absent) = tokio::join!(open_session(&client, &filter), absent(&targets));
    let session = session.map_err(&reach)?;
    for target in absent {
        context.ui.warn(&format!(
            "nothing listens at {target} yet; deliveries will fail until something does"
        ));
    }

    write_env(context, arguments.write_env.as_ref(), &session)?;
    let print_secret = context.settings.suggested(&["listen", "--print-secret"]);
    let how_many = targets.iter().count();
    if how_many > 0
        && let Some(expected) = env::text(env::WEBHOOK_SECRET)
        && expected != session.secret.expose()
    {
        context.ui.warn(&other_secret_warning(&print_secret));
    }

    let (start, bookmark) = start(context, &client, &arguments, &targets).await?;
    let api = || {
        let types = filter.exact_types();
        SdkEventApi::new(client.clone(), &types, &context.settings.api_base)
    };
    let (api, watched) = (api(), api());
    let pipeline = Pipeline {
        api,
        start,
        bookmark,
        patience: source::patience(connection::is_local(&context.settings.api_base)),
        session: Session {
            goal,
            chaos: chaos(context, &arguments)?,
            recorder: match &arguments.record {
                Some(file) => Some(Recorder::open(
                    file,
                    session.id.as_str(),
                    &context.settings.api_base,
                )?),
                None => None,
            },
            doctor: (!arguments.no_doctor).then(|| {
                let other = env::text(env::WEBHOOK_SECRET).map(SecretText::from);
                Doctor::new(session.secret.clone(), other, print_secret.clone())
            }),
            recall: Some(recall(client.clone())),
        },
        ready: ListenEvent::Ready {
            session: session.id.to_string(),
            forward_to: targets.first().to_string(),
            targets: targets.info(),
            api_base: context.settings.api_base.clone(),
            livemode: context.settings.is_live(),
            events: filter.patterns().to_vec(),
        },
        filter,
        signer: Signer::new(session.secret.clone()),
        targets,
        acknowledger: Some(Acknowledger::start(client, session.id.to_string())),
        concurrency: usize::from(arguments.concurrency),
        retries: arguments.retry,
        limits: Limits {
            max_events: arguments.max_events,
            within: arguments.within,
        },
    };
    let report = Report::new(&context.ui, print_secret, how_many);
    let ready_file = arguments.ready_file.as_deref();
    let (is_ready, mut companion) = (Notify::new(), Companion::default());
    let mock_key = context.settings.mock.then(mock::well_known_key);
    let ran = async |companion: &mut Companion| {
        is_ready.notified().await;
        let before = watched.newest_brought().await.unwrap_or_default();
        let (secret, id) = (session.secret.expose(), session.id.as_str());
        let variables = variables(secret, id, &context.settings.api_base, mock_key.as_deref());
        companion.start(&arguments.command, &variables, context.ui.is_json())?;
        let status = companion.ended().await?;
        // What it made happen may still be on its way.
        let mut awaited = watched.newest_brought().await.unwrap_or_default();
        awaited.retain(|event| !before.contains(event));
        Ok(Stop::Command { status, awaited })
    };
    let (ran, interrupted) = (&ran, pin!(interrupted()));
    // The command's end, if there is one, and an interrupt at any time.
    let stops = stream::unfold(
        Some((&mut companion, interrupted, arguments.command.is_empty())),
        |left| async move {
            let (companion, mut interrupted, has_ended) = left?;
            tokio::select! {
                // On a terminal both come at once, and the interrupt is why the command ended.
                biased;
                _ = interrupted.as_mut() => {
                    companion.interrupted().await;
                    Some((Ok(Stop::Interrupted), None))
                }
                stop = ran(companion), if !has_ended => {
                    Some((stop, Some((companion, interrupted, true))))
                }
            }
        },
    );
    let outcome = pipeline
        .run(stops, |event| {
            report.show(&event)?;
            if let ListenEvent::Ready { session, .. } = &event {
                if let Some(path) = ready_file {
                    private_file::announce(path, &format!("{session}\n"))?;
                }
                is_ready.notify_one();
            }
            Ok(())
        })
        .await;
    let cut_off = companion.is_running();
    companion.end().await;
    let (summary, ended) = outcome.map_err(&reach)?;
    // What happened in a server of our own is gone with it.
    if !context.ui.is_json() && own_mock.is_none() {
        let suggested = |words: &[&str]| context.settings.suggested(words);
        let lines = again(&summary, arguments.resume, suggested);
        lines.iter().for_each(|line| context.ui.note(line));
    }
    verdict(ended, &summary, &arguments, cut_off)
}

/// Returns what the command's environment has of the session. The sandbox's key, which everybody knows,
/// goes with its address: with a profile's own it would be refused there, or should never have come.
fn variables<'a>(
    secret: &'a str,
    session: &'a str,
    api_base: &'a str,
    mock_key: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let mut variables = vec![
        (env::WEBHOOK_SECRET, secret),
        (env::API_BASE, api_base),
        (env::LISTEN_SESSION, session),
    ];
    variables.extend(mock_key.map(|key| (env::SECRET_KEY, key)));
    variables
}

/// Returns the trouble that was asked for. A seed is made up and said when none was given, so that
/// what went wrong can be made to go wrong again.
fn chaos(context: &Context, arguments: &ListenArguments) -> Result<Option<Chaos>> {
    let Some(recipe) = arguments.chaos.clone() else {
        return Ok(None);
    };
    let seed = match arguments.seed {
        Some(seed) => seed,
        // Short, because people type it.
        None => getrandom::u32().map(u64::from).unwrap_or_default(),
    };
    context
        .ui
        .note(&Line::new().dim(format!("chaos: the same again with --seed {seed}")));
    Ok(Some(Chaos::new(recipe, seed)))
}

/// Returns the targets at which nothing listens yet.
pub(super) async fn absent(targets: &Targets) -> Vec<String> {
    let looks = targets.iter().map(async |target| {
        let forwarder = &target.forwarder;
        (!forwarder.is_reachable().await).then(|| forwarder.target().to_string())
    });
    let found = futures_util::future::join_all(looks).await;
    found.into_iter().flatten().collect()
}

/// Says so where --skip-verify is not heeded: on the internet a certificate is all there is to tell
/// a server from its impostor.
pub(super) fn warn_of_public_targets(context: &Context, targets: &Targets, manner: &Manner) {
    let public = |target: &&Url| target.scheme() == "https" && !is_private(target);
    if !manner.skip_verify {
        return;
    }
    for target in targets.iter().map(|t| t.forwarder.target()).filter(public) {
        context.ui.warn(&format!(
            "--skip-verify is for this machine and private networks: the certificate of {target} \
             is verified"
        ));
    }
}

/// What to say when the environment holds another secret than the one we sign with: the server was
/// probably started with it, and answers every delivery with a refusal that does not say why.
fn other_secret_warning(print_secret: &str) -> String {
    let name = env::WEBHOOK_SECRET;
    format!(
        "{name} is not the signing secret of this session: a server that verifies with it will \
         refuse what is forwarded; start it with `export {name}=$({print_secret})`"
    )
}

fn write_env(context: &Context, target: Option<&EnvTarget>, session: &ListenSession) -> Result<()> {
    let Some(target) = target else {
        return Ok(());
    };
    target.write(session.secret.expose(), &context.ui)?;
    let (name, file) = (target.name(), target.file().display());
    context
        .ui
        .note(&Line::new().dim(format!("{name} is in {file}")));
    Ok(())
}

pub(super) async fn open_session(client: &Client, filter: &Filter) -> Result<ListenSession> {
    let body = CreateListenSession::new().events(filter.exact_types());
    Ok(client.listen_sessions().create(body).await?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_given_the_sandboxs_key_and_no_other() {
        let names = |mock_key: Option<&str>| -> Vec<&str> {
            let given = variables("whsec_a", "lst_a", "http://127.0.0.1:4010/v1", mock_key);
            given.into_iter().map(|(name, _)| name).collect()
        };
        assert!(!names(None).contains(&env::SECRET_KEY));
        let with_mock = names(Some("sk_test_mock"));
        assert!(with_mock.contains(&env::SECRET_KEY) && with_mock.contains(&env::API_BASE));
    }
}
