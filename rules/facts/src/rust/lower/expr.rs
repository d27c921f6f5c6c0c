//! Expressions, blocks and statements.

use std::sync::Arc;

use svclint_syntax::{Span, proc_macro2, syn};

use super::{BodyLower, exact, pat::member};
use crate::rust::{Arm, BinOp, ExprId, ExprKind, Stmt, UnOp};

impl BodyLower<'_, '_> {
    pub(super) fn expr(&mut self, expr: &syn::Expr) -> ExprId {
        let lower = self.lower;
        match expr {
            syn::Expr::Paren(e) => self.expr(&e.expr),
            syn::Expr::Group(e) => self.expr(&e.expr),
            syn::Expr::Path(e) => {
                let path = lower.path(&e.path, e.qself.as_ref());
                let span = path.span;
                self.push(ExprKind::Path(path), span)
            }
            syn::Expr::Lit(e) => self.literal_expr(&e.lit),
            syn::Expr::MethodCall(e) => self.method_call(e),
            syn::Expr::Call(e) => {
                let callee = self.expr(&e.func);
                let args = self.exprs(&e.args);
                let span = Span::new(self.span_of(callee).start, lower.end(e.paren_token.span.close()));
                self.push(ExprKind::Call { callee, args: args.into() }, span)
            }
            syn::Expr::Field(e) => {
                let base = self.expr(&e.base);
                let end = match &e.member {
                    syn::Member::Named(ident) => lower.end(ident.span()),
                    syn::Member::Unnamed(index) => lower.end(index.span),
                };
                let span = Span::new(self.span_of(base).start, end);
                self.push(ExprKind::Field { base, name: member(&e.member) }, span)
            }
            syn::Expr::Await(e) => self.postfix(&e.base, e.await_token.span, ExprKind::Await),
            syn::Expr::Try(e) => self.postfix(&e.expr, e.question_token.span, ExprKind::Try),
            syn::Expr::Closure(e) => self.closure(e),
            syn::Expr::Async(e) => {
                let block = self.block(&e.block);
                let span = Span::new(lower.start(e.async_token.span), self.span_of(block).end);
                self.push(ExprKind::Async(block), span)
            }
            syn::Expr::Block(e) => self.block(&e.block),
            syn::Expr::Unsafe(e) => self.block(&e.block),
            syn::Expr::Const(e) => self.block(&e.block),
            syn::Expr::TryBlock(e) => self.block(&e.block),
            syn::Expr::If(e) => {
                let cond = self.expr(&e.cond);
                let then = self.block(&e.then_branch);
                let otherwise = e.else_branch.as_ref().map(|(_, other)| self.expr(other));
                let span =
                    Span::new(lower.start(e.if_token.span), self.span_of(otherwise.unwrap_or(then)).end);
                self.push(ExprKind::If { cond, then, otherwise }, span)
            }
            syn::Expr::Let(e) => {
                let value = self.expr(&e.expr);
                let pat = self.pat(&e.pat);
                let span = Span::new(lower.start(e.let_token.span), self.span_of(value).end);
                self.push(ExprKind::Let { pat, value }, span)
            }
            syn::Expr::Match(e) => self.match_(e),
            syn::Expr::Loop(e) => {
                let body = self.block(&e.body);
                let span = Span::new(lower.start(e.loop_token.span), self.span_of(body).end);
                self.push(ExprKind::Loop(body), span)
            }
            syn::Expr::While(e) => {
                let cond = self.expr(&e.cond);
                let body = self.block(&e.body);
                let span = Span::new(lower.start(e.while_token.span), self.span_of(body).end);
                self.push(ExprKind::While { cond, body }, span)
            }
            syn::Expr::ForLoop(e) => {
                let iter = self.expr(&e.expr);
                let pat = self.pat(&e.pat);
                let body = self.block(&e.body);
                let span = Span::new(lower.start(e.for_token.span), self.span_of(body).end);
                self.push(ExprKind::For { pat, iter, body }, span)
            }
            syn::Expr::Assign(e) => self.assign(None, &e.left, &e.right),
            syn::Expr::Binary(e) => {
                let (op, assigns) = binary(&e.op);
                if assigns {
                    return self.assign(Some(op), &e.left, &e.right);
                }
                let (left, right) = (self.expr(&e.left), self.expr(&e.right));
                let span = self.span_of(left).cover(self.span_of(right));
                self.push(ExprKind::Binary { op, left, right }, span)
            }
            syn::Expr::Unary(e) => {
                let operand = self.expr(&e.expr);
                let (op, at) = match &e.op {
                    syn::UnOp::Not(t) => (UnOp::Not, t.span),
                    syn::UnOp::Neg(t) => (UnOp::Neg, t.span),
                    syn::UnOp::Deref(t) => (UnOp::Deref, t.spans[0]),
                    _ => return operand,
                };
                let span = Span::new(lower.start(at), self.span_of(operand).end);
                self.push(ExprKind::Unary(op, operand), span)
            }
            syn::Expr::Reference(e) => {
                let operand = self.expr(&e.expr);
                let span = Span::new(lower.start(e.and_token.spans[0]), self.span_of(operand).end);
                self.push(ExprKind::Ref(operand), span)
            }
            syn::Expr::RawAddr(e) => {
                let operand = self.expr(&e.expr);
                let span = Span::new(lower.start(e.and_token.spans[0]), self.span_of(operand).end);
                self.push(ExprKind::Ref(operand), span)
            }
            syn::Expr::Struct(e) => {
                let path = lower.path(&e.path, e.qself.as_ref());
                let fields = e.fields.iter().map(|f| (member(&f.member), self.expr(&f.expr))).collect();
                let rest = e.rest.as_ref().map(|r| self.expr(r));
                let span = Span::new(path.span.start, lower.end(e.brace_token.span.close()));
                self.push(ExprKind::Struct { path, fields, rest }, span)
            }
            syn::Expr::Tuple(e) => {
                let all = self.exprs(&e.elems);
                self.push(ExprKind::Tuple(all), lower.span(e.paren_token.span.join()))
            }
            syn::Expr::Array(e) => {
                let all = self.exprs(&e.elems);
                self.push(ExprKind::Array(all), lower.span(e.bracket_token.span.join()))
            }
            syn::Expr::Repeat(e) => {
                let (value, len) = (self.expr(&e.expr), self.expr(&e.len));
                self.push(ExprKind::Repeat(value, len), lower.span(e.bracket_token.span.join()))
            }
            syn::Expr::Index(e) => {
                let (base, index) = (self.expr(&e.expr), self.expr(&e.index));
                let span = Span::new(self.span_of(base).start, lower.end(e.bracket_token.span.close()));
                self.push(ExprKind::Index(base, index), span)
            }
            syn::Expr::Range(e) => {
                let start = e.start.as_ref().map(|s| self.expr(s));
                let end = e.end.as_ref().map(|s| self.expr(s));
                let dots = lower.span(match &e.limits {
                    syn::RangeLimits::HalfOpen(t) => t.spans[0],
                    syn::RangeLimits::Closed(t) => t.spans[0],
                });
                let span =
                    [start, end].into_iter().flatten().map(|p| self.span_of(p)).fold(dots, Span::cover);
                self.push(ExprKind::Range(start, end), span)
            }
            syn::Expr::Cast(e) => {
                let value = self.expr(&e.expr);
                let span = self.span_of(value);
                self.push(ExprKind::Cast(value, lower.ty(&e.ty)), span)
            }
            syn::Expr::Return(e) => self.jump(e.expr.as_deref(), e.return_token.span, ExprKind::Return),
            syn::Expr::Break(e) => self.jump(e.expr.as_deref(), e.break_token.span, ExprKind::Break),
            syn::Expr::Continue(e) => self.push(ExprKind::Continue, lower.span(e.continue_token.span)),
            syn::Expr::Macro(e) => self.macro_call(&e.mac),
            _ => self.push(ExprKind::Opaque, Span::default()),
        }
    }

    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a syn::Expr>) -> Vec<ExprId> {
        exprs.into_iter().map(|e| self.expr(e)).collect()
    }

    fn postfix(&mut self, base: &syn::Expr, last: proc_macro2::Span, kind: fn(ExprId) -> ExprKind) -> ExprId {
        let base = self.expr(base);
        let span = Span::new(self.span_of(base).start, self.lower.end(last));
        self.push(kind(base), span)
    }

    fn jump(
        &mut self,
        value: Option<&syn::Expr>,
        word: proc_macro2::Span,
        kind: fn(Option<ExprId>) -> ExprKind,
    ) -> ExprId {
        let value = value.map(|v| self.expr(v));
        let word = self.lower.span(word);
        let span = value.map_or(word, |v| word.cover(self.span_of(v)));
        self.push(kind(value), span)
    }

    fn assign(&mut self, op: Option<BinOp>, left: &syn::Expr, right: &syn::Expr) -> ExprId {
        let (left, right) = (self.expr(left), self.expr(right));
        let span = self.span_of(left).cover(self.span_of(right));
        self.push(ExprKind::Assign { op, left, right }, span)
    }

    fn method_call(&mut self, e: &syn::ExprMethodCall) -> ExprId {
        let lower = self.lower;
        let receiver = self.expr(&e.receiver);
        let args = self.exprs(&e.args);
        let types = e.turbofish.iter().flat_map(|t| &t.args);
        let generics = types
            .filter_map(|a| if let syn::GenericArgument::Type(t) = a { Some(lower.ty(t)) } else { None });
        let call_span = Span::new(lower.start(e.dot_token.span), lower.end(e.paren_token.span.close()));
        let kind = ExprKind::MethodCall {
            receiver,
            method: super::name(&e.method),
            method_span: lower.span(e.method.span()),
            call_span,
            generics: generics.collect(),
            args: args.into_boxed_slice(),
        };
        let span = Span::new(self.span_of(receiver).start, call_span.end);
        self.push(kind, span)
    }

    fn closure(&mut self, e: &syn::ExprClosure) -> ExprId {
        let lower = self.lower;
        let params = e.inputs.iter().map(|p| match p {
            syn::Pat::Type(typed) => (self.pat(&typed.pat), Some(lower.ty(&typed.ty))),
            other => (self.pat(other), None),
        });
        let params = params.collect();
        let body = self.expr(&e.body);
        let first = [e.asyncness.map(|t| t.span), e.capture.map(|t| t.span)];
        let first = first.into_iter().flatten().next().unwrap_or(e.inputs_begin.span);
        let span = Span::new(lower.start(first), self.span_of(body).end);
        self.push(
            ExprKind::Closure { is_async: e.asyncness.is_some(), params, ret: lower.ret(&e.output), body },
            span,
        )
    }

    fn match_(&mut self, e: &syn::ExprMatch) -> ExprId {
        let scrutinee = self.expr(&e.expr);
        let arms = e.arms.iter().map(|arm| {
            let (pat, guard) = match &arm.pat {
                syn::Pat::Guard(guarded) => (self.pat(&guarded.pat), Some(self.expr(&guarded.guard))),
                plain => (self.pat(plain), None),
            };
            Arm { pat, guard, body: self.expr(&arm.body) }
        });
        let arms = arms.collect();
        let span =
            Span::new(self.lower.start(e.match_token.span), self.lower.end(e.brace_token.span.close()));
        self.push(ExprKind::Match { scrutinee, arms }, span)
    }

    pub(super) fn block(&mut self, block: &syn::Block) -> ExprId {
        let span = self.lower.span(block.brace_token.span.join());
        self.block_of(&block.stmts, span)
    }

    pub(super) fn block_of(&mut self, statements: &[syn::Stmt], span: Span) -> ExprId {
        let mut stmts = Vec::with_capacity(statements.len());
        let mut tail = None;
        for (index, stmt) in statements.iter().enumerate() {
            let is_last = index + 1 == statements.len();
            match stmt {
                syn::Stmt::Local(local) => stmts.push(self.local(local)),
                syn::Stmt::Item(item) => stmts.push(Stmt::Item(Arc::new(self.lower.item(item)))),
                syn::Stmt::Expr(expr, semi) => {
                    let is_conditional = is_conditional(expr);
                    let expr = self.expr(expr);
                    if is_last && semi.is_none() {
                        tail = Some(expr)
                    } else {
                        let expr = if is_conditional { self.sometimes(expr) } else { expr };
                        stmts.push(Stmt::Expr(expr))
                    }
                }
                syn::Stmt::Macro(call) => {
                    let expr = self.macro_call(&call.mac);
                    if is_last && call.semi_token.is_none() {
                        tail = Some(expr)
                    } else {
                        stmts.push(Stmt::Expr(expr))
                    }
                }
            }
        }
        self.push(ExprKind::Block { stmts: exact(stmts), tail }, span)
    }

    /// `#[cfg(feature = "x")] { .. }` is `if` to everything that asks what always happens.
    fn sometimes(&mut self, expr: ExprId) -> ExprId {
        let span = self.span_of(expr);
        let cond = self.push(ExprKind::Opaque, Span::at(span.start));
        let then = self.push(ExprKind::Block { stmts: vec![Stmt::Expr(expr)], tail: None }, span);
        self.push(ExprKind::If { cond, then, otherwise: None }, span)
    }

    fn local(&mut self, local: &syn::Local) -> Stmt {
        let init = local.init.as_ref().map(|i| self.expr(&i.expr));
        let otherwise =
            local.init.as_ref().and_then(|i| i.diverge.as_ref()).map(|(_, block)| self.expr(block));
        let ty = if let syn::Pat::Type(typed) = &local.pat { Some(self.lower.ty(&typed.ty)) } else { None };
        let span = Span::new(self.lower.start(local.let_token.span), self.lower.end(local.semi_token.span));
        let gated = is_gate(&local.attrs);
        Stmt::Let { pat: self.pat(&local.pat), ty, init, otherwise, gated, span }
    }
}

/// Whether a statement is compiled in some builds only: `#[cfg(feature = "x")]`.
fn is_conditional(expr: &syn::Expr) -> bool {
    let attrs = match expr {
        // The parser gives a statement's attributes to what it begins with.
        syn::Expr::Assign(e) => return is_conditional(&e.left),
        syn::Expr::Field(e) => &e.attrs,
        syn::Expr::Path(e) => &e.attrs,
        syn::Expr::Await(e) => &e.attrs,
        syn::Expr::Block(e) => &e.attrs,
        syn::Expr::Call(e) => &e.attrs,
        syn::Expr::MethodCall(e) => &e.attrs,
        syn::Expr::Try(e) => &e.attrs,
        syn::Expr::Unsafe(e) => &e.attrs,
        _ => return false,
    };
    is_gate(attrs)
}

fn is_gate(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let list = attr.meta.require_list().ok().filter(|_| attr.path().is_ident("cfg"));
        // What tests leave out is there when the program runs.
        list.is_some_and(|list| list.tokens.to_string().replace(' ', "") != "not(test)")
    })
}

/// The operator, and whether it assigns.
fn binary(op: &syn::BinOp) -> (BinOp, bool) {
    match op {
        syn::BinOp::Add(_) => (BinOp::Add, false),
        syn::BinOp::Sub(_) => (BinOp::Sub, false),
        syn::BinOp::Mul(_) => (BinOp::Mul, false),
        syn::BinOp::Div(_) => (BinOp::Div, false),
        syn::BinOp::Rem(_) => (BinOp::Rem, false),
        syn::BinOp::And(_) => (BinOp::And, false),
        syn::BinOp::Or(_) => (BinOp::Or, false),
        syn::BinOp::Eq(_) => (BinOp::Eq, false),
        syn::BinOp::Ne(_) => (BinOp::Ne, false),
        syn::BinOp::Lt(_) => (BinOp::Lt, false),
        syn::BinOp::Le(_) => (BinOp::Le, false),
        syn::BinOp::Gt(_) => (BinOp::Gt, false),
        syn::BinOp::Ge(_) => (BinOp::Ge, false),
        syn::BinOp::AddAssign(_) => (BinOp::Add, true),
        syn::BinOp::SubAssign(_) => (BinOp::Sub, true),
        syn::BinOp::MulAssign(_) => (BinOp::Mul, true),
        syn::BinOp::DivAssign(_) => (BinOp::Div, true),
        syn::BinOp::RemAssign(_) => (BinOp::Rem, true),
        syn::BinOp::BitXorAssign(_)
        | syn::BinOp::BitAndAssign(_)
        | syn::BinOp::BitOrAssign(_)
        | syn::BinOp::ShlAssign(_)
        | syn::BinOp::ShrAssign(_) => (BinOp::Bit, true),
        _ => (BinOp::Bit, false),
    }
}
