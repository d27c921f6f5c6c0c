//! SQL: the statements that a call runs, written as text or built with a library.

use svclint_facts::Name;
use svclint_facts::rust::{ExprId, ExprKind};
use svclint_facts::sql as facts;
use svclint_knowledge::{Access, Action, Callable};

use crate::defs::Res;
use crate::fold::{HOLE, Text};
use crate::infer::Target;
use crate::place::Place;
use crate::relative;
use crate::spliced;
use crate::system::{Deed, SqlDeed, SqlKind, What};
use crate::trace::Step;
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// The statements that a query holds, done at the call that runs it.
pub(crate) fn deeds(tracer: &Tracer<'_>, query: At, run: At) -> Vec<Deed> {
    let holds = |c: &Callable| {
        c.does.as_slice().iter().any(|a| matches!(a, Action::Sql { .. } | Action::Statement { .. }))
    };
    let mut found = Vec::new();
    let trace = tracer.trace(query, &holds);
    let mut texts = Vec::new();
    let mut spliced = Vec::new();
    for source in &trace.sources {
        for action in tracer.actions(*source) {
            match action {
                Action::Sql { text } => {
                    let Some(first) = tracer.arg(*source, *text) else { continue };
                    texts.push(pushed(tracer, first, &trace.steps));
                    spliced.extend(spliced::deeds(tracer, first, *source));
                    for (more, step) in pushes(tracer, &trace.steps) {
                        spliced.extend(spliced::deeds(tracer, more, step));
                    }
                }
                Action::Statement { access, table, .. } => {
                    found.push(built(tracer, *source, *access, *table, &trace.steps));
                }
                _ => {}
            }
        }
    }
    // A call that builds and runs at once, whatever the value was found with: `active_model.insert(db)`.
    if let Some((access, table)) = statement(tracer, run) {
        let mut own = built(tracer, run, access, table, &trace.steps);
        if own.table.is_empty() {
            own.table = found.first().map(|deed| deed.table.clone()).unwrap_or_default();
        }
        if let Some((fields, _)) = written_out(tracer, run).filter(|_| own.kind == SqlKind::Insert) {
            own.columns = fields.iter().map(|(name, _)| name.to_lowercase()).collect();
        }
        return vec![Deed { what: What::Sql(own), at: tracer.place(run), when: tracer.when(run) }];
    }
    for lost in trace.lost.iter().chain(trace.sources.is_empty().then_some(&query)) {
        if let ExprKind::Macro(call) = tracer.kind(*lost) {
            let module = tracer.module(lost.body);
            let path = tracer.program.macro_path(module, &call.path);
            let entry = path.and_then(|p| tracer.program.names.view(module)?.macro_entry(&p));
            for action in entry.map_or(&[][..], |e| e.does.as_slice()) {
                if let Action::Sql { text } = action {
                    let arg = call.args.get(*text as usize).map(|expr| At { body: lost.body, expr: *expr });
                    texts.extend(arg.map(|a| sql_text(tracer, a)));
                }
            }
        } else if is_table(tracer, *lost) {
            // `orders::table.filter(..).load(connection)`
            found.push(built(tracer, *lost, Access::Read, None, &trace.steps));
        } else if tracer.text(*lost).complete {
            texts.push(sql_text(tracer, *lost));
        }
    }
    if trace.sources.is_empty() {
        spliced.extend(spliced::deeds(tracer, query, run));
    }
    for (text, literal) in texts {
        let statements = facts::sql_statements(&readable(&text.text));
        match statements {
            Some(all) => found.extend(all.iter().flat_map(|s| parsed(s, literal))),
            None => found.push(unknown()),
        }
    }
    if found.is_empty() {
        found.push(unknown());
    }
    let (at, when) = (tracer.place(run), tracer.when(run));
    found.into_iter().map(|deed| Deed { what: What::Sql(deed), at, when }).chain(spliced).collect()
}

/// The texts that are added to a statement, each with the call that does.
fn pushes(tracer: &Tracer<'_>, steps: &[Step]) -> Vec<(At, At)> {
    let pushed = |step: &Step| {
        let at = step.at;
        let texts = tracer.actions(at).iter().filter_map(|a| match a {
            Action::SqlPush { text: Some(number), .. } => Some(*number),
            _ => None,
        });
        texts.filter_map(|number| Some((tracer.arg(at, number)?, at))).collect::<Vec<_>>()
    };
    steps.iter().flat_map(pushed).collect()
}

fn statement(tracer: &Tracer<'_>, at: At) -> Option<(Access, Option<u8>)> {
    tracer.actions(at).iter().find_map(|a| match a {
        Action::Statement { access: Access::Upsert, table, key: Some(key) } if is_new(tracer, at, key) => {
            Some((Access::Insert, *table))
        }
        Action::Statement { access, table, .. } => Some((*access, *table)),
        _ => None,
    })
}

/// Whether what a method is called on is written out without a field, and with defaults for the rest.
fn is_new(tracer: &Tracer<'_>, call: At, key: &str) -> bool {
    let is_without = |(fields, is_whole): (&[(Name, ExprId)], bool)| {
        !is_whole && fields.iter().all(|(name, _)| name != key)
    };
    let is_assigned = || tracer.receiver(call).is_some_and(|row| is_assigned(tracer, row, key));
    written_out(tracer, call).is_some_and(is_without) && !is_assigned()
}

/// The fields of the row that a method is called on, where they are written out, and whether they are all: the others have their
/// defaults. A row that takes the rest from another one (`..data.into()`) is not written out.
fn written_out<'a>(tracer: &Tracer<'a>, call: At) -> Option<(&'a [(Name, ExprId)], bool)> {
    let receiver = tracer.receiver(call)?;
    let row = tracer.single_origin(receiver).unwrap_or(receiver);
    let ExprKind::Struct { fields, rest, .. } = tracer.kind(row) else { return None };
    let is_default = |rest: &ExprId| match tracer.kind(At { body: row.body, expr: *rest }) {
        ExprKind::Call { callee, args } if args.is_empty() => {
            matches!(tracer.kind(At { body: row.body, expr: *callee }), ExprKind::Path(p) if p.last() == "default")
        }
        _ => false,
    };
    rest.as_ref().is_none_or(is_default).then_some((fields, rest.is_none()))
}

/// Whether the field of a variable is given a value of its own: `note.id = Set(id);`
fn is_assigned(tracer: &Tracer<'_>, variable: At, field: &str) -> bool {
    let ExprKind::Path(path) = tracer.kind(variable) else { return false };
    let body = variable.body;
    tracer.body(body).body.exprs.iter().any(|expr| match &expr.kind {
        ExprKind::Assign { left: target, .. } => match tracer.kind(At { body, expr: *target }) {
            ExprKind::Field { base, name } if name == field => {
                matches!(tracer.kind(At { body, expr: *base }), ExprKind::Path(p) if p.last() == path.last())
            }
            _ => false,
        },
        _ => false,
    })
}

fn unknown() -> SqlDeed {
    SqlDeed { kind: SqlKind::Other, table: String::new(), columns: Vec::new(), text: None }
}

/// The statement, and the literal that holds all of it.
fn sql_text(tracer: &Tracer<'_>, at: At) -> (Text, Option<Place>) {
    let literal = matches!(tracer.kind(at), ExprKind::Lit(_)).then(|| tracer.place(at));
    (tracer.text(at), literal)
}

/// The statement with what is pushed to it, as far as the two together can be read.
fn pushed(tracer: &Tracer<'_>, first: At, steps: &[Step]) -> (Text, Option<Place>) {
    let (mut text, literal) = sql_text(tracer, first);
    let mut whole = text.text.clone();
    for step in steps.iter().rev() {
        for action in tracer.actions(step.at) {
            let Action::SqlPush { text, written } = action else { continue };
            let added = text.and_then(|number| tracer.arg(step.at, number)).map(|at| tracer.text(at).text);
            whole.push_str(written.as_deref().unwrap_or_default());
            whole.push_str(&added.unwrap_or_default());
        }
    }
    if whole.len() == text.text.len() || facts::sql_statements(&readable(&whole)).is_none() {
        return (text, literal);
    }
    text.text = whole;
    (text, None)
}

/// A text with a name in the place of each part that is not known.
fn readable(text: &str) -> String {
    text.replace(HOLE, "x_hole")
}

/// A statement of a query builder.
fn built(tracer: &Tracer<'_>, at: At, access: Access, table: Option<u8>, steps: &[Step]) -> SqlDeed {
    let upserts = steps.iter().any(|s| tracer.actions(s.at).iter().any(|a| matches!(a, Action::Upsert)));
    let counts = relative::counts(tracer, steps);
    let kind = match access {
        Access::Insert | Access::Upsert | Access::Write | Access::Update if counts => SqlKind::Increment,
        Access::Insert if upserts => SqlKind::Upsert,
        Access::Read => SqlKind::Select,
        Access::Insert => SqlKind::Insert,
        Access::Upsert => SqlKind::Upsert,
        Access::Write | Access::Update => SqlKind::Update,
        Access::Increment => SqlKind::Increment,
        Access::Delete => SqlKind::Delete,
    };
    let table = match table {
        Some(number) => tracer.arg(at, number).and_then(|a| table_of(tracer, a)),
        None if is_table(tracer, at) => table_of(tracer, at),
        None => owner_table(tracer, at),
    };
    SqlDeed { kind, table: table.unwrap_or_default(), columns: Vec::new(), text: None }
}

/// Whether an expression is a table of a schema.
fn is_table(tracer: &Tracer<'_>, at: At) -> bool {
    match tracer.types_of(at.body).targets.get(&at.expr) {
        Some(Target::Res(Res::Adt(id) | Res::Variant(id, _))) => {
            tracer.program.defs.adts[id.at()].item.name == "table"
        }
        _ => false,
    }
}

/// `orders::table`: a unit struct in a module named like the table; or a type made for a table.
fn table_of(tracer: &Tracer<'_>, at: At) -> Option<String> {
    let mut at = at;
    // `orders::table.filter(..)`
    while let Some(inner) = tracer.receiver(at) {
        at = inner;
    }
    if let Some(Target::Res(Res::Adt(id) | Res::Variant(id, _))) =
        tracer.types_of(at.body).targets.get(&at.expr)
    {
        let module = tracer.program.defs.adts[id.at()].home.module;
        return tracer.program.defs.module(module).path.rsplit("::").next().map(str::to_lowercase);
    }
    made_for(tracer.ty(at))
}

/// The table of the type that a function or method belongs to: `orders::Entity::insert(..)`, `model.insert(db)`.
fn owner_table(tracer: &Tracer<'_>, at: At) -> Option<String> {
    match tracer.kind(at) {
        ExprKind::MethodCall { receiver, .. } => made_for(tracer.ty(At { body: at.body, expr: *receiver })),
        ExprKind::Call { callee, .. } => match tracer.ty(At { body: at.body, expr: *callee }) {
            Ty::LibFn(_, owner) => made_for(owner),
            _ => None,
        },
        _ => None,
    }
}

fn made_for(ty: &Ty) -> Option<String> {
    match ty {
        Ty::Lib(_, args) => match args.first()? {
            Ty::Prim(table) => Some(table.to_lowercase()),
            _ => None,
        },
        _ => None,
    }
}

/// What a statement does to its table, and the further tables that it reads.
fn parsed(statement: &facts::SqlStatement, text: Option<Place>) -> Vec<SqlDeed> {
    let kind = match &statement.kind {
        facts::SqlKind::Select => SqlKind::Select,
        facts::SqlKind::Insert { repeatable: true, .. } => SqlKind::Upsert,
        facts::SqlKind::Insert { .. } => SqlKind::Insert,
        facts::SqlKind::Update { relative, guarded_by } => {
            let counts = relative.iter().any(|c| !relative::is_guard(c));
            let guarded = guarded_by.iter().any(|c| relative::is_guard(c) || relative.contains(c));
            if counts && !guarded { SqlKind::Increment } else { SqlKind::Update }
        }
        facts::SqlKind::Delete => SqlKind::Delete,
        facts::SqlKind::Other => SqlKind::Other,
    };
    let columns = if let facts::SqlKind::Insert { columns, .. } = &statement.kind {
        columns.clone()
    } else {
        Vec::new()
    };
    let own = SqlDeed { kind, table: statement.table.clone(), columns, text };
    let reads = statement.reads.iter().map(|table| SqlDeed {
        kind: SqlKind::Select,
        table: table.clone(),
        columns: Vec::new(),
        text,
    });
    std::iter::once(own).chain(reads).collect()
}
