-- $organization = 1
-- $first_month = 24314
-- $end_month = 24315
-- $first_day = 20494
-- $end_day = 20563
-- $before_first_day = 20494
-- $before_end_day = 20513
-- $after_first_day = 20544
-- $after_end_day = 20563
WITH counted AS (
    SELECT month AS start, route, calls
    FROM   by_route_month
    WHERE  organization = $organization
      AND  month >= $first_month
      AND  month <  $end_month
    UNION ALL
    SELECT month_of(day) AS start, route, calls
    FROM   by_route_unsettled
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
    UNION ALL
    SELECT month_of(day) AS start, route, calls
    FROM   by_route_settled
    WHERE  organization = $organization
      AND  day >= $before_first_day
      AND  day <  $before_end_day
    UNION ALL
    SELECT month_of(day) AS start, route, calls
    FROM   by_route_settled
    WHERE  organization = $organization
      AND  day >= $after_first_day
      AND  day <  $after_end_day
)
SELECT start, route, CAST(SUM(calls) AS BIGINT) AS calls
FROM   counted
GROUP BY start, route
HAVING SUM(counted.calls) > 0;
