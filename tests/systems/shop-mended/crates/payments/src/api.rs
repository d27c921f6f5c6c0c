use actix_web::http::StatusCode;
use actix_web::{get, post, web, HttpRequest, HttpResponse, ResponseError};
use serde::Deserialize;
use uuid::Uuid;

use crate::psp::Psp;
use crate::store::{Payment, PaymentStore};

#[derive(Debug, Deserialize)]
pub struct NewPayment {
    pub order_id: Uuid,
    pub amount_cents: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    #[error("the Idempotency-Key header is missing")]
    MissingKey,
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the payment provider failed: {0}")]
    Psp(#[from] reqwest::Error),
}

impl ResponseError for PaymentError {
    fn status_code(&self) -> StatusCode {
        match self {
            PaymentError::MissingKey => StatusCode::BAD_REQUEST,
            PaymentError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
            PaymentError::Psp(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(livez).service(readyz).service(
        web::scope("/v1/payments")
            .service(create)
            .service(list)
            .service(show)
            .route("/{id}/refund", web::post().to(refund)),
    );
}

#[get("/livez")]
async fn livez() -> &'static str {
    "ok"
}

#[get("/readyz")]
async fn readyz(store: web::Data<PaymentStore>) -> Result<&'static str, PaymentError> {
    store.ping().await?;
    Ok("ok")
}

#[post("")]
async fn create(
    request: HttpRequest,
    store: web::Data<PaymentStore>,
    psp: web::Data<Psp>,
    new: web::Json<NewPayment>,
) -> Result<HttpResponse, PaymentError> {
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.ok_or(PaymentError::MissingKey)?;
    if let Some(payment) = store.find_by_key(key).await? {
        return Ok(HttpResponse::Created().json(payment));
    }
    let reference = psp.charge(new.order_id, new.amount_cents, key).await?;
    let payment = Payment {
        id: Uuid::new_v4(),
        order_id: new.order_id,
        amount_cents: new.amount_cents,
        psp_reference: reference,
    };
    store.insert(&payment, key).await?;
    Ok(HttpResponse::Created().json(payment))
}

#[get("")]
async fn list(store: web::Data<PaymentStore>) -> Result<web::Json<Vec<Payment>>, PaymentError> {
    Ok(web::Json(store.list().await?))
}

#[get("/{id}")]
async fn show(store: web::Data<PaymentStore>, id: web::Path<Uuid>) -> Result<HttpResponse, PaymentError> {
    Ok(match store.find(*id).await? {
        Some(payment) => HttpResponse::Ok().json(payment),
        None => HttpResponse::NotFound().finish(),
    })
}

async fn refund(
    store: web::Data<PaymentStore>,
    psp: web::Data<Psp>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, PaymentError> {
    let Some(payment) = store.find(*id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    psp.refund(&payment.psp_reference).await?;
    Ok(HttpResponse::Ok().json(payment))
}
