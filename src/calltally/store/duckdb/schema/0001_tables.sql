-- What the embedded store keeps. Texts are ids of the table dictionary; id 0 is the empty text everywhere.
-- Days count from 1970-01-01, instants are milliseconds since then, both in UTC.

CREATE TABLE meta (
    name  VARCHAR NOT NULL,  -- identity_seed, position
    value UBIGINT NOT NULL
);

CREATE TABLE dictionary (
    kind         UTINYINT NOT NULL,
    organization INTEGER  NOT NULL,
    id           INTEGER  NOT NULL,
    text         VARCHAR  NOT NULL,
    derived      BOOLEAN  NOT NULL
);

CREATE TABLE call (
    organization   INTEGER NOT NULL,
    time_ms        BIGINT  NOT NULL,
    received_ms    BIGINT  NOT NULL,
    position       UBIGINT NOT NULL,
    origin         INTEGER NOT NULL,
    client         INTEGER NOT NULL,
    "user"         INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    account        INTEGER NOT NULL,
    method         INTEGER NOT NULL,
    route          INTEGER NOT NULL,
    path           VARCHAR NOT NULL,
    status         INTEGER NOT NULL,
    duration_ms    BIGINT,
    request_bytes  BIGINT,
    response_bytes BIGINT,
    identity_high  UBIGINT NOT NULL,
    identity_low   UBIGINT NOT NULL,
    digest         UBIGINT NOT NULL
);

-- How many calls of a day lie sorted in the table call and how many as batches brought them; rows add up.
CREATE TABLE call_day (
    day      INTEGER NOT NULL,
    sorted   BIGINT  NOT NULL,
    unsorted BIGINT  NOT NULL
);

CREATE TABLE outcome (
    organization INTEGER NOT NULL,
    receipt_day  INTEGER NOT NULL,
    received     BIGINT  NOT NULL,
    accepted     BIGINT  NOT NULL,
    duplicate    BIGINT  NOT NULL,
    conflict     BIGINT  NOT NULL,
    rejected     BIGINT  NOT NULL
);

CREATE TABLE conflict (
    position      UBIGINT NOT NULL,
    organization  INTEGER NOT NULL,
    received_ms   BIGINT  NOT NULL,
    identity_high UBIGINT NOT NULL,
    identity_low  UBIGINT NOT NULL,
    content       BLOB    NOT NULL
);

-- The runs that lie in the settled level of a marginal, by the month of their days (see month_of).
CREATE TABLE settled_run (
    marginal VARCHAR NOT NULL,
    month    INTEGER NOT NULL,
    size     BIGINT  NOT NULL
);

CREATE MACRO month_of(day) AS
    year(DATE '1970-01-01' + CAST(day AS INTEGER)) * 12 + month(DATE '1970-01-01' + CAST(day AS INTEGER)) - 1;

-- The marginals: three levels each, and a view of them together.

CREATE TABLE by_day_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_day_merged AS FROM by_day_fresh LIMIT 0;
CREATE TABLE by_day_settled AS FROM by_day_fresh LIMIT 0;
CREATE VIEW by_day AS
FROM by_day_fresh
UNION ALL
FROM by_day_merged
UNION ALL
FROM by_day_settled;

CREATE TABLE by_route_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    route        INTEGER NOT NULL,
    method       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_route_merged AS FROM by_route_fresh LIMIT 0;
CREATE TABLE by_route_settled AS FROM by_route_fresh LIMIT 0;
CREATE VIEW by_route AS
FROM by_route_fresh
UNION ALL
FROM by_route_merged
UNION ALL
FROM by_route_settled;

CREATE TABLE by_source_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    source       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_source_merged AS FROM by_source_fresh LIMIT 0;
CREATE TABLE by_source_settled AS FROM by_source_fresh LIMIT 0;
CREATE VIEW by_source AS
FROM by_source_fresh
UNION ALL
FROM by_source_merged
UNION ALL
FROM by_source_settled;

CREATE TABLE by_account_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_account_merged AS FROM by_account_fresh LIMIT 0;
CREATE TABLE by_account_settled AS FROM by_account_fresh LIMIT 0;
CREATE VIEW by_account AS
FROM by_account_fresh
UNION ALL
FROM by_account_merged
UNION ALL
FROM by_account_settled;

CREATE TABLE by_source_account_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    source       INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_source_account_merged AS FROM by_source_account_fresh LIMIT 0;
CREATE TABLE by_source_account_settled AS FROM by_source_account_fresh LIMIT 0;
CREATE VIEW by_source_account AS
FROM by_source_account_fresh
UNION ALL
FROM by_source_account_merged
UNION ALL
FROM by_source_account_settled;

CREATE TABLE by_client_route_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    client       INTEGER NOT NULL,
    route        INTEGER NOT NULL,
    method       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_client_route_merged AS FROM by_client_route_fresh LIMIT 0;
CREATE TABLE by_client_route_settled AS FROM by_client_route_fresh LIMIT 0;
CREATE VIEW by_client_route AS
FROM by_client_route_fresh
UNION ALL
FROM by_client_route_merged
UNION ALL
FROM by_client_route_settled;

CREATE TABLE by_client_user_route_fresh (
    organization INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    client       INTEGER NOT NULL,
    "user"       INTEGER NOT NULL,
    route        INTEGER NOT NULL,
    method       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL
);
CREATE TABLE by_client_user_route_merged AS FROM by_client_user_route_fresh LIMIT 0;
CREATE TABLE by_client_user_route_settled AS FROM by_client_user_route_fresh LIMIT 0;
CREATE VIEW by_client_user_route AS
FROM by_client_user_route_fresh
UNION ALL
FROM by_client_user_route_merged
UNION ALL
FROM by_client_user_route_settled;
