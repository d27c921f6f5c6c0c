//! `tracing` events and spans.

use syn::ext::IdentExt;
use syn::parse::{ParseStream, discouraged::Speculative};
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

/// The parts of a `tracing` macro.
#[derive(Default)]
pub struct TracingCall {
    /// `target: "x"`
    pub meta: Vec<Expr>,
    /// `name = value`, and names that stand alone.
    pub fields: Vec<(String, Option<Expr>)>,
    /// The format string.
    pub message: Option<syn::LitStr>,
    /// Its arguments.
    pub args: Vec<Expr>,
}

pub(super) fn tracing(input: ParseStream<'_>) -> syn::Result<TracingCall> {
    let mut call = TracingCall::default();
    while input.peek(syn::Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
        input.parse::<syn::Ident>()?;
        input.parse::<Token![:]>()?;
        call.meta.push(input.parse()?);
        input.parse::<Option<Token![,]>>()?;
    }
    let fork = input.fork();
    if fork.parse::<syn::ExprPath>().is_ok_and(|p| p.path.segments.len() > 1)
        && (fork.peek(Token![,]) || fork.is_empty())
    {
        call.meta.push(input.parse()?);
        input.parse::<Option<Token![,]>>()?;
    }
    if input.peek(syn::token::Brace) {
        let fields;
        syn::braced!(fields in input);
        tracing_fields(&fields, &mut call)?;
        input.parse::<Option<Token![,]>>()?;
    }
    tracing_fields(input, &mut call)?;
    Ok(call)
}

fn tracing_fields(input: ParseStream<'_>, call: &mut TracingCall) -> syn::Result<()> {
    while !input.is_empty() {
        let is_message = input.peek(syn::LitStr) && !input.peek2(Token![=]);
        if is_message && call.message.is_none() {
            call.message = Some(input.parse()?);
            input.parse::<Option<Token![,]>>()?;
            if named_field(input).is_none() && !input.peek(Token![%]) && !input.peek(Token![?]) {
                call.args.extend(Punctuated::<Expr, Token![,]>::parse_terminated(input)?);
            }
            continue;
        }
        sigil(input)?;
        match named_field(input) {
            Some((name, after)) => {
                input.advance_to(&after);
                input.parse::<Token![=]>()?;
                sigil(input)?;
                call.fields.push((name, Some(input.parse()?)));
            }
            None => {
                let value: Expr = input.parse()?;
                let name = if let Expr::Path(p) = &value {
                    p.path.get_ident().map(ToString::to_string)
                } else {
                    None
                };
                call.fields.push((name.unwrap_or_default(), Some(value)));
            }
        }
        if !input.is_empty() {
            input.parse::<Option<Token![,]>>()?;
        }
    }
    Ok(())
}

/// `%` and `?` in front of a value.
fn sigil(input: ParseStream<'_>) -> syn::Result<()> {
    input.parse::<Option<Token![%]>>()?;
    input.parse::<Option<Token![?]>>()?;
    Ok(())
}

/// `a.b.c` or `"name"`, when `=` follows; with the place after it.
fn named_field<'a>(input: ParseStream<'a>) -> Option<(String, syn::parse::ParseBuffer<'a>)> {
    let fork = input.fork();
    let mut words = Vec::new();
    if fork.peek(syn::LitStr) {
        words.push(fork.parse::<syn::LitStr>().ok()?.value());
    } else {
        while let Ok(word) = fork.call(syn::Ident::parse_any) {
            words.push(word.to_string());
            if fork.parse::<Option<Token![.]>>().ok()?.is_none() {
                break;
            }
        }
    }
    (!words.is_empty() && fork.peek(Token![=]) && !fork.peek(Token![==])).then(|| (words.join("."), fork))
}
