//! Completing a command by layers: their values become its defaults.

use clap::{Arg, ArgAction, Command, builder::BoolishValueParser};

use super::model::{self, Layer};

/// `plain` with the values of `layers` as defaults of the command `path`.
pub(super) fn complete(plain: Command, path: &[String], layers: &[Layer]) -> Command {
    complete_below(plain, path, layers, model::takes_settings(path))
}

/// `command` with options that take what begins with a hyphen and a digit for a value: `--port -1` has a
/// wrong value, and `-1` is no option that nobody knows.
pub(super) fn with_negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let is_option = argument.get_long().is_some() && argument.get_action().takes_values();
        if is_option { argument.allow_negative_numbers(true) } else { argument }
    });
    command.mut_subcommands(with_negative_numbers)
}

/// `plain` with all switches of the commands that take settings as options, so that `--demo=false` is no
/// error behind which a look at the command line would see nothing.
pub(super) fn with_switches(plain: Command) -> Command {
    let switches = |command: Command| completed(command, &[], true);
    plain.mut_subcommand("up", switches).mut_subcommand("serve", |serve| serve.mut_subcommands(switches))
}

fn complete_below(command: Command, path: &[String], layers: &[Layer], takes_settings: bool) -> Command {
    match path.split_first() {
        None => completed(command, layers, takes_settings),
        Some((first, below)) => {
            command.mut_subcommand(first, |command| complete_below(command, below, layers, takes_settings))
        }
    }
}

fn completed(command: Command, layers: &[Layer], takes_settings: bool) -> Command {
    command.mut_args(|argument| {
        let Some(name) = argument.get_long().map(str::to_owned) else { return argument };
        let is_switch = matches!(argument.get_action(), ArgAction::SetTrue);
        let argument = if is_switch && takes_settings && !argument.is_hide_set() {
            with_a_value(argument)
        } else {
            argument
        };
        // `commons dictionary diff` has an option of the same name, which is a question.
        let is_other = name == model::STATE_OPTION && argument.get_id() != model::STATE;
        match layers.iter().find_map(|layer| layer.values.get(&name)).filter(|_| !is_other) {
            Some(values) => argument.required(false).default_values(values.clone()),
            None => argument,
        }
    })
}

/// A switch that can also be switched off, by `--demo=false`, where something else has switched it on.
fn with_a_value(switch: Arg) -> Arg {
    switch
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .value_parser(BoolishValueParser::new())
        .default_missing_value("true")
        .default_value("false")
        .hide_default_value(true)
        .hide_possible_values(true)
}
