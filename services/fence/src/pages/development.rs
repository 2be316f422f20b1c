//! The pages of the development login.

use super::frame::{escape, page};
use crate::config::Config;

/// What the development login shows to those who have not given its code.
pub(crate) struct LoginCode<'a> {
    pub(crate) action: &'a str,
    pub(crate) redirect: &'a str,
    /// Whether another code was given.
    pub(crate) was_wrong: bool,
}

/// The page that asks for the code of the development login.
pub(crate) fn login_code(config: &Config, login: &LoginCode<'_>) -> String {
    let wrong =
        if login.was_wrong { "<p class=\"warning\" role=\"alert\">This is not the code.</p>\n" } else { "" };
    let redirect = match login.redirect {
        "" => String::new(),
        to => format!("<input type=\"hidden\" name=\"redirect\" value=\"{}\">\n", escape(to)),
    };
    let body = format!(
        "<h1>Log in to {}</h1>\n{wrong}<p>The development login asks for no password, but for a code, so \
         that only those who started this commons can use it. When it started it printed a link with the \
         code; it also stands in the state folder, in <code>secrets.json</code>.</p>\n\
         <form method=\"get\" action=\"{}\">\n{redirect}<label for=\"code\">Code</label>\n\
         <div class=\"row\"><input id=\"code\" name=\"code\" type=\"text\" required autofocus \
         maxlength=\"255\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\">\n\
         <button type=\"submit\" class=\"primary\">Go on</button></div>\n</form>\n",
        escape(&config.app_name),
        escape(login.action),
    );
    page(config, &format!("Development login – {}", config.app_name), &body)
}

/// What the development login shows.
pub(crate) struct DevelopmentLogin<'a> {
    pub(crate) action: &'a str,
    pub(crate) redirect: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) usernames: &'a [String],
    /// Who is logged in now.
    pub(crate) current: Option<&'a str>,
}

/// The page of the development login: one button a known user, and a field for any other name.
pub(crate) fn development_login(config: &Config, login: &DevelopmentLogin<'_>) -> String {
    let form = |inside: &str| {
        format!(
            "<form method=\"post\" action=\"{}\">\n<input type=\"hidden\" name=\"csrf_token\" value=\"{}\">\n\
             <input type=\"hidden\" name=\"redirect\" value=\"{}\">\n{inside}</form>\n",
            escape(login.action),
            escape(login.csrf_token),
            escape(login.redirect),
        )
    };
    let mut picker = String::new();
    for username in login.usernames.iter().filter(|name| !name.trim().is_empty()) {
        let name = escape(username);
        picker.push_str(&format!(
            "<li><button type=\"submit\" name=\"username\" value=\"{name}\">{name}</button></li>\n"
        ));
    }
    if !picker.is_empty() {
        let heading = "<h2 id=\"known\">Known users</h2>\n";
        picker = form(&format!("{heading}<ul class=\"users\" aria-labelledby=\"known\">\n{picker}</ul>\n"));
    }
    let field = form(
        "<h2>Somebody else</h2>\n<label for=\"username\">User name</label>\n\
         <div class=\"row\"><input id=\"username\" name=\"username\" type=\"text\" required autofocus \
         maxlength=\"255\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\">\n\
         <button type=\"submit\" class=\"primary\">Log in</button></div>\n",
    );
    let current = login.current.map(|name| format!("<p>You are logged in as <b>{}</b>.</p>\n", escape(name)));
    let body = format!(
        "<p class=\"warning\" role=\"note\"><strong>Development login.</strong> Nobody is asked for a \
         password. It works only while this commons is reached by a loopback address.</p>\n\
         <h1>Log in to {}</h1>\n{}{picker}{field}",
        escape(&config.app_name),
        current.unwrap_or_default(),
    );
    page(config, &format!("Development login – {}", config.app_name), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_typed_is_text_and_never_markup() {
        let usernames = ["\"><script>".to_owned()];
        let login = DevelopmentLogin {
            action: "/user/login/dev",
            redirect: "/x\"onfocus=\"y",
            csrf_token: "t",
            usernames: &usernames,
            current: Some("<b>"),
        };
        let page = development_login(&Config::default(), &login);
        assert!(!page.contains("<script>") && !page.contains("\"onfocus"), "{page}");
        assert!(page.contains("<b>&lt;b&gt;</b>"), "{page}");
    }
}
