-- Batches are counted into two marginals only. What is fresh there counts for the narrower ones too, until
-- compaction merges it into all of them; so the five narrower ones have no fresh level of their own.

INSERT INTO by_day_merged FROM by_day_fresh;
INSERT INTO by_route_merged FROM by_route_fresh;
INSERT INTO by_source_merged FROM by_source_fresh;
INSERT INTO by_account_merged FROM by_account_fresh;
INSERT INTO by_source_account_merged FROM by_source_account_fresh;
INSERT INTO by_client_route_merged FROM by_client_route_fresh;
INSERT INTO by_client_user_route_merged FROM by_client_user_route_fresh;

DELETE FROM by_source_account_fresh;
DELETE FROM by_client_user_route_fresh;

DROP VIEW by_day;
DROP TABLE by_day_fresh;
CREATE VIEW by_day AS
SELECT organization, day,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_client_user_route_fresh
UNION ALL
FROM by_day_merged
UNION ALL
FROM by_day_settled;

DROP VIEW by_route;
DROP TABLE by_route_fresh;
CREATE VIEW by_route AS
SELECT organization, day, route, method,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_client_user_route_fresh
UNION ALL
FROM by_route_merged
UNION ALL
FROM by_route_settled;

DROP VIEW by_source;
DROP TABLE by_source_fresh;
CREATE VIEW by_source AS
SELECT organization, day, source,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_source_account_fresh
UNION ALL
FROM by_source_merged
UNION ALL
FROM by_source_settled;

DROP VIEW by_account;
DROP TABLE by_account_fresh;
CREATE VIEW by_account AS
SELECT organization, day, account,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_source_account_fresh
UNION ALL
FROM by_account_merged
UNION ALL
FROM by_account_settled;

DROP VIEW by_client_route;
DROP TABLE by_client_route_fresh;
CREATE VIEW by_client_route AS
SELECT organization, day, client, route, method,
       calls, status_200, status_300, status_400, status_429, status_500
FROM   by_client_user_route_fresh
UNION ALL
FROM by_client_route_merged
UNION ALL
FROM by_client_route_settled;
