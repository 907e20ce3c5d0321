-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
WITH counted AS (
    SELECT calls
    FROM   by_day
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
),
grouped AS (
    SELECT CAST(SUM(calls) AS BIGINT) AS calls
    FROM   counted
)
SELECT COALESCE(calls, 0) AS calls
FROM   grouped;
