-- $organization = 1
WITH stored AS (
    SELECT asked.index, call.*,
           MAX(position) FILTER (WHERE entry = 1)
               OVER (PARTITION BY asked.index, time_ms) AS withdrawn
    FROM   call
    JOIN   asked ON call.identity_low = asked.identity_low
     AND  call.identity_high = asked.identity_high
    WHERE  organization = $organization
),
judged AS (
    SELECT *, entry <> 1 AND position >= COALESCE(withdrawn, 0) AS active
    FROM   stored
)
SELECT identity_high, identity_low, digest, time_ms, COALESCE(duration_ms, -1) AS duration_ms, COALESCE(request_bytes, -1) AS request_bytes, COALESCE(response_bytes, -1) AS response_bytes, organization, origin, client, "user", source, account, method, route, path, status, entry, active
FROM   judged
QUALIFY ROW_NUMBER() OVER (PARTITION BY index ORDER BY active DESC, position DESC, entry DESC) = 1
ORDER BY index;
