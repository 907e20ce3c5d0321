-- Batches bring calls into a table of their own, whose columns are quick to write and not compressed; compaction
-- packs them, sorted, into the table that is small. Together they are what questions know as call.

ALTER TABLE call RENAME TO call_packed;

CREATE TABLE call_fresh (
    organization   INTEGER  NOT NULL USING COMPRESSION uncompressed,
    time_ms        BIGINT   NOT NULL USING COMPRESSION uncompressed,
    received_ms    BIGINT   NOT NULL USING COMPRESSION uncompressed,
    position       UBIGINT  NOT NULL USING COMPRESSION uncompressed,
    origin         INTEGER  NOT NULL USING COMPRESSION uncompressed,
    client         INTEGER  NOT NULL USING COMPRESSION uncompressed,
    "user"         INTEGER  NOT NULL USING COMPRESSION uncompressed,
    source         INTEGER  NOT NULL USING COMPRESSION uncompressed,
    account        INTEGER  NOT NULL USING COMPRESSION uncompressed,
    method         INTEGER  NOT NULL USING COMPRESSION uncompressed,
    route          INTEGER  NOT NULL USING COMPRESSION uncompressed,
    path           VARCHAR  NOT NULL USING COMPRESSION uncompressed,
    status         INTEGER  NOT NULL USING COMPRESSION uncompressed,
    duration_ms    BIGINT            USING COMPRESSION uncompressed,
    request_bytes  BIGINT            USING COMPRESSION uncompressed,
    response_bytes BIGINT            USING COMPRESSION uncompressed,
    identity_high  UBIGINT  NOT NULL USING COMPRESSION uncompressed,
    identity_low   UBIGINT  NOT NULL USING COMPRESSION uncompressed,
    digest         UBIGINT  NOT NULL USING COMPRESSION uncompressed,
    entry          UTINYINT NOT NULL USING COMPRESSION uncompressed
);

CREATE VIEW call AS
FROM call_packed
UNION ALL
FROM call_fresh;

-- How many calls of a day lie in which of the two tables; rows add up. What was there before lies packed,
-- sorted or not.
ALTER TABLE call_day RENAME COLUMN sorted TO packed;
ALTER TABLE call_day RENAME COLUMN unsorted TO fresh;
INSERT INTO call_day
SELECT day, SUM(fresh), -SUM(fresh)
FROM   call_day
GROUP BY day
HAVING SUM(fresh) > 0;

-- The counts that batches bring are not compressed either.

ALTER TABLE by_source_account_fresh RENAME TO by_source_account_before;
CREATE TABLE by_source_account_fresh (
    organization INTEGER NOT NULL USING COMPRESSION uncompressed,
    day          INTEGER NOT NULL USING COMPRESSION uncompressed,
    source       INTEGER NOT NULL USING COMPRESSION uncompressed,
    account      INTEGER NOT NULL USING COMPRESSION uncompressed,
    calls        BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_200   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_300   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_400   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_429   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_500   BIGINT  NOT NULL USING COMPRESSION uncompressed
);
INSERT INTO by_source_account_fresh FROM by_source_account_before;
DROP TABLE by_source_account_before;

ALTER TABLE by_client_user_route_fresh RENAME TO by_client_user_route_before;
CREATE TABLE by_client_user_route_fresh (
    organization INTEGER NOT NULL USING COMPRESSION uncompressed,
    day          INTEGER NOT NULL USING COMPRESSION uncompressed,
    client       INTEGER NOT NULL USING COMPRESSION uncompressed,
    "user"       INTEGER NOT NULL USING COMPRESSION uncompressed,
    route        INTEGER NOT NULL USING COMPRESSION uncompressed,
    method       INTEGER NOT NULL USING COMPRESSION uncompressed,
    calls        BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_200   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_300   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_400   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_429   BIGINT  NOT NULL USING COMPRESSION uncompressed,
    status_500   BIGINT  NOT NULL USING COMPRESSION uncompressed
);
INSERT INTO by_client_user_route_fresh FROM by_client_user_route_before;
DROP TABLE by_client_user_route_before;
