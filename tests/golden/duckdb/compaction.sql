INSERT INTO by_account_merged
SELECT organization, day, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
FROM   by_account_fresh
GROUP BY organization, day, account
ORDER BY month_of(day), organization, account, day;

DELETE FROM by_account_fresh;

INSERT INTO settled_run
SELECT 'by_account', month_of(day), COUNT(*)
FROM   by_account_merged
GROUP BY ALL;

INSERT INTO by_account_settled
SELECT organization, day, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
FROM   by_account_merged
GROUP BY organization, day, account
ORDER BY month_of(day), organization, account, day;

DELETE FROM by_account_merged;

-- $first_day = 20513
-- $end_day = 20544
CREATE TEMP TABLE merging AS
SELECT organization, day, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
FROM   by_account_settled
WHERE  day >= $first_day
  AND  day <  $end_day
GROUP BY organization, day, account;

-- $first_day = 20513
-- $end_day = 20544
DELETE FROM by_account_settled
WHERE  day >= $first_day
  AND  day <  $end_day;

INSERT INTO by_account_settled
FROM merging
ORDER BY organization, account, day;

-- $marginal = by_account
-- $month = 24314
DELETE FROM settled_run
WHERE  marginal = $marginal
  AND  month = $month;

-- $marginal = by_account
-- $month = 24314
INSERT INTO settled_run
SELECT $marginal, $month, COUNT(*)
FROM   merging;

DROP TABLE merging;

-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
CREATE TEMP TABLE sorting AS
FROM call
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms;

-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
DELETE FROM call
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms;

INSERT INTO call
FROM sorting
ORDER BY organization, client, route, account, "user", time_ms;

-- $day = 20513
DELETE FROM call_day
WHERE  day = $day;

-- $day = 20513
INSERT INTO call_day
SELECT $day, COUNT(*), 0
FROM   sorting;

DROP TABLE sorting;
