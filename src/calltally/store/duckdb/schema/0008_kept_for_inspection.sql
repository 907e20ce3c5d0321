-- What is kept for inspection is numbered in the order in which it came, so that a page of it is found by
-- number, and bounded: of an organization and a day of receipt the first thousand conflicts, and of each code
-- the first twenty rejected calls; of either ten thousand, where the oldest days go.

ALTER TABLE conflict RENAME TO conflict_before;
CREATE TABLE conflict (
    position      UBIGINT NOT NULL,
    organization  INTEGER NOT NULL,
    received_ms   BIGINT  NOT NULL,
    identity_high UBIGINT NOT NULL,
    identity_low  UBIGINT NOT NULL,
    content       BLOB    NOT NULL,
    number        BIGINT  NOT NULL
);
INSERT INTO conflict
SELECT *, ROW_NUMBER() OVER (ORDER BY position, received_ms, identity_high, identity_low)
FROM   (
    FROM    conflict_before
    QUALIFY ROW_NUMBER() OVER (
                PARTITION BY organization, day_of(received_ms)
                ORDER BY position, received_ms, identity_high, identity_low
            ) <= 1000
)
QUALIFY COUNT(*) OVER (
            PARTITION BY organization ORDER BY day_of(received_ms) DESC RANGE UNBOUNDED PRECEDING
        ) <= 10000
ORDER BY position, received_ms, identity_high, identity_low;
DROP TABLE conflict_before;

ALTER TABLE rejected_sample RENAME TO rejected_sample_before;
CREATE TABLE rejected_sample (
    position     UBIGINT NOT NULL,
    organization INTEGER NOT NULL,
    received_ms  BIGINT  NOT NULL,
    code         VARCHAR NOT NULL,
    field        VARCHAR NOT NULL,
    reason       VARCHAR NOT NULL,
    content      BLOB    NOT NULL,
    number       BIGINT  NOT NULL
);
INSERT INTO rejected_sample
SELECT * EXCLUDE (came), ROW_NUMBER() OVER (ORDER BY position, came)
FROM   (
    SELECT *, rowid AS came
    FROM   rejected_sample_before
    QUALIFY ROW_NUMBER() OVER (
                PARTITION BY organization, day_of(received_ms), code ORDER BY position, rowid
            ) <= 20
)
QUALIFY COUNT(*) OVER (
            PARTITION BY organization ORDER BY day_of(received_ms) DESC RANGE UNBOUNDED PRECEDING
        ) <= 10000
ORDER BY position, came;
DROP TABLE rejected_sample_before;
