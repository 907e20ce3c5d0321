-- $organization = 1
-- $first_month = 24314
-- $end_month = 24315
-- $account_id = 7
-- $first_day = 20513
-- $end_day = 20544
SELECT month AS at, days, calls
FROM   by_account_month
WHERE  organization = $organization
  AND  month >= $first_month
  AND  month <  $end_month
  AND  account = $account_id
UNION ALL
SELECT day AS at, -1 AS days, calls
FROM   by_account_unsettled
WHERE  organization = $organization
  AND  day >= $first_day
  AND  day <  $end_day
  AND  account = $account_id;
