-- The body as the client itself writes it, so that the same promise has the same content whoever enqueued it. `kind` is a
-- type as `kinds.rs` puts it, `schemas` are those that it may name. What has another JSON type, and a name that the
-- document does not know, is refused; a value that cannot be sent (a day that does not exist) is left as it is: its row is
-- rejected when it is claimed. No message shows a value.
CREATE OR REPLACE FUNCTION {schema}.vitec_connect_body(schemas jsonb, kind jsonb, place text, given jsonb)
RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
-- A session may have set fewer digits, and may read backslashes otherwise.
SET extra_float_digits = 1
SET standard_conforming_strings = on
AS {tag}
DECLARE
    words constant jsonb := '{"object": "an object", "array": "a list", "string": "a text", "number": "a number",
        "boolean": "true or false", "null": "null"}';
    form text;
    inside jsonb;
    wanted text;
    text_of text := given #>> '{}';
    name text;
    item record;
    parts text[] := '{}';
    found text[];
    floating float8;
    small float8 := 1e-5;
    large float8 := 1e16;
BEGIN
    IF kind ->> 0 = 'schema' THEN
        kind := schemas -> (kind ->> 1);
    END IF;
    form := kind ->> 0;
    inside := kind -> 1;
    wanted := CASE form
        WHEN 'object' THEN 'object'
        WHEN 'dictionary' THEN 'object'
        WHEN 'list' THEN 'array'
        WHEN 'boolean' THEN 'boolean'
        WHEN 'integer' THEN 'number'
        WHEN 'float' THEN 'number'
        WHEN 'double' THEN 'number'
        ELSE 'string'
    END;
    IF jsonb_typeof(given) <> wanted AND NOT (form = 'enumeration' AND jsonb_typeof(given) = 'number') THEN
        RAISE EXCEPTION '% is %, and has to be %', place, words ->> jsonb_typeof(given),
            (words ->> wanted) || CASE form WHEN 'enumeration' THEN ' or a whole number' ELSE '' END
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    CASE form
    WHEN 'object' THEN
        SELECT min(key COLLATE "C") INTO name FROM jsonb_object_keys(given) AS it(key)
        WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(inside) AS members(member) WHERE member ->> 0 = key);
        IF name IS NOT NULL THEN
            RAISE EXCEPTION '% has a member %, which is not known; known are %', place, to_json("left"(name, 100)),
                (SELECT string_agg(member ->> 0, ', ') FROM jsonb_array_elements(inside) AS members(member))
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        FOR item IN SELECT member ->> 0 AS name, member -> 1 AS kind, member -> 2 AS required, given -> (member ->> 0) AS it
            FROM jsonb_array_elements(inside) WITH ORDINALITY AS members(member, place) ORDER BY members.place
        LOOP
            IF item.it IS NOT NULL AND jsonb_typeof(item.it) <> 'null' THEN
                parts := parts || (to_json(item.name)::text || ':'
                    || {schema}.vitec_connect_body(schemas, item.kind, place || '.' || item.name, item.it));
            ELSIF item.required THEN
                RAISE EXCEPTION '%.% is missing', place, item.name USING ERRCODE = 'invalid_parameter_value';
            END IF;
        END LOOP;
        RETURN '{' || array_to_string(parts, ',') || '}';
    WHEN 'dictionary' THEN
        FOR item IN SELECT * FROM jsonb_each(given) AS entries(name, it) ORDER BY entries.name COLLATE "C" LOOP
            parts := parts || (to_json(item.name)::text || ':'
                || {schema}.vitec_connect_body(schemas, inside, place || '.' || "left"(item.name, 100), item.it));
        END LOOP;
        RETURN '{' || array_to_string(parts, ',') || '}';
    WHEN 'list' THEN
        FOR item IN SELECT * FROM jsonb_array_elements(given) WITH ORDINALITY AS items(it, number) ORDER BY number LOOP
            parts := parts
                || {schema}.vitec_connect_body(schemas, inside, place || '[' || (item.number - 1) || ']', item.it);
        END LOOP;
        RETURN '[' || array_to_string(parts, ',') || ']';
    WHEN 'integer' THEN
        IF text_of !~ '^-?[0-9]{1,19}$'
            OR text_of::numeric NOT BETWEEN (inside ->> 0)::numeric AND (inside ->> 1)::numeric THEN
            RAISE EXCEPTION '% has to be a whole number from % to %', place, inside ->> 0, inside ->> 1
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN text_of;
    WHEN 'enumeration' THEN
        -- A listed name in any case, a number, a number in a text; names that are not listed are kept.
        SELECT it ->> 0 INTO name FROM jsonb_array_elements(inside) WITH ORDINALITY AS names(it, place)
        WHERE lower((it ->> 0) COLLATE "C") = lower(text_of COLLATE "C") AND wanted = jsonb_typeof(given)
        ORDER BY names.place LIMIT 1;
        IF name IS NOT NULL THEN
            RETURN to_json(name)::text;
        END IF;
        IF text_of ~ '^[+-]?[0-9]{1,30}$' AND text_of::numeric BETWEEN -2147483648 AND 2147483647 THEN
            SELECT it ->> 0 INTO name FROM jsonb_array_elements(inside) WITH ORDINALITY AS names(it, place)
            WHERE (it ->> 1)::numeric = text_of::numeric ORDER BY names.place LIMIT 1;
            RETURN coalesce(to_json(name)::text, text_of::numeric::text);
        END IF;
        IF jsonb_typeof(given) = 'number' THEN
            RAISE EXCEPTION '% has to be a whole number of 32 bits, or a name', place
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
    WHEN 'float', 'double' THEN
        BEGIN
            floating := text_of::float8;
            text_of := floating::text;
            IF form = 'float' THEN
                text_of := floating::float4::text;
                small := 1e-6;
                large := 1e13;
            END IF;
        EXCEPTION WHEN numeric_value_out_of_range THEN
            RAISE EXCEPTION '% is a number out of the range of %', place, form
                USING ERRCODE = 'invalid_parameter_value';
        END;
        -- As serde_json writes it: 1.0, 0.00001, 1e+16, 1e-6.
        IF abs(text_of::float8) >= large OR (abs(text_of::float8) < small AND text_of::float8 <> 0) THEN
            RETURN regexp_replace(text_of, 'e([+-])0*', 'e\1');
        END IF;
        text_of := text_of::numeric::text;
        RETURN text_of || CASE WHEN strpos(text_of, '.') = 0 THEN '.0' ELSE '' END;
    WHEN 'boolean' THEN
        RETURN text_of;
    WHEN 'date-time' THEN
        found := regexp_match(text_of, '^([0-9]{4}-[0-9]{2}-[0-9]{2})'
            '(?:T([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,7}))?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$');
        text_of := coalesce(found[1] || 'T' || coalesce(found[2], '00:00') || ':' || coalesce(found[3], '00')
            || coalesce('.' || nullif(rtrim(found[4], '0'), ''), '') || replace(coalesce(found[5], ''), '-00:00', '+00:00'),
            text_of);
    WHEN 'uuid' THEN
        IF text_of ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN
            text_of := lower(text_of COLLATE "C");
        END IF;
    WHEN 'bytes' THEN
        text_of := translate(text_of, E' \t\r\n', '');
    ELSE
        NULL;
    END CASE;
    RETURN to_json(text_of)::text;
END
{tag};
REVOKE ALL ON FUNCTION {schema}.vitec_connect_body(jsonb, jsonb, text, jsonb) FROM PUBLIC;
ALTER FUNCTION {schema}.vitec_connect_body(jsonb, jsonb, text, jsonb) OWNER TO {owner};
