-- $organization = 1
-- $start_ms = 1772323200000
-- $end_ms = 1775001600000
-- $up_to_position = 17
WITH counted AS (
    SELECT CASE entry WHEN 1 THEN -1 ELSE 1 END AS calls
    FROM   call
    WHERE  organization = $organization
      AND  time_ms >= $start_ms
      AND  time_ms <  $end_ms
      AND  position <= $up_to_position
)
SELECT COALESCE(CAST(SUM(calls) AS BIGINT), 0) AS calls
FROM   counted;
