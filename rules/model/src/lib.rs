//! What ALL files say together: packages and modules, names, types, calls, effects, values, services.
//!
//! The model is built whole from facts, in a few milliseconds, and is plain data afterwards: rules read it and nothing
//! else. Whatever cannot be known is [`Tri::Unknown`], and a rule that needs to know stays silent.
#![forbid(unsafe_code)]

mod address;
mod answers;
mod assemble;
mod bodies;
mod carries;
mod clients;
mod collect;
mod contracts;
mod course;
mod crosslinks;
mod defs;
mod delays;
mod deployments;
mod documented;
mod duration;
mod effects;
mod elsewhere;
mod flags;
mod flow;
mod fold;
mod formatted;
mod functions;
mod guards;
mod handed;
mod hoist;
mod image_names;
mod images;
mod impls;
mod infer;
mod join;
mod joined;
mod kept;
mod letters;
mod limits;
mod linked;
mod links;
mod listed;
mod locked;
mod locks;
mod loops;
mod manifests;
mod moved;
mod names;
mod outcome;
mod packages;
mod place;
mod probed;
mod profiles;
mod protos;
mod reading;
mod reads;
mod relative;
mod reply;
mod requests;
mod routes;
mod services;
mod settings;
mod shapes;
mod signals;
mod spliced;
mod sql;
mod state;
mod streams;
mod system;
mod telemetry;
mod trace;
mod tracer;
mod ty;
mod unlimited;
mod uses;
mod why;

pub use contracts::{
    ContractLink, DescribedPath, Listed, Meeting, Member, OpenApi, Operation, Parameter, Payload,
    RequestBody, Shape, ShapeKind, is_internal, meet,
};
pub use crosslinks::{CrossLink, LinkKind};
pub use deployments::{ContainerEnv, Deployment, Evidence};
pub use documented::{DocumentList, Documented, DocumentedName};
pub use duration::seconds;
pub use effects::{EffectKind, Summary, Witness};
pub use images::*;
pub use join::{Join, Rejoined};
pub use linked::Linked;
pub use manifests::*;
pub use packages::normal_path;
pub use place::{FileFacts, FileId, Place, SourceFile, Tri};
pub use probed::{AskedPath, answerer, answers, asked, asked_by};
pub use profiles::Profile;
pub use protos::GrpcImpl;
pub use requests::is_repeat_header;
pub use services::is_correlation_header;
pub use signals::StopSignal;
pub use svclint_facts::docker;
pub use svclint_facts::proto::{
    HttpBinding, ProtoEnum, ProtoField, ProtoFile, ProtoLabel, ProtoMessage, ProtoMethod, ProtoService,
};
pub use svclint_knowledge::images::{
    BaseImage, BaseUser, Libc, PackageManager, Release, is_init, is_mutable, pinned, release_numbers,
};
pub use svclint_knowledge::{Access, Carries, Effect, Limit, Protocol, Role, Signal, Switch};
pub use system::*;
pub use why::{BlindKind, BlindSpot, Insight};
