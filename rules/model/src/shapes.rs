//! What the JSON is made of that handlers take and give: the fields of types that derives read and write.

use svclint_facts::rust::{Attr, AttrArg, Field, Fields, Item, ItemKind, Lit};
use svclint_knowledge::{FieldWords, Role};

use crate::contracts::{Member, Payload, Shape, ShapeKind};
use crate::defs::{Adt, AdtId, FnIdx};
use crate::impls::Key;
use crate::letters;
use crate::manifests::Spot;
use crate::place::Tri;
use crate::system::Model;
use crate::tracer::Tracer;
use crate::ty::{Env, OPTION, Ty};

/// How deep fields of fields are read.
const DEPTH: u32 = 4;

/// Adds to each link of a document and a service the bodies of the operations that are surely served.
pub(crate) fn add_payloads(tracer: &Tracer<'_>, model: &mut Model) {
    for number in 0..model.contract_links.len() {
        let link = &model.contract_links[number];
        let (Some(contract), Some(service)) =
            (model.contracts.get(link.contract), model.services.get(link.service.0 as usize))
        else {
            continue;
        };
        let served = link.served.iter().enumerate().filter_map(|(operation, served)| {
            let route = service.routes.get(*served.present()?).filter(|r| r.complete && r.certain)?;
            let described = contract.operations.get(operation)?;
            Some((operation, described, FnIdx(route.handler?.0)))
        });
        let payload = |(operation, described, handler): (usize, &crate::Operation, FnIdx)| {
            let takes = described.takes.as_ref().and_then(|_| taken(tracer, handler));
            let gives = described.gives.as_ref().and_then(|_| given(tracer, handler));
            (takes.is_some() || gives.is_some()).then_some(Payload { operation, takes, gives })
        };
        let payloads = served.filter_map(payload).collect();
        model.contract_links[number].payloads = payloads;
    }
}

/// The JSON that a handler takes.
fn taken(tracer: &Tracer<'_>, handler: FnIdx) -> Option<Shape> {
    let types = tracer.program.param_types(handler);
    Reader { tracer, way: Way::Read }.only_json(handler, &types)
}

/// The JSON that a handler gives where it succeeds.
fn given(tracer: &Tracer<'_>, handler: FnIdx) -> Option<Shape> {
    let returned = tracer.program.returned(handler, &[], None, &[]);
    Reader { tracer, way: Way::Written }.only_json(handler, &[returned])
}

/// The two ways of a value: their names and what may be left out differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Read,
    Written,
}

struct Reader<'t, 'a> {
    tracer: &'t Tracer<'a>,
    way: Way,
}

impl<'a> Reader<'_, 'a> {
    /// The shape of what is in the only JSON among some types.
    fn only_json(&self, function: FnIdx, types: &[Ty]) -> Option<Shape> {
        let module = self.tracer.program.defs.fns.get(function.at())?.home.module;
        let view = self.tracer.program.names.view(module)?;
        let is_json = |ty: &Ty| ty.lib_path().and_then(|p| view.type_entry(p)?.is) == Some(Role::Json);
        let mut found = Vec::new();
        let mut left: Vec<&Ty> = types.iter().collect();
        while let Some(ty) = left.pop() {
            match ty {
                ty if is_json(ty) => found.push(ty.arg(0)),
                // What an error is answered with is another body.
                Ty::Lib(path, args) if path.ends_with("::Result") => left.extend(args.first()),
                Ty::Lib(_, args) | Ty::Tuple(args) => left.extend(args.iter()),
                _ => {}
            }
        }
        let [only] = found.as_slice() else { return None };
        self.shape(only, DEPTH)
    }

    fn shape(&self, ty: &Ty, depth: u32) -> Option<Shape> {
        let depth = depth.checked_sub(1)?;
        match ty {
            Ty::Adt(id, args) if args.is_empty() => self.of_type(*id, depth),
            Ty::Lib(path, _) if path == OPTION || is_box(path) => self.shape(&ty.arg(0), depth),
            Ty::Lib(path, args) if is_list(path) && args.len() == 1 => {
                let inner = self.shape(&ty.arg(0), depth)?;
                let (name, at) = (String::new(), inner.at);
                Some(Shape { name, at, kind: ShapeKind::List(Box::new(inner)) })
            }
            _ => None,
        }
    }

    fn of_type(&self, id: AdtId, depth: u32) -> Option<Shape> {
        let adt = self.tracer.program.defs.adts.get(id.at())?;
        let words = self.words(id, adt)?;
        let whole = OfType::read(&adt.item, words)?;
        let kind = match &adt.item.kind {
            ItemKind::Struct(_, Fields::Named(fields)) => {
                let member = |field| self.member(adt, words, &whole, field, depth);
                let members = fields.iter().map(member).collect::<Option<Vec<_>>>()?;
                let members = members.into_iter().flatten().collect();
                ShapeKind::Object { members, closed: whole.closed, required: None, block: None }
            }
            ItemKind::Enum(_, variants) => {
                let word = |variant: &svclint_facts::rust::Variant| {
                    let own = OfField::read(&variant.attrs, words)?;
                    let renamed = || match &whole.rename_all {
                        Some(rule) => letters::variant(&variant.name, rule),
                        None => Some(variant.name.to_string()),
                    };
                    let is_word = matches!(variant.fields, Fields::Unit) && !own.unnamed;
                    let value = own.name.or_else(renamed).filter(|_| is_word)?;
                    Some(Spot { value, at: adt.home.place(variant.span) })
                };
                ShapeKind::Words(variants.iter().map(word).collect::<Option<Vec<_>>>()?)
            }
            _ => return None,
        };
        Some(Shape { name: adt.item.name.to_string(), at: adt.home.place(adt.item.name_span), kind })
    }

    /// How a derive changes the names of a type's fields; `None` where the type is read or written by code of its own.
    fn words(&self, id: AdtId, adt: &Adt) -> Option<&'a FieldWords> {
        let program = self.tracer.program;
        let view = program.names.view(adt.home.module)?;
        let derives = |path: &str| {
            let name = path.rsplit("::").next().unwrap_or(path);
            let listed = adt.item.attrs.iter().filter(|a| a.path.last() == "derive").flat_map(|a| &a.args);
            listed.into_iter().any(|arg| matches!(arg, AttrArg::Nested(path, _) if path.last() == name))
        };
        let mut traits = program.impls.library_traits(&Key::Adt(id)).iter();
        traits.find_map(|path| {
            let entry = view.type_entry(path).filter(|e| e.outside == (self.way == Way::Read))?;
            entry.field_words.as_ref().filter(|_| derives(path))
        })
    }

    /// A field as a member; the inner `None` is one that is not there in JSON, the outer one that anything may be.
    fn member(
        &self,
        adt: &Adt,
        words: &FieldWords,
        whole: &OfType,
        field: &Field,
        depth: u32,
    ) -> Option<Option<Member>> {
        let own = OfField::read(&field.attrs, words)?;
        if own.unnamed {
            return Some(None);
        }
        let env = Env {
            module: adt.home.module,
            generics: [Some(adt.generics()), None],
            self_ty: None,
            block: None,
        };
        let ty = self.tracer.program.names.ty(&env, &field.ty);
        let plain = field.name.trim_start_matches("r#");
        let name = match (own.name, &whole.rename_all) {
            (Some(name), _) => name,
            (None, Some(rule)) => letters::field(plain, rule)?,
            (None, None) => plain.to_owned(),
        };
        let needed = if own.unclear {
            Tri::Unknown
        } else if own.optional || whole.optional {
            Tri::Absent
        } else {
            self.needed(&ty)
        };
        let shape = if own.unclear { None } else { self.shape(&ty, depth) };
        Some(Some(Member { name, at: adt.home.place(field.span), needed, shape }))
    }

    /// Whether a value without a member of a type is refused, or has it always.
    fn needed(&self, ty: &Ty) -> Tri<()> {
        match ty {
            Ty::Lib(path, _) if path == OPTION && self.way == Way::Read => Tri::Absent,
            Ty::Prim(_) => Tri::Present(()),
            // Types of libraries may take what is not there for something; those with parts are often made for it.
            Ty::Lib(path, args) if args.is_empty() || path.starts_with("std::") => Tri::Present(()),
            Ty::Adt(id, _) => {
                let adt = self.tracer.program.defs.adts.get(id.at());
                let is_plain =
                    adt.is_some_and(|a| self.words(*id, a).and_then(|w| OfType::read(&a.item, w)).is_some());
                if is_plain { Tri::Present(()) } else { Tri::Unknown }
            }
            _ if self.way == Way::Written && ty.is_known() => Tri::Present(()),
            _ => Tri::Unknown,
        }
    }
}

fn is_box(path: &str) -> bool {
    matches!(path, "std::boxed::Box" | "std::sync::Arc" | "std::rc::Rc")
}

fn is_list(path: &str) -> bool {
    path.starts_with("std::") && matches!(path.rsplit("::").next(), Some("Vec" | "VecDeque"))
}

/// What the attributes of a type say of all its fields.
struct OfType {
    rename_all: Option<String>,
    optional: bool,
    closed: bool,
}

impl OfType {
    /// `None` where they say something that is not followed, or where another macro changes the type.
    fn read(item: &Item, words: &FieldWords) -> Option<OfType> {
        let mut found = OfType { rename_all: None, optional: false, closed: false };
        for attr in &item.attrs {
            let word = attr.path.last();
            if word != words.attribute {
                let is_harmless = ["derive", "doc", "allow", "expect", "must_use", "non_exhaustive", "cfg"];
                let is_told_by_derive = attr.path.segments.len() == 1 && !word.ends_with("_as");
                (is_harmless.contains(&word) || is_told_by_derive && word != "cfg_attr").then_some(())?;
                continue;
            }
            for arg in &attr.args {
                match arg {
                    AttrArg::Pair(key, Lit::Str(rule), _) if *key == words.rename_all => {
                        found.rename_all = Some(rule.clone());
                    }
                    AttrArg::Pair(key, ..) if *key == words.rename || is_in(&words.plain, key) => {}
                    AttrArg::Pair(key, ..) if is_in(&words.optional, key) => found.optional = true,
                    AttrArg::Nested(path, _) if path.last() == words.closed => found.closed = true,
                    AttrArg::Nested(path, _) if is_in(&words.optional, path.last()) => found.optional = true,
                    AttrArg::Nested(path, _) if is_in(&words.plain, path.last()) => {}
                    _ => return None,
                }
            }
        }
        Some(found)
    }
}

/// What the attributes of a field or variant say of it.
#[derive(Default)]
struct OfField {
    name: Option<String>,
    /// It is not there, or its parts are instead.
    unnamed: bool,
    optional: bool,
    /// Code of its own reads or writes it.
    unclear: bool,
}

impl OfField {
    /// `None` where the parts of the field stand in place of it.
    fn read(attrs: &[Attr], words: &FieldWords) -> Option<OfField> {
        let mut found = OfField::default();
        for arg in attrs.iter().filter(|a| a.path.last() == words.attribute).flat_map(|a| &a.args) {
            match arg {
                AttrArg::Pair(key, Lit::Str(name), _) if *key == words.rename => {
                    found.name = Some(name.clone());
                }
                AttrArg::Pair(key, ..) if is_in(&words.optional, key) => found.optional = true,
                AttrArg::Pair(key, ..) if is_in(&words.plain, key) => {}
                AttrArg::Nested(path, _) if path.last() == words.spread => return None,
                AttrArg::Nested(path, _) if is_in(&words.unnamed, path.last()) => found.unnamed = true,
                AttrArg::Nested(path, _) if is_in(&words.optional, path.last()) => found.optional = true,
                AttrArg::Nested(path, _) if is_in(&words.plain, path.last()) => {}
                _ => found.unclear = true,
            }
        }
        let is_conditional = |a: &Attr| matches!(a.path.last(), "cfg" | "cfg_attr" | "serde_as");
        found.unclear |= attrs.iter().any(is_conditional);
        Some(found)
    }
}

fn is_in(words: &[smol_str::SmolStr], word: &str) -> bool {
    words.iter().any(|w| w == word)
}
