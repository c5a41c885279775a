//! Who may do what: a role that may enqueue may do nothing else, and cannot make the function do anything else.

use tokio_postgres::Client;
use vitec_connect_outbox::function;

use super::{ask, made, promise, said};
use crate::postgres::connect;
use crate::stores::Place;

/// Another role's connection to the place.
async fn role(place: &Place, name: &str) -> Client {
    let client = connect(&place.at).await;
    client
        .batch_execute(&format!("SET SESSION AUTHORIZATION {name}"))
        .await
        .unwrap();
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_may_enqueue_and_look_and_nothing_else() {
    let Some((place, _, admin)) = made().await else {
        return;
    };
    let name = format!("\"Kredit; {}\"", crate::postgres::parts(&place).0);
    admin.batch_execute(&format!("CREATE ROLE {name}")).await.unwrap();
    let bank = role(&place, &name).await;
    assert_eq!(promise(&bank, "{}", None).await.unwrap_err().0, "42501");
    let view = "SELECT row::text FROM vitec_connect_promises";
    assert_eq!(said(&bank.query_typed(view, &[]).await.unwrap_err()).0, "42501");

    function::grant(&admin, name.trim_matches('"')).await.unwrap().unwrap();
    let id = promise(&bank, r#"{"bank": "x"}"#, Some("r")).await.unwrap();
    assert_eq!(ask(&bank, view).await, id.to_string());
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'vitec_connect_promises'::regclass AND attnum > 0";
    assert_eq!(
        ask(&bank, columns).await,
        "row reference state answer message created_at changed_at"
    );
    for statement in [
        "SELECT payload FROM vitec_connect_rows",
        "INSERT INTO vitec_connect_rows (operation) VALUES ('x')",
        "UPDATE vitec_connect_promises SET state = 'accepted'",
        "DELETE FROM vitec_connect_promises",
        "SELECT value FROM vitec_connect_outbox_meta",
        "SELECT nextval('vitec_connect_outbox_owner')",
    ] {
        assert_eq!(
            said(&bank.batch_execute(statement).await.unwrap_err()).0,
            "42501",
            "{statement}"
        );
    }
    let others = "SELECT string_agg(proname, ' ') FROM pg_proc p WHERE proname LIKE 'vitec_connect%'
        AND has_function_privilege(p.oid, 'EXECUTE')";
    assert_eq!(ask(&bank, others).await, "vitec_connect_enqueue_loan_promise");
    // Made anew, it stays granted.
    function::make(&admin).await.unwrap();
    assert_eq!(promise(&bank, r#"{"bank": "x"}"#, Some("r")).await, Ok(id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_granted_is_told() {
    let Some((_, _, admin)) = made().await else {
        return;
    };
    for name in ["public", "PUBLIC"] {
        let why = function::grant(&admin, name).await.unwrap().unwrap_err();
        assert!(why.contains("everybody"), "{why}");
    }
    for name in ["nobody", "Postgres", "x'; DROP TABLE vitec_connect_rows; --", ""] {
        let why = function::grant(&admin, name).await.unwrap().unwrap_err();
        assert!(why.contains("there is no role") && why.contains("CREATE ROLE"), "{why}");
    }
}

/// The schema is not `public`, and has a name that needs quotes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_may_be_in_any_schema() {
    let Some(place) = crate::postgres::place().await else {
        return;
    };
    let (name, _) = crate::postgres::parts(&place);
    let teller = format!("teller_{name}");
    place
        .execute(&format!(
            r#"CREATE SCHEMA "$vitec_connect_0$ 'Ut""korg"; ALTER DATABASE {name} SET search_path = "$vitec_connect_0$ 'Ut""korg";
            CREATE ROLE {teller}"#
        ))
        .await;
    place.open(crate::stores::BASE_URL).await;
    let admin = connect(&place.at).await;
    function::grant(&admin, &teller).await.unwrap().unwrap();
    let bank = role(&place, &teller).await;
    assert_eq!(promise(&bank, "{}", Some("r")).await, Ok(1));
    assert_eq!(ask(&bank, "SELECT reference FROM vitec_connect_promises").await, "r");
    // From anywhere.
    bank.batch_execute("SET search_path = pg_catalog").await.unwrap();
    let call =
        r#"SELECT "$vitec_connect_0$ 'Ut""korg".vitec_connect_enqueue_loan_promise('M1', '4711', '{}', 'r')::text"#;
    assert_eq!(ask(&bank, call).await, "1");
}

/// Functions, operators, types and tables of the caller's own, which would be taken where the function looked for them as
/// its caller does.
const FAKES: &str = "
    CREATE SCHEMA fake;
    CREATE TEMP TABLE vitec_connect_rows (LIKE public.vitec_connect_rows INCLUDING ALL);
    CREATE TABLE fake.vitec_connect_rows (LIKE public.vitec_connect_rows INCLUDING ALL);
    CREATE FUNCTION fake.took(what text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'fake % ran as %', what, current_user; END $$;
    CREATE FUNCTION fake.vitec_connect_body(jsonb, jsonb, text, jsonb) RETURNS text LANGUAGE sql AS
        $$ SELECT fake.took('body'); SELECT ''::text $$;
    CREATE FUNCTION fake.vitec_connect_check_id(text, text, bigint, bigint) RETURNS void LANGUAGE sql AS
        $$ SELECT fake.took('check') $$;
    CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
        $$ SELECT fake.took('clock'); SELECT now() $$;
    CREATE FUNCTION fake.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT fake.took('same'); SELECT true $$;
    CREATE OPERATOR fake.= (LEFTARG = text, RIGHTARG = text, FUNCTION = fake.same);
    CREATE OPERATOR fake.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = fake.same);
    CREATE DOMAIN fake.text AS varchar CHECK (fake.took('text') IS NULL);
    SET search_path = fake, pg_temp, pg_catalog, public;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callers_search_path_changes_nothing() {
    let Some((place, outbox, admin)) = made().await else {
        return;
    };
    let name = format!("thief_{}", crate::postgres::parts(&place).0);
    admin
        .batch_execute(&format!(
            "CREATE ROLE {name}; GRANT CREATE ON DATABASE {} TO {name}; GRANT SELECT ON vitec_connect_rows TO {name}",
            crate::postgres::parts(&place).0
        ))
        .await
        .unwrap();
    function::grant(&admin, &name).await.unwrap().unwrap();
    let thief = role(&place, &name).await;
    thief.batch_execute(FAKES).await.unwrap();
    let call =
        "SELECT public.vitec_connect_enqueue_loan_promise('M1', '4711', '{\"bank\": \"x\"}', 'r')::pg_catalog.text";
    let id = ask(&thief, call).await;
    assert_eq!(ask(&thief, call).await, id);
    let stored = outbox.row(id.parse().unwrap()).await.unwrap();
    assert_eq!(stored.reference.as_deref(), Some("r"));
    for table in ["fake.vitec_connect_rows", "pg_temp.vitec_connect_rows"] {
        let count = format!("SELECT pg_catalog.count(*)::pg_catalog.text FROM {table}");
        assert_eq!(ask(&thief, &count).await, "0");
    }
}

/// Where everybody may make functions beside the tables (PostgreSQL 14 and older), one that fits better than
/// PostgreSQL's own is not taken either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_beside_the_tables_change_nothing() {
    let Some((_, _, admin)) = made().await else {
        return;
    };
    admin
        .batch_execute(
            "CREATE FUNCTION public.took(what text) RETURNS text LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'fake % ran', what; END $$;
            CREATE FUNCTION public.concat(text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT took('concat') $$;
            CREATE FUNCTION public.array_append(text[], text) RETURNS text[] LANGUAGE sql AS
                $$ SELECT ARRAY[took('append')] $$;
            CREATE FUNCTION public.octet_length(bigint) RETURNS text LANGUAGE sql AS $$ SELECT took('length') $$;
            CREATE FUNCTION public.format(text, bigint) RETURNS text LANGUAGE sql AS $$ SELECT took('format') $$;
            CREATE FUNCTION public.lower(unknown_text text) RETURNS text LANGUAGE sql AS $$ SELECT took('lower') $$;
            CREATE FUNCTION public.arrow(jsonb, jsonb) RETURNS jsonb LANGUAGE sql AS
                $$ SELECT took('arrow'); SELECT $1 $$;
            CREATE OPERATOR public.-> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = arrow);
            CREATE OPERATOR public.->> (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = arrow);",
        )
        .await
        .unwrap();
    let body = r#"{"bank": "x", "status": "canNotVerify"}"#;
    assert_eq!(promise(&admin, body, Some("r")).await, Ok(1));
    assert_eq!(promise(&admin, body, Some("r")).await, Ok(1));
    let (code, message) = promise(&admin, "{}", Some("r")).await.unwrap_err();
    assert_eq!(code, "23505", "{message}");
}
