-- $organization = 1
-- $first_day = 20514
-- $end_day = 20532
-- $method = [1, 2]
-- $before_start_ms = 1772344800000
-- $before_end_ms = 1772409600000
-- $after_start_ms = 1773964800000
-- $after_end_ms = 1774029600000
WITH counted AS (
    SELECT day - (day + 1400003) % 7 AS start, calls
    FROM   by_route
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
      AND  method IN (SELECT UNNEST($method))
    UNION ALL
    SELECT (time_ms + 120960000000000) // 86400000 - 1400000 - ((time_ms + 120960000000000) // 86400000 - 1400000 + 1400003) % 7 AS start,
           CASE entry WHEN 1 THEN -1 ELSE 1 END AS calls
    FROM   call
    WHERE  organization = $organization
      AND  time_ms >= $before_start_ms
      AND  time_ms <  $before_end_ms
      AND  method IN (SELECT UNNEST($method))
    UNION ALL
    SELECT (time_ms + 120960000000000) // 86400000 - 1400000 - ((time_ms + 120960000000000) // 86400000 - 1400000 + 1400003) % 7 AS start,
           CASE entry WHEN 1 THEN -1 ELSE 1 END AS calls
    FROM   call
    WHERE  organization = $organization
      AND  time_ms >= $after_start_ms
      AND  time_ms <  $after_end_ms
      AND  method IN (SELECT UNNEST($method))
)
SELECT start, CAST(SUM(calls) AS BIGINT) AS calls
FROM   counted
GROUP BY start
HAVING SUM(counted.calls) > 0;
