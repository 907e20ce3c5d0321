-- $organization = 1
-- $start_ms = 1772323200000
-- $end_ms = 1775001600000
WITH counted AS (
    SELECT (time_ms + CASE WHEN time_ms < 1774746000000 THEN 120960003600000 ELSE 120960007200000 END) // 86400000 - 1400000 AS start,
           CASE entry WHEN 1 THEN -1 ELSE 1 END AS calls
    FROM   call
    WHERE  organization = $organization
      AND  time_ms >= $start_ms
      AND  time_ms <  $end_ms
)
SELECT start, CAST(SUM(calls) AS BIGINT) AS calls
FROM   counted
GROUP BY start
HAVING SUM(counted.calls) > 0;
