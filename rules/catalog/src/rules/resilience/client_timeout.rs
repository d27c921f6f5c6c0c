//! The edit that gives an HTTP client a timeout, where it is made.

use svclint_model::{Client, Limit, Place, Request, Tri};

use crate::edit::insert_after;
use crate::{Applicability, Context, Edit, Fix};

/// Sets a total and a connect timeout on a client, in the form that its construction has; `None` where that form is not known.
pub(super) fn fix(cx: &Context<'_>, client: &Client, request: &Request) -> Option<Fix> {
    let site = &client.built;
    if !site.takes_timeout {
        return None;
    }
    let file = site.made.file;
    let (duration, import) = cx.import(file, "std::time::Duration");
    let total = format!(".timeout({duration}::from_secs(10))");
    let connect = format!(".connect_timeout({duration}::from_secs(3))");
    let mut edits: Vec<Edit> = import.into_iter().collect();
    match site.constructor.as_str() {
        "new" | "default" if !cx.text(site.type_path).ends_with("Builder") => {
            // A chain of its own gets a line for each call; inside of something else it stays on one.
            let alone =
                cx.rest_of_line(site.made).trim_end_matches([';', ',', ')', '?', '}', ' ']).is_empty();
            let step = format!("{}{}{}", cx.line_end(file), cx.indent(site.made), cx.indent_step(file));
            let indent = if alone { step } else { String::new() };
            // The constructor panics as well when TLS cannot be set up, so this changes nothing.
            let made = format!(
                "{}::builder(){indent}{total}{indent}{connect}{indent}.build(){indent}.expect(\"the HTTP client can be built\")",
                cx.text(site.type_path)
            );
            edits.push(Edit::Replace { file, span: site.made.span, text: made });
        }
        "builder" | "new" | "default" => {
            let next = site.calls.first().map(|(_, at)| *at);
            let gap = match next {
                Some(at) if cx.begins_line(at) => format!("{}{}", cx.line_end(file), cx.indent(at)),
                _ => String::new(),
            };
            let has_connect = !client.limits.get(&Limit::Connect).is_none_or(Tri::is_absent);
            let connect = if has_connect { String::new() } else { format!("{gap}{connect}") };
            edits.push(insert_after(site.made, format!("{gap}{total}{connect}")));
        }
        // A function that makes a client and sends at once: the same request on a client of its own, with a limit.
        "get" => {
            let path = cx.text(Place {
                file,
                span: svclint_syntax::Span::new(site.made.span.start, site.type_path.span.end),
            });
            let call = cx.text(request.begun_at).strip_prefix(path)?;
            let arguments = call.strip_prefix("::get")?;
            let text = format!("{path}::Client::new().get{arguments}{total}.send()");
            edits.push(Edit::Replace { file, span: site.made.span, text });
        }
        _ => return None,
    }
    Some(Fix { title: "Give the client a timeout".into(), applicability: Applicability::Unsafe, edits })
}
