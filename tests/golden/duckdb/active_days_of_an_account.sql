-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
-- $account_id = 7
WITH counted AS (
    SELECT month_of(day) AS start, day, calls
    FROM   by_account
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
      AND  account = $account_id
),
daily AS (
    SELECT start, day, CAST(SUM(calls) AS BIGINT) AS calls
    FROM   counted
    GROUP BY start, day
)
SELECT start,
       CAST(SUM(calls) AS BIGINT) AS calls,
       COUNT(*) FILTER (WHERE daily.calls > 0) AS active_days
FROM   daily
GROUP BY start
HAVING SUM(daily.calls) > 0;
