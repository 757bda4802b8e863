-- Payments, the answers to requests by idempotency key, and webhooks with how far they have come.
-- Amounts in minor units; times in seconds since 1970.
CREATE TABLE IF NOT EXISTS payments (
    number INTEGER PRIMARY KEY,
    psp_reference TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    order_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    authorized INTEGER NOT NULL CHECK (authorized > 0),
    captured INTEGER NOT NULL DEFAULT 0,
    refunded INTEGER NOT NULL DEFAULT 0,
    voided INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    CHECK (captured + voided <= authorized),
    CHECK (0 <= refunded AND refunded <= captured)
) STRICT;

CREATE TABLE IF NOT EXISTS answers (
    idempotency_key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS webhooks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    psp_reference TEXT NOT NULL REFERENCES payments (psp_reference),
    tenant TEXT NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'given_up')),
    copies INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_answer TEXT,
    due_at REAL NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS webhooks_waiting ON webhooks (number) WHERE status = 'waiting';
