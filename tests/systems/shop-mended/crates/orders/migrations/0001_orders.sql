CREATE TABLE orders (
    id UUID PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    customer TEXT NOT NULL,
    total_cents BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX orders_customer ON orders (customer);

CREATE TABLE order_items (
    order_id UUID NOT NULL REFERENCES orders (id),
    sku TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (order_id, sku)
);
