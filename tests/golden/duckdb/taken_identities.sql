-- $received_from_ms = 1000
-- $first_position = 5
-- $end_position = 18
SELECT identity_high, identity_low, digest, received_ms, time_ms
FROM   call
WHERE  received_ms >= $received_from_ms
  AND  position >= $first_position
  AND  position <  $end_position
  AND  entry IN (0, 3);

-- $received_from_ms = 1000
-- $first_position = 5
-- $end_position = 18
SELECT COUNT(*), COALESCE(BIT_XOR(identity_low), 0)
FROM   call
WHERE  received_ms >= $received_from_ms
  AND  position >= $first_position
  AND  position <  $end_position
  AND  entry IN (0, 3);
