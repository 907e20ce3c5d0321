-- $organization = 1
-- $below = 500
-- $first_day = 20513
-- $end_day = 20544
-- $limit = 101
SELECT number, organization, received_ms, identity_high, identity_low, content
FROM   conflict
WHERE  number IN (
    SELECT number
    FROM   conflict
    WHERE  organization = $organization
      AND  number < $below
      AND  day_of(received_ms) >= $first_day
      AND  day_of(received_ms) <  $end_day
    ORDER BY number DESC
    LIMIT  $limit
)
ORDER BY number DESC;

-- $organization = 1
-- $below = 9223372036854775807
-- $first_day = 20513
-- $end_day = 20544
-- $limit = 101
-- $code = time.too_late
SELECT number, organization, received_ms, code, field, reason, content
FROM   rejected_sample
WHERE  number IN (
    SELECT number
    FROM   rejected_sample
    WHERE  organization = $organization
      AND  number < $below
      AND  day_of(received_ms) >= $first_day
      AND  day_of(received_ms) <  $end_day
      AND  code = $code
    ORDER BY number DESC
    LIMIT  $limit
)
ORDER BY number DESC;

-- $organization = 1
-- $below = 9223372036854775807
-- $first_day = 20513
-- $end_day = 20544
-- $limit = 101
SELECT position, organization, received_ms, who, why, action, subject, withdrawn, restated, added
FROM   correction
WHERE  position IN (
    SELECT position
    FROM   correction
    WHERE  organization = $organization
      AND  position < $below
      AND  day_of(received_ms) >= $first_day
      AND  day_of(received_ms) <  $end_day
    ORDER BY position DESC
    LIMIT  $limit
)
ORDER BY position DESC;

-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
SELECT (SELECT CAST(COALESCE(SUM(conflict), 0) AS BIGINT)
        FROM   outcome
        WHERE  organization = $organization
          AND  receipt_day >= $first_day
          AND  receipt_day <  $end_day),
       (SELECT COUNT(*)
        FROM   conflict
        WHERE  organization = $organization
          AND  day_of(received_ms) >= $first_day
          AND  day_of(received_ms) <  $end_day);

-- $organization = 1
-- $before_ms = 1772323200000
DELETE FROM conflict
WHERE  organization = $organization
  AND  received_ms < $before_ms;
