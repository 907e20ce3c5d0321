-- What is settled is counted by whole months too, so that a question over months reads no day of them.
--
-- Rows add up as those of days do. Bit 0 of the column days stands for the first day of the month: it is set
-- when what is settled of that day adds up to more than no calls. All but by_day have such a table, and a
-- view of what is not settled yet.

CREATE MACRO bit_of(day) AS
    CAST(1 << (dayofmonth(DATE '1970-01-01' + CAST(day AS INTEGER)) - 1) AS INTEGER);

CREATE TABLE by_route_month (
    organization INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    route        INTEGER NOT NULL,
    method       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL,
    days         INTEGER NOT NULL
);
INSERT INTO by_route_month
SELECT organization, month_of(day) AS month, route, method,
       SUM(calls), SUM(status_200), SUM(status_300), SUM(status_400), SUM(status_429), SUM(status_500),
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END)
FROM   (
    SELECT organization, day, route, method,
           SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300,
           SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_route_settled
    GROUP BY organization, day, route, method
)
GROUP BY organization, month, route, method
ORDER BY month, organization, route, method;
CREATE VIEW by_route_unsettled AS
SELECT organization, day, route, method,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_client_user_route_fresh
UNION ALL
FROM by_route_merged;

CREATE TABLE by_source_month (
    organization INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    source       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL,
    days         INTEGER NOT NULL
);
INSERT INTO by_source_month
SELECT organization, month_of(day) AS month, source,
       SUM(calls), SUM(status_200), SUM(status_300), SUM(status_400), SUM(status_429), SUM(status_500),
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END)
FROM   (
    SELECT organization, day, source,
           SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300,
           SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_source_settled
    GROUP BY organization, day, source
)
GROUP BY organization, month, source
ORDER BY month, organization, source;
CREATE VIEW by_source_unsettled AS
SELECT organization, day, source,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_source_account_fresh
UNION ALL
FROM by_source_merged;

CREATE TABLE by_account_month (
    organization INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL,
    days         INTEGER NOT NULL
);
INSERT INTO by_account_month
SELECT organization, month_of(day) AS month, account,
       SUM(calls), SUM(status_200), SUM(status_300), SUM(status_400), SUM(status_429), SUM(status_500),
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END)
FROM   (
    SELECT organization, day, account,
           SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300,
           SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_account_settled
    GROUP BY organization, day, account
)
GROUP BY organization, month, account
ORDER BY month, organization, account;
CREATE VIEW by_account_unsettled AS
SELECT organization, day, account,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_source_account_fresh
UNION ALL
FROM by_account_merged;

CREATE TABLE by_source_account_month (
    organization INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    source       INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL,
    days         INTEGER NOT NULL
);
INSERT INTO by_source_account_month
SELECT organization, month_of(day) AS month, source, account,
       SUM(calls), SUM(status_200), SUM(status_300), SUM(status_400), SUM(status_429), SUM(status_500),
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END)
FROM   (
    SELECT organization, day, source, account,
           SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300,
           SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_source_account_settled
    GROUP BY organization, day, source, account
)
GROUP BY organization, month, source, account
ORDER BY month, organization, source, account;
CREATE VIEW by_source_account_unsettled AS
FROM by_source_account_fresh
UNION ALL
FROM by_source_account_merged;

CREATE TABLE by_client_route_month (
    organization INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    client       INTEGER NOT NULL,
    route        INTEGER NOT NULL,
    method       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL,
    days         INTEGER NOT NULL
);
INSERT INTO by_client_route_month
SELECT organization, month_of(day) AS month, client, route, method,
       SUM(calls), SUM(status_200), SUM(status_300), SUM(status_400), SUM(status_429), SUM(status_500),
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END)
FROM   (
    SELECT organization, day, client, route, method,
           SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300,
           SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_client_route_settled
    GROUP BY organization, day, client, route, method
)
GROUP BY organization, month, client, route, method
ORDER BY month, organization, client, route, method;
CREATE VIEW by_client_route_unsettled AS
SELECT organization, day, client, route, method,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_client_user_route_fresh
UNION ALL
FROM by_client_route_merged;

CREATE TABLE by_client_user_route_month (
    organization INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    client       INTEGER NOT NULL,
    "user"       INTEGER NOT NULL,
    route        INTEGER NOT NULL,
    method       INTEGER NOT NULL,
    calls        BIGINT  NOT NULL,
    status_200   BIGINT  NOT NULL,
    status_300   BIGINT  NOT NULL,
    status_400   BIGINT  NOT NULL,
    status_429   BIGINT  NOT NULL,
    status_500   BIGINT  NOT NULL,
    days         INTEGER NOT NULL
);
INSERT INTO by_client_user_route_month
SELECT organization, month_of(day) AS month, client, "user", route, method,
       SUM(calls), SUM(status_200), SUM(status_300), SUM(status_400), SUM(status_429), SUM(status_500),
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END)
FROM   (
    SELECT organization, day, client, "user", route, method,
           SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300,
           SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_client_user_route_settled
    GROUP BY organization, day, client, "user", route, method
)
GROUP BY organization, month, client, "user", route, method
ORDER BY month, organization, client, "user", route, method;
CREATE VIEW by_client_user_route_unsettled AS
FROM by_client_user_route_fresh
UNION ALL
FROM by_client_user_route_merged;
