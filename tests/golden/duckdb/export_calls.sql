-- $organization = 1
-- $start_ms = 0
-- $end_ms = 86400000
-- $formula = ^[=+@\t\r\n＝＋－＠'-]
-- $path = f.csv
COPY (
WITH withdrawn AS (
    SELECT identity_high, identity_low, time_ms, MAX(position) AS withdrawn_at
    FROM   call
    WHERE  organization = $organization
  AND  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  entry = 1
    GROUP BY ALL
),
asked AS (
    FROM   call
    WHERE  organization = $organization
  AND  time_ms >= $start_ms
  AND  time_ms <  $end_ms
  AND  entry <> 1
),
active AS (
    SELECT asked.*
    FROM   asked
    LEFT JOIN withdrawn USING (identity_high, identity_low, time_ms)
    WHERE  position >= COALESCE(withdrawn_at, 0)
)
SELECT strftime(make_timestamp(time_ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ') AS time,
       regexp_replace(COALESCE(organization_text.text, ''), $formula, '''\0') AS organization,
       regexp_replace(COALESCE(origin_text.text, ''), $formula, '''\0') AS origin,
       regexp_replace(COALESCE(client_id_text.text, ''), $formula, '''\0') AS client_id,
       regexp_replace(COALESCE(user_id_text.text, ''), $formula, '''\0') AS user_id,
       regexp_replace(COALESCE(source_id_text.text, ''), $formula, '''\0') AS source_id,
       regexp_replace(COALESCE(account_id_text.text, ''), $formula, '''\0') AS account_id,
       regexp_replace(COALESCE(method_text.text, ''), $formula, '''\0') AS method,
       regexp_replace(COALESCE(route_text.text, ''), $formula, '''\0') AS route,
       regexp_replace(active.path, $formula, '''\0') AS path,
       active.status AS status,
       active.duration_ms AS duration_ms,
       active.request_bytes AS request_bytes,
       active.response_bytes AS response_bytes,
       strftime(make_timestamp(received_ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ') AS received,
       active.position AS position,
       CASE entry WHEN 0 THEN 'received' WHEN 1 THEN 'withdrawn' WHEN 2 THEN 'restated' WHEN 3 THEN 'added' END AS entry,
       CASE entry WHEN 1 THEN -1 ELSE 1 END AS weight
FROM   active
LEFT JOIN dictionary AS organization_text
       ON organization_text.kind = 0 AND organization_text.id = active.organization
LEFT JOIN dictionary AS origin_text
       ON origin_text.kind = 1 AND origin_text.id = active.origin
LEFT JOIN dictionary AS client_id_text
       ON client_id_text.kind = 2 AND client_id_text.id = active.client
LEFT JOIN dictionary AS user_id_text
       ON user_id_text.kind = 3 AND user_id_text.id = active."user"
LEFT JOIN dictionary AS source_id_text
       ON source_id_text.kind = 4 AND source_id_text.id = active.source
LEFT JOIN dictionary AS account_id_text
       ON account_id_text.kind = 5 AND account_id_text.id = active.account
LEFT JOIN dictionary AS method_text
       ON method_text.kind = 6 AND method_text.id = active.method
LEFT JOIN dictionary AS route_text
       ON route_text.kind = 7 AND route_text.id = active.route
) TO $path (FORMAT csv, HEADER true);
