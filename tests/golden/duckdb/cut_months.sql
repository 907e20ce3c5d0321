-- $month = 24314
DELETE FROM by_account_month
WHERE  month <= $month;

-- $end_day = 20544
INSERT INTO by_account_month
SELECT organization, month_of(day) AS month, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500,
       BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END) AS days
FROM   (
    SELECT organization, day, account, SUM(calls) AS calls, SUM(status_200) AS status_200, SUM(status_300) AS status_300, SUM(status_400) AS status_400, SUM(status_429) AS status_429, SUM(status_500) AS status_500
    FROM   by_account_settled
    WHERE  day < $end_day
    GROUP BY organization, day, account
)
GROUP BY organization, month, account
ORDER BY month, organization, account;
