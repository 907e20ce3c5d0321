-- Calls become a ledger of entries (see calltally.call_batch.Entry), and the books get the reasons of
-- rejections, refused requests, corrections and erasures.

ALTER TABLE call ADD COLUMN entry UTINYINT DEFAULT 0;

CREATE TABLE rejection (
    organization INTEGER NOT NULL,
    receipt_day  INTEGER NOT NULL,
    code         VARCHAR NOT NULL,
    calls        BIGINT  NOT NULL
);

CREATE TABLE rejected_sample (
    position     UBIGINT NOT NULL,
    organization INTEGER NOT NULL,
    received_ms  BIGINT  NOT NULL,
    code         VARCHAR NOT NULL,
    field        VARCHAR NOT NULL,
    reason       VARCHAR NOT NULL,
    content      BLOB    NOT NULL
);

CREATE TABLE refusal (
    organization INTEGER NOT NULL,
    receipt_day  INTEGER NOT NULL,
    reason       VARCHAR NOT NULL,
    requests     BIGINT  NOT NULL
);

CREATE TABLE correction (
    position     UBIGINT NOT NULL,
    organization INTEGER NOT NULL,
    received_ms  BIGINT  NOT NULL,
    who          VARCHAR NOT NULL,
    why          VARCHAR NOT NULL,
    action       VARCHAR NOT NULL,
    subject      VARCHAR NOT NULL,
    withdrawn    BIGINT  NOT NULL,
    restated     BIGINT  NOT NULL,
    added        BIGINT  NOT NULL
);

CREATE TABLE erasure (
    position     UBIGINT NOT NULL,
    organization INTEGER NOT NULL,
    kind         UTINYINT NOT NULL,
    replacement  VARCHAR NOT NULL,
    received_ms  BIGINT  NOT NULL,
    who          VARCHAR NOT NULL,
    why          VARCHAR NOT NULL
);

-- What is left of days whose calls were pruned: their totals, and how many received calls went, by receipt.
CREATE TABLE frozen_total (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);

CREATE TABLE pruned_receipt (
    organization INTEGER NOT NULL,
    receipt_day  INTEGER NOT NULL,
    calls        BIGINT  NOT NULL
);

-- Every day before calls_from_day is sealed; there are no counts of days before counts_from_day.
INSERT INTO meta VALUES ('calls_from_day', 0), ('counts_from_day', 0);
