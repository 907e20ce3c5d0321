-- What the identities of calls are hashed with, one row. Stores made before hashed with XXH3 under their seed.
CREATE TABLE identity_key (
    scheme VARCHAR NOT NULL,
    secret BLOB    NOT NULL
);

INSERT INTO identity_key
SELECT 'xxh3', unhex(printf('%016x', value))
FROM   meta
WHERE  name = 'identity_seed';

DELETE FROM meta
WHERE  name = 'identity_seed';
