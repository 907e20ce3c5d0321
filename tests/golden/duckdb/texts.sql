-- $kind = 5
WITH used AS (
    SELECT account AS id
    FROM   call
    UNION
    SELECT account
    FROM   by_account
    UNION
    SELECT account
    FROM   by_account_month
    UNION
    SELECT account
    FROM   by_source_account
    UNION
    SELECT account
    FROM   by_source_account_month
)
SELECT kind, derived, organization, id
FROM   dictionary
ANTI JOIN used USING (id)
WHERE  kind = $kind;

-- $kind = 5
WITH used AS (
    SELECT organization, account AS id
    FROM   call
    WHERE  position <= (SELECT MAX(value) FROM meta WHERE name = 'position')
    UNION
    SELECT organization, account
    FROM   by_account
    UNION
    SELECT organization, account
    FROM   by_account_month
    UNION
    SELECT organization, account
    FROM   by_source_account
    UNION
    SELECT organization, account
    FROM   by_source_account_month
),
known AS (
    SELECT organization, id
    FROM   dictionary
    WHERE  kind = $kind
)
SELECT organization, id
FROM   used
ANTI JOIN known USING (organization, id)
WHERE  id <> 0
ORDER BY ALL
LIMIT 1000;

INSERT INTO removed_text
SELECT kind, MAX(dictionary.id), COUNT(removed.id)
FROM   dictionary
LEFT JOIN removed USING (kind, id)
GROUP BY kind
HAVING COUNT(removed.id) > 0;

DELETE FROM dictionary
USING removed
WHERE  dictionary.kind = removed.kind
  AND  dictionary.id = removed.id;
