//! What each function calls and does.

use std::sync::Arc;

use rayon::prelude::*;
use svclint_facts::rust::{ExprKind, Fields};
use svclint_facts::sql;
use svclint_knowledge::{Action, Callable, Role};

use crate::bodies::BodyId;
use crate::clients::Outbound;
use crate::defs::{FnIdx, Owner, Res};
use crate::infer::{Callee, Target};
use crate::place::{Place, Tri};
use crate::system::{CallSite, Deed, FnId, Function, Input, SqlDeed, SqlKind, What};
use crate::trace::{At, Tracer};
use crate::ty::Ty;

/// All functions, in the order of their definitions.
pub(crate) fn functions(tracer: &Tracer<'_, '_, '_>, outbound: &Outbound) -> Vec<Function> {
    let count = tracer.program.defs.fns.len();
    (0..count).into_par_iter().map(|number| function(tracer, outbound, FnIdx(number as u32))).collect()
}

fn function(tracer: &Tracer<'_, '_, '_>, outbound: &Outbound, id: FnIdx) -> Function {
    let def = &tracer.program.defs.fns[id.at()];
    let mut function = Function {
        path: path(tracer, id),
        package: tracer.program.defs.package_of(def.home.module) as u32,
        name: def.home.place(def.item.name_span),
        whole: def.home.place(def.item.span),
        params: def.home.place(def.def.params_span),
        body: def
            .home
            .place(def.def.body.as_ref().and_then(|b| b.root.map(|r| b.expr(r).span)).unwrap_or_default()),
        is_async: def.def.is_async,
        calls: Vec::new(),
        inputs: inputs(tracer, id),
        does: Vec::new(),
        blind_spots: 0,
    };
    if let Some(body) = tracer.program.bodies.of_fn.get(&id) {
        read_body(tracer, outbound, *body, &mut function);
    }
    function
}

/// Module path with the type it belongs to.
pub(crate) fn path(tracer: &Tracer<'_, '_, '_>, id: FnIdx) -> String {
    let defs = tracer.program.defs;
    let def = &defs.fns[id.at()];
    let module = &defs.module(def.home.module).path;
    let owner = match def.owner {
        Owner::Impl(i) => match &tracer.program.impls.self_ty[i.at()] {
            Ty::Adt(adt, _) => Some(defs.adts[adt.at()].item.name.to_string()),
            Ty::Lib(path, _) => path.rsplit("::").next().map(str::to_owned),
            _ => None,
        },
        Owner::Trait(_) | Owner::None => None,
    };
    match owner {
        Some(owner) => format!("{module}::{owner}::{}", def.item.name),
        None => format!("{module}::{}", def.item.name),
    }
}

fn read_body(tracer: &Tracer<'_, '_, '_>, outbound: &Outbound, body: BodyId, function: &mut Function) {
    let def = tracer.program.bodies.get(body);
    let types = tracer.types_of(body);
    for (expr, node) in def.body.iter() {
        let at = At { body, expr };
        match &node.kind {
            ExprKind::Path(_) => {
                let named: &[FnIdx] = match types.targets.get(&expr) {
                    Some(Target::Res(Res::Fn(f))) => &[*f],
                    Some(Target::Fns(fns)) => fns,
                    _ => &[],
                };
                call_sites(tracer, at, named, function);
            }
            ExprKind::MethodCall { .. } => match types.callees.get(&expr) {
                Some(Callee::Fns(fns)) => call_sites(tracer, at, fns, function),
                Some(Callee::Unknown) => function.blind_spots += 1,
                _ => {}
            },
            ExprKind::Macro(call) => {
                let entry = tracer.program.macro_path(def.home.module, &call.path);
                let view = tracer.program.names.view(def.home.module);
                let does = entry.and_then(|p| view?.macro_entry(&p)).map_or(&[][..], |e| e.does.as_slice());
                // A macro that holds SQL is run by a call on its value.
                if does.iter().any(|a| matches!(a, Action::Execute { .. })) {
                    sql_deeds(tracer, at, at, function);
                }
            }
            _ => {}
        }
        for action in tracer.actions(at) {
            deed(tracer, outbound, at, action, function);
        }
    }
}

fn call_sites(tracer: &Tracer<'_, '_, '_>, at: At, fns: &[FnIdx], function: &mut Function) {
    if fns.is_empty() {
        return;
    }
    let (bounded, steady) = (tracer.bounded_around(at).is_some(), tracer.is_steady(at));
    let place = tracer.place(at);
    function.calls.extend(fns.iter().map(|f| CallSite { to: FnId(f.0), at: place, bounded, steady }));
}

fn deed(tracer: &Tracer<'_, '_, '_>, outbound: &Outbound, at: At, action: &Action, function: &mut Function) {
    let what = match action {
        Action::Send => match outbound.by_send.get(&at) {
            Some(number) => What::Request(*number),
            None => return,
        },
        Action::ReadHeader { name } => {
            let name = tracer.arg(at, *name).and_then(|a| tracer.header_name(a));
            What::ReadHeader(name.map_or(Tri::Unknown, Tri::Present))
        }
        Action::ReadEnv { name } => {
            let text = tracer.arg(at, *name).map(|a| tracer.text(a)).filter(|t| t.complete);
            What::ReadEnv(text.map_or(Tri::Unknown, |t| Tri::Present(t.text)))
        }
        Action::Spawn { .. } => What::Spawn,
        Action::Effect(effect) => What::Effect(*effect),
        Action::Execute { query } => {
            let query = query.and_then(|n| tracer.arg(at, n)).or_else(|| tracer.receiver(at));
            return sql_deeds(tracer, query.unwrap_or(at), at, function);
        }
        _ => return,
    };
    function.does.push(Deed { what, at: tracer.place(at) });
}

/// The statements that a query holds, done at the call that runs it.
fn sql_deeds(tracer: &Tracer<'_, '_, '_>, query: At, run: At, function: &mut Function) {
    let holds = |c: &Callable| c.does.as_slice().iter().any(|a| matches!(a, Action::Sql { .. }));
    let mut texts = Vec::new();
    let trace = tracer.trace(query, &holds);
    for source in &trace.sources {
        for action in tracer.actions(*source) {
            if let Action::Sql { text } = action {
                texts.extend(tracer.arg(*source, *text).map(|a| sql_text(tracer, a)));
            }
        }
    }
    for lost in trace.lost.iter().chain(trace.sources.is_empty().then_some(&query)) {
        if let ExprKind::Macro(call) = tracer.kind(*lost) {
            let module = tracer.program.bodies.get(lost.body).home.module;
            let path = tracer.program.macro_path(module, &call.path);
            let entry = path.and_then(|p| tracer.program.names.view(module)?.macro_entry(&p));
            for action in entry.map_or(&[][..], |e| e.does.as_slice()) {
                if let Action::Sql { text } = action {
                    let arg = call.args.get(*text as usize).map(|expr| At { body: lost.body, expr: *expr });
                    texts.extend(arg.map(|a| sql_text(tracer, a)));
                }
            }
        } else if tracer.text(*lost).complete {
            texts.push(sql_text(tracer, *lost));
        }
    }
    let at = tracer.place(run);
    if texts.is_empty() {
        function.does.push(Deed { what: What::Sql(unknown_sql()), at });
    }
    for (text, literal) in texts {
        let statements = sql::sql_statements(&text.text.replace(crate::fold::HOLE, "x_hole"));
        let deeds = statements
            .map_or_else(|| vec![unknown_sql()], |all| all.iter().map(|s| sql_deed(s, literal)).collect());
        function.does.extend(deeds.into_iter().map(|deed| Deed { what: What::Sql(deed), at }));
    }
}

fn unknown_sql() -> SqlDeed {
    SqlDeed { kind: SqlKind::Other, table: String::new(), columns: Vec::new(), text: None }
}

/// The statement, and the literal that holds all of it.
fn sql_text(tracer: &Tracer<'_, '_, '_>, at: At) -> (crate::fold::Text, Option<Place>) {
    let literal = matches!(tracer.kind(at), ExprKind::Lit(_)).then(|| tracer.place(at));
    (tracer.text(at), literal)
}

fn sql_deed(statement: &sql::SqlStatement, text: Option<Place>) -> SqlDeed {
    let kind = match &statement.kind {
        sql::SqlKind::Select => SqlKind::Select,
        sql::SqlKind::Insert { repeatable: true, .. } => SqlKind::Upsert,
        sql::SqlKind::Insert { .. } => SqlKind::Insert,
        sql::SqlKind::Update { relative, guarded_by } => {
            // `SET version = version + 1 .. WHERE version = $1` refuses a repeat by itself; a counter that only counts
            // changes harms nobody.
            let guards = ["version", "revision", "etag", "updated_at", "lock_version"];
            let harmless = |c: &String| guards.iter().any(|g| c.contains(g));
            let counts = relative.iter().any(|c| !harmless(c));
            let guarded = guarded_by.iter().any(|c| harmless(c) || relative.contains(c));
            if counts && !guarded { SqlKind::Increment } else { SqlKind::Update }
        }
        sql::SqlKind::Delete => SqlKind::Delete,
        sql::SqlKind::Other => SqlKind::Other,
    };
    let columns =
        if let sql::SqlKind::Insert { columns, .. } = &statement.kind { columns.clone() } else { Vec::new() };
    SqlDeed { kind, table: statement.table.clone(), columns, text }
}

fn inputs(tracer: &Tracer<'_, '_, '_>, id: FnIdx) -> Vec<Input> {
    let def = &tracer.program.defs.fns[id.at()];
    let view = tracer.program.names.view(def.home.module);
    let types = tracer.program.param_types(id);
    let input = |(param, ty): (&svclint_facts::rust::Param, Ty)| {
        let role: Option<Role> = ty.lib_path().and_then(|p| view?.type_entry(p)?.is);
        let mut input = Input {
            name: param.name.as_ref().map(ToString::to_string),
            role,
            types: Vec::new(),
            fields: Vec::new(),
        };
        describe(tracer, &ty, 0, &mut input);
        input
    };
    def.def.params.iter().zip(types).map(input).collect()
}

fn describe(tracer: &Tracer<'_, '_, '_>, ty: &Ty, depth: u32, input: &mut Input) {
    let last = |path: &str| path.rsplit("::").next().unwrap_or(path).to_owned();
    let args: Arc<[Ty]> = match ty {
        Ty::Lib(path, args) => {
            input.types.push(last(path));
            args.clone()
        }
        Ty::Adt(id, args) => {
            let adt = &tracer.program.defs.adts[id.at()];
            input.types.push(adt.item.name.to_string());
            for (_, fields) in &adt.variants {
                if let Fields::Named(fields) = fields {
                    input.fields.extend(fields.iter().map(|f| (f.name.to_string(), type_word(&f.ty))));
                }
            }
            args.clone()
        }
        Ty::Tuple(args) => args.clone(),
        _ => return,
    };
    if depth < 4 {
        args.iter().for_each(|a| describe(tracer, a, depth + 1, input));
    }
}

fn type_word(ty: &svclint_facts::rust::TypeRef) -> String {
    match ty {
        svclint_facts::rust::TypeRef::Path(path) => path.last().to_owned(),
        _ => String::new(),
    }
}
