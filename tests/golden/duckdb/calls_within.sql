-- $organization = 1
-- $start_ms = 0
-- $end_ms = 86400000
-- $client_id = 1
-- $status_class = [4, 5]
-- $limit = 100
WITH withdrawn AS (
    SELECT identity_high, identity_low, time_ms, MAX(position) AS withdrawn_at
    FROM   call
    WHERE  organization = $organization
  AND  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  client = $client_id
  AND  CASE WHEN status BETWEEN 200 AND 599 THEN status // 100 ELSE 0 END IN (SELECT UNNEST($status_class))
  AND  entry = 1
    GROUP BY ALL
),
asked AS (
    FROM   call
    WHERE  organization = $organization
  AND  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  client = $client_id
  AND  CASE WHEN status BETWEEN 200 AND 599 THEN status // 100 ELSE 0 END IN (SELECT UNNEST($status_class))
  AND  entry <> 1
),
active AS (
    SELECT asked.*
    FROM   asked
    LEFT JOIN withdrawn USING (identity_high, identity_low, time_ms)
    WHERE  position >= COALESCE(withdrawn_at, 0)
)
SELECT identity_high, identity_low, digest, time_ms, COALESCE(duration_ms, -1) AS duration_ms, COALESCE(request_bytes, -1) AS request_bytes, COALESCE(response_bytes, -1) AS response_bytes, organization, origin, client, "user", source, account, method, route, path, status, entry, TRUE AS active
FROM   active
ORDER BY time_ms, position, identity_high, identity_low
LIMIT $limit;
