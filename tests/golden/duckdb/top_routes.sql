-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
-- $limit = 250
-- $offset = 250
WITH counted AS (
    SELECT route, method, calls
    FROM   by_route
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
),
grouped AS (
    SELECT route, method, CAST(SUM(calls) AS BIGINT) AS calls
    FROM   counted
    GROUP BY route, method
    HAVING SUM(counted.calls) > 0
)
SELECT COALESCE(route_text.text, '') AS route,
       COALESCE(method_text.text, '') AS method,
       COALESCE(calls, 0) AS calls,
       COUNT(*) OVER () AS total_rows
FROM   grouped
LEFT JOIN dictionary AS route_text
       ON route_text.kind = 7 AND route_text.id = grouped.route
LEFT JOIN dictionary AS method_text
       ON method_text.kind = 6 AND method_text.id = grouped.method
ORDER BY 3 DESC, 1, 2
LIMIT $limit
OFFSET $offset;
