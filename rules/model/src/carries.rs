//! What middleware does for the requests that pass it.

use svclint_knowledge::{Action, Carries};

use crate::bodies::BodyId;
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

impl Tracer<'_> {
    /// What a layer or middleware does for the requests that pass: told by its type, or by the calls that made it.
    pub(crate) fn carries(&self, at: At) -> Option<Carries> {
        self.all_carried(at).into_iter().next()
    }

    /// The same, for stacks of layers.
    pub(crate) fn all_carried(&self, at: At) -> Vec<Carries> {
        let view = self.program.names.view(self.module(at.body));
        let of_type = |ty: &Ty| ty.lib_path().and_then(|p| view?.type_entry(p)?.carries);
        let mut found: Vec<Carries> = of_type(self.ty(at)).into_iter().collect();
        let trace = self.trace(at, &|_| false);
        for step in &trace.steps {
            found.extend(of_type(self.ty(step.at)));
            for action in self.actions(step.at) {
                match action {
                    Action::Carries(carries) => found.push(*carries),
                    Action::Layer { value, .. } => {
                        let layer = self.arg(step.at, *value).filter(|a| *a != at);
                        found.extend(layer.and_then(|a| of_type(self.ty(a))));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Whether a layer is code of the workspace, or of a library that knowledge has a word for. One that makes spans is made
    /// of parts that may do more: `TraceLayer::new_for_http().make_span_with(part)`.
    pub(crate) fn is_known_layer(&self, at: At) -> bool {
        let has_word = |at: At| self.has_word(at.body, self.ty(at));
        let steps = || self.trace(at, &|_| false).steps.into_iter().map(|s| s.at);
        let parts = || steps().flat_map(|s| (0..2).filter_map(move |n| self.arg(s, n)));
        has_word(at) && (!self.all_carried(at).contains(&Carries::Trace) || parts().all(has_word))
    }

    /// Whether a type is the workspace's own, or one that knowledge has a word for.
    pub(crate) fn has_word(&self, body: BodyId, ty: &Ty) -> bool {
        match ty {
            Ty::Lib(path, _) => {
                let view = self.program.names.view(self.module(body));
                view.is_some_and(|v| v.type_entry(path).is_some())
            }
            Ty::Adt(..) | Ty::Fn(_) | Ty::Closure(_) | Ty::Prim(_) => true,
            Ty::Tuple(parts) => parts.iter().all(|part| self.has_word(body, part)),
            Ty::Unknown | Ty::Never | Ty::LibFn(..) | Ty::Param(_) | Ty::Dyn(_) => false,
        }
    }
}
