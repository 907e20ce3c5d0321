-- $first_day = 20513
-- $end_day = 20544
-- $first_ms = 1772323200000
-- $end_ms = 1775001600000
WITH stored AS (
    SELECT organization,
           day,
           account,
           SUM(calls) AS calls,
           SUM(status_200) AS status_200,
           SUM(status_300) AS status_300,
           SUM(status_400) AS status_400,
           SUM(status_429) AS status_429,
           SUM(status_500) AS status_500
    FROM   by_account
    WHERE  day >= $first_day
      AND  day <  $end_day
    GROUP BY ALL
),
recounted AS (
    SELECT organization,
           day_of(time_ms) AS day,
           account,
           SUM(CASE entry WHEN 1 THEN -1 ELSE 1 END) AS calls,
           SUM(CASE WHEN status BETWEEN 200 AND 299 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END) AS status_200,
           SUM(CASE WHEN status BETWEEN 300 AND 399 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END) AS status_300,
           SUM(CASE WHEN status BETWEEN 400 AND 499 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END) AS status_400,
           SUM(CASE WHEN status = 429 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END) AS status_429,
           SUM(CASE WHEN status BETWEEN 500 AND 599 THEN CASE entry WHEN 1 THEN -1 ELSE 1 END ELSE 0 END) AS status_500
    FROM   call
    WHERE  time_ms >= $first_ms
      AND  time_ms <  $end_ms
      AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
    GROUP BY ALL
),
compared AS (
    SELECT organization,
           day,
           account,
           CAST(COALESCE(stored.calls, 0) AS BIGINT) AS stored_calls,
           CAST(COALESCE(stored.status_200, 0) AS BIGINT) AS stored_status_200,
           CAST(COALESCE(stored.status_300, 0) AS BIGINT) AS stored_status_300,
           CAST(COALESCE(stored.status_400, 0) AS BIGINT) AS stored_status_400,
           CAST(COALESCE(stored.status_429, 0) AS BIGINT) AS stored_status_429,
           CAST(COALESCE(stored.status_500, 0) AS BIGINT) AS stored_status_500,
           CAST(COALESCE(recounted.calls, 0) AS BIGINT) AS recounted_calls,
           CAST(COALESCE(recounted.status_200, 0) AS BIGINT) AS recounted_status_200,
           CAST(COALESCE(recounted.status_300, 0) AS BIGINT) AS recounted_status_300,
           CAST(COALESCE(recounted.status_400, 0) AS BIGINT) AS recounted_status_400,
           CAST(COALESCE(recounted.status_429, 0) AS BIGINT) AS recounted_status_429,
           CAST(COALESCE(recounted.status_500, 0) AS BIGINT) AS recounted_status_500
    FROM   stored
    FULL JOIN recounted USING (organization, day, account)
)
FROM   compared
WHERE  stored_calls <> recounted_calls
   OR  stored_status_200 <> recounted_status_200
   OR  stored_status_300 <> recounted_status_300
   OR  stored_status_400 <> recounted_status_400
   OR  stored_status_429 <> recounted_status_429
   OR  stored_status_500 <> recounted_status_500
ORDER BY organization, day, account
LIMIT 1000;

-- $first_day = 20513
-- $end_day = 20544
WITH stored AS (
    SELECT organization,
           day,
           SUM(calls) AS calls,
           SUM(status_200) AS status_200,
           SUM(status_300) AS status_300,
           SUM(status_400) AS status_400,
           SUM(status_429) AS status_429,
           SUM(status_500) AS status_500
    FROM   by_account
    WHERE  day >= $first_day
      AND  day <  $end_day
    GROUP BY ALL
),
recounted AS (
    SELECT organization,
           day,
           SUM(calls) AS calls,
           SUM(status_200) AS status_200,
           SUM(status_300) AS status_300,
           SUM(status_400) AS status_400,
           SUM(status_429) AS status_429,
           SUM(status_500) AS status_500
    FROM   frozen_total
    WHERE  day >= $first_day
      AND  day <  $end_day
    GROUP BY ALL
),
compared AS (
    SELECT organization,
           day,
           CAST(COALESCE(stored.calls, 0) AS BIGINT) AS stored_calls,
           CAST(COALESCE(stored.status_200, 0) AS BIGINT) AS stored_status_200,
           CAST(COALESCE(stored.status_300, 0) AS BIGINT) AS stored_status_300,
           CAST(COALESCE(stored.status_400, 0) AS BIGINT) AS stored_status_400,
           CAST(COALESCE(stored.status_429, 0) AS BIGINT) AS stored_status_429,
           CAST(COALESCE(stored.status_500, 0) AS BIGINT) AS stored_status_500,
           CAST(COALESCE(recounted.calls, 0) AS BIGINT) AS recounted_calls,
           CAST(COALESCE(recounted.status_200, 0) AS BIGINT) AS recounted_status_200,
           CAST(COALESCE(recounted.status_300, 0) AS BIGINT) AS recounted_status_300,
           CAST(COALESCE(recounted.status_400, 0) AS BIGINT) AS recounted_status_400,
           CAST(COALESCE(recounted.status_429, 0) AS BIGINT) AS recounted_status_429,
           CAST(COALESCE(recounted.status_500, 0) AS BIGINT) AS recounted_status_500
    FROM   stored
    FULL JOIN recounted USING (organization, day)
)
FROM   compared
WHERE  stored_calls <> recounted_calls
   OR  stored_status_200 <> recounted_status_200
   OR  stored_status_300 <> recounted_status_300
   OR  stored_status_400 <> recounted_status_400
   OR  stored_status_429 <> recounted_status_429
   OR  stored_status_500 <> recounted_status_500
ORDER BY organization, day
LIMIT 1000;

-- $first_day = 20513
-- $end_day = 20544
-- $first_ms = 1772323200000
-- $end_ms = 1775001600000
WITH stored AS (
    SELECT day, SUM(packed) AS packed, SUM(fresh) AS fresh
    FROM   call_day
    WHERE  day >= $first_day
      AND  day <  $end_day
    GROUP BY ALL
),
recounted AS (
    SELECT day_of(time_ms) AS day, SUM(packed) AS packed, SUM(fresh) AS fresh
    FROM   (
        SELECT time_ms, 1 AS packed, 0 AS fresh
        FROM   call_packed
        WHERE  time_ms >= $first_ms
          AND  time_ms <  $end_ms
          AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
        UNION ALL
        SELECT time_ms, 0 AS packed, 1 AS fresh
        FROM   call_fresh
        WHERE  time_ms >= $first_ms
          AND  time_ms <  $end_ms
          AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
    )
    GROUP BY ALL
),
compared AS (
    SELECT day,
           CAST(COALESCE(stored.packed, 0) AS BIGINT) AS stored_packed,
           CAST(COALESCE(stored.fresh, 0) AS BIGINT) AS stored_fresh,
           CAST(COALESCE(recounted.packed, 0) AS BIGINT) AS recounted_packed,
           CAST(COALESCE(recounted.fresh, 0) AS BIGINT) AS recounted_fresh
    FROM   stored
    FULL JOIN recounted USING (day)
)
FROM   compared
WHERE  stored_packed <> recounted_packed
   OR  stored_fresh <> recounted_fresh
ORDER BY day
LIMIT 1000;

-- $first_month = 24314
-- $end_month = 24315
-- $first_day = 20513
-- $end_day = 20544
WITH stored AS (
    SELECT organization,
           month,
           account,
           SUM(calls) AS calls,
           SUM(status_200) AS status_200,
           SUM(status_300) AS status_300,
           SUM(status_400) AS status_400,
           SUM(status_429) AS status_429,
           SUM(status_500) AS status_500,
           BIT_OR(days) AS days
    FROM   by_account_month
    WHERE  month >= $first_month
      AND  month <  $end_month
    GROUP BY ALL
),
recounted AS (
    SELECT organization,
           month_of(day) AS month,
           account,
           SUM(calls) AS calls,
           SUM(status_200) AS status_200,
           SUM(status_300) AS status_300,
           SUM(status_400) AS status_400,
           SUM(status_429) AS status_429,
           SUM(status_500) AS status_500,
           BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END) AS days
    FROM   (
        SELECT organization,
               day,
               account,
               SUM(calls) AS calls,
               SUM(status_200) AS status_200,
               SUM(status_300) AS status_300,
               SUM(status_400) AS status_400,
               SUM(status_429) AS status_429,
               SUM(status_500) AS status_500
        FROM   by_account_settled
        WHERE  day >= $first_day
          AND  day <  $end_day
        GROUP BY organization, day, account
    )
    GROUP BY ALL
),
compared AS (
    SELECT organization,
           month,
           account,
           CAST(COALESCE(stored.calls, 0) AS BIGINT) AS stored_calls,
           CAST(COALESCE(stored.status_200, 0) AS BIGINT) AS stored_status_200,
           CAST(COALESCE(stored.status_300, 0) AS BIGINT) AS stored_status_300,
           CAST(COALESCE(stored.status_400, 0) AS BIGINT) AS stored_status_400,
           CAST(COALESCE(stored.status_429, 0) AS BIGINT) AS stored_status_429,
           CAST(COALESCE(stored.status_500, 0) AS BIGINT) AS stored_status_500,
           CAST(COALESCE(stored.days, 0) AS BIGINT) AS stored_days,
           CAST(COALESCE(recounted.calls, 0) AS BIGINT) AS recounted_calls,
           CAST(COALESCE(recounted.status_200, 0) AS BIGINT) AS recounted_status_200,
           CAST(COALESCE(recounted.status_300, 0) AS BIGINT) AS recounted_status_300,
           CAST(COALESCE(recounted.status_400, 0) AS BIGINT) AS recounted_status_400,
           CAST(COALESCE(recounted.status_429, 0) AS BIGINT) AS recounted_status_429,
           CAST(COALESCE(recounted.status_500, 0) AS BIGINT) AS recounted_status_500,
           CAST(COALESCE(recounted.days, 0) AS BIGINT) AS recounted_days
    FROM   stored
    FULL JOIN recounted USING (organization, month, account)
)
FROM   compared
WHERE  stored_calls <> recounted_calls
   OR  stored_status_200 <> recounted_status_200
   OR  stored_status_300 <> recounted_status_300
   OR  stored_status_400 <> recounted_status_400
   OR  stored_status_429 <> recounted_status_429
   OR  stored_status_500 <> recounted_status_500
   OR  stored_days <> recounted_days
ORDER BY organization, month, account
LIMIT 1000;

-- $first_ms = 1772323200000
-- $end_ms = 1775001600000
-- $part = 1
-- $parts = 3
-- $limit = 1000
WITH taken AS (
    SELECT organization, day_of(time_ms) AS day, identity_high, identity_low
    FROM   call
    WHERE  time_ms >= $first_ms
      AND  time_ms <  $end_ms
      AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
      AND  entry IN (0, 3)
      AND  identity_high % $parts = $part
    GROUP BY ALL
    HAVING COUNT(*) > 1
),
row_of_day AS (
    SELECT call.*, taken.day,
           MAX(position) FILTER (WHERE entry = 1) OVER (PARTITION BY call.organization, call.identity_high, call.identity_low, time_ms) AS withdrawn
    FROM   call
    JOIN   taken ON call.identity_low = taken.identity_low
     AND  call.identity_high = taken.identity_high
     AND  call.organization = taken.organization
     AND  day_of(call.time_ms) = taken.day
    WHERE  time_ms >= $first_ms
      AND  time_ms <  $end_ms
      AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
),
doubled AS (
    SELECT organization, day, identity_high, identity_low, MIN(position) AS first, MAX(position) AS last, SUM(CASE entry WHEN 1 THEN -1 ELSE 1 END) AS counted,
           CAST(BOOL_OR(entry <> 1 AND position >= COALESCE(withdrawn, 0)) AS BIGINT) AS wanted
    FROM   row_of_day
    GROUP BY ALL
    HAVING counted > wanted
)
SELECT organization, day, first, last, counted, wanted
FROM   doubled
ORDER BY ALL
LIMIT $limit;

-- $first_ms = 1772323200000
-- $end_ms = 1775001600000
-- $part = 1
-- $parts = 3
-- $limit = 1000
WITH taken AS (
    SELECT organization, day_of(time_ms) AS day, identity_high, identity_low
    FROM   call
    WHERE  time_ms >= $first_ms
      AND  time_ms <  $end_ms
      AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
      AND  entry IN (0, 3)
      AND  identity_high % $parts = $part
    GROUP BY ALL
    HAVING COUNT(*) > 1
),
row_of_day AS (
    SELECT call.*, taken.day,
           MAX(position) FILTER (WHERE entry = 1) OVER (PARTITION BY call.organization, call.identity_high, call.identity_low, time_ms) AS withdrawn
    FROM   call
    JOIN   taken ON call.identity_low = taken.identity_low
     AND  call.identity_high = taken.identity_high
     AND  call.organization = taken.organization
     AND  day_of(call.time_ms) = taken.day
    WHERE  time_ms >= $first_ms
      AND  time_ms <  $end_ms
      AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
),
doubled AS (
    SELECT organization, day, identity_high, identity_low, MIN(position) AS first, MAX(position) AS last, SUM(CASE entry WHEN 1 THEN -1 ELSE 1 END) AS counted,
           CAST(BOOL_OR(entry <> 1 AND position >= COALESCE(withdrawn, 0)) AS BIGINT) AS wanted
    FROM   row_of_day
    GROUP BY ALL
    HAVING counted > wanted
),
listed AS (
    SELECT organization, day, identity_high, identity_low
    FROM   doubled
    ORDER BY day, organization, day, identity_high, identity_low
    LIMIT $limit
)
SELECT position, received_ms, identity_high, identity_low, digest, time_ms, COALESCE(duration_ms, -1) AS duration_ms, COALESCE(request_bytes, -1) AS request_bytes, COALESCE(response_bytes, -1) AS response_bytes, organization, origin, client, "user", source, account, method, route, path, status, entry
FROM   row_of_day
JOIN   listed USING (organization, day, identity_high, identity_low)
ORDER BY day, organization, day, identity_high, identity_low, position, entry;

-- $first_ms = 1772323200000
-- $end_ms = 1775001600000
      WITH corrected AS (
          SELECT DISTINCT identity_high, identity_low
          FROM   call
          WHERE  time_ms >= $first_ms
AND  time_ms <  $end_ms
AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
            AND  entry = 1
      )
      SELECT organization, day_of(time_ms) AS day, MIN(position), MAX(position), SUM(CASE entry WHEN 1 THEN -1 ELSE 1 END), 0
      FROM   call
      SEMI JOIN corrected USING (identity_high, identity_low)
      WHERE  time_ms >= $first_ms
AND  time_ms <  $end_ms
AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
      GROUP BY organization, day, identity_high, identity_low
      HAVING SUM(CASE entry WHEN 1 THEN -1 ELSE 1 END) < 0
      ORDER BY ALL
      LIMIT 1000
      ;

-- $first_day = 20513
-- $end_day = 20544
-- $first_ms = 1772323200000
-- $end_ms = 1775001600000
WITH stored AS (
    SELECT organization, receipt_day AS day, SUM(accepted) AS size
    FROM   outcome
    WHERE  receipt_day >= $first_day
      AND  receipt_day <  $end_day
    GROUP BY organization, receipt_day
),
recounted AS (
    SELECT organization, day, SUM(size) AS size
    FROM   (
        SELECT organization, day_of(received_ms) AS day, COUNT(*) AS size
        FROM   call
        WHERE  received_ms >= $first_ms
          AND  received_ms <  $end_ms
          AND  entry = 0
          AND  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
        GROUP BY ALL
        UNION ALL
        SELECT organization, receipt_day, calls
        FROM   pruned_receipt
        WHERE  receipt_day >= $first_day
          AND  receipt_day <  $end_day
    )
    GROUP BY ALL
),
compared AS (
    SELECT organization,
           day,
           CAST(COALESCE(stored.size, 0) AS BIGINT) AS stored_size,
           CAST(COALESCE(recounted.size, 0) AS BIGINT) AS recounted_size
    FROM   stored
    FULL JOIN recounted USING (organization, day)
)
FROM   compared
WHERE  stored_size <> recounted_size
ORDER BY organization, day
LIMIT 1000;

-- $first_day = 20513
WITH stored AS (
    SELECT organization, day, LEAST(size, 1000) AS size
    FROM   (
        SELECT organization, receipt_day AS day, SUM(conflict) AS size
        FROM   outcome
        WHERE  receipt_day >= $first_day
        GROUP BY organization, receipt_day
    )
    QUALIFY SUM(LEAST(size, 1000)) OVER (PARTITION BY organization ORDER BY day DESC) <= 10000
),
recounted AS (
    SELECT organization, day_of(received_ms) AS day, COUNT(*) AS size
    FROM   conflict
    GROUP BY ALL
),
compared AS (
    SELECT organization,
           day,
           CAST(COALESCE(stored.size, 0) AS BIGINT) AS stored_size,
           CAST(COALESCE(recounted.size, 0) AS BIGINT) AS recounted_size
    FROM   stored
    FULL JOIN recounted USING (organization, day)
)
FROM   compared
WHERE  stored_size <> recounted_size
ORDER BY organization, day
LIMIT 1000;

WITH stored AS (
    SELECT position, withdrawn, restated, added
    FROM   correction
),
recounted AS (
    SELECT position, SUM(withdrawn) AS withdrawn, SUM(restated) AS restated, SUM(added) AS added
    FROM   (
        SELECT position,
               COUNT(*) FILTER (WHERE entry = 1) AS withdrawn,
               COUNT(*) FILTER (WHERE entry = 2) AS restated,
               COUNT(*) FILTER (WHERE entry = 3) AS added
        FROM   call
        WHERE  entry <> 0
        GROUP BY position
        UNION ALL
        FROM pruned_correction
    )
    GROUP BY position
),
compared AS (
    SELECT position,
           CAST(COALESCE(stored.withdrawn, 0) AS BIGINT) AS stored_withdrawn,
           CAST(COALESCE(stored.restated, 0) AS BIGINT) AS stored_restated,
           CAST(COALESCE(stored.added, 0) AS BIGINT) AS stored_added,
           CAST(COALESCE(recounted.withdrawn, 0) AS BIGINT) AS recounted_withdrawn,
           CAST(COALESCE(recounted.restated, 0) AS BIGINT) AS recounted_restated,
           CAST(COALESCE(recounted.added, 0) AS BIGINT) AS recounted_added
    FROM   stored
    FULL JOIN recounted USING (position)
)
FROM   compared
WHERE  stored_withdrawn <> recounted_withdrawn
   OR  stored_restated <> recounted_restated
   OR  stored_added <> recounted_added
ORDER BY position
LIMIT 1000;
