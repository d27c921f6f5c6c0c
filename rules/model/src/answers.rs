//! What becomes of answers: forwards from the call that sends, through variables and branches, to what looks at the status and
//! what reads the rest.

use svclint_facts::rust::{Arm, ExprId, ExprKind, Fields, Lit, PatId, PatKind, Stmt};
use svclint_knowledge::{Action, Role};

use crate::infer::{Callee, LocalId, Target};
use crate::place::Tri;
use crate::system::{Answer, Taken, Taking};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// How far an answer is followed.
const STEPS: u32 = 200;

/// What becomes of the answer to what a call sends.
pub(crate) fn answer(tracer: &Tracer<'_>, send: At) -> Answer {
    let mut fate = Fate { tracer, checked: None, taken: None, lost: false, steps: STEPS };
    fate.follow(send);
    let status = match fate.checked {
        Some(at) => Tri::Present(tracer.place(at)),
        None if fate.lost => Tri::Unknown,
        None => Tri::Absent,
    };
    let taken = fate.taken.filter(|_| status.is_absent()).map(|(at, how)| {
        let outer = |at: At, is: fn(&ExprKind) -> bool| tracer.parent(at).filter(|p| is(tracer.kind(*p)));
        let result = match is_future(tracer, send) {
            true => outer(send, |kind| matches!(kind, ExprKind::Await(_))),
            false => Some(send),
        };
        let question = result.and_then(|r| outer(r, |kind| matches!(kind, ExprKind::Try(_))));
        let place = |at: At| tracer.place(at);
        Taken { at: place(at), how, result: result.map(place), question: question.map(place) }
    });
    let library = match tracer.types_of(send.body).callees.get(&send.expr) {
        Some(Callee::Lib(path, _)) => path.split("::").next().unwrap_or(""),
        _ => "",
    };
    let view = tracer.program.names.view(tracer.module(send.body));
    Answer { status, taken, snippets: view.map(|v| v.snippets(library)).unwrap_or_default() }
}

fn is_future(tracer: &Tracer<'_>, at: At) -> bool {
    tracer.ty(at).lib_path() == Some(crate::ty::FUTURE)
}

struct Fate<'t, 'a> {
    tracer: &'t Tracer<'a>,
    checked: Option<At>,
    taken: Option<(At, Taking)>,
    /// Something happens to it that is not looked into.
    lost: bool,
    steps: u32,
}

impl Fate<'_, '_> {
    fn take(&mut self, at: At, how: Taking) {
        if self.taken.is_none() {
            self.taken = Some((at, how));
        }
    }

    /// Whether an expression gives the answer itself, not something around it.
    fn is_answer(&self, at: At) -> bool {
        let view = self.tracer.program.names.view(self.tracer.module(at.body));
        let path = self.tracer.ty(at).lib_path();
        path.is_some_and(|path| view.and_then(|v| v.type_entry(path)?.is) == Some(Role::Response))
    }

    /// Whether it gives the answer, perhaps with something around it.
    fn holds_answer(&self, at: At) -> bool {
        self.tracer.role(at.body, self.tracer.ty(at)) == Some(Role::Response)
    }

    /// From an expression that gives the answer, perhaps with something around it, to what is done with it.
    fn follow(&mut self, at: At) {
        self.steps = self.steps.saturating_sub(1);
        let Some(outer) = self.tracer.parent(at).filter(|_| self.steps > 0) else {
            self.lost = true;
            return;
        };
        match self.tracer.kind(outer) {
            ExprKind::Await(_) | ExprKind::Try(_) | ExprKind::Ref(_) | ExprKind::Unary(..) => {
                self.follow(outer)
            }
            ExprKind::MethodCall { receiver, args, .. } if *receiver == at.expr => {
                self.call_on(at, outer, args)
            }
            ExprKind::Call { .. } if self.is_bounded_by(at, outer) => self.follow(outer),
            ExprKind::Match { scrutinee, arms } if *scrutinee == at.expr => self.arms(at, arms),
            // `let x = match send().await { Ok(x) => x, .. }`
            ExprKind::Match { .. } => self.follow(outer),
            ExprKind::If { cond, .. } if *cond != at.expr => self.follow(outer),
            ExprKind::Let { pat, .. } => self.pattern(at, *pat, outer),
            ExprKind::Block { stmts, tail } => self.in_block(at, outer, stmts, *tail),
            // `debug!("{response:?}")`
            ExprKind::Macro(_) if self.is_answer(at) => {}
            _ => self.lost = true,
        }
    }

    fn call_on(&mut self, at: At, call: At, args: &[ExprId]) {
        for action in self.tracer.actions(call) {
            match action {
                Action::ReadStatus => {
                    self.checked = Some(call);
                    return;
                }
                Action::ReadAnswer => return self.take(call, self.reading(call)),
                _ => {}
            }
        }
        // `.and_then(Response::error_for_status)`
        let inside = |expr: &ExprId| self.finds_status(At { body: call.body, expr: *expr });
        if let Some(check) = args.iter().find_map(inside) {
            self.checked = Some(check);
        } else if self.is_answer(at) && !self.holds_answer(call) {
            // Its headers, its address.
            self.lost |= !matches!(
                self.tracer.types_of(call.body).callees.get(&call.expr),
                Some(Callee::Lib(_, Some(_)))
            );
        } else if self.holds_answer(call) {
            self.follow(call);
        } else {
            self.lost = true;
        }
    }

    /// The call inside of an expression that looks at a status.
    fn finds_status(&self, at: At) -> Option<At> {
        if self.tracer.actions(at).iter().any(|a| matches!(a, Action::ReadStatus)) {
            return Some(at);
        }
        let mut inner = Vec::new();
        crate::bodies::children(self.tracer.kind(at), &mut |child| inner.push(child));
        inner.into_iter().find_map(|expr| self.finds_status(At { body: at.body, expr }))
    }

    fn is_bounded_by(&self, at: At, call: At) -> bool {
        self.tracer.actions(call).iter().any(
            |a| matches!(a, Action::Bound { future: Some(n), .. } if self.tracer.arg(call, *n) == Some(at)),
        )
    }

    fn in_block(&mut self, at: At, block: At, stmts: &[Stmt], tail: Option<ExprId>) {
        if tail == Some(at.expr) {
            return self.follow(block);
        }
        let stmt = stmts.iter().find(|s| match s {
            Stmt::Let { init, .. } => *init == Some(at.expr),
            Stmt::Expr(e) => *e == at.expr,
            Stmt::Item(_) => false,
        });
        match stmt {
            Some(Stmt::Let { pat, .. }) => self.pattern(at, *pat, at),
            Some(Stmt::Expr(_)) if self.is_answer(at) => self.take(at, Taking::Dropped),
            _ => self.lost = true,
        }
    }

    /// A pattern that takes the value of `at`; `whole` is what holds both.
    fn pattern(&mut self, at: At, pat: PatId, whole: At) {
        let body = self.tracer.body(at.body);
        match &body.body.pat(pat).kind {
            PatKind::Bind { .. } => match self.tracer.types_of(at.body).of_pat.get(&pat) {
                Some(local) => self.variable(at, *local, whole),
                None => self.lost = true,
            },
            PatKind::TupleStruct(path, subs) if path.last() == "Ok" => match subs.as_slice() {
                [sub] => match body.body.pat(*sub).kind {
                    PatKind::Wild | PatKind::Rest => self.take(at, Taking::Dropped),
                    _ => self.pattern(at, *sub, whole),
                },
                _ => self.lost = true,
            },
            // `if let Err(error) = send().await { .. }`: what did not fail is a success.
            PatKind::TupleStruct(path, _) if path.last() == "Err" => {
                match self.tracer.parent(whole).map(|p| self.tracer.kind(p)) {
                    _ if whole == at => {}
                    Some(ExprKind::If { .. }) => self.take(at, Taking::Dropped),
                    _ => self.lost = true,
                }
            }
            _ => self.lost = true,
        }
    }

    fn arms(&mut self, at: At, arms: &[Arm]) {
        for arm in arms {
            self.pattern(at, arm.pat, at);
        }
    }

    /// All that is done with the answer in a variable.
    fn variable(&mut self, at: At, local: LocalId, whole: At) {
        let types = self.tracer.types_of(at.body);
        let mut uses: Vec<ExprId> = types
            .targets
            .iter()
            .filter(|(_, t)| matches!(t, Target::Local(l) if *l == local))
            .map(|(expr, _)| *expr)
            .collect();
        uses.sort_unstable();
        if uses.is_empty() {
            self.take(whole, Taking::Dropped);
        }
        for expr in uses {
            self.follow(At { body: at.body, expr });
        }
    }

    /// What a call reads the answer as.
    fn reading(&self, call: At) -> Taking {
        let ends = self.tracer.ancestors(call).skip(1).take_while(|a| {
            matches!(
                self.tracer.kind(*a),
                ExprKind::Await(_) | ExprKind::Try(_) | ExprKind::MethodCall { .. }
            )
        });
        let mut types = std::iter::once(call).chain(ends).map(|a| self.tracer.ty(a));
        let read = types.find_map(|ty| self.inner(ty));
        match read {
            Some(Ty::Adt(id, _)) => {
                let adt = &self.tracer.program.defs.adts[id.at()];
                let variants: Vec<_> = adt.variants().collect();
                let names = variants.iter().flat_map(|(_, fields)| match fields {
                    Fields::Named(fields) => fields.as_slice(),
                    _ => &[],
                });
                if variants.len() > 1 || tells_failure(names.map(|f| f.name.as_str())) {
                    return Taking::ReadWithError;
                }
                Taking::Read(Some(adt.item.name.to_string()))
            }
            // What is not described by a type may be asked for a failure by name.
            _ if self.asks_by_name(call) => Taking::ReadWithError,
            _ => Taking::Read(None),
        }
    }

    /// What is in results, options, futures and lists.
    fn inner<'y>(&self, ty: &'y Ty) -> Option<&'y Ty> {
        let mut ty = ty;
        for _ in 0..6 {
            match ty {
                Ty::Lib(_, args) if !args.is_empty() => ty = args.first()?,
                Ty::Unknown => return None,
                _ => return Some(ty),
            }
        }
        None
    }

    /// Whether the body around a call names something that a failure may be told by: `body["error"]`.
    fn asks_by_name(&self, call: At) -> bool {
        let body = &self.tracer.body(call.body).body;
        body.iter().any(|(_, e)| match &e.kind {
            ExprKind::Lit(Lit::Str(text)) => {
                let text = text.trim_start_matches('/');
                text.len() < 24 && tells_failure([text].into_iter())
            }
            _ => false,
        })
    }
}

/// Whether something with these names tells by itself whether it is a failure.
fn tells_failure<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    let words = ["error", "errors", "err", "ok", "success", "successful", "succeeded", "fault", "code"];
    let mut status = false;
    let mut more = false;
    for name in names {
        let name = name.to_lowercase();
        if words.contains(&name.as_str()) || name.starts_with("error") || name.ends_with("error") {
            return true;
        }
        status |= name == "status";
        more |= matches!(name.as_str(), "message" | "msg" | "data" | "reason" | "result");
    }
    status && more
}
