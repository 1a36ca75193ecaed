//! Owns handing over a secret that the API shows once: into a file, into the profile, or to whoever
//! reads. Whatever fails on the way, it is not lost: then it is printed; and where nothing can be
//! printed either, it is said how it is had again, or made useless.
//!
//! Knows nothing of what the secret opens.

use fluxa_sdk::contract;
use zeroize::Zeroizing;

use crate::cli::SecretOptions;
use crate::commands::Context;
use crate::credentials;
use crate::error::{CliError, Result};
use crate::json_text::JsonText;
use crate::raw_call::Answer;
use crate::ui::{Line, Tone};

/// The field of an answer that holds the secret.
const SECRET: &str = "secret";

/// An object that came with its secret.
pub(crate) struct Issued {
    object: Vec<(String, JsonText)>,
    secret: Zeroizing<String>,
}

/// Puts a secret somewhere, and says where that is.
pub(crate) type Keep<'a> = &'a dyn Fn(&str) -> Result<String>;

impl Issued {
    /// Reads the answer of a call that has issued a secret, and hands it over.
    pub(crate) fn take(
        context: &Context,
        answer: &Answer<'_>,
        options: &SecretOptions,
    ) -> Result<()> {
        let done = Self::read(answer).and_then(|issued| issued.hand_over(context, options, None));
        answer.told(context, done)
    }

    /// Reads an answer.
    pub(crate) fn read(answer: &str) -> Result<Self> {
        let object = JsonText::parse(answer).ok();
        let secret = object
            .as_ref()
            .and_then(|object| object.get(SECRET)?.text())
            .map(Zeroizing::new);
        match (object, secret) {
            (Some(JsonText::Object(object)), Some(secret)) => Ok(Self { object, secret }),
            _ => Err(CliError::network("the answer holds no secret")),
        }
    }

    fn field(&self, name: &str) -> Option<String> {
        let found = self.object.iter().find(|(field, _)| field == name);
        found.and_then(|(_, value)| value.text())
    }

    /// Returns what may be shown of the secret, when it is a key.
    pub(crate) fn shown(&self) -> String {
        credentials::shown(&self.secret)
    }

    /// Hands the secret over: it is printed unless it was put somewhere. `keep` is a place besides
    /// what the options say.
    ///
    /// # Errors
    /// It could not be put where it belongs. It has been printed then, and a warning says so.
    pub(crate) fn hand_over(
        &self,
        context: &Context,
        options: &SecretOptions,
        keep: Option<Keep<'_>>,
    ) -> Result<()> {
        let kept = self.keep(context, options, keep);
        let printed =
            options.stdout_secret || !matches!(kept, Ok(ref places) if !places.is_empty());
        if kept.is_err() {
            context.ui.warn(
                "the secret could not be put where it belongs: it is on stdout, now and never again",
            );
        }
        let shown = self.show(context, options, printed);
        if printed {
            let shown = match context.ui.prints_nowhere() {
                true => Err(CliError::failure("stdout leads nowhere")),
                false => shown,
            };
            shown.map_err(|error| self.unseen(context, &error))?;
        } else {
            shown?;
        }
        for place in kept? {
            context
                .ui
                .note(&Line::new().dim("the secret is ").text(place));
        }
        Ok(())
    }

    /// Puts it everywhere it belongs; returns where that is.
    fn keep(
        &self,
        context: &Context,
        options: &SecretOptions,
        keep: Option<Keep<'_>>,
    ) -> Result<Vec<String>> {
        let mut places = Vec::new();
        // All of them, also when one fails.
        let mut failed = None;
        if let Some(target) = &options.write_env {
            match target.write(&self.secret, &context.ui) {
                Ok(()) => places.push(format!(
                    "in {} as {}",
                    target.file().display(),
                    target.name()
                )),
                Err(error) => failed = Some(error),
            }
        }
        if let Some(keep) = keep {
            match keep(&self.secret) {
                Ok(place) => places.push(place),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(places),
        }
    }

    /// Prints the object, with its secret or without.
    fn show(&self, context: &Context, options: &SecretOptions, with_secret: bool) -> Result<()> {
        let ui = &context.ui;
        let name = self.field("name").or_else(|| self.field("url"));
        let about = Line::new()
            .bold(self.field("id").unwrap_or_default())
            .text("  ")
            .text(name.unwrap_or_default());
        let secret = Line::new().push(Tone::Accent, self.secret.as_str());
        if options.stdout_secret {
            ui.note(&about);
            return ui.line(&secret);
        }
        if ui.is_json() {
            return ui.json(&self.object(with_secret));
        }
        ui.line(&about)?;
        if !with_secret {
            return Ok(());
        }
        ui.line(&secret)?;
        ui.note(&Line::new().push(Tone::Warn, "keep it now: it is not shown again"));
        if !ui.prints_to_terminal() {
            ui.note(&Line::new().dim(
                "it stands in this output: --write-env FILE:NAME and --stdout-secret are for pipelines",
            ));
        }
        Ok(())
    }

    /// The secret was made, and stdout did not take it. A terminal is shown it; a log is not.
    fn unseen(&self, context: &Context, error: &CliError) -> CliError {
        let id = self.field("id").unwrap_or_default();
        if context.ui.show_on_terminal(&self.secret) {
            return CliError::failure(format!(
                "the secret of {id} is shown here, now and never again: {error}"
            ));
        }
        let words = match id.starts_with(contract::prefix::API_KEY) {
            true => ["keys", "revoke", &id],
            false => ["webhook-endpoints", "rotate-secret", &id],
        };
        let end = context.settings.suggested(&words);
        CliError::failure(format!("the secret of {id} was not shown: {error}")).hint(format!(
            "it works all the same: end it with `{end}`, or have it shown again"
        ))
    }

    /// The object as it was sent, with its secret or without.
    fn object(&self, with_secret: bool) -> impl serde::Serialize {
        let fields = self.object.iter();
        let fields = fields.filter(move |(name, _)| with_secret || name != SECRET);
        Fields(fields.map(|(name, value)| (name.as_str(), value)).collect())
    }
}

struct Fields<'a>(Vec<(&'a str, &'a JsonText)>);

impl serde::Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
