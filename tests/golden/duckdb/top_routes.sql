-- $organization = 1
-- $first_month = 24314
-- $end_month = 24315
-- $first_day = 20513
-- $end_day = 20544
WITH counted AS (
    SELECT route, method, calls
    FROM   by_route_month
    WHERE  organization = $organization
      AND  month >= $first_month
      AND  month <  $end_month
    UNION ALL
    SELECT route, method, calls
    FROM   by_route_unsettled
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
)
SELECT route, method, CAST(SUM(calls) AS BIGINT) AS calls
FROM   counted
GROUP BY route, method
HAVING SUM(counted.calls) > 0;
