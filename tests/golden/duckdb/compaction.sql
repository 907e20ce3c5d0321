CREATE TEMP TABLE merging_by_source_account AS
SELECT organization, day, source, account, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(status_200) AS BIGINT) AS status_200, CAST(SUM(status_300) AS BIGINT) AS status_300, CAST(SUM(status_400) AS BIGINT) AS status_400, CAST(SUM(status_429) AS BIGINT) AS status_429, CAST(SUM(status_500) AS BIGINT) AS status_500
FROM   by_source_account_fresh
GROUP BY organization, day, source, account;

INSERT INTO by_source_account_merged
FROM merging_by_source_account
ORDER BY month_of(day), organization, source, account, day;

CREATE TEMP TABLE merging_by_account AS
SELECT organization, day, account, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(status_200) AS BIGINT) AS status_200, CAST(SUM(status_300) AS BIGINT) AS status_300, CAST(SUM(status_400) AS BIGINT) AS status_400, CAST(SUM(status_429) AS BIGINT) AS status_429, CAST(SUM(status_500) AS BIGINT) AS status_500
FROM   merging_by_source_account
GROUP BY organization, day, account;

INSERT INTO by_account_merged
FROM merging_by_account
ORDER BY month_of(day), organization, account, day;

CREATE TEMP TABLE merging_by_source AS
SELECT organization, day, source, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(status_200) AS BIGINT) AS status_200, CAST(SUM(status_300) AS BIGINT) AS status_300, CAST(SUM(status_400) AS BIGINT) AS status_400, CAST(SUM(status_429) AS BIGINT) AS status_429, CAST(SUM(status_500) AS BIGINT) AS status_500
FROM   merging_by_source_account
GROUP BY organization, day, source;

INSERT INTO by_source_merged
FROM merging_by_source
ORDER BY month_of(day), organization, day, source;

DROP TABLE merging_by_source_account;

DROP TABLE merging_by_account;

DROP TABLE merging_by_source;

DELETE FROM by_source_account_fresh;

CREATE TEMP TABLE settling AS
SELECT organization, day, account, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(status_200) AS BIGINT) AS status_200, CAST(SUM(status_300) AS BIGINT) AS status_300, CAST(SUM(status_400) AS BIGINT) AS status_400, CAST(SUM(status_429) AS BIGINT) AS status_429, CAST(SUM(status_500) AS BIGINT) AS status_500
FROM   by_account_merged
GROUP BY organization, day, account;

INSERT INTO settled_run
SELECT 'by_account', month_of(day), COUNT(*)
FROM   settling
GROUP BY ALL;

INSERT INTO by_account_settled
FROM settling
ORDER BY month_of(day), organization, account, day;

CREATE TEMP TABLE withdrawn AS
SELECT DISTINCT month_of(day) AS month
FROM   settling
WHERE  calls < 0;

DELETE FROM by_account_month
WHERE  month IN (FROM withdrawn);

INSERT INTO by_account_month
SELECT organization, month_of(day) AS month, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500,
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END) AS days
FROM   settling
WHERE  month_of(day) NOT IN (FROM withdrawn)
GROUP BY organization, month, account
ORDER BY month, organization, account;

INSERT INTO by_account_month
SELECT organization, month_of(day) AS month, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500,
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END) AS days
FROM   (
    SELECT organization, day, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_account_settled
    WHERE  month_of(day) IN (FROM withdrawn)
    GROUP BY organization, day, account
)
GROUP BY organization, month, account
ORDER BY month, organization, account;

DROP TABLE withdrawn;

DROP TABLE settling;

DELETE FROM by_account_merged;

-- $first_day = 20513
-- $end_day = 20544
CREATE TEMP TABLE merging AS
SELECT organization, day, account, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(status_200) AS BIGINT) AS status_200, CAST(SUM(status_300) AS BIGINT) AS status_300, CAST(SUM(status_400) AS BIGINT) AS status_400, CAST(SUM(status_429) AS BIGINT) AS status_429, CAST(SUM(status_500) AS BIGINT) AS status_500
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

-- $month = 24314
DELETE FROM by_account_month
WHERE  month = $month;

INSERT INTO by_account_month
SELECT organization, month_of(day) AS month, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500,
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END) AS days
FROM   merging
GROUP BY organization, month, account
ORDER BY month, organization, account;

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

-- $day = 20513
-- $start_ms = 1772323200000
-- $end_ms = 1772366400000
INSERT INTO call_day
SELECT $day, COUNT(*), -COUNT(*)
FROM   call_fresh
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

-- $start_ms = 1772323200000
-- $end_ms = 1772366400000
CREATE TEMP TABLE sorting AS
FROM call
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

-- $start_ms = 1772323200000
-- $end_ms = 1772366400000
DELETE FROM call_fresh
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

-- $start_ms = 1772323200000
-- $end_ms = 1772366400000
DELETE FROM call_packed
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

INSERT INTO call_packed
FROM sorting
ORDER BY organization, client, route, account, "user", time_ms;

DROP TABLE sorting;

-- $day = 20513
-- $start_ms = 1772366400000
-- $end_ms = 1772409600000
INSERT INTO call_day
SELECT $day, COUNT(*), -COUNT(*)
FROM   call_fresh
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

-- $start_ms = 1772366400000
-- $end_ms = 1772409600000
INSERT INTO call_packed
FROM call_fresh
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
ORDER BY organization, client, route, account, "user", time_ms;

-- $start_ms = 1772366400000
-- $end_ms = 1772409600000
DELETE FROM call_fresh
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

-- $day = 20513
DELETE FROM call_day
WHERE  day = $day;

-- $day = 20513
-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
INSERT INTO call_day
SELECT $day, packed, fresh
FROM   (SELECT COUNT(*) AS packed FROM call_packed WHERE time_ms >= $start_ms AND time_ms < $end_ms AND position <= (SELECT MAX(value) FROM meta WHERE name = 'position')),
       (SELECT COUNT(*) AS fresh FROM call_fresh WHERE time_ms >= $start_ms AND time_ms < $end_ms AND position <= (SELECT MAX(value) FROM meta WHERE name = 'position'));

-- $calls = 1000
SELECT COALESCE(
    (SELECT position FROM call_fresh LIMIT 1 OFFSET $calls),
    (SELECT MAX(position) FROM call_fresh)
);

-- $position = 17
INSERT INTO call_day
SELECT day_of(time_ms), COUNT(*), -COUNT(*)
FROM   call_fresh
WHERE  position <= $position
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
GROUP BY ALL;

-- $position = 17
INSERT INTO call_packed
FROM call_fresh
WHERE  position <= $position
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
ORDER BY day_of(time_ms), organization, client, route, account, "user", time_ms;

-- $position = 17
DELETE FROM call_fresh
WHERE  position <= $position
  AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position');

-- $receipt_day = 20513
CREATE TEMP TABLE closing AS
SELECT organization, receipt_day, code, SUM(calls)
FROM   rejection
WHERE  receipt_day = $receipt_day
GROUP BY organization, receipt_day, code;

-- $receipt_day = 20513
DELETE FROM rejection
WHERE  receipt_day = $receipt_day;

INSERT INTO rejection
FROM closing
ORDER BY organization, receipt_day, code;

DROP TABLE closing;
