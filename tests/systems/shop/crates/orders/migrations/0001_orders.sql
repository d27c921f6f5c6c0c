CREATE TABLE orders (
    id UUID PRIMARY KEY,
    customer TEXT NOT NULL,
    total_cents BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX orders_customer ON orders (customer);

CREATE TABLE order_items (
    id UUID PRIMARY KEY,
    order_id UUID NOT NULL REFERENCES orders (id),
    sku TEXT NOT NULL,
    quantity BIGINT NOT NULL
);
