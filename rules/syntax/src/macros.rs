//! Opening macro calls: the expressions among a macro's tokens.
//!
//! `syn::parse2` keeps the spans of tokens, so what is found inside has its place in the file.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser, discouraged::Speculative};
use syn::punctuated::Punctuated;
use syn::{Expr, Pat, Token};

/// What a macro call holds. Looked at once and dropped, so its size does not matter.
#[allow(clippy::large_enum_variant)]
pub enum Opened {
    /// A list of expressions.
    Exprs(Vec<Expr>),
    /// Statements.
    Stmts(Vec<syn::Stmt>),
    /// The branches of a `select!`.
    Select(Vec<SelectBranch>),
    /// A `tracing` event or span.
    Tracing(TracingCall),
    /// The values of a `json!`, with their keys.
    Json(Vec<(Option<String>, Expr)>),
    /// `matches!(value, pat if guard)`
    Matches {
        /// The value.
        value: Expr,
        /// The pattern.
        pat: Pat,
        /// The condition.
        guard: Option<Expr>,
    },
    /// Some expressions; the rest was not understood.
    Partial(Vec<Expr>),
    /// Nothing that could be read.
    Nothing,
}

/// One branch of a `select!`.
pub struct SelectBranch {
    /// Absent for `else`, `default` and `complete`.
    pub pat: Option<Pat>,
    /// What is awaited.
    pub future: Option<Expr>,
    /// The condition.
    pub guard: Option<Expr>,
    /// What runs then.
    pub handler: Expr,
}

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

/// One `static ref NAME: T = value;` of `lazy_static!`, or `static NAME: T = value;` of `thread_local!`.
pub struct StaticEntry {
    /// Its attributes.
    pub attrs: Vec<syn::Attribute>,
    /// Whether it is `pub`.
    pub public: bool,
    /// Its name.
    pub name: syn::Ident,
    /// Its type.
    pub ty: syn::Type,
    /// Its value.
    pub value: Expr,
}

/// Reads a macro call in expression position.
pub fn open(mac: &syn::Macro) -> Opened {
    let name = mac.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
    let tokens = || mac.tokens.clone();
    // Tokens of code that is written elsewhere, or conditions: no expressions of this function.
    if matches!(name.as_str(), "quote" | "quote_spanned" | "parse_quote" | "cfg" | "stringify") {
        return Opened::Exprs(Vec::new());
    }
    let special = match name.as_str() {
        "select" | "select_biased" => select.parse2(tokens()).ok().map(Opened::Select),
        "trace" | "debug" | "info" | "warn" | "error" | "event" | "span" | "trace_span" | "debug_span"
        | "info_span" | "warn_span" | "error_span" => tracing.parse2(tokens()).ok().map(Opened::Tracing),
        "json" => json_values(tokens()).map(Opened::Json),
        "matches" | "assert_matches" => matches_call.parse2(tokens()).ok(),
        _ => None,
    };
    special.unwrap_or_else(|| any(tokens()))
}

/// A `macro_rules!` that is like a function: one rule, whose parts are expressions.
pub struct ExpressionRule {
    /// The names of its parts, without `$`.
    pub params: Vec<syn::Ident>,
    /// What it stands for, with `$name` written as `name`.
    pub body: Vec<syn::Stmt>,
}

/// Reads a `macro_rules!` of that kind: `($a:expr, $b:expr) => { .. }`. `None` for any other.
pub fn expression_rule(mac: &syn::Macro) -> Option<ExpressionRule> {
    let mut trees = mac.tokens.clone().into_iter();
    let (Some(TokenTree::Group(matcher)), Some(a), Some(b), Some(TokenTree::Group(body))) =
        (trees.next(), trees.next(), trees.next(), trees.next())
    else {
        return None;
    };
    let ends = trees.next().is_none_or(|t| is_punct(&t, ';')) && trees.next().is_none();
    if !(is_punct(&a, '=') && is_punct(&b, '>') && ends) {
        return None;
    }
    let params = rule_params.parse2(matcher.stream()).ok()?;
    let body = syn::Block::parse_within.parse2(without_dollars(body.stream())?).ok()?;
    Some(ExpressionRule { params, body })
}

/// `$a:expr, $b:expr`, perhaps with `$(,)?` at the end.
fn rule_params(input: ParseStream<'_>) -> syn::Result<Vec<syn::Ident>> {
    let mut params = Vec::new();
    while !input.is_empty() {
        input.parse::<Token![$]>()?;
        if input.peek(syn::token::Paren) {
            let comma: proc_macro2::Group = input.parse()?;
            input.parse::<Token![?]>()?;
            let is_comma = comma.stream().to_string() == ",";
            return if is_comma && input.is_empty() { Ok(params) } else { Err(input.error("a repetition")) };
        }
        params.push(syn::Ident::parse_any(input)?);
        input.parse::<Token![:]>()?;
        let kind: syn::Ident = input.parse()?;
        if !(kind == "expr" || kind == "literal" || kind == "tt" || kind == "ident") {
            return Err(input.error("no expression"));
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(params)
}

/// `$name` as `name`; `None` where something is repeated.
fn without_dollars(tokens: TokenStream) -> Option<TokenStream> {
    let mut out = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(p) if p.as_char() == '$' => match trees.peek() {
                Some(TokenTree::Ident(_)) => {}
                _ => return None,
            },
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_dollars(group.stream())?);
                inner.set_span(group.span());
                out.push(TokenTree::Group(inner));
            }
            other => out.push(other),
        }
    }
    Some(out.into_iter().collect())
}

/// Reads the entries of `lazy_static!` and `thread_local!`.
pub fn statics(mac: &syn::Macro) -> Vec<StaticEntry> {
    let read = |input: ParseStream<'_>| {
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(static_entry(input)?);
        }
        Ok(entries)
    };
    read.parse2(mac.tokens.clone()).unwrap_or_default()
}

fn static_entry(input: ParseStream<'_>) -> syn::Result<StaticEntry> {
    let attrs = input.call(syn::Attribute::parse_outer)?;
    let public = matches!(input.parse::<syn::Visibility>()?, syn::Visibility::Public(_));
    input.parse::<Token![static]>()?;
    input.parse::<Option<Token![ref]>>()?;
    let name = input.parse()?;
    input.parse::<Token![:]>()?;
    let ty = input.parse()?;
    input.parse::<Token![=]>()?;
    let value = input.parse()?;
    input.parse::<Option<Token![;]>>()?;
    Ok(StaticEntry { attrs, public, name, ty, value })
}

/// What diesel's `table!` declares.
pub struct TableDecl {
    /// The table's name.
    pub name: proc_macro2::Ident,
    /// Its columns.
    pub columns: Vec<proc_macro2::Ident>,
}

/// Reads `table! { schema.name (key) { column -> Type, .. } }`.
pub fn table(mac: &syn::Macro) -> Option<TableDecl> {
    let trees: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
    let brace = |t: &TokenTree| match t {
        TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => Some(g.stream()),
        _ => None,
    };
    let (at, body) = trees.iter().enumerate().find_map(|(n, t)| Some((n, brace(t)?)))?;
    let name = trees[..at].iter().rev().find_map(|t| match t {
        TokenTree::Ident(name) => Some(name.clone()),
        _ => None,
    })?;
    let body: Vec<TokenTree> = body.into_iter().collect();
    let columns = body.windows(3).filter_map(|w| match w {
        [TokenTree::Ident(column), dash, angle] if is_punct(dash, '-') && is_punct(angle, '>') => {
            Some(column.clone())
        }
        _ => None,
    });
    Some(TableDecl { name, columns: columns.collect() })
}

/// The implicit captures of a format string, `{name}` and `{name:?}`, in order.
pub fn placeholders(format: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = format;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let Some(close) = rest.find('}') else { break };
        let name = rest[..close].split(':').next().unwrap_or("").trim();
        let is_name = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if is_name && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            names.push(name.to_owned());
        }
        rest = &rest[close + 1..];
    }
    names
}

/// All string literals among a macro's tokens.
pub fn strings(tokens: TokenStream) -> Vec<syn::LitStr> {
    let mut found = Vec::new();
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => found.extend(strings(group.stream())),
            TokenTree::Literal(literal) => {
                if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                    found.push(text);
                }
            }
            _ => {}
        }
    }
    found
}

fn any(tokens: TokenStream) -> Opened {
    if let Ok(list) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()) {
        return Opened::Exprs(list.into_iter().collect());
    }
    let repeat = |input: ParseStream<'_>| {
        let value = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(vec![value, input.parse()?])
    };
    if let Ok(list) = repeat.parse2(tokens.clone()) {
        return Opened::Exprs(list);
    }
    if let Ok(stmts) = syn::Block::parse_within.parse2(tokens.clone())
        && !stmts.is_empty()
    {
        return Opened::Stmts(stmts);
    }
    let mut found = Vec::new();
    segments(tokens, &mut found);
    if found.is_empty() { Opened::Nothing } else { Opened::Partial(found) }
}

/// Every segment between `,`, `;` and `=>` that is an expression; else what is found inside its groups.
fn segments(tokens: TokenStream, found: &mut Vec<Expr>) {
    let mut segment: Vec<TokenTree> = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let arrow = is_punct(&tree, '=') && trees.peek().is_some_and(|next| is_punct(next, '>'));
        if arrow {
            trees.next();
        }
        if arrow || is_punct(&tree, ',') || is_punct(&tree, ';') {
            segment_expr(std::mem::take(&mut segment), found);
        } else {
            segment.push(tree);
        }
    }
    segment_expr(segment, found);
}

fn segment_expr(segment: Vec<TokenTree>, found: &mut Vec<Expr>) {
    if segment.is_empty() {
        return;
    }
    match syn::parse2::<Expr>(segment.iter().cloned().collect()) {
        Ok(expr) => found.push(expr),
        Err(_) => {
            for tree in segment {
                if let TokenTree::Group(group) = tree {
                    segments(group.stream(), found);
                }
            }
        }
    }
}

fn is_punct(tree: &TokenTree, char: char) -> bool {
    matches!(tree, TokenTree::Punct(p) if p.as_char() == char)
}

fn select(input: ParseStream<'_>) -> syn::Result<Vec<SelectBranch>> {
    if input.peek(syn::Ident) && input.peek2(Token![;]) {
        input.parse::<syn::Ident>()?;
        input.parse::<Token![;]>()?;
    }
    let mut branches = Vec::new();
    while !input.is_empty() {
        branches.push(select_branch(input)?);
    }
    Ok(branches)
}

fn select_branch(input: ParseStream<'_>) -> syn::Result<SelectBranch> {
    let alone = input.peek2(Token![=>]) && (input.peek(Token![else]) || input.peek(syn::Ident));
    if alone {
        input.call(syn::Ident::parse_any)?;
        input.parse::<Token![=>]>()?;
        return Ok(SelectBranch { pat: None, future: None, guard: None, handler: select_handler(input)? });
    }
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    input.parse::<Token![=]>()?;
    let future = input.parse()?;
    let guard = if input.parse::<Option<Token![,]>>()?.is_some() {
        input.parse::<Token![if]>()?;
        Some(input.parse()?)
    } else {
        None
    };
    input.parse::<Token![=>]>()?;
    Ok(SelectBranch { pat: Some(pat), future: Some(future), guard, handler: select_handler(input)? })
}

/// A block needs no comma after it, so it must not be read as the beginning of a longer expression.
fn select_handler(input: ParseStream<'_>) -> syn::Result<Expr> {
    let handler = if input.peek(syn::token::Brace) { Expr::Block(input.parse()?) } else { input.parse()? };
    input.parse::<Option<Token![,]>>()?;
    Ok(handler)
}

fn matches_call(input: ParseStream<'_>) -> syn::Result<Opened> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pat = Pat::parse_multi_with_leading_vert(input)?;
    let guard = if input.parse::<Option<Token![if]>>()?.is_some() { Some(input.parse()?) } else { None };
    input.parse::<TokenStream>()?;
    Ok(Opened::Matches { value, pat, guard })
}

fn tracing(input: ParseStream<'_>) -> syn::Result<TracingCall> {
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

fn json_values(tokens: TokenStream) -> Option<Vec<(Option<String>, Expr)>> {
    let mut found = Vec::new();
    json(None, tokens.into_iter().collect(), &mut found).then_some(found)
}

fn json(key: Option<String>, trees: Vec<TokenTree>, found: &mut Vec<(Option<String>, Expr)>) -> bool {
    if let [TokenTree::Group(group)] = trees.as_slice() {
        match group.delimiter() {
            Delimiter::Brace => {
                return split_at_commas(group.stream()).into_iter().all(|entry| json_entry(entry, found));
            }
            Delimiter::Bracket => {
                return split_at_commas(group.stream())
                    .into_iter()
                    .all(|value| json(key.clone(), value, found));
            }
            _ => {}
        }
    }
    let is_null = matches!(trees.as_slice(), [TokenTree::Ident(word)] if word == "null");
    if trees.is_empty() || is_null {
        return true;
    }
    syn::parse2(trees.into_iter().collect()).map(|value| found.push((key, value))).is_ok()
}

fn json_entry(trees: Vec<TokenTree>, found: &mut Vec<(Option<String>, Expr)>) -> bool {
    let Some(colon) = single_colon(&trees) else { return trees.is_empty() };
    let key = match trees.first() {
        Some(TokenTree::Literal(literal)) if colon == 1 => match syn::Lit::new(literal.clone()) {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    json(key, trees.into_iter().skip(colon + 1).collect(), found)
}

/// The first `:` that is not half of a `::`.
fn single_colon(trees: &[TokenTree]) -> Option<usize> {
    let joint = |i: usize| matches!(trees.get(i), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
    (0..trees.len()).find(|i| is_punct(&trees[*i], ':') && !joint(*i) && !(*i > 0 && joint(i - 1)))
}

fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for tree in tokens {
        if is_punct(&tree, ',') {
            parts.push(Vec::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(tree);
        }
    }
    parts
}
