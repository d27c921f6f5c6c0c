//! The services that protobuf files declare: generated code is often not here, and spells packages its own way.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use svclint_knowledge::GENERATED;

use crate::crosslinks::protobuf::snake;
use crate::defs::{FnIdx, Res};
use crate::infer::Callee;
use crate::names::Ns;
use crate::place::{FileFacts, Place, SourceFile, Tri};
use crate::system::FnId;
use crate::tracer::{At, Tracer};
use crate::ty::Ty;

/// An `impl` block of a service that generated code declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcImpl {
    /// The service's name, without its package.
    pub service: String,
    /// With its package, as on the wire.
    pub full_name: String,
    /// The path of the trait as written, up to its last word.
    pub module: String,
    /// The type that it is implemented for, as written.
    pub of: String,
    /// The package of the workspace, by index.
    pub package: u32,
    /// Its functions.
    pub fns: Vec<FnId>,
    /// The first of its functions' names: where it is seen.
    pub at: Place,
    /// Whether any code that nobody generated names what would serve it: macros and generic helpers may add it to a server
    /// out of sight, and generators write other modules beside the server's (`orders_actix`) that serve it too.
    pub named: bool,
}

/// The packages of all services, by the service's name.
#[derive(Default)]
pub(crate) struct Protos {
    packages: FxHashMap<String, Vec<String>>,
    /// Whether the calls of a service have a stream on either side, by its name and theirs.
    streams: FxHashMap<(String, String), Tri<bool>>,
}

impl Protos {
    pub(crate) fn read(files: &[SourceFile]) -> Protos {
        let mut protos = Protos::default();
        for file in files {
            let FileFacts::Proto(proto) = &file.facts else { continue };
            for service in &proto.services {
                let packages = protos.packages.entry(service.name.to_string()).or_default();
                if !packages.contains(&proto.package.to_string()) {
                    packages.push(proto.package.to_string());
                }
                for method in &service.methods {
                    let key = (service.name.to_string(), bare(&method.name));
                    let streams = Tri::Present(method.takes.stream || method.gives.stream);
                    // Services of the same name that do not agree: not known.
                    let known = protos.streams.entry(key).or_insert(streams);
                    if *known != streams {
                        *known = Tri::Unknown;
                    }
                }
            }
        }
        protos
    }

    fn streams(&self, service: &str, method: &str) -> Option<bool> {
        self.streams.get(&(service.to_owned(), bare(method)))?.present().copied()
    }

    fn declares(&self, service: &str) -> bool {
        self.packages.contains_key(service)
    }

    /// The full name of a service. `package` is what the code calls the package: a file name that the generator made of it
    /// (`shop_api.v1` for `shopApi.v1`), or the names of modules. `None` when no file declares the service so.
    pub(crate) fn full_name(&self, package: &str, service: &str) -> Option<String> {
        let packages = self.packages.get(service)?;
        let plain = |text: &str| text.replace(['_', '.', ':'], "").to_lowercase();
        let wanted = plain(package);
        let exact = packages.iter().find(|p| *p == package);
        let spelled = || packages.iter().find(|p| plain(p) == wanted);
        let inside = || packages.iter().find(|p| !p.is_empty() && wanted.ends_with(&plain(p)));
        let found = exact.or_else(spelled).or_else(inside).or(match packages.as_slice() {
            [only] => Some(only),
            _ => None,
        })?;
        Some(if found.is_empty() { service.to_owned() } else { format!("{found}.{service}") })
    }
}

/// `SayHello` and `say_hello` are the same.
fn bare(method: &str) -> String {
    method.replace('_', "").to_lowercase()
}

/// Whether the call of a generated client sends one message and gets one: `GreeterClient::say_hello`.
pub(crate) fn unary(tracer: &Tracer<'_>, call: At) -> Tri<()> {
    let Some(Callee::Lib(path, _)) = tracer.types_of(call.body).callees.get(&call.expr) else {
        return Tri::Unknown;
    };
    let mut words = path.rsplit("::");
    let (method, client) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let service = client.strip_suffix("Client").unwrap_or(client);
    match tracer.program.protos.streams(service, method) {
        Some(false) => Tri::Present(()),
        Some(true) => Tri::Absent,
        None => Tri::Unknown,
    }
}

/// The full name of the service that the call of a generated client asks.
pub(crate) fn called(tracer: &Tracer<'_>, call: At) -> Option<String> {
    let Some(Callee::Lib(path, _)) = tracer.types_of(call.body).callees.get(&call.expr) else { return None };
    let words: Vec<&str> = path.trim_start_matches(GENERATED).split("::").collect();
    // package, module, client, method
    let [package @ .., _, client, _] = words.as_slice() else { return None };
    tracer.program.protos.full_name(&package.join("."), client.strip_suffix("Client")?)
}

/// The blocks that implement services of protobuf files. Their traits are written by a code generator.
pub(crate) fn implemented(tracer: &Tracer<'_>, files: &[SourceFile]) -> Vec<GrpcImpl> {
    let program = tracer.program;
    let mut found = Vec::new();
    for (number, block) in program.defs.impls.iter().enumerate() {
        let Some(trait_) = block.trait_().filter(|t| program.protos.declares(t.last())) else { continue };
        let Some((Res::Lib(path), _)) = program.names.written(block.home.module, trait_, Ns::Types) else {
            continue;
        };
        let mut fns: Vec<FnIdx> = block.fns.values().copied().collect();
        fns.sort_unstable();
        let Some(first) = fns.iter().find(|f| crate::routes::takes_request(tracer, **f)) else { continue };
        let def = &program.defs.fns[first.at()];
        let words: Vec<&str> = path.trim_start_matches(GENERATED).split("::").collect();
        let package = words.get(..words.len().saturating_sub(2)).unwrap_or_default().join(".");
        let Some(full_name) = program.protos.full_name(&package, trait_.last()) else { continue };
        found.push(GrpcImpl {
            service: trait_.last().to_owned(),
            full_name,
            module: trait_.text().rsplit_once("::").map_or_else(String::new, |(m, _)| m.to_owned()),
            of: program.impls.self_ty.get(number).map_or_else(String::new, |ty| ty_name(tracer, ty)),
            package: program.defs.package_of(block.home.module) as u32,
            at: tracer.item_place(def.home, def.item.name_span),
            fns: fns.into_iter().map(|f| FnId(f.0)).collect(),
            named: false,
        });
    }
    if !found.is_empty() {
        let words = server_words(files);
        found.iter_mut().for_each(|one| one.named = is_named(&one.service, &words));
    }
    found
}

/// The words of all Rust files that nobody generated that may name what generators write for servers.
fn server_words(files: &[SourceFile]) -> BTreeSet<&str> {
    let written = files.iter().filter_map(|f| match &f.facts {
        FileFacts::Rust(rust) if !rust.generated => Some(rust),
        _ => None,
    });
    let words = written.flat_map(|rust| &rust.chunks).flat_map(|chunk| &chunk.facts.server_words);
    words.map(SmolStr::as_str).collect()
}

fn is_named(service: &str, words: &BTreeSet<&str>) -> bool {
    let module = format!("{}_", snake(service));
    let mut beside = words.range(&*module..).map_while(|word| word.strip_prefix(&*module));
    words.contains(&*format!("{service}Server")) || beside.any(|kind| kind != "server" && kind != "client")
}

fn ty_name(tracer: &Tracer<'_>, ty: &Ty) -> String {
    match ty {
        Ty::Adt(adt, _) => tracer.program.defs.adts[adt.at()].item.name.to_string(),
        _ => String::new(),
    }
}
