//! `lock-held-across-await`

use svclint_model::{Deed, Effect, FnId, Function, Held, Place, What};

use crate::edit::insert_before;
use crate::rules::running::Run;
use crate::{Applicability, Context, Edit, Finding, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports guards of locks that block the thread (`std::sync`, `parking_lot`, `dashmap`, the borrows of a `RefCell`) that
    /// are alive while something is awaited. The locks of asynchronous libraries are left alone, and so is a guard that is
    /// dropped before.
    ///
    /// ## Why it matters
    /// The task that holds the lock is parked, and its thread takes up another one. When that wants the lock too, the thread
    /// stops, and with it the task that would give the lock back: the service hangs until somebody restarts it. A `RefCell`
    /// panics instead.
    ///
    /// ## Example
    /// ```bad
    /// use actix_web::{App, HttpServer, web};
    /// use std::sync::Mutex;
    ///
    /// async fn take(stock: web::Data<Mutex<u32>>) -> String {
    ///     let mut left = stock.lock().unwrap();
    ///     *left -= 1;
    ///     tell().await;
    ///     "taken".to_owned()
    /// }
    ///
    /// async fn tell() {
    ///     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    /// }
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let stock = web::Data::new(Mutex::new(9));
    ///     HttpServer::new(move || App::new().app_data(stock.clone()).route("/v1/take", web::post().to(take)))
    ///         .bind("0.0.0.0:8080")?
    ///         .run()
    ///         .await
    /// }
    /// ```
    /// ```good
    /// use actix_web::{App, HttpServer, web};
    /// use std::sync::Mutex;
    ///
    /// async fn take(stock: web::Data<Mutex<u32>>) -> String {
    ///     let mut left = stock.lock().unwrap();
    ///     *left -= 1;
    ///     drop(left);
    ///     tell().await;
    ///     "taken".to_owned()
    /// }
    ///
    /// async fn tell() {
    ///     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    /// }
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let stock = web::Data::new(Mutex::new(9));
    ///     HttpServer::new(move || App::new().app_data(stock.clone()).route("/v1/take", web::post().to(take)))
    ///         .bind("0.0.0.0:8080")?
    ///         .run()
    ///         .await
    /// }
    /// ```
    ///
    /// ## Fix
    /// Drops the guard before the wait, where nothing behind it needs the guard. Unsafe: others may take the lock meanwhile.
    /// Else take what you need out of the lock, or use the lock of `tokio::sync` where it has to be held.
    ///
    /// ## References
    /// - The documentation of `tokio::sync::Mutex`, "Which kind of mutex should you use?"
    /// - The documentation of `dashmap::DashMap`: references into it must not be held across an `.await`
    pub(crate) LOCK_HELD_ACROSS_AWAIT {
        id: "lock-held-across-await",
        category: Concurrency,
        level: Warn,
        severity: Error,
        confidence: High,
        since: "0.1",
    }
}

fn check(cx: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Place> = Vec::new();
    for run in cx.runs() {
        for id in &run.service.functions {
            for (deed, held) in held(cx.model.function(*id)) {
                if run.how_at_all(*id, deed.when).is_some() && !reported.contains(&deed.at) {
                    reported.push(deed.at);
                    findings.push(finding(cx, run, *id, deed, held));
                }
            }
        }
    }
}

/// The locks that block the thread and are held during a wait.
fn held(function: &Function) -> impl Iterator<Item = (&Deed, &Held)> {
    let blocks =
        |at: Place| function.does.iter().any(|d| d.at == at && d.what == What::Effect(Effect::ThreadLock));
    function.does.iter().filter_map(move |deed| match &deed.what {
        What::HeldLock(held) if blocks(deed.at) => Some((deed, held)),
        _ => None,
    })
}

fn finding(cx: &Context<'_>, run: &Run<'_>, id: FnId, deed: &Deed, held: &Held) -> Finding {
    let function = cx.model.function(id);
    let name = function.path.rsplit("::").next().unwrap_or("");
    let message = format!(
        "`{name}` holds this lock while it waits: another task on the same thread that wants it stops the thread for ever"
    );
    let mut finding = Finding::new(&LOCK_HELD_ACROSS_AWAIT, deed.at, message)
        .help("give the lock back before the wait, or use the lock of `tokio::sync`")
        .label("locked here")
        .service(&run.service.name)
        .subject(&function.path)
        .related(held.wait, "still held while this is awaited")
        .fix("Give the lock back before the wait", Applicability::Unsafe, given_back(cx, held));
    finding.related.extend(run.evidence(cx.model, id));
    finding
}

/// Drops a guard that nothing needs any more.
fn given_back(cx: &Context<'_>, held: &Held) -> Vec<Edit> {
    let Some(guard) = held.guard.as_ref().filter(|guard| !guard.needed) else { return Vec::new() };
    let behind = match cx.begins_line(guard.waiting) {
        true => format!("{}{}", cx.line_end(guard.waiting.file), cx.indent(guard.waiting)),
        false => " ".to_owned(),
    };
    vec![insert_before(guard.waiting, format!("drop({});{behind}", guard.name))]
}
