-- $organization = 1
-- $source = 7
-- $first_day = 20513
-- $end_day = 20544
WITH daily AS (
    SELECT month_of(day) AS month, account
    FROM   by_source_account
    WHERE  organization = $organization
      AND  source = $source
      AND  account <> 0
      AND  day >= $first_day
      AND  day <  $end_day
    GROUP BY month, account, day
    HAVING SUM(calls) > 0
)
SELECT month, COUNT(*) AS account_days, COUNT(DISTINCT account) AS accounts
FROM   daily
GROUP BY month
ORDER BY month;
