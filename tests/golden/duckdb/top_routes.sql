-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
WITH counted AS (
    SELECT route, method, calls
    FROM   by_route
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
)
SELECT route, method, CAST(SUM(calls) AS BIGINT) AS calls
FROM   counted
GROUP BY route, method
HAVING SUM(counted.calls) > 0;
