//! Messages: how they are taken, acknowledged and sent.

mod ack_before_processing;
mod again;
mod auto_ack_consumer;
mod consumer_dies_on_bad_message;
mod dual_write;
mod error_swallowed;
mod kafka_commit_before_processing;
mod poison_message_requeued;
mod publish_unconfirmed;
mod queue_not_durable;
mod sequence;

super::category![
    ack_before_processing,
    auto_ack_consumer,
    consumer_dies_on_bad_message,
    dual_write,
    error_swallowed,
    kafka_commit_before_processing,
    poison_message_requeued,
    publish_unconfirmed,
    queue_not_durable,
];
