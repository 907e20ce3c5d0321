-- Calls become a ledger of entries (see calltally.call_batch.Entry), and the books get the reasons of
-- rejections, refused requests, corrections and erasures.

ALTER TABLE call ADD COLUMN entry UTINYINT DEFAULT 0;

CREATE TABLE rejection (
    organization INTEGER NOT NULL,
    receipt_day  INTEGER NOT NULL,
    code         VARCHAR NOT NULL,
    calls        BIGINT  NOT NULL
);

-- No reasons were noted before.
INSERT INTO rejection
SELECT organization, receipt_day, 'unknown', SUM(rejected)
FROM   outcome
GROUP BY organization, receipt_day
HAVING SUM(rejected) > 0;

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

-- What is left of days whose calls were pruned: their totals, and how many rows went, by the day of receipt
-- of received calls and by the position of corrections.
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

CREATE TABLE pruned_correction (
    position  UBIGINT NOT NULL,
    withdrawn BIGINT  NOT NULL,
    restated  BIGINT  NOT NULL,
    added     BIGINT  NOT NULL
);

-- One row: there are no calls of days before calls_from and no counts of days before counts_from. NULL as long
-- as none were pruned.
CREATE TABLE retained (
    calls_from  INTEGER,
    counts_from INTEGER
);
INSERT INTO retained VALUES (NULL, NULL);

-- The UTC day of an instant, in whole days since 1970-01-01, also before then, as division cuts towards zero.
CREATE MACRO day_of(milliseconds) AS
    (milliseconds + 120960000000000) // 86400000 - 1400000;
