-- $kind = 3
-- $organization = 1
-- $text = ada
-- $replacement = erased-1
UPDATE dictionary
SET    text = $replacement
WHERE  kind = $kind
  AND  organization = $organization
  AND  text = $text;

-- $organization = 1
-- $text = ada
SELECT path, MIN(time_ms), MAX(time_ms)
FROM   call
WHERE  organization = $organization
  AND  (contains(path, $text)
        OR contains(path, '%') AND COALESCE(contains(TRY(url_decode(path)), $text), TRUE))
GROUP BY path;

-- $organization = 1
-- $first_ms = 0
-- $last_ms = 1000
UPDATE call_fresh
SET    path = changed.redacted
FROM   changed
WHERE  call_fresh.organization = $organization
  AND  call_fresh.time_ms >= $first_ms
  AND  call_fresh.time_ms <= $last_ms
  AND  call_fresh.path = changed.path;

UPDATE rejected_sample
SET    content = changed.content,
       reason = changed.reason
FROM   changed
WHERE  rejected_sample.rowid = changed.number;
