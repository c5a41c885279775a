-- What has become of the rows, without what was sent; read with the rights of the view's owner.
CREATE OR REPLACE VIEW {schema}.vitec_connect_promises WITH (security_barrier) AS
    SELECT id AS "row", reference, state, answer, message, created_at, changed_at FROM {schema}.vitec_connect_rows;
ALTER VIEW {schema}.vitec_connect_promises OWNER TO {owner};
