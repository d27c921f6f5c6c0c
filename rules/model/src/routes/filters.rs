//! Routes made of filters: warp's `path("a").and(get()).and_then(handler).or(..)`.

use svclint_facts::rust::{BinOp, ExprKind, Lit};
use svclint_knowledge::Action;

use super::{DEPTH, RouteReader, path::join};
use crate::fold::Text;
use crate::infer::Callee;
use crate::system::RouteLayer;
use crate::tracer::At;

/// One way through a filter.
#[derive(Clone)]
struct Way {
    path: Text,
    method: Option<String>,
    handler: Option<At>,
    layers: Vec<RouteLayer>,
}

/// How many ways one filter may have: more is no longer followed.
const MAX_WAYS: usize = 2_000;

impl RouteReader<'_> {
    /// Reads a filter that is served.
    pub(super) fn filter_routes(&mut self, at: At, prefix: &Text, depth: u32) {
        let ways = self.ways(at, depth);
        // A server answers something.
        self.routes.incomplete |= ways.iter().all(|way| way.handler.is_none());
        for way in ways {
            let Some(handler) = way.handler else { continue };
            let path = join(prefix, &way.path);
            let before = self.routes.list.len();
            self.handler(way.method.as_deref().unwrap_or("ANY"), &path, handler, None, handler);
            for route in self.routes.list.iter_mut().skip(before) {
                route.layers.clone_from(&way.layers);
            }
        }
    }

    fn ways(&mut self, at: At, depth: u32) -> Vec<Way> {
        if depth > DEPTH * 4 || !self.open.insert(at) {
            self.routes.incomplete = true;
            return vec![Way::any()];
        }
        let mut ways = self.ways_of(at, depth + 1);
        self.open.remove(&at);
        if ways.len() > MAX_WAYS {
            self.routes.incomplete = true;
            ways.truncate(MAX_WAYS);
        }
        ways
    }

    fn ways_of(&mut self, at: At, depth: u32) -> Vec<Way> {
        let here = |expr| At { body: at.body, expr };
        match self.tracer.kind(at) {
            ExprKind::MethodCall { receiver, .. } => {
                let actions = self.tracer.actions(at);
                if actions.is_empty()
                    && let Some(Callee::Fns(_)) = self.tracer.types_of(at.body).callees.get(&at.expr)
                {
                    return self.returned_ways(at, depth);
                }
                let mut ways = self.ways(here(*receiver), depth);
                for action in actions {
                    ways = self.applied(at, action, ways, depth);
                }
                ways
            }
            ExprKind::Call { .. } => {
                let mut ways = None;
                for action in self.tracer.actions(at) {
                    ways = Some(self.applied(at, action, ways.unwrap_or_else(|| vec![Way::any()]), depth));
                }
                ways.unwrap_or_else(|| self.returned_ways(at, depth))
            }
            ExprKind::Macro(call) => {
                let mut path = Text::known("");
                for arg in &call.args {
                    self.segments(here(*arg), &mut path);
                }
                vec![Way { path, ..Way::any() }]
            }
            ExprKind::Ref(inner)
            | ExprKind::Unary(_, inner)
            | ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Async(inner) => self.ways(here(*inner), depth),
            ExprKind::If { then, otherwise: Some(otherwise), .. } => {
                [*then, *otherwise].into_iter().flat_map(|e| self.ways(here(e), depth)).collect()
            }
            ExprKind::Match { arms, .. } => {
                arms.iter().flat_map(|arm| self.ways(here(arm.body), depth)).collect()
            }
            ExprKind::Block { tail: Some(tail), .. } => self.ways(here(*tail), depth),
            ExprKind::Path(_) => match (self.tracer.single_origin(at), self.tracer.given_by_all(at)) {
                (Some(value), _) => self.ways(value, depth),
                (None, given) if !given.is_empty() => {
                    given.into_iter().flat_map(|value| self.ways(value, depth)).collect()
                }
                (None, _) => self.returned_ways(at, depth),
            },
            _ => vec![Way::any()],
        }
    }

    /// What a function of the workspace returns, or what one of a library, like `Ok`, is given.
    fn returned_ways(&mut self, at: At, depth: u32) -> Vec<Way> {
        let fns = match self.tracer.types_of(at.body).callees.get(&at.expr) {
            Some(Callee::Fns(fns)) => fns.clone(),
            Some(Callee::Lib(..)) => {
                return self.tracer.arg(at, 0).map_or(vec![Way::any()], |given| self.ways(given, depth));
            }
            _ => Vec::new(),
        };
        let bodies = self.tracer.bodies_of(&fns);
        let values: Vec<At> = bodies.flat_map(|b| self.tracer.returned(b)).collect();
        match values.as_slice() {
            [] => vec![Way::any()],
            all => all.iter().flat_map(|v| self.ways(*v, depth)).collect(),
        }
    }

    fn applied(&mut self, at: At, action: &Action, ways: Vec<Way>, depth: u32) -> Vec<Way> {
        match action {
            Action::FilterPath { path } => {
                let path = match path.and_then(|n| self.tracer.arg(at, n)) {
                    Some(text) => self.tracer.text(text),
                    None => Text::known("{param}"),
                };
                ways.into_iter().map(|w| Way { path: join(&w.path, &path), ..w }).collect()
            }
            Action::FilterTail => {
                let tail = Text::known("{*tail}");
                ways.into_iter().map(|w| Way { path: join(&w.path, &tail), ..w }).collect()
            }
            Action::FilterMethod { method } => {
                ways.into_iter().map(|w| Way { method: Some(method.clone()), ..w }).collect()
            }
            Action::FilterAnd { other } => {
                let Some(other) = self.tracer.arg(at, *other) else { return ways };
                let others = self.ways(other, depth);
                ways.iter().flat_map(|w| others.iter().map(|o| w.and(o))).take(MAX_WAYS + 1).collect()
            }
            Action::FilterOr { other } => {
                let others = self.tracer.arg(at, *other).map(|o| self.ways(o, depth));
                ways.into_iter().chain(others.unwrap_or_default()).collect()
            }
            Action::Handle { handler, unless_answered } => {
                let handler = self.tracer.arg(at, *handler);
                // Of several functions the last one answers, but for those that only give an answer another form.
                let answers = |w: &Way| match unless_answered {
                    true => w.handler.or(handler),
                    false => handler.or(w.handler),
                };
                ways.into_iter().map(|w| Way { handler: answers(&w), ..w }).collect()
            }
            Action::Layer { value, .. } => {
                let layers = self.tracer.arg(at, *value).map(|l| self.layers_of(l)).unwrap_or_default();
                let wrap = |mut way: Way| {
                    way.layers.splice(0..0, layers.iter().cloned());
                    way
                };
                ways.into_iter().map(wrap).collect()
            }
            _ => ways,
        }
    }

    /// `"orders" / u64 / "items"`
    fn segments(&self, at: At, path: &mut Text) {
        let part = match self.tracer.kind(at) {
            ExprKind::Binary { op: BinOp::Div, left, right } => {
                self.segments(At { body: at.body, expr: *left }, path);
                return self.segments(At { body: at.body, expr: *right }, path);
            }
            ExprKind::Lit(Lit::Str(text)) => Text::known(text.clone()),
            ExprKind::Range(..) => return,
            _ => Text::known("{param}"),
        };
        *path = join(path, &part);
    }
}

impl Way {
    fn any() -> Way {
        Way { path: Text::known(""), method: None, handler: None, layers: Vec::new() }
    }

    fn and(&self, other: &Way) -> Way {
        let mut layers = self.layers.clone();
        layers.extend(other.layers.iter().cloned());
        Way {
            path: join(&self.path, &other.path),
            method: other.method.clone().or_else(|| self.method.clone()),
            handler: other.handler.or(self.handler),
            layers,
        }
    }
}
