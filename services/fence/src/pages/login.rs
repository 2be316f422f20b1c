//! The login page for people: which ways there are, and the form for a name and a password.

use super::{
    form::{Field, Focus, Problem, button, form, hidden, summary, title},
    frame::{escape, page},
};
use crate::config::Config;

/// A way to log in at somebody else's.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) explanation: Option<String>,
}

/// The form for a name and a password.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PasswordForm<'a> {
    /// What this way is called.
    pub(crate) name: &'a str,
    pub(crate) explanation: Option<&'a str>,
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) redirect: &'a str,
    /// What was typed before.
    pub(crate) username: &'a str,
    pub(crate) problem: Option<Problem<'a>>,
    /// Whether it is one of the other ways.
    pub(crate) is_secondary: bool,
}

/// What the login page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) ways: &'a [Way],
    pub(crate) others: &'a [Way],
    pub(crate) form: Option<PasswordForm<'a>>,
    /// Who is logged in now, with where to go on, where to log out, and where the user's account is.
    pub(crate) current: Option<Current<'a>>,
    /// Where all ways are, on the page that has the form alone.
    pub(crate) all_ways: Option<&'a str>,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current<'a> {
    pub(crate) username: &'a str,
    pub(crate) goes_on: &'a str,
    pub(crate) logout: &'a str,
    /// Where the user's local account is, below which the pages are that change it.
    pub(crate) account: Option<&'a str>,
}

fn current(current: Current<'_>) -> String {
    let account = current.account.map(escape).map(|base| {
        format!(
            "<li><a href=\"{base}/password\">Change your password</a></li>\n\
             <li><a href=\"{base}/second-factor\">One-time codes as a second factor</a></li>\n"
        )
    });
    format!(
        "<p>You are logged in as <b>{}</b>.</p>\n<ul>\n<li><a href=\"{}\">Go on</a></li>\n{}\
         <li><a href=\"{}\">Log out</a></li>\n</ul>\n<h2>Log in as somebody else</h2>\n",
        escape(current.username),
        escape(current.goes_on),
        account.unwrap_or_default(),
        escape(current.logout),
    )
}

fn list(ways: &[Way]) -> String {
    let item = |way: &Way| {
        let explained = way.explanation.as_deref().filter(|text| !text.is_empty());
        let explained = explained.map(|text| format!(" <span>{}</span>", escape(text)));
        format!(
            "<li><a class=\"way\" href=\"{}\">{}{}</a></li>\n",
            escape(&way.address),
            escape(&way.name),
            explained.unwrap_or_default()
        )
    };
    let items: String = ways.iter().map(item).collect();
    if items.is_empty() { items } else { format!("<ul class=\"ways\">\n{items}</ul>\n") }
}

fn password_form(shown: PasswordForm<'_>, focus: Focus) -> String {
    let username = Field { value: shown.username, ..Field::text("username", "User name", "username") };
    let password = Field::password("password", "Password", "current-password");
    let inside = [
        hidden("redirect", shown.redirect),
        username.focus(focus).shown(shown.problem),
        password.shown(shown.problem),
        button("Log in"),
    ];
    let explained = shown.explanation.map(|text| format!("<p>{}</p>\n", escape(text))).unwrap_or_default();
    format!(
        "<section aria-labelledby=\"by-password\">\n<h2 id=\"by-password\">{}</h2>\n{explained}{}\
         </section>\n",
        escape(shown.name),
        form(shown.action, shown.csrf_token, &inside.concat())
    )
}

/// The page.
pub(crate) fn login(config: &Config, login: &Login<'_>) -> String {
    let problem = login.form.and_then(|form| form.problem);
    let (first, later) = match login.form {
        Some(form) if form.is_secondary => (None, Some(form)),
        form => (form, None),
    };
    // With other ways before it, the form is not where everybody begins.
    let focus = if login.ways.is_empty() && login.current.is_none() { Focus::Here } else { Focus::Elsewhere };
    let ways = match (login.ways, first) {
        ([], _) => String::new(),
        (ways, None) => format!("<nav aria-label=\"Ways to log in\">\n{}</nav>\n", list(ways)),
        (ways, Some(_)) => {
            let heading = "<h2 id=\"ways\">Or log in another way</h2>\n";
            format!("<nav aria-labelledby=\"ways\">\n{heading}{}</nav>\n", list(ways))
        }
    };
    let form = first.map(|form| password_form(form, focus)).unwrap_or_default();
    let later = later.map(|form| password_form(form, Focus::Elsewhere)).unwrap_or_default();
    let others = format!("{}{later}", list(login.others));
    let others = match (others.is_empty(), ways.is_empty() && form.is_empty()) {
        (true, true) => "<p>This commons has no way to log in.</p>\n".to_owned(),
        (true, false) => String::new(),
        // What somebody has opened before, to see what is wrong, stays open.
        (false, nothing_else) => {
            let open = if nothing_else || problem.is_some() { " open" } else { "" };
            format!("<details{open}>\n<summary>Other ways to log in</summary>\n{others}</details>\n")
        }
    };
    let all = login
        .all_ways
        .map(|address| format!("<p><a href=\"{}\">Other ways to log in</a></p>\n", escape(address)));
    let heading = format!("Log in to {}", config.app_name);
    let body = format!(
        "{}<h1>{}</h1>\n{}{form}{ways}{others}{}",
        summary(problem),
        escape(&heading),
        login.current.map(current).unwrap_or_default(),
        all.unwrap_or_default(),
    );
    page(config, &title(&heading, problem), &body)
}

/// The form for a one-time code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeForm<'a> {
    pub(crate) action: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) redirect: &'a str,
    pub(crate) problem: Option<Problem<'a>>,
}

/// The page that asks for a one-time code after the password.
pub(crate) fn one_time_code(config: &Config, shown: &CodeForm<'_>) -> String {
    let hint = "Six digits from your authenticator, or one of your recovery codes";
    let code = Field::text("code", "One-time code", "one-time-code").hint(hint).focus(Focus::Here);
    let inside = [hidden("redirect", shown.redirect), code.shown(shown.problem), button("Log in")];
    let body = format!(
        "{}<h1>One more step</h1>\n{}",
        summary(shown.problem),
        form(shown.action, shown.csrf_token, &inside.concat())
    );
    page(config, &title(&format!("One more step – {}", config.app_name), shown.problem), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(name: &str) -> Way {
        Way {
            name: name.into(),
            address: "/user/login/x?redirect=/\"".into(),
            explanation: Some("<i>".into()),
        }
    }

    fn password_form<'a>(problem: Option<Problem<'a>>, is_secondary: bool) -> PasswordForm<'a> {
        PasswordForm {
            name: "Members",
            explanation: None,
            action: "/user/login/local",
            csrf_token: "t",
            redirect: "/\"x",
            username: "<b>",
            problem,
            is_secondary,
        }
    }

    #[test]
    fn nothing_that_comes_from_outside_is_markup() {
        let form = password_form(Some(Problem { field: "password", text: "<u>" }), false);
        let ways = [way("<s>")];
        let login_page = Login {
            ways: &ways,
            others: &ways,
            form: Some(form),
            current: Some(Current { username: "<a>", goes_on: "/\"y", logout: "/", account: None }),
            all_ways: Some("/\"z"),
        };
        let page = login(&Config { app_name: "<h6>".into(), ..Config::default() }, &login_page);
        for markup in ["<b>", "<u>", "<s>", "<i>", "<a>", "<h6>", "/\"x", "/\"y", "/\"z", "redirect=/\""] {
            assert!(!page.replace("<b>&lt;a&gt;</b>", "").contains(markup), "{markup} in {page}");
        }
    }

    #[test]
    fn a_problem_is_told_first_and_leads_to_its_field() {
        let form = password_form(Some(Problem { field: "password", text: "not right" }), true);
        let shown = Login { ways: &[way("G")], others: &[], form: Some(form), current: None, all_ways: None };
        let page = login(&Config::default(), &shown);
        assert!(page.contains("<title>Problem: Log in to"), "{page}");
        assert!(page.contains("<a href=\"#password\">not right</a>"), "{page}");
        assert!(page.contains("aria-describedby=\"password-mistake\" aria-invalid=\"true\""), "{page}");
        assert!(page.contains("<details open>"), "what is wrong is seen");
        assert_eq!(page.matches("autofocus").count(), 1, "at the summary");
    }

    #[test]
    fn a_commons_without_a_way_in_says_so() {
        let nothing = Login { ways: &[], others: &[], form: None, current: None, all_ways: None };
        assert!(login(&Config::default(), &nothing).contains("has no way to log in"));
    }
}
