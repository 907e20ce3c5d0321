-- $organization = 1
-- $first_month = 24314
-- $end_month = 24315
-- $account_id = 7
-- $first_day = 20513
-- $end_day = 20544
WITH counted AS (
    SELECT month AS start, month, 0 AS bit, days, calls
    FROM   by_account_month
    WHERE  organization = $organization
      AND  month >= $first_month
      AND  month <  $end_month
      AND  account = $account_id
    UNION ALL
    SELECT month_of(day) AS start, month_of(day) AS month, bit_of(day) AS bit, 0 AS days, calls
    FROM   by_account_unsettled
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
      AND  account = $account_id
),
daily AS (
    SELECT start, month, bit, CAST(SUM(calls) AS BIGINT) AS calls, BIT_OR(days) AS days
    FROM   counted
    GROUP BY start, month, bit
),
monthly AS (
    SELECT start,
           month,
           CAST(SUM(calls) AS BIGINT) AS calls,
           BIT_OR(days | CASE WHEN daily.calls > 0 THEN bit ELSE 0 END) AS days,
           BOOL_OR(bit > 0 AND daily.calls < 0) AS withdrawn
    FROM   daily
    GROUP BY start, month
)
SELECT start,
       CAST(SUM(calls) AS BIGINT) AS calls,
       CAST(COALESCE(SUM(BIT_COUNT(days)), 0) AS BIGINT) AS active_days,
       COALESCE(BOOL_OR(withdrawn), FALSE) AS withdrawn
FROM   monthly
GROUP BY start
HAVING SUM(monthly.calls) > 0;
