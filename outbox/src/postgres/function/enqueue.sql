-- What programs call, in their own transaction. It has the rights of the tables' owner; its `search_path` is its own, so
-- that nothing of its caller's is taken for the outbox's.
CREATE OR REPLACE FUNCTION {schema}.{name}({arguments})
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS {tag}
#variable_conflict use_column
DECLARE
    the_payload text;
    the_hash text;
    the_subject text;
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of this database is %, and {name} needs UTF8', pg_catalog.current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported';
    END IF;
    {checks}
    IF {body} IS NULL THEN
        RAISE EXCEPTION '{body_name} is null' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    the_payload := vitec_connect_body({schemas}::jsonb, {kind}::jsonb, '{body_name}'::text, {body});
    the_subject := {subject};
    the_hash := vitec_connect_content_hash(ARRAY['{operation}', $1, the_subject, the_payload]::text[]);
    RETURN vitec_connect_store(
        '{operation}'::text,
        CASE WHEN {reference} IS NULL THEN pg_catalog.concat('content:', the_hash, ':1')
            ELSE pg_catalog.concat('reference:', vitec_connect_reference({reference})) END,
        the_hash, {reference}, NULL::bigint, $1, the_subject, the_payload, pg_catalog.clock_timestamp(),
        vitec_connect_reference_problem({reference}));
END
{tag};
REVOKE ALL ON FUNCTION {schema}.{name}({types}) FROM PUBLIC;
ALTER FUNCTION {schema}.{name}({types}) OWNER TO {owner};
COMMENT ON FUNCTION {schema}.{name}({types}) IS
    'Stores a row of the outbox in the caller''s transaction, and gives its number: it is delivered if that commits.';
