-- $organization = 1
-- $start_ms = 1772323200000
-- $end_ms = 1775001600000
WITH counted AS (
    SELECT status, CASE entry WHEN 1 THEN -1 ELSE 1 END AS calls
    FROM   call
    WHERE  organization = $organization
      AND  time_ms >= $start_ms
      AND  time_ms <  $end_ms
)
SELECT status, CAST(SUM(calls) AS BIGINT) AS calls
FROM   counted
GROUP BY status
HAVING SUM(counted.calls) > 0;
