-- $organization = 1
-- $first_day = 20513
-- $end_day = 20544
-- $path = f.parquet
COPY (
WITH active AS (
    SELECT day, client, route, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(status_200) AS BIGINT) AS status_200, CAST(SUM(status_300) AS BIGINT) AS status_300, CAST(SUM(status_400) AS BIGINT) AS status_400, CAST(SUM(status_429) AS BIGINT) AS status_429, CAST(SUM(status_500) AS BIGINT) AS status_500
    FROM   by_client_route
    WHERE  organization = $organization
      AND  day >= $first_day
      AND  day <  $end_day
    GROUP BY day, client, route
    HAVING SUM(by_client_route.calls) > 0
)
SELECT strftime(DATE '1970-01-01' + CAST(day AS INTEGER), '%Y-%m-%d') AS day,
       COALESCE(client_id_text.text, '') AS client_id,
       COALESCE(route_text.text, '') AS route,
       active.calls,
       active.status_200,
       active.status_300,
       active.status_400,
       active.status_429,
       active.status_500
FROM   active
LEFT JOIN dictionary AS client_id_text
       ON client_id_text.kind = 2 AND client_id_text.id = active.client
LEFT JOIN dictionary AS route_text
       ON route_text.kind = 7 AND route_text.id = active.route
ORDER BY active.day, COALESCE(client_id_text.text, ''), COALESCE(route_text.text, '')
) TO $path (FORMAT parquet, COMPRESSION zstd);
