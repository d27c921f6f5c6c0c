//! Routes told apart by hand: `match (req.method(), req.uri().path()) { .. }`.

use svclint_facts::rust::{Arm, ExprId, ExprKind, Lit, PatId, PatKind, Path, PathSegment};
use svclint_knowledge::{Action, Role};

use super::{RouteReader, is_http_method};
use crate::bodies::BodyId;
use crate::defs::{FnIdx, Res};
use crate::fold::Text;
use crate::infer::Callee;
use crate::names::Ns;
use crate::tracer::At;

/// How many functions a request is followed through before it is told apart.
const HOPS: u32 = 3;

impl RouteReader<'_> {
    /// The function or closure that answers all requests.
    pub(crate) fn dispatched(&mut self, handler: At) {
        let before = self.routes.list.len();
        match self.tracer.kind(handler) {
            ExprKind::Closure { body, .. } => {
                let inside = At { body: handler.body, expr: *body };
                self.dispatch_in(handler.body, Some(inside), HOPS);
            }
            _ => match self.function(handler).0 {
                Some(function) => self.dispatch_fn(function, HOPS),
                None => self.routes.incomplete = true,
            },
        }
        if self.routes.list.len() == before {
            self.routes.incomplete = true;
        }
    }

    fn dispatch_fn(&mut self, function: FnIdx, hops: u32) {
        if let Some(body) = self.tracer.body_of(function) {
            self.dispatch_in(body, None, hops);
        }
    }

    /// Looks for the place where paths are compared: in a body (or a part of it), else in what it calls.
    fn dispatch_in(&mut self, body: BodyId, part: Option<At>, hops: u32) {
        let before = self.routes.list.len();
        let inside = |at: At| part.is_none_or(|p| self.tracer.ancestors(at).any(|a| a == p));
        let all = self.tracer.body(body).body.iter();
        let all: Vec<At> = all.map(|(expr, _)| At { body, expr }).filter(|at| inside(*at)).collect();
        for at in &all {
            match self.tracer.kind(*at) {
                // `router.clone().call(request)`
                ExprKind::MethodCall { receiver, .. }
                    if self.tracer.actions(*at).contains(&Action::Dispatch) =>
                {
                    self.router(At { body, expr: *receiver }, &Text::known(""), 0);
                }
                ExprKind::Match { scrutinee, arms } => self.dispatch_match(*at, *scrutinee, arms),
                ExprKind::Binary { op: svclint_facts::rust::BinOp::Eq, left, right } => {
                    self.dispatch_if(*at, *left, *right);
                }
                _ => {}
            }
        }
        if self.routes.list.len() == before && hops > 0 {
            for at in &all {
                let fns = match self.tracer.types_of(body).callees.get(&at.expr) {
                    Some(Callee::Fns(fns)) => fns.clone(),
                    _ => continue,
                };
                fns.into_iter().for_each(|f| self.dispatch_fn(f, hops - 1));
            }
        }
    }

    fn dispatch_match(&mut self, at: At, scrutinee: ExprId, arms: &[Arm]) {
        let here = |expr| At { body: at.body, expr };
        let parts: Vec<ExprId> = match self.tracer.kind(here(scrutinee)) {
            ExprKind::Tuple(parts) => parts.clone(),
            _ => vec![scrutinee],
        };
        let path = parts.iter().position(|p| self.is(here(*p), &Action::ReadPath));
        let method = parts.iter().position(|p| self.is(here(*p), &Action::ReadMethod));
        let Some(path) = path else { return };
        for arm in arms {
            let mut cases = Vec::new();
            self.cases(at, arm.pat, &mut cases);
            for case in cases {
                let pats = match &self.pat(at, case) {
                    PatKind::Tuple(pats) => pats.clone(),
                    _ => vec![case],
                };
                let texts = pats.get(path).map(|p| self.pattern_texts(at, *p)).unwrap_or_default();
                if texts.is_empty() {
                    // A path that is taken apart further on; the arm for everything else is no route.
                    let catches_all = pats
                        .get(path)
                        .is_none_or(|p| matches!(self.pat(at, *p), PatKind::Wild | PatKind::Rest));
                    self.routes.incomplete |= !catches_all || arm.guard.is_some();
                }
                let mut methods = method
                    .and_then(|m| pats.get(m))
                    .map(|p| self.pattern_methods(at, *p))
                    .unwrap_or_default();
                // `(m, "/x") if m == Method::PUT`
                methods.extend(
                    arm.guard.filter(|_| methods.is_empty()).and_then(|g| self.named_method(here(g))),
                );
                if methods.is_empty() {
                    methods.push("ANY".into());
                }
                let (function, name) = self.answering(here(arm.body));
                for (text, method) in texts.iter().flat_map(|t| methods.iter().map(move |m| (t, m))) {
                    self.push(method, &Text::known(text), function, name.clone(), None, here(arm.body));
                }
            }
        }
    }

    /// `if req.uri().path() == "/health"`
    fn dispatch_if(&mut self, at: At, left: ExprId, right: ExprId) {
        let here = |expr| At { body: at.body, expr };
        if !self.is(here(left), &Action::ReadPath) {
            return;
        }
        let text = self.tracer.text(here(right));
        let condition =
            self.tracer.ancestors(at).find(|a| matches!(self.tracer.kind(*a), ExprKind::If { .. }));
        let Some(ExprKind::If { cond, then, .. }) = condition.map(|c| self.tracer.kind(c)) else { return };
        if !text.complete {
            self.routes.incomplete = true;
            return;
        }
        let method = self.compared_method(here(*cond)).unwrap_or_else(|| "ANY".into());
        let (function, name) = self.answering(here(*then));
        self.push(&method, &text, function, name, None, here(right));
    }

    fn compared_method(&self, at: At) -> Option<String> {
        let here = |expr| At { body: at.body, expr };
        match self.tracer.kind(at) {
            ExprKind::Binary { left, right, .. } if self.is(here(*left), &Action::ReadMethod) => {
                let mut right = here(*right);
                while let ExprKind::Ref(inner) | ExprKind::Unary(_, inner) = self.tracer.kind(right) {
                    right = here(*inner);
                }
                match self.tracer.kind(right) {
                    ExprKind::Path(path) if is_http_method(path.last()) => Some(path.last().to_owned()),
                    _ => None,
                }
            }
            ExprKind::Binary { left, right, .. } => {
                self.compared_method(here(*left)).or_else(|| self.compared_method(here(*right)))
            }
            _ => None,
        }
    }

    /// Whether a value comes from a call that does something, through calls that keep it.
    fn is(&self, at: At, action: &Action) -> bool {
        let steps = self.tracer.trace(at, &|_| false).steps;
        steps.iter().any(|s| self.tracer.actions(s.at).contains(action))
    }

    fn pat(&self, at: At, pat: PatId) -> &PatKind {
        &self.tracer.body(at.body).body.pat(pat).kind
    }

    fn cases(&self, at: At, pat: PatId, cases: &mut Vec<PatId>) {
        match self.pat(at, pat) {
            PatKind::Or(all) => all.iter().for_each(|p| self.cases(at, *p, cases)),
            _ => cases.push(pat),
        }
    }

    /// The strings that a pattern accepts.
    fn pattern_texts(&self, at: At, pat: PatId) -> Vec<String> {
        match self.pat(at, pat) {
            PatKind::Lit(Lit::Str(text)) => vec![text.clone()],
            PatKind::Ref(inner) => self.pattern_texts(at, *inner),
            PatKind::Or(all) => all.iter().flat_map(|p| self.pattern_texts(at, *p)).collect(),
            // A constant: `(&Method::GET, HEALTH)`
            PatKind::Path(path) => self.constant_text(at, path).into_iter().collect(),
            PatKind::Bind { name, .. } => {
                let segment = PathSegment { name: name.clone(), generics: None, span: Default::default() };
                let path = Path { segments: vec![segment], ..Path::default() };
                self.constant_text(at, &path).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn constant_text(&self, at: At, path: &Path) -> Option<String> {
        let module = self.tracer.module(at.body);
        match self.tracer.program.names.written(module, path, Ns::Values)? {
            (Res::Const(id), _) => {
                let text = self.tracer.text(self.tracer.value_of(id)?);
                text.complete.then_some(text.text)
            }
            _ => None,
        }
    }

    /// The methods that a pattern accepts.
    fn pattern_methods(&self, at: At, pat: PatId) -> Vec<String> {
        match self.pat(at, pat) {
            PatKind::Ref(inner) => self.pattern_methods(at, *inner),
            PatKind::Or(all) => all.iter().flat_map(|p| self.pattern_methods(at, *p)).collect(),
            _ => self.pattern_method(at, pat).into_iter().collect(),
        }
    }

    /// The method that a condition compares with, whatever it is compared to.
    fn named_method(&self, at: At) -> Option<String> {
        let here = |expr| At { body: at.body, expr };
        match self.tracer.kind(at) {
            ExprKind::Binary { left, right, .. } => {
                self.named_method(here(*left)).or_else(|| self.named_method(here(*right)))
            }
            ExprKind::Ref(inner) | ExprKind::Unary(_, inner) => self.named_method(here(*inner)),
            ExprKind::Path(path) if path.segments.len() > 1 && is_http_method(path.last()) => {
                Some(path.last().to_owned())
            }
            _ => None,
        }
    }

    fn pattern_method(&self, at: At, pat: PatId) -> Option<String> {
        let name = match self.pat(at, pat) {
            PatKind::Ref(inner) => return self.pattern_method(at, *inner),
            PatKind::Path(path) => path.last(),
            PatKind::Bind { name, .. } => name.as_str(),
            PatKind::Lit(Lit::Str(text)) => text.as_str(),
            _ => return None,
        };
        is_http_method(name).then(|| name.to_uppercase())
    }

    /// The function that an arm calls, where it is one call.
    pub(super) fn answering(&self, at: At) -> (Option<FnIdx>, String) {
        self.answering_at(at, false)
    }

    fn answering_at(&self, at: At, awaited: bool) -> (Option<FnIdx>, String) {
        let here = |expr| At { body: at.body, expr };
        let none = || (None, super::CLOSURE.to_owned());
        match self.tracer.kind(at) {
            ExprKind::Block { stmts, tail: Some(tail) } if stmts.is_empty() => {
                self.answering_at(here(*tail), awaited)
            }
            ExprKind::Await(inner) => self.answering_at(here(*inner), true),
            ExprKind::Async(inner) => self.answering_at(here(*inner), awaited),
            ExprKind::Try(inner) => self.answering_at(here(*inner), awaited),
            ExprKind::Call { args, .. } | ExprKind::MethodCall { args, .. } => {
                let gets_request = args.iter().any(|a| {
                    self.tracer.role(at.body, self.tracer.ty(here(*a))) == Some(Role::IncomingRequest)
                });
                match (self.tracer.types_of(at.body).callees.get(&at.expr), &**args) {
                    // A function that only makes an answer is none that handles the request.
                    (Some(Callee::Fns(fns)), _) if fns.len() == 1 && (awaited || gets_request) => {
                        let name = self.tracer.program.defs.fns.get(fns[0].at());
                        (Some(fns[0]), name.map_or_else(String::new, |d| d.item.name.to_string()))
                    }
                    // `Ok(handler(req).await?)`
                    (Some(Callee::Lib(..)), [only]) => self.answering_at(here(*only), awaited),
                    _ => none(),
                }
            }
            _ => none(),
        }
    }
}
