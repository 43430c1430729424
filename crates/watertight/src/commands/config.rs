//! `watertight config`: the configuration as read, checked, or described.

use crate::context::Context;
use crate::exit::{Exit, OrFail as _, Outcome};
use crate::output::{self, Out};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Read the configuration and say whether it is valid
    Check,
    /// Print the configuration as read, defaults filled in
    Show,
    /// Print every key with its meaning
    Schema,
}

/// The commented form of every key. A test reads it back, so it cannot drift from the type.
const SCHEMA: &str = include_str!("../../watertight.schema.toml");

pub(crate) fn run(command: &Command, context: &Context) -> Outcome {
    let mut out = Out::new();
    match command {
        Command::Check => {
            let config = context.config()?;
            context.content(&config)?;
            output::talk(format!(
                "configuration is valid: tenant `{}`, {} sources",
                config.tenant(),
                config.source.len()
            ));
        }
        Command::Show => {
            let config = context.config()?;
            out.line(toml::to_string_pretty(&config).or_fail("failed to print the configuration")?.trim_end())?;
        }
        Command::Schema => out.line(SCHEMA.trim_end())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn the_schema_is_a_configuration_that_uses_every_section() {
        let config: Config = toml::from_str(super::SCHEMA).expect("the schema parses as what it describes");
        assert!(config.tenant.is_some() && config.mail.is_some() && config.objects.root.is_some());
        assert!(!config.source.is_empty() && !config.organisation.customer.is_empty());
    }
}
