-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
WITH counted AS (
    SELECT calls
    FROM   by_day
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
)
SELECT COALESCE(CAST(SUM(calls) AS BIGINT), 0) AS calls
FROM   counted;
