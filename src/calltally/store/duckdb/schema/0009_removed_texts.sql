-- How many texts were removed from the dictionary, and the last id of their kind by then; a row for each
-- removal and kind. The greatest id that is told here or in the dictionary was given last.
CREATE TABLE removed_text (
    kind    UTINYINT NOT NULL,
    last_id INTEGER  NOT NULL,
    texts   BIGINT   NOT NULL
);
