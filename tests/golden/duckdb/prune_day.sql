-- $day = 20513
-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
INSERT INTO frozen_total
SELECT organization, $day,
       SUM(CASE entry WHEN 1 THEN -1 ELSE 1 END), SUM(CASE WHEN status BETWEEN 200 AND 299 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END), SUM(CASE WHEN status BETWEEN 300 AND 399 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END), SUM(CASE WHEN status BETWEEN 400 AND 499 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END), SUM(CASE WHEN status = 429 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END), SUM(CASE WHEN status BETWEEN 500 AND 599 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END)
FROM   call
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
GROUP BY organization;

-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
INSERT INTO pruned_receipt
SELECT organization, day_of(received_ms), COUNT(*)
FROM   call
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  entry = 0
GROUP BY ALL;

-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
INSERT INTO pruned_correction
SELECT position,
       COUNT(*) FILTER (WHERE entry = 1),
       COUNT(*) FILTER (WHERE entry = 2),
       COUNT(*) FILTER (WHERE entry = 3)
FROM   call
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  entry <> 0
GROUP BY position;

-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
DELETE FROM call_fresh
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms;

-- $start_ms = 1772323200000
-- $end_ms = 1772409600000
DELETE FROM call_packed
WHERE  time_ms >= $start_ms
  AND  time_ms <  $end_ms;

-- $day = 20513
DELETE FROM call_day
WHERE  day = $day;

-- $day = 20514
UPDATE retained SET calls_from = $day;
