//! Reads how a function goes off its body.

mod fate;
mod finds;
mod options;

pub(crate) use fate::never_comes_back;

use rustc_hash::FxHashMap;
use svclint_facts::rust::{Body, ExprId, ExprKind, PatId, PatKind, Stmt};
use svclint_knowledge::{Action, Effect, Role, TypeEntry};

use crate::bodies::{BodyId, children};
use crate::infer::{Callee, LocalId, Target};
use crate::links::Origin;
use crate::listed::goes_one_by_one;
use crate::place::Place;
use crate::system::{Branch, BranchKind, Course, Exit, ExitKind, Holds, Use, Variable};
use crate::tracer::{At, Tracer};
use crate::ty::Ty;
use crate::uses::is_error;

pub(crate) fn course(tracer: &Tracer<'_>, body: BodyId) -> Course {
    let reader = Reader { tracer, id: body, body: &tracer.body(body).body };
    let mut course = Course::default();
    for (expr, node) in reader.body.iter() {
        reader.branches(expr, &node.kind, &mut course.branches);
        course.exits.extend(reader.exit(expr, &node.kind));
        let at = At { body, expr };
        course.outcomes.extend(fate::outcome(tracer, at));
        course.options.extend(options::options(tracer, at));
        course.pools.extend(reader.is_pool(at).then(|| tracer.place(at)));
    }
    course.variables = reader.variables();
    course
}

struct Reader<'t, 'a> {
    tracer: &'t Tracer<'a>,
    id: BodyId,
    body: &'a Body,
}

impl Reader<'_, '_> {
    fn at(&self, expr: ExprId) -> At {
        At { body: self.id, expr }
    }

    fn place(&self, expr: ExprId) -> Place {
        self.tracer.place(self.at(expr))
    }

    fn branches(&self, expr: ExprId, kind: &ExprKind, branches: &mut Vec<Branch>) {
        let mut add = |part: ExprId, kind: BranchKind, decided_by: ExprId, pattern: Option<String>| {
            let finds = match kind {
                BranchKind::Then | BranchKind::Else => {
                    let found = match pattern.as_deref() {
                        None => finds::finds(self.body, decided_by),
                        Some(word) => finds::by_pattern(word),
                    };
                    found.map(|found| found == (kind == BranchKind::Then))
                }
                BranchKind::Arm => pattern.as_deref().and_then(finds::by_pattern),
                _ => None,
            };
            // What is not taken by a pattern is not told by it either.
            let pattern = pattern.filter(|_| kind != BranchKind::Else);
            let one_by_one = matches!(self.body.expr(part).kind, ExprKind::For { .. })
                && goes_one_by_one(self.tracer, self.at(decided_by));
            let (at, decided_by) = (self.place(part), self.place(decided_by));
            branches.push(Branch { at, kind, decided_by, pattern, finds, one_by_one });
        };
        match kind {
            ExprKind::If { cond, then, otherwise } => {
                let (decided_by, pattern) = match &self.body.expr(*cond).kind {
                    ExprKind::Let { pat, value } => (*value, pattern_word(self.body, *pat)),
                    _ => (*cond, None),
                };
                otherwise.iter().for_each(|e| add(*e, BranchKind::Else, decided_by, pattern.clone()));
                add(*then, BranchKind::Then, decided_by, pattern);
            }
            ExprKind::Match { scrutinee, arms } => {
                for arm in arms {
                    add(arm.body, BranchKind::Arm, *scrutinee, pattern_word(self.body, arm.pat));
                }
            }
            ExprKind::Select { branches, .. } => {
                for branch in branches {
                    let decided_by = branch.future.unwrap_or(branch.handler);
                    add(branch.handler, BranchKind::Arm, decided_by, None);
                }
            }
            ExprKind::While { cond, .. } => add(expr, BranchKind::Loop, *cond, None),
            ExprKind::For { iter, .. } => add(expr, BranchKind::Loop, *iter, None),
            ExprKind::Loop(_) => add(expr, BranchKind::Loop, expr, None),
            ExprKind::Closure { body, .. } => add(*body, BranchKind::Closure, *body, None),
            ExprKind::Async(block) => add(*block, BranchKind::Async, *block, None),
            ExprKind::Block { stmts, .. } => {
                for stmt in stmts {
                    if let Stmt::Let { pat, init: Some(init), otherwise: Some(otherwise), .. } = stmt {
                        add(*otherwise, BranchKind::Else, *init, pattern_word(self.body, *pat));
                    }
                }
            }
            _ => {}
        }
    }

    fn exit(&self, expr: ExprId, kind: &ExprKind) -> Option<Exit> {
        let panics = |action: &Action| matches!(action, Action::Effect(Effect::Panic));
        let how = match kind {
            ExprKind::Try(_) => ExitKind::Try,
            ExprKind::Return(_) => ExitKind::Return,
            ExprKind::Break(_) => ExitKind::Break,
            ExprKind::Continue => ExitKind::Continue,
            ExprKind::MethodCall { .. } if self.tracer.actions(self.at(expr)).iter().any(panics) => {
                ExitKind::Panic
            }
            ExprKind::Macro(_) if fate::macro_panics(self.tracer, self.at(expr)) => ExitKind::Panic,
            _ => return None,
        };
        let ends = |at: &At| match self.tracer.kind(*at) {
            ExprKind::Closure { .. } => true,
            // A panic passes through what is awaited where it stands.
            ExprKind::Async(_) => how != ExitKind::Panic || !self.is_awaited(*at),
            ExprKind::Loop(_) | ExprKind::While { .. } | ExprKind::For { .. } => {
                matches!(how, ExitKind::Break | ExitKind::Continue)
            }
            _ => false,
        };
        let left = self.tracer.ancestors(self.at(expr)).skip(1).find(ends);
        let leaves = left.map(|at| self.tracer.place(at)).or_else(|| Some(self.place(self.body.root?)))?;
        let fails = match kind {
            ExprKind::Return(value) => value.is_some_and(|value| is_error(self.body, value)),
            _ => matches!(how, ExitKind::Try | ExitKind::Panic),
        };
        Some(Exit { at: self.place(expr), kind: how, leaves, fails })
    }

    /// `async { .. }.instrument(span).await`
    fn is_awaited(&self, at: At) -> bool {
        let mut inner = at;
        while let Some(outer) = self.tracer.parent(inner) {
            match self.tracer.kind(outer) {
                ExprKind::Await(_) => return true,
                ExprKind::MethodCall { receiver, .. } if *receiver == inner.expr => inner = outer,
                _ => return false,
            }
        }
        false
    }

    fn variables(&self) -> Vec<Variable> {
        let types = self.tracer.types_of(self.id);
        let (scopes, sources) = self.patterns();
        let mut named: Vec<(PatId, LocalId)> = types.of_pat.iter().map(|(p, l)| (*p, *l)).collect();
        named.sort_unstable_by_key(|(_, local)| local.0);
        named.dedup_by_key(|(_, local)| local.0);
        let numbers: FxHashMap<LocalId, usize> =
            named.iter().enumerate().map(|(n, (_, local))| (*local, n)).collect();
        let mut uses: Vec<Vec<Use>> = vec![Vec::new(); named.len()];
        for (expr, target) in &types.targets {
            if let Target::Local(local) = target
                && let Some(number) = numbers.get(local)
            {
                uses[*number].push(Use { at: self.place(*expr), given: self.is_given(*expr) });
            }
        }
        uses.iter_mut().for_each(|all| all.sort_unstable_by_key(|u| u.at));
        let home = self.tracer.body(self.id).home;
        let root = self.body.root.map(|r| self.place(r)).unwrap_or(home.place(Default::default()));
        let mut variables: Vec<Variable> = Vec::with_capacity(named.len());
        for ((pat, local), uses) in named.iter().zip(&uses) {
            let node = self.body.pat(*pat);
            let PatKind::Bind { name, .. } = &node.kind else {
                variables.push(unnamed(home.place(node.span), root));
                continue;
            };
            let origins = self.tracer.origins(self.id, *local).unwrap_or_default();
            let from = origins.iter().filter_map(|origin| match origin {
                Origin::Expr(value, _) => Some(self.tracer.place(*value)),
                Origin::Param(_) => None,
            });
            variables.push(Variable {
                name: name.to_string(),
                holds: types.locals.get(local.0 as usize).and_then(|l| self.holds(&l.ty)),
                bound: home.place(node.span),
                scope: scopes.get(pat).map_or(root, |e| self.place(*e)),
                from: sources.get(pat).map(|e| self.place(*e)).into_iter().chain(from).collect(),
                made_of: Vec::new(),
                uses: uses.clone(),
            });
        }
        self.parts(&mut variables);
        variables
    }

    /// Which variables are made of which.
    fn parts(&self, variables: &mut [Variable]) {
        let within = |at: Place, variables: &[Variable]| -> Vec<u32> {
            let uses = |v: &Variable| v.uses.iter().any(|u| at.holds(u.at));
            let all = variables.iter().enumerate().filter(|(_, v)| uses(v));
            all.map(|(n, _)| n as u32).collect()
        };
        let made: Vec<Vec<u32>> = variables
            .iter()
            .map(|v| v.from.iter().flat_map(|from| within(*from, variables)).collect())
            .collect();
        for (variable, made) in variables.iter_mut().zip(made) {
            variable.made_of = made;
        }
        // `batch.push(order)`
        for (expr, node) in self.body.iter() {
            let ExprKind::MethodCall { receiver, args, .. } = &node.kind else { continue };
            let into_collection =
                self.tracer.ty(self.at(*receiver)).lib_path().is_some_and(|path| path.starts_with("std::"));
            if args.is_empty() || !into_collection || !self.tracer.is_statement(self.at(expr)) {
                continue;
            }
            let receiver = self.place(*receiver);
            let Some(number) = variables.iter().position(|v| v.uses.iter().any(|u| u.at == receiver)) else {
                continue;
            };
            let put: Vec<u32> = args.iter().flat_map(|a| within(self.place(*a), variables)).collect();
            variables[number].made_of.extend(put.into_iter().filter(|n| *n as usize != number));
        }
    }

    /// Whether the value of a variable is given away where it is used.
    fn is_given(&self, used: ExprId) -> bool {
        let Some(parent) = self.tracer.parent(self.at(used)) else { return true };
        match self.tracer.kind(parent) {
            ExprKind::Ref(_) | ExprKind::Field { .. } | ExprKind::Unary(..) | ExprKind::Index(..) => false,
            ExprKind::Await(_) | ExprKind::Binary { .. } | ExprKind::Let { .. } => false,
            // A method of the workspace may take it whole.
            ExprKind::MethodCall { receiver, .. } if *receiver == used => !matches!(
                self.tracer.types_of(self.id).callees.get(&parent.expr),
                Some(Callee::Lib(_, Some(_)))
            ),
            ExprKind::Assign { left, .. } => *left != used,
            _ => true,
        }
    }

    /// The expression in which each pattern's variables live, and the one that they come from.
    fn patterns(&self) -> (FxHashMap<PatId, ExprId>, FxHashMap<PatId, ExprId>) {
        let mut found =
            Patterns { body: self.body, scopes: FxHashMap::default(), sources: FxHashMap::default() };
        for (expr, node) in self.body.iter() {
            match &node.kind {
                ExprKind::Block { stmts, .. } => {
                    for stmt in stmts {
                        if let Stmt::Let { pat, init, .. } = stmt {
                            found.bind(*pat, expr, *init);
                        }
                    }
                }
                ExprKind::Match { scrutinee, arms } => {
                    arms.iter().for_each(|a| found.bind(a.pat, a.body, Some(*scrutinee)));
                }
                ExprKind::For { pat, body, iter } => found.bind(*pat, *body, Some(*iter)),
                ExprKind::If { cond, then, .. } => found.conditions(*cond, *then),
                ExprKind::While { cond, body } => found.conditions(*cond, *body),
                ExprKind::Select { branches, .. } => {
                    for branch in branches {
                        branch.pat.iter().for_each(|pat| found.bind(*pat, branch.handler, branch.future));
                    }
                }
                ExprKind::Closure { params, body, .. } => {
                    let given_to = self.tracer.parent(self.at(expr));
                    let receiver = given_to.and_then(|call| self.tracer.receiver(call)).map(|at| at.expr);
                    params.iter().for_each(|(pat, _)| found.bind(*pat, *body, receiver));
                }
                _ => {}
            }
        }
        (found.scopes, found.sources)
    }

    /// Whether an expression is a pool: each statement that is given one runs on a connection of its own.
    fn is_pool(&self, at: At) -> bool {
        let is_value = matches!(self.tracer.kind(at), ExprKind::Path(_) | ExprKind::Field { .. });
        is_value && self.entry(self.tracer.ty(at)).is_some_and(|entry| has_effect(entry, Effect::Acquire))
    }

    /// The entry of a type, behind pointers.
    fn entry(&self, ty: &Ty) -> Option<&TypeEntry> {
        let view = self.tracer.program.names.view(self.tracer.module(self.id))?;
        let mut ty = ty;
        for _ in 0..4 {
            let Ty::Lib(path, args) = ty else { return None };
            let entry = view.type_entry(path)?;
            match entry.is {
                Some(Role::Pointer | Role::State) => ty = args.first()?,
                _ => return Some(entry),
            }
        }
        None
    }

    fn holds(&self, ty: &Ty) -> Option<Holds> {
        if self.tracer.role(self.id, ty) == Some(Role::Message) {
            return Some(Holds::Message);
        }
        has_effect(self.entry(ty)?, Effect::Commit).then_some(Holds::Transaction)
    }
}

/// Whether a method of a type has an effect.
fn has_effect(entry: &TypeEntry, effect: Effect) -> bool {
    let mut methods = entry.methods.values().flat_map(|m| m.as_slice());
    methods.any(|m| m.does.as_slice().contains(&Action::Effect(effect)))
}

fn unnamed(bound: Place, scope: Place) -> Variable {
    let (made_of, uses, from) = (Vec::new(), Vec::new(), Vec::new());
    Variable { name: String::new(), holds: None, bound, scope, from, made_of, uses }
}

/// The last word of what a pattern names: `Err` of `Err(error)`.
fn pattern_word(body: &Body, pat: PatId) -> Option<String> {
    match &body.pat(pat).kind {
        PatKind::TupleStruct(path, _) | PatKind::Struct(path, _) | PatKind::Path(path) => {
            Some(path.last().to_owned())
        }
        PatKind::Bind { sub: Some(sub), .. } | PatKind::Ref(sub) => pattern_word(body, *sub),
        // `None` is a name like any other to the parser.
        PatKind::Bind { name, sub: None, .. } if name.starts_with(char::is_uppercase) => {
            Some(name.to_string())
        }
        PatKind::Or(cases) => cases.first().and_then(|case| pattern_word(body, *case)),
        _ => None,
    }
}

/// Visits an expression and all in it.
fn visit(tracer: &Tracer<'_>, at: At, found: &mut dyn FnMut(At)) {
    found(at);
    children(tracer.kind(at), &mut |child| visit(tracer, At { body: at.body, expr: child }, found));
}

/// Where the variables of patterns live, and what they come from.
struct Patterns<'a> {
    body: &'a Body,
    scopes: FxHashMap<PatId, ExprId>,
    sources: FxHashMap<PatId, ExprId>,
}

impl Patterns<'_> {
    /// `if let Some(a) = f() && let Ok(b) = a`
    fn conditions(&mut self, cond: ExprId, scope: ExprId) {
        match &self.body.expr(cond).kind {
            ExprKind::Let { pat, value } => self.bind(*pat, scope, Some(*value)),
            ExprKind::Binary { left, right, .. } => {
                self.conditions(*left, scope);
                self.conditions(*right, scope);
            }
            _ => {}
        }
    }

    fn bind(&mut self, pat: PatId, scope: ExprId, source: Option<ExprId>) {
        self.scopes.insert(pat, scope);
        self.sources.extend(source.map(|source| (pat, source)));
        match &self.body.pat(pat).kind {
            PatKind::Bind { sub, .. } => sub.iter().for_each(|p| self.bind(*p, scope, source)),
            PatKind::TupleStruct(_, subs)
            | PatKind::Tuple(subs)
            | PatKind::Slice(subs)
            | PatKind::Or(subs) => {
                subs.iter().for_each(|p| self.bind(*p, scope, source));
            }
            PatKind::Struct(_, fields) => fields.iter().for_each(|(_, p)| self.bind(*p, scope, source)),
            PatKind::Ref(sub) => self.bind(*sub, scope, source),
            _ => {}
        }
    }
}
