-- The rules for ids, as `datacontract::id` has them; without a minimum only that the value is there.
CREATE OR REPLACE FUNCTION {schema}.vitec_connect_check_id(what text, given text, minimum bigint, maximum bigint)
RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
-- A session may read the backslashes of the texts below otherwise.
SET standard_conforming_strings = on
AS {tag}
DECLARE
    odd text := substring(given FROM '[{refused}]');
    code text := upper(to_hex(ascii(odd)));
    why text;
BEGIN
    code := 'U+' || lpad(code, greatest(4, length(code)), '0');
    why := CASE
        WHEN given IS NULL THEN 'is null'
        WHEN minimum IS NULL THEN NULL
        WHEN length(given) < minimum AND minimum = 1 THEN 'is empty'
        WHEN length(given) < minimum THEN format('has fewer than %s characters', minimum)
        WHEN odd ~ '[{control}]' THEN format('contains the control character %s', code)
        WHEN odd ~ '[{invisible}]' THEN
            format('contains %s, a character that nobody sees: delete it, or type the id anew', code)
        WHEN odd IS NOT NULL THEN
            format('contains ''%s'', which a URL parser or IIS splits, cuts off or refuses in a path',
                replace(odd, '\', '\\'))
        WHEN length(given) > maximum THEN
            format('has %s characters, and at most %s are allowed', length(given), maximum)
        WHEN given IN ('.', '..') THEN 'is `.` or `..`, which a URL parser turns into another path'
        WHEN given ~ '^[{space}]|[{space}]$' THEN 'begins or ends with a space'
    END;
    IF why IS NOT NULL THEN
        RAISE EXCEPTION 'the % %', what, why USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
{tag};
REVOKE ALL ON FUNCTION {schema}.vitec_connect_check_id(text, text, bigint, bigint) FROM PUBLIC;
ALTER FUNCTION {schema}.vitec_connect_check_id(text, text, bigint, bigint) OWNER TO {owner};

-- The form in which references are compared, as `reference.rs` has it.
CREATE OR REPLACE FUNCTION {schema}.vitec_connect_reference(given text)
RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS {tag}
    SELECT btrim(normalize(given, NFC), string_agg(chr(code), '')) FROM unnest('{{spaces}}'::integer[]) AS spaces(code)
{tag};
REVOKE ALL ON FUNCTION {schema}.vitec_connect_reference(text) FROM PUBLIC;
ALTER FUNCTION {schema}.vitec_connect_reference(text) OWNER TO {owner};

-- Why a reference is not taken, as `reference.rs` says it.
CREATE OR REPLACE FUNCTION {schema}.vitec_connect_reference_problem(given text)
RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS {tag}
DECLARE
    odd text := substring(given FROM '[{invisible}]');
    code text := upper(to_hex(ascii(odd)));
BEGIN
    RETURN CASE
        WHEN {schema}.vitec_connect_reference(given) = '' THEN
            'it is empty, or white space only: leave it out, or give one'
        WHEN octet_length(given) > {bytes} THEN
            format('it has %s bytes, and at most %s are allowed: shorten it', octet_length(given), {bytes})
        WHEN odd IS NOT NULL THEN
            format('it contains U+%s, a character that nobody sees: delete it, or type the reference anew',
                lpad(code, greatest(4, length(code)), '0'))
    END;
END
{tag};
REVOKE ALL ON FUNCTION {schema}.vitec_connect_reference_problem(text) FROM PUBLIC;
ALTER FUNCTION {schema}.vitec_connect_reference_problem(text) OWNER TO {owner};

-- What a row is compared by: `NewRow::content_hash`.
CREATE OR REPLACE FUNCTION {schema}.vitec_connect_content_hash(parts text[])
RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS {tag}
    SELECT encode(sha256(string_agg(int8send(octet_length(part)) || convert_to(part, 'UTF8'), '' ORDER BY place)), 'hex')
    FROM unnest(parts) WITH ORDINALITY AS it(part, place)
{tag};
REVOKE ALL ON FUNCTION {schema}.vitec_connect_content_hash(text[]) FROM PUBLIC;
ALTER FUNCTION {schema}.vitec_connect_content_hash(text[]) OWNER TO {owner};
