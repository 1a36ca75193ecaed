//! `fluxa logout`: the stored key goes.

use serde_json::json;

use super::Context;
use crate::cli::LogoutArguments;
use crate::credentials;
use crate::env;
use crate::error::Result;
use crate::ui::Line;

pub(crate) fn run(context: &Context, arguments: &LogoutArguments) -> Result<()> {
    let (settings, ui) = (&context.settings, &context.ui);
    let directory = settings.directory()?;
    let profiles: Vec<String> = match arguments.all {
        true => {
            let all: Vec<String> = credentials::all(directory, ui)?.into_keys().collect();
            if !all.is_empty() {
                let question = format!("Remove the keys of all profiles ({})?", all.join(", "));
                context.confirm(&question, &["logout", "--all"])?;
            }
            all
        }
        false => {
            settings.check_profile()?;
            vec![settings.profile.clone()]
        }
    };
    let mut removed = Vec::new();
    for profile in profiles {
        if credentials::remove(directory, &profile, &settings.keyring, ui)? {
            removed.push(profile);
        }
    }
    if ui.is_json() {
        ui.json(&json!({ "removed": removed }))?;
    } else if removed.is_empty() {
        ui.note(&Line::new().text("no key was stored"));
    } else {
        let profiles = removed.join(", ");
        ui.note(&Line::new().text(format!("the key is removed: {profiles}")));
        let revoke = "anyone who has it can use it still: revoke it if it may be known to others";
        ui.note(&Line::new().dim(revoke));
    }
    if env::text(env::SECRET_KEY).is_some() {
        let variable = env::SECRET_KEY;
        ui.warn(&format!(
            "{variable} is set, and is used still: `unset {variable}`"
        ));
    }
    Ok(())
}
