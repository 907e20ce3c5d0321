-- Every process that opened this store, and the position that it found. A copy of the store goes on with a
-- life of its own, so that a file made beside the original is told from one made beside the copy.
CREATE TABLE life (
    number UBIGINT NOT NULL,  -- in the order of opening
    id     UBIGINT NOT NULL,  -- made by chance
    after  UBIGINT NOT NULL
);
