-- Stores a row, or finds the one that it is. The parameters are those of `sql::INSERT` in their order, then why the
-- reference cannot be stored: rows that have such a one already stay known. What is not written `pg_catalog.` here is
-- looked for with the very types that stand in pg_catalog, which comes first.
CREATE OR REPLACE FUNCTION {schema}.vitec_connect_store(
    text, text, text, text, bigint, text, text, text, timestamptz, text)
RETURNS bigint LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
AS {tag}
#variable_conflict use_column
DECLARE
    new_row bigint;
    stored record;
    stored_rows text[];
    is_same boolean;
    standing text;
BEGIN
    -- Others write at the same time: what was in the way may be gone when it is looked at.
    FOR turn IN 1..3 LOOP
        IF $10 IS NULL THEN
            {insert} INTO new_row;
            IF new_row IS NOT NULL THEN
                RETURN new_row;
            END IF;
        END IF;
        stored_rows := NULL;
        FOR stored IN {find} LOOP
            stored_rows := pg_catalog.array_append(stored_rows, stored.id::text);
            new_row := stored.id;
            -- Without a reference it was found by its content: where it has another by now, a person has corrected it.
            is_same := stored.content_hash = $3 OR $4 IS NULL;
            standing := stored.state;
        END LOOP;
        IF pg_catalog.cardinality(stored_rows) > 1 THEN
            RAISE EXCEPTION 'the reference is that of rows %: an older version took them for different ones, by white space or by the form of a letter. Nothing was stored. Look at those rows, and give this one a reference of its own if it is another', pg_catalog.array_to_string(stored_rows, ' and ')
                USING ERRCODE = 'unique_violation';
        ELSIF is_same THEN
            RETURN new_row;
        ELSIF new_row IS NOT NULL THEN
            RAISE EXCEPTION 'the reference is row % already, with other content, which %', new_row, CASE standing
                WHEN 'pending' THEN pg_catalog.format('is to be sent still (pending). Correct it (`vitec-connect outbox correct %s`), or give this one a reference of its own if it is another', new_row)
                WHEN 'sending' THEN 'is under way (sending). Wait for its outcome; then correct it if it was rejected, or correct it in Vitec if it was accepted'
                WHEN 'accepted' THEN 'was created (accepted). Correct it in Vitec; what is to be created beside it needs a reference of its own'
                WHEN 'unknown' THEN pg_catalog.format('may have been created (unknown). Look in Vitec, and say what you found (`vitec-connect outbox resolve %s`); if it is there, correct it there', new_row)
                WHEN 'rejected' THEN pg_catalog.format('was rejected. Correct it (`vitec-connect outbox correct %s`), or give this one a reference of its own if it is another', new_row)
                WHEN 'dropped' THEN 'was given up (dropped). What is to be sent needs a reference of its own'
                ELSE standing
            END USING ERRCODE = 'unique_violation';
        ELSIF $10 IS NOT NULL THEN
            RAISE EXCEPTION 'the reference cannot be stored: %', $10 USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
    RAISE EXCEPTION 'somebody changes this row again and again: begin the transaction anew'
        USING ERRCODE = 'serialization_failure';
END
{tag};
REVOKE ALL ON FUNCTION {schema}.vitec_connect_store(
    text, text, text, text, bigint, text, text, text, timestamptz, text) FROM PUBLIC;
ALTER FUNCTION {schema}.vitec_connect_store(
    text, text, text, text, bigint, text, text, text, timestamptz, text) OWNER TO {owner};
