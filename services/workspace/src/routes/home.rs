//! A page with what can be launched.

use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{error::Error, model::Choice, service::Workspaces};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/", |methods| methods.get(home));
}

async fn home(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let holder = service.holder(request.headers()).await?;
    let choices = service.choices(&holder).await?;
    let page = page(&choices, service.status(&holder).await?.0.as_str());
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", "default-src 'none'; form-action 'self'"))
        .body(page))
}

fn page(choices: &[Choice<'_>], status: &str) -> String {
    let mut page =
        String::from("<!doctype html><html lang=\"en\"><head><title>Workspaces</title></head><body>");
    let _ = write!(
        page,
        "<h1>Workspaces</h1><p>Yours: {status}</p><p><a href=\"/lw-workspace/proxy/\">Open it</a></p>"
    );
    page.push_str(
        "<form method=\"post\" action=\"/lw-workspace/terminate\"><button>Terminate it</button></form>",
    );
    for choice in choices {
        let _ = write!(
            page,
            "<form method=\"post\" action=\"/lw-workspace/launch?id={}\"><button>Launch {} - {} CPU - \
             {} Memory\
             </button></form>",
            choice.id(),
            escaped(choice.name()),
            escaped(choice.cpu()),
            escaped(choice.memory()),
        );
    }
    page.push_str("</body></html>");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_html() {
        assert_eq!(escaped("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
    }
}
