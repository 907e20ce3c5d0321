INSERT INTO call_fresh
SELECT organization, time_ms, received_ms, position, origin, client, "user", source, account, method, route, path, status, NULLIF(duration_ms, -1), NULLIF(request_bytes, -1), NULLIF(response_bytes, -1), identity_high, identity_low, digest, entry
FROM   batch;

INSERT INTO by_source_account_fresh
SELECT organization, day, source, account,
       COUNT(*),
       COUNT(*) FILTER (WHERE status BETWEEN 200 AND 299),
       COUNT(*) FILTER (WHERE status BETWEEN 300 AND 399),
       COUNT(*) FILTER (WHERE status BETWEEN 400 AND 499),
       COUNT(*) FILTER (WHERE status = 429),
       COUNT(*) FILTER (WHERE status BETWEEN 500 AND 599)
FROM   batch
GROUP BY organization, day, source, account;
