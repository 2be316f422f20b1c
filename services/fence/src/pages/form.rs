//! Fields of forms, and what is wrong with them: told above the form, with a way to the field, and beside it.

use super::frame::escape;

/// What is wrong with a form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem<'a> {
    /// Identifier of the field.
    pub(crate) field: &'a str,
    pub(crate) text: &'a str,
}

/// Where the reader begins who has just come to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Here,
    Elsewhere,
}

/// A field in which somebody types.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its name, and its identifier on the page.
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    /// Type of the input element.
    pub(crate) kind: &'a str,
    /// What browsers and password managers put into it.
    pub(crate) complete: &'a str,
    pub(crate) value: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) focus: Focus,
}

impl<'a> Field<'a> {
    pub(crate) fn password(name: &'a str, label: &'a str, complete: &'a str) -> Self {
        Self { name, label, kind: "password", complete, value: "", hint: None, focus: Focus::Elsewhere }
    }

    pub(crate) fn text(name: &'a str, label: &'a str, complete: &'a str) -> Self {
        Self { kind: "text", ..Self::password(name, label, complete) }
    }

    pub(super) fn hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn focus(self, focus: Focus) -> Self {
        Self { focus, ..self }
    }

    pub(super) fn shown(&self, problem: Option<Problem<'_>>) -> String {
        let Self { name, label, kind, complete, .. } = self;
        let mistake = problem.filter(|problem| problem.field == *name);
        let hint = self
            .hint
            .map(|hint| format!("<span class=\"hint\" id=\"{name}-hint\">{}</span><br>\n", escape(hint)));
        let said = mistake.map(|problem| {
            format!("<span class=\"mistake\" id=\"{name}-mistake\">{}</span><br>\n", escape(problem.text))
        });
        let described: Vec<String> = [hint.as_ref().map(|_| "hint"), said.as_ref().map(|_| "mistake")]
            .into_iter()
            .flatten()
            .map(|part| format!("{name}-{part}"))
            .collect();
        let mut more = String::new();
        if !described.is_empty() {
            more.push_str(&format!(" aria-describedby=\"{}\"", described.join(" ")));
        }
        if mistake.is_some() {
            more.push_str(" aria-invalid=\"true\"");
        }
        // What is wrong is read first.
        if self.focus == Focus::Here && problem.is_none() {
            more.push_str(" autofocus");
        }
        format!(
            "<p><label for=\"{name}\">{}</label>\n{}{}<input id=\"{name}\" name=\"{name}\" type=\"{kind}\" \
             value=\"{}\" required maxlength=\"1000\" autocomplete=\"{complete}\" autocapitalize=\"none\" \
             spellcheck=\"false\"{more}></p>\n",
            escape(label),
            hint.unwrap_or_default(),
            said.unwrap_or_default(),
            escape(self.value),
        )
    }
}

/// What stands above a form with which something is wrong. The page opens there.
pub(super) fn summary(problem: Option<Problem<'_>>) -> String {
    let Some(Problem { field, text }) = problem else { return String::new() };
    format!(
        "<div class=\"problem\" role=\"alert\" aria-labelledby=\"problem\" tabindex=\"-1\" autofocus>\n\
         <h2 id=\"problem\">There is a problem</h2>\n<ul><li><a href=\"#{field}\">{}</a></li></ul>\n</div>\n",
        escape(text)
    )
}

/// The title of a page with a form.
pub(super) fn title(text: &str, problem: Option<Problem<'_>>) -> String {
    if problem.is_some() { format!("Problem: {text}") } else { text.to_owned() }
}

/// A value that comes back with the form.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value))
}

/// A form of POST with what is inside.
pub(super) fn form(action: &str, csrf_token: &str, inside: &str) -> String {
    let token = hidden("csrf_token", csrf_token);
    format!("<form method=\"post\" action=\"{}\">\n{token}{inside}</form>\n", escape(action))
}

/// The button that sends a form.
pub(super) fn button(text: &str) -> String {
    format!("<p><button type=\"submit\" class=\"primary\">{}</button></p>\n", escape(text))
}
