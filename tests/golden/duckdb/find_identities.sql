-- $up_to_position = 17
-- $received_from_ms = 1000
-- $start_0_ms = 0
-- $end_0_ms = 86400000
-- $start_1_ms = 864000000
-- $end_1_ms = 950400000
WITH stored AS (
    SELECT asked.index, call.digest, call.position
    FROM   call
    JOIN   asked ON call.identity_low = asked.identity_low
     AND  call.identity_high = asked.identity_high
    WHERE  call.position <= $up_to_position
      AND  entry IN (0, 3)
      AND  call.received_ms >= $received_from_ms
    UNION ALL
    SELECT asked.index, call.digest, call.position
    FROM   call
    JOIN   asked ON call.identity_low = asked.identity_low
     AND  call.identity_high = asked.identity_high
     AND  call.time_ms >= asked.day * 86400000
     AND  call.time_ms <  (asked.day + 1) * 86400000
    WHERE  call.position <= $up_to_position
      AND  entry IN (0, 3)
      AND  call.time_ms >= $start_0_ms
      AND  call.time_ms <  $end_0_ms
    UNION ALL
    SELECT asked.index, call.digest, call.position
    FROM   call
    JOIN   asked ON call.identity_low = asked.identity_low
     AND  call.identity_high = asked.identity_high
     AND  call.time_ms >= asked.day * 86400000
     AND  call.time_ms <  (asked.day + 1) * 86400000
    WHERE  call.position <= $up_to_position
      AND  entry IN (0, 3)
      AND  call.time_ms >= $start_1_ms
      AND  call.time_ms <  $end_1_ms
)
SELECT index, ARG_MIN(digest, position) AS digest
FROM   stored
GROUP BY index
ORDER BY index;
