//! What code says of routes for an OpenAPI document: functions that an attribute describes, and the lists that put them into
//! the document.

use rustc_hash::FxHashMap;
use svclint_facts::rust::{Attr, AttrArg, Lit, Path};
use svclint_knowledge::{Attribute, ListedIn};

use crate::defs::{FnIdx, Home, Res};
use crate::infer::Program;
use crate::names::Ns;
use crate::packages::Dep;
use crate::place::{Place, Tri};
use crate::routes::normal;
use crate::system::FnId;

/// A function that an attribute describes: `#[utoipa::path(get, path = "/orders")]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documented {
    /// The function: more than one where several crates have its file, `mod orders;` in `lib.rs` and in `main.rs`.
    pub functions: Vec<FnId>,
    /// Its name.
    pub name: String,
    /// Its package, by index.
    pub package: u32,
    /// The methods that the attribute names, with their places.
    pub methods: Vec<(String, Place)>,
    /// The path that it says; `Absent` where it says none.
    pub path: Tri<String>,
    /// The path's literal, quotes included.
    pub path_at: Option<Place>,
    /// The attribute.
    pub at: Place,
    /// A library of its package adds functions to the document by itself.
    pub collected: bool,
    /// It is built in some circumstances only.
    pub gated: bool,
}

/// A list of described functions: `#[openapi(paths(list, create))]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentList {
    /// The type that carries it.
    pub of: String,
    /// Its package, by index.
    pub package: u32,
    /// The functions that it names.
    pub functions: Vec<FnId>,
    /// The last words of the names that lead to nothing that is known.
    pub unresolved: Vec<String>,
    /// The last entry: more may stand after it.
    pub last: Option<Place>,
    /// How each function of the same crate that it does not name can be named there.
    names: Names,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    krate: usize,
    module: String,
}

impl DocumentList {
    /// How a function is named in the list; `None` where it may not be seen from there.
    pub fn name_of(&self, function: &DocumentedName) -> Option<String> {
        let Names { krate, module } = &self.names;
        let function = function.0.iter().find(|name| name.krate == *krate)?;
        if function.module == *module {
            return Some(function.name.clone());
        }
        let inner = function.module.split_once("::").map_or(String::new(), |(_, rest)| format!("{rest}::"));
        function.public.then(|| format!("crate::{inner}{}", function.name))
    }
}

/// Where a function can be named from, by the crates that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentedName(Vec<InCrate>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct InCrate {
    krate: usize,
    module: String,
    name: String,
    public: bool,
}

/// The functions that are described, each with how it is named elsewhere, and the lists.
pub(crate) type Documents = (Vec<(Documented, DocumentedName)>, Vec<DocumentList>);

pub(crate) fn documents(program: Program<'_>) -> Documents {
    let defs = program.defs;
    let functions = (0..defs.fns.len() as u32).map(FnIdx).filter_map(|id| documented(program, id));
    let functions = by_place(functions);
    let lists = defs.adts.iter().filter_map(|adt| {
        let mut found: Option<DocumentList> = None;
        for attr in &adt.item.attrs {
            for list in listings(program, adt.home, attr) {
                let document = found.get_or_insert_with(|| DocumentList {
                    of: adt.item.name.to_string(),
                    package: defs.package_of(adt.home.module) as u32,
                    functions: Vec::new(),
                    unresolved: Vec::new(),
                    last: None,
                    names: Names {
                        krate: defs.module(adt.home.module).krate,
                        module: defs.module(adt.home.module).path.clone(),
                    },
                });
                list.iter().for_each(|path| add(program, adt.home, path, document));
            }
        }
        found
    });
    (functions, lists.collect())
}

/// What stands at one place is one function, however many crates have its file.
fn by_place(all: impl Iterator<Item = (Documented, DocumentedName)>) -> Vec<(Documented, DocumentedName)> {
    let mut found: Vec<(Documented, DocumentedName)> = Vec::new();
    let mut known: FxHashMap<Place, usize> = FxHashMap::default();
    for (one, name) in all {
        match known.get(&one.at).and_then(|number| found.get_mut(*number)) {
            Some((same, names)) => {
                same.functions.extend(one.functions);
                names.0.extend(name.0);
            }
            None => {
                known.insert(one.at, found.len());
                found.push((one, name));
            }
        }
    }
    found
}

fn documented(program: Program<'_>, id: FnIdx) -> Option<(Documented, DocumentedName)> {
    let def = &program.defs.fns[id.at()];
    let module = def.home.module;
    let known = |attr: &&Attr| program.names.attribute(module, &attr.path).is_some_and(|a| a.describes);
    let attr = def.item.attrs.iter().find(known)?;
    let package = program.defs.package_of(module);
    let mut found = Documented {
        functions: vec![FnId(id.0)],
        name: def.item.name.to_string(),
        package: package as u32,
        methods: Vec::new(),
        path: Tri::Absent,
        path_at: None,
        at: def.home.place(attr.span),
        collected: collects(program, package, def.home),
        gated: def.item.attrs.iter().any(|a| a.path.last() == "cfg"),
    };
    let mut context = Tri::Absent;
    for arg in &attr.args {
        match arg {
            AttrArg::Pair(key, Lit::Str(text), span) if key == "path" => {
                (found.path, found.path_at) = (Tri::Present(normal(text)), Some(def.home.place(*span)));
            }
            AttrArg::Pair(key, Lit::Str(text), _) if key == "context_path" => {
                context = Tri::Present(text.clone());
            }
            AttrArg::Nested(word, value) => match word.last() {
                "path" if !value.is_empty() => found.path = Tri::Unknown,
                "context_path" => context = Tri::Unknown,
                "method" => {
                    let inner = value.iter().filter_map(|a| method(a, def.home));
                    found.methods.extend(inner);
                }
                _ => found.methods.extend(method(arg, def.home)),
            },
            _ => {}
        }
    }
    match (&context, &mut found.path) {
        (Tri::Present(context), Tri::Present(path)) => {
            *path = normal(&format!("{}{path}", context.trim_end_matches('/')));
            found.path_at = None;
        }
        (Tri::Unknown, path) => *path = Tri::Unknown,
        _ => {}
    }
    let name = InCrate {
        krate: program.defs.module(module).krate,
        module: program.defs.module(module).path.clone(),
        name: found.name.clone(),
        public: def.item.public,
    };
    Some((found, DocumentedName(vec![name])))
}

/// `get`, `method(get, head)`
fn method(arg: &AttrArg, home: Home) -> Option<(String, Place)> {
    let AttrArg::Nested(word, inner) = arg else { return None };
    let name = word.as_name().filter(|n| inner.is_empty() && super::routes::is_http_method(n))?;
    Some((name.to_uppercase(), home.place(word.span)))
}

fn collects(program: Program<'_>, package: usize, home: Home) -> bool {
    let Some(view) = program.names.view(home.module) else { return false };
    let deps = program.names.packages.list.get(package).into_iter().flat_map(|p| p.deps.values());
    deps.into_iter().any(|dep| matches!(dep, Dep::Library(name) if view.collects(name)))
}

/// The lists of functions in an attribute of a type; those behind a condition too.
fn listings<'i>(program: Program<'i>, home: Home, attr: &'i Attr) -> Vec<&'i [AttrArg]> {
    let Some(view) = program.names.view(home.module) else { return Vec::new() };
    let of = |a: &'i Attribute| a.listed_in.as_ref();
    let mut found = Vec::new();
    for ListedIn { attribute, list } in view.attributes().filter_map(of) {
        let args: &[AttrArg] = match attr.path.last() {
            word if word == attribute => &attr.args,
            "cfg_attr" => attr.args.iter().find_map(|a| nested(a, attribute)).unwrap_or_default(),
            _ => continue,
        };
        found.extend(args.iter().filter_map(|arg| nested(arg, list)));
    }
    found
}

fn nested<'a>(arg: &'a AttrArg, word: &str) -> Option<&'a [AttrArg]> {
    match arg {
        AttrArg::Nested(path, inner) if path.last() == word => Some(inner),
        _ => None,
    }
}

fn add(program: Program<'_>, home: Home, entry: &AttrArg, list: &mut DocumentList) {
    let AttrArg::Nested(path, _) = entry else { return list.unresolved.push(String::new()) };
    let resolved = |path: &Path| program.names.written(home.module, path, Ns::Values);
    match resolved(path) {
        Some((Res::Fn(f), used)) if used == path.segments.len() => list.functions.push(FnId(f.0)),
        _ => list.unresolved.push(path.last().to_owned()),
    }
    list.last = Some(home.place(path.span));
}
