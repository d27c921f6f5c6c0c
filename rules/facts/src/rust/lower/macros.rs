//! Macro calls in expression position.

use svclint_syntax::macros::{Opened, SelectBranch as SynBranch, TracingCall, open, placeholders};
use svclint_syntax::{Span, syn};

use super::{BodyLower, attr::literal};
use crate::Name;
use crate::rust::{Arm, ExprId, ExprKind, Lit, MacroCall, PatKind, Path, PathSegment, SelectBranch};

impl BodyLower<'_, '_> {
    pub(super) fn macro_call(&mut self, mac: &syn::Macro) -> ExprId {
        let path = self.lower.path(&mac.path, None);
        let close = match &mac.delimiter {
            syn::MacroDelimiter::Paren(t) => t.span.close(),
            syn::MacroDelimiter::Brace(t) => t.span.close(),
            syn::MacroDelimiter::Bracket(t) => t.span.close(),
        };
        let span = Span::new(path.span.start, self.lower.end(close));
        let mut call = MacroCall { path, complete: true, ..MacroCall::default() };
        match open(mac) {
            Opened::Select(branches) => {
                let branches = branches.iter().map(|b| self.select_branch(b)).collect();
                return self.push(ExprKind::Select { path: call.path, branches }, span);
            }
            Opened::Exprs(exprs) => self.list(&exprs, &mut call),
            Opened::Stmts(stmts) => {
                let block = self.block_of(&stmts, span);
                call.args.push(block);
            }
            Opened::Alternatives(pieces) => return self.alternatives(&pieces, span),
            Opened::Tracing(tracing) => self.tracing(&tracing, &mut call),
            Opened::Json(values) => {
                for (key, value) in &values {
                    if let Some(key) = key {
                        call.names.push((Name::new(key), call.args.len() as u32));
                    }
                    let value = self.expr(value);
                    call.args.push(value);
                }
            }
            Opened::Matches { value, pat, guard } => {
                let value = self.expr(&value);
                call.args.push(value);
                let pat = self.pat(&pat);
                call.pats.push(pat);
                call.args.extend(guard.map(|g| self.expr(&g)));
            }
            Opened::Partial(exprs) => {
                call.complete = false;
                call.args = exprs.iter().map(|e| self.expr(e)).collect();
            }
            Opened::Nothing => call.complete = mac.tokens.is_empty(),
        }
        call.args.shrink_to_fit();
        self.push(ExprKind::Macro(Box::new(call)), span)
    }

    /// A build takes one of the pieces, and which one is not known: a `match` on nothing.
    fn alternatives(&mut self, pieces: &[Vec<syn::Stmt>], span: Span) -> ExprId {
        let scrutinee = self.push(ExprKind::Tuple(Vec::new()), span);
        let arms = pieces.iter().map(|stmts| {
            let pat = self.push_pat(PatKind::Wild, span);
            Arm { pat, guard: None, body: self.block_of(stmts, span) }
        });
        let arms = arms.collect();
        self.push(ExprKind::Match { scrutinee, arms }, span)
    }

    /// Arguments in order; `name = value` keeps its name, a format string brings its captures.
    fn list(&mut self, exprs: &[syn::Expr], call: &mut MacroCall) {
        let mut format = None;
        for expr in exprs {
            if let syn::Expr::Assign(pair) = expr
                && let syn::Expr::Path(key) = &*pair.left
                && let Some(key) = key.path.get_ident()
            {
                call.names.push((super::name(key), call.args.len() as u32));
                let value = self.expr(&pair.right);
                call.args.push(value);
                continue;
            }
            if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = expr
                && format.is_none()
            {
                format = Some(text);
            }
            let value = self.expr(expr);
            call.args.push(value);
        }
        if let Some(format) = format {
            self.captures(format, call);
        }
    }

    fn tracing(&mut self, tracing: &TracingCall, call: &mut MacroCall) {
        for value in &tracing.meta {
            let value = self.expr(value);
            call.args.push(value);
        }
        for (name, value) in &tracing.fields {
            let Some(value) = value else { continue };
            if !name.is_empty() {
                call.names.push((Name::new(name), call.args.len() as u32));
            }
            let value = self.expr(value);
            call.args.push(value);
        }
        if let Some(message) = &tracing.message {
            let span = self.lower.span(message.span());
            let text = self.push(ExprKind::Lit(Lit::Str(message.value())), span);
            call.args.push(text);
        }
        for arg in &tracing.args {
            let arg = self.expr(arg);
            call.args.push(arg);
        }
        if let Some(message) = &tracing.message {
            self.captures(message, call);
        }
    }

    /// `{name}` in a format string reads the variable `name`; its place is the string's.
    fn captures(&mut self, format: &syn::LitStr, call: &mut MacroCall) {
        let span = self.lower.span(format.span());
        for name in placeholders(&format.value()) {
            if call.names.iter().any(|(given, _)| *given == name) {
                continue;
            }
            let segment = PathSegment { name: Name::new(name), generics: None, span };
            let path = Path { segments: vec![segment], span, ..Path::default() };
            let read = self.push(ExprKind::Path(path), span);
            call.args.push(read);
            call.implicit += 1;
        }
    }

    fn select_branch(&mut self, branch: &SynBranch) -> SelectBranch {
        let future = branch.future.as_ref().map(|f| self.expr(f));
        let pat = branch.pat.as_ref().map(|p| self.pat(p));
        let guard = branch.guard.as_ref().map(|g| self.expr(g));
        SelectBranch { pat, future, guard, handler: self.expr(&branch.handler) }
    }

    pub(super) fn literal_expr(&mut self, lit: &syn::Lit) -> ExprId {
        let span = self.lower.span(lit.span());
        self.push(ExprKind::Lit(literal(lit)), span)
    }
}
