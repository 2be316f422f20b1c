//! The pages of a local account: setting and changing the password, and the second factor.

use super::{
    form::{Field, Focus, Problem, button, form, hidden, summary, title},
    frame::{escape, page},
    qr,
};
use crate::config::Config;

/// The form by which somebody sets a password who was invited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvitationForm<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    /// The invitation's code.
    pub(crate) code: &'a str,
    pub(crate) username: &'a str,
    pub(crate) shortest: usize,
    pub(crate) problem: Option<Problem<'a>>,
}

/// Two fields, so that nobody is locked out by a slip of the finger.
fn new_password(shortest: usize, problem: Option<Problem<'_>>, focus: Focus) -> String {
    let hint = format!(
        "At least {shortest} characters. Several words with blanks between them are a good password."
    );
    let first = Field::password("new_password", "New password", "new-password").hint(&hint).focus(focus);
    let again = Field::password("again", "The new password again", "new-password");
    [first.shown(problem), again.shown(problem)].concat()
}

/// The name for password managers, which remember it with the password.
fn username(name: &str) -> String {
    format!(
        "<input type=\"text\" name=\"username\" value=\"{}\" autocomplete=\"username\" hidden>\n",
        escape(name)
    )
}

/// The page of an invitation.
pub(crate) fn invitation(config: &Config, shown: &InvitationForm<'_>) -> String {
    let inside = [
        hidden("code", shown.code),
        username(shown.username),
        new_password(shown.shortest, shown.problem, Focus::Here),
        button("Set password"),
    ];
    let heading = format!("Welcome to {}", config.app_name);
    let body = format!(
        "{}<h1>{}</h1>\n<p>Your user name is <b>{}</b>. Choose the password with which you will log \
         in.</p>\n{}",
        summary(shown.problem),
        escape(&heading),
        escape(shown.username),
        form(shown.action, shown.csrf_token, &inside.concat())
    );
    page(config, &title(&heading, shown.problem), &body)
}

/// The form by which somebody changes their password.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangePassword<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) username: &'a str,
    pub(crate) shortest: usize,
    pub(crate) problem: Option<Problem<'a>>,
}

/// The page on which somebody changes their password.
pub(crate) fn change_password(config: &Config, shown: &ChangePassword<'_>) -> String {
    let current = Field::password("password", "Current password", "current-password").focus(Focus::Here);
    let inside = [
        username(shown.username),
        current.shown(shown.problem),
        new_password(shown.shortest, shown.problem, Focus::Elsewhere),
        button("Change password"),
    ];
    let body = format!(
        "{}<h1>Change your password</h1>\n<p>You are logged in as <b>{}</b>. Everywhere else you will be \
         logged out; your API keys stay.</p>\n{}",
        summary(shown.problem),
        escape(shown.username),
        form(shown.action, shown.csrf_token, &inside.concat())
    );
    page(config, &title(&format!("Change your password – {}", config.app_name), shown.problem), &body)
}

/// What a user has of a second factor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Factor<'a> {
    /// None yet; this secret could be it.
    Off {
        /// For those who type it.
        text: &'a str,
        /// As the form brings it back.
        carried: &'a str,
        /// For authenticators.
        address: &'a str,
    },
    /// It is on, with so many recovery codes left.
    On {
        /// Recovery codes.
        left: i32,
    },
}

/// The page of the second factor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecondFactor<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) username: &'a str,
    pub(crate) factor: Factor<'a>,
    pub(crate) problem: Option<Problem<'a>>,
}

/// The page on which somebody turns their second factor on or off.
pub(crate) fn second_factor(config: &Config, shown: &SecondFactor<'_>) -> String {
    let password = Field::password("password", "Current password", "current-password");
    let body = match shown.factor {
        Factor::Off { text, carried, address } => {
            let picture = qr::svg(address, "QR code of the secret, for an authenticator");
            let picture =
                picture.map(|svg| format!("<div class=\"picture\">{svg}</div>\n")).unwrap_or_default();
            let code = Field::text("code", "Code that the authenticator shows", "one-time-code")
                .hint("Six digits; they change every half minute");
            let inside = [
                hidden("turn", "on"),
                hidden("secret", carried),
                code.shown(shown.problem),
                password.shown(shown.problem),
                button("Turn on"),
            ];
            format!(
                "<p>With a second factor you log in by your password and a code from an authenticator, a \
                 program on your telephone or computer.</p>\n<h2>1. Tell the authenticator</h2>\n\
                 <p>Scan this picture, or type the secret <code>{}</code> (by time, six digits), or \
                 <a href=\"{}\">open it on this device</a>.</p>\n{picture}\
                 <h2>2. Show that it works</h2>\n{}",
                escape(text),
                escape(address),
                form(shown.action, shown.csrf_token, &inside.concat())
            )
        }
        Factor::On { left } => {
            let hint = "From your authenticator, or one of your recovery codes";
            let code = Field::text("code", "One-time code", "one-time-code").hint(hint);
            let inside = [
                hidden("turn", "off"),
                code.shown(shown.problem),
                password.shown(shown.problem),
                button("Turn off"),
            ];
            format!(
                "<p>It is on. You have {left} recovery codes left; for new ones turn it off and on \
                 again.</p>\n{}",
                form(shown.action, shown.csrf_token, &inside.concat())
            )
        }
    };
    let body = format!(
        "{}<h1>One-time codes as a second factor</h1>\n<p>You are logged in as <b>{}</b>.</p>\n{body}",
        summary(shown.problem),
        escape(shown.username)
    );
    page(config, &title(&format!("Second factor – {}", config.app_name), shown.problem), &body)
}

/// The page that shows recovery codes, once.
pub(crate) fn recovery_codes(config: &Config, codes: &[String]) -> String {
    let items: String = codes.iter().map(|code| format!("<li>{}</li>\n", escape(code))).collect();
    let body = format!(
        "<h1>Keep these recovery codes</h1>\n<p>The second factor is on. If you lose your authenticator, \
         each of these codes lets you in once in its place. Print them or write them down; they are not \
         shown again.</p>\n<ol class=\"codes\">\n{items}</ol>\n"
    );
    page(config, &format!("Recovery codes – {}", config.app_name), &body)
}

/// The page that says that something is done, and leads on.
pub(crate) fn done(config: &Config, heading: &str, text: &str, link: (&str, &str)) -> String {
    let (address, name) = link;
    let (shown, text) = (escape(heading), escape(text));
    let link = format!("<a href=\"{}\">{}</a>", escape(address), escape(name));
    let body = format!("<h1>{shown}</h1>\n<p>{text}</p>\n<p>{link}</p>\n");
    page(config, &format!("{heading} – {}", config.app_name), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_secrets_are_text_and_never_markup() {
        let config = Config { app_name: "<i>".into(), ..Config::default() };
        let problem = Some(Problem { field: "again", text: "<u>" });
        let (action, csrf_token, username) = ("/\"§x", "t", "\"><s>");
        let pages = [
            invitation(
                &config,
                &InvitationForm { action, csrf_token, code: "\"§c", username, shortest: 12, problem },
            ),
            change_password(&config, &ChangePassword { action, csrf_token, username, shortest: 12, problem }),
            second_factor(
                &config,
                &SecondFactor {
                    action,
                    csrf_token,
                    username,
                    factor: Factor::Off { text: "<s>", carried: "\"§y", address: "otpauth://x?\"§z" },
                    problem,
                },
            ),
            done(&config, "<s>", "<u>", ("/\"§x", "<s>")),
            recovery_codes(&config, &["<s>".into()]),
        ];
        for page in pages {
            for markup in ["<i>", "<u>", "<s>", "\"§"] {
                assert!(!page.contains(markup), "{markup} in {page}");
            }
        }
    }
}
