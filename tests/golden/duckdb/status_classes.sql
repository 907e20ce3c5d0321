-- $organization = 1
-- $first_month = 24314
-- $end_month = 24315
-- $first_day = 20513
-- $end_day = 20544
-- $status_class = [4, 5]
WITH counted AS (
    SELECT client,
           UNNEST([2, 3, 4, 5, 0]) AS status_class,
           UNNEST([status_200, status_300, status_400, status_500, calls - status_200 - status_300 - status_400 - status_500]) AS calls,
           UNNEST([0, 0, status_429, 0, 0]) AS status_429
    FROM   by_client_route_month
    WHERE  organization = $organization
      AND  month >= $first_month
      AND  month <  $end_month
    UNION ALL
    SELECT client,
           UNNEST([2, 3, 4, 5, 0]) AS status_class,
           UNNEST([status_200, status_300, status_400, status_500, calls - status_200 - status_300 - status_400 - status_500]) AS calls,
           UNNEST([0, 0, status_429, 0, 0]) AS status_429
    FROM   by_client_route_unsettled
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
)
SELECT client,
       status_class,
       CAST(SUM(calls) AS BIGINT) AS calls,
       CAST(SUM(status_429) AS BIGINT) AS status_429
FROM   counted
WHERE  status_class IN (SELECT UNNEST($status_class))
GROUP BY client, status_class
HAVING SUM(counted.calls) > 0;
