use actix_web::{get, post, web, HttpResponse, ResponseError};
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
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the payment provider failed: {0}")]
    Psp(#[from] reqwest::Error),
}

impl ResponseError for PaymentError {}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/payments")
            .service(create)
            .service(list)
            .service(show)
            .route("/{id}/refund", web::post().to(refund)),
    );
}

#[post("")]
async fn create(
    store: web::Data<PaymentStore>,
    psp: web::Data<Psp>,
    new: web::Json<NewPayment>,
) -> Result<HttpResponse, PaymentError> {
    let reference = psp.charge(new.order_id, new.amount_cents).await?;
    let payment = Payment {
        id: Uuid::new_v4(),
        order_id: new.order_id,
        amount_cents: new.amount_cents,
        psp_reference: reference,
    };
    store.insert(&payment).await?;
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
