-- $organization = 1
-- $source = 7
WITH counted AS (
    SELECT account, calls
    FROM   by_source_account_month
    WHERE  organization = $organization
      AND  source = $source
    UNION ALL
    SELECT account, calls
    FROM   by_source_account_unsettled
    WHERE  organization = $organization
      AND  source = $source
)
SELECT 1
FROM   counted
WHERE  account <> 0
GROUP BY account
HAVING SUM(counted.calls) > 0
LIMIT 1;
