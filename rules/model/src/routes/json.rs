//! Whether a handler speaks JSON.

use svclint_knowledge::Role;

use super::RouteReader;
use crate::defs::FnIdx;
use crate::place::Tri;
use crate::ty::Ty;

impl RouteReader<'_> {
    pub(super) fn speaks_json(&self, function: FnIdx) -> Tri<()> {
        let tracer = &self.tracer;
        let def = &tracer.program.defs.fns[function.at()];
        let Some(body) = tracer.body_of(function) else { return Tri::Unknown };
        let view = tracer.program.names.view(def.home.module);
        let role = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.is);
        let types = tracer.types_of(body);
        let locals = types.locals.iter().map(|l| &l.ty);
        let declared = tracer.program.returned(function, &[], None, &[]);
        let mut all = Vec::new();
        flatten(&declared, &mut all);
        let inputs: Vec<Ty> = tracer.program.param_types(function);
        inputs.iter().for_each(|ty| flatten(ty, &mut all));
        let roles: Vec<Role> =
            all.into_iter().chain(locals).chain(types.types.distinct().iter()).filter_map(role).collect();
        if roles.contains(&Role::Json) {
            Tri::Present(())
        } else if roles.contains(&Role::Html) {
            Tri::Absent
        } else {
            Tri::Unknown
        }
    }
}

fn flatten<'t>(ty: &'t Ty, all: &mut Vec<&'t Ty>) {
    all.push(ty);
    if let Ty::Lib(_, args) | Ty::Tuple(args) | Ty::Adt(_, args) = ty {
        args.iter().for_each(|a| flatten(a, all));
    }
}
