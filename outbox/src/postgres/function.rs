//! What programs in other languages call in their own transactions: a function that stores a row, made from the
//! description, and a view of what has become of the rows.
//!
//! The checks and the forms are Rust's own, said again in SQL (`function/*.sql`): the ids' and references' from the very
//! facts, the body's from the description. A promise has the same content whoever enqueues it, where its dates are
//! `2027-01-31`, or with a time, seconds, a fraction, `Z` or an offset.

mod characters;
mod kinds;

use heck::ToSnakeCase;
use tokio_postgres::{Client, Error as PgError};
use vitec_connect::description::{Description, Shape, Type};

use super::statement::{query, query_one};
use crate::delivered::Delivered;
use crate::reference::MAX_BYTES;
use crate::sql;

/// Nothing longer is a name in PostgreSQL.
const LONGEST_NAME: usize = 63;

/// How the names of our functions begin that programs call.
const PREFIX: &str = "vitec_connect_enqueue_";

/// Where the tables are, who owns them, both as they are written in SQL, and the name of the schema.
const TABLES: &str = "SELECT quote_ident(n.nspname), quote_ident(pg_get_userbyid(c.relowner)), n.nspname::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'vitec_connect_rows'::regclass";

/// Functions of an earlier document in schema `$1`, and those whose parameters are not the same any more: `OR REPLACE`
/// would leave them beside the new one, or fail. Not `$2` with parameters `$3` of types `$4`.
const STALE: &str = r"SELECT format('DROP FUNCTION %s;', p.oid::regprocedure)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = $1 AND p.proname LIKE 'vitec\_connect\_enqueue\_%'
    AND (p.proname <> $2 OR p.proargnames IS NULL OR array_to_string(p.proargnames, ', ') <> $3
        OR oidvectortypes(p.proargtypes) <> $4)";

/// Whether there is a function of ours in schema `$1`, and whether role `$2` exists and may look into that schema.
const FOR_GRANT: &str = r"SELECT
    (SELECT string_agg(format('GRANT EXECUTE ON FUNCTION %s TO %I;', p.oid::regprocedure, $2), ' ')
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = $1 AND p.proname LIKE 'vitec\_connect\_enqueue\_%'),
    format('GRANT SELECT ON %I.vitec_connect_promises TO %I;', $1, $2),
    (SELECT CASE WHEN has_schema_privilege(r.oid, $1, 'USAGE') THEN ''
        ELSE format('GRANT USAGE ON SCHEMA %I TO %I;', $1, $2) END FROM pg_roles r WHERE r.rolname = $2)";

/// Makes the function and the view beside the tables, or makes them anew, as the description is today.
///
/// To be called in a transaction, after the tables are made or brought up to the newest version, under the lock that keeps
/// two processes from doing so at once. Who may call the function stays as it is, unless its parameters have changed: then
/// it is another function, and [`grant`] is to be called again.
///
/// # Errors
/// Whatever PostgreSQL says. The transaction is the caller's to roll back.
pub async fn make(client: &Client) -> Result<(), PgError> {
    make_for(client, vitec_connect::description()).await
}

/// The same, of another document.
///
/// # Errors
/// As there.
pub async fn make_for(client: &Client, description: &'static Description) -> Result<(), PgError> {
    let tables = query_one(client, TABLES, &[]).await?;
    let (schema, owner): (String, String) = (tables.try_get(0)?, tables.try_get(1)?);
    let function = Function::of(description);
    let names = function.as_ref().map(|it| it.arguments.join(", ")).unwrap_or_default();
    let name = function.as_ref().map(|it| it.name.clone()).unwrap_or_default();
    let types = function.as_ref().map(Function::types).unwrap_or_default();
    let mut statements = String::new();
    for stale in query(
        client,
        STALE,
        &[&tables.try_get::<_, String>(2)?, &name, &names, &types],
    )
    .await?
    {
        statements += stale.try_get(0)?;
    }
    statements += include_str!("function/view.sql");
    if let Some(function) = function {
        for part in [
            &characters::filled(include_str!("function/checks.sql")),
            include_str!("function/body.sql"),
            include_str!("function/store.sql"),
            &function.filled(include_str!("function/enqueue.sql")),
        ] {
            statements += part;
        }
    }
    // No name can end the text of a function.
    let mut tags = (0..).map(|number| format!("$vitec_connect_{number}$"));
    let tag = tags.find(|it| !schema.contains(it.as_str()));
    let filled = statements
        .replace("{insert}", sql::INSERT)
        .replace("{find}", sql::FIND)
        .replace("{bytes}", &MAX_BYTES.to_string())
        .replace("{tag}", &tag.unwrap_or_default())
        .replace("{owner}", &owner)
        .replace("{schema}", &schema);
    client.batch_execute(&filled).await
}

/// Lets a role call the function and read the view, and nothing else; or says, for a person, why it does not.
///
/// # Errors
/// Whatever PostgreSQL says, such as that there is no view yet. The transaction is the caller's to roll back.
pub async fn grant(client: &Client, role: &str) -> Result<Result<(), String>, PgError> {
    // It is everybody's name, in quotes too.
    if role.eq_ignore_ascii_case("public") {
        return Ok(Err(format!(
            "{role} is everybody: name the role of the program that is to enqueue"
        )));
    }
    let schema: String = query_one(client, TABLES, &[]).await?.try_get(2)?;
    let row = query_one(client, FOR_GRANT, &[&schema, &role]).await?;
    let (function, view): (Option<String>, String) = (row.try_get(0)?, row.try_get(1)?);
    let Some(usage) = row.try_get::<_, Option<String>>(2)? else {
        return Ok(Err(format!(
            "there is no role {role:?} in this database: look at its spelling, capitals too, or create it first (CREATE \
             ROLE)"
        )));
    };
    let statements = format!("{}{view}{usage}", function.unwrap_or_default());
    client.batch_execute(&statements).await.map(Ok)
}

/// The function of the operation that is delivered.
struct Function {
    name: String,
    /// The names of its parameters: the customer, the other ones of the operation, the body, the reference.
    arguments: Vec<String>,
    operation: &'static str,
    /// The operation's parameters.
    checked: Vec<Checked>,
    /// The body's type, and those that it names, as `body.sql` wants them.
    kind: String,
    schemas: String,
}

/// A parameter of the operation.
struct Checked {
    /// What it is called in messages.
    what: String,
    /// Where it is an id: how long it may be.
    min: Option<u64>,
    max: Option<u64>,
}

impl Checked {
    fn of(description: &Description, ty: &Type, name: &str) -> Self {
        let (min, max) = match description.shape(ty) {
            Some(Shape::Id { min, max, .. }) => (Some(*min), *max),
            _ => (None, None),
        };
        let what = name.replace('_', " ");
        Self { what, min, max }
    }
}

impl Function {
    /// None where no operation is delivered, or it is sent neither JSON nor XML.
    fn of(description: &'static Description) -> Option<Self> {
        let delivered = Delivered::of(description)?;
        let operation = delivered.described();
        let ty = &operation.body.as_ref()?.content.ty;
        if *ty == Type::Binary {
            return None;
        }
        let customer = operation.parameters.iter().find(|it| it.name == delivered.customer());
        let customer = customer.map_or_else(|| Type::Schema("CustomerId".to_owned()), |it| it.ty.clone());
        let mut parameters = vec![(delivered.customer(), customer)];
        parameters.extend(delivered.needed().map(|it| (it.name.as_str(), it.ty.clone())));

        let mut arguments: Vec<String> = parameters.iter().map(|(name, _)| name.to_snake_case()).collect();
        let body = match ty {
            Type::Schema(name) => name.to_snake_case(),
            _ => operation.body.as_ref()?.parameter.to_snake_case(),
        };
        for (name, otherwise) in [(body.as_str(), "body"), ("reference", "own_reference")] {
            let is_taken = arguments.iter().any(|it| it == name);
            arguments.push(if is_taken { otherwise } else { name }.to_owned());
        }
        let mut name = format!("{PREFIX}{}", operation.command.noun.to_snake_case());
        name.truncate(LONGEST_NAME);
        let called = parameters.iter().zip(&arguments);
        Some(Self {
            name,
            checked: called
                .map(|((_, ty), name)| Checked::of(description, ty, name))
                .collect(),
            arguments,
            operation: delivered.name(),
            kind: literal(&kinds::kind(description, ty)),
            schemas: literal(&kinds::schemas(description, ty)),
        })
    }

    /// As PostgreSQL lists them.
    fn types(&self) -> String {
        let texts = vec!["text"; self.checked.len()].join(", ");
        format!("{texts}, jsonb, text")
    }

    fn filled(&self, sql: &str) -> String {
        let types = self.types();
        let arguments = self.arguments.iter().zip(types.split(", "));
        let arguments: Vec<_> = arguments.map(|(name, ty)| format!("\"{name}\" {ty}")).collect();
        let or_null = |number: Option<u64>| number.map_or("NULL".to_owned(), |it| it.to_string());
        let checks = self.checked.iter().enumerate().map(|(index, it)| {
            let (number, min, max) = (index + 1, or_null(it.min), or_null(it.max));
            let what = &it.what;
            format!("PERFORM vitec_connect_check_id('{what}'::text, ${number}, {min}::bigint, {max}::bigint);")
        });
        let checks: Vec<_> = checks.collect();
        let body = self.checked.len() + 1;
        sql.replace("{name}", &self.name)
            .replace("{arguments}", &arguments.join(", "))
            .replace("{types}", &types)
            .replace("{checks}", &checks.join("\n    "))
            .replace("{body}", &format!("${body}"))
            .replace("{body_name}", &self.arguments[body - 1])
            .replace("{reference}", &format!("${}", body + 1))
            .replace("{subject}", &self.subject())
            .replace("{operation}", self.operation)
            .replace("{schemas}", &self.schemas)
            .replace("{kind}", &self.kind)
    }

    /// As [`Delivered::subject`] makes it.
    fn subject(&self) -> String {
        let texts: Vec<_> = (2..=self.checked.len()).map(|number| format!("${number}")).collect();
        match texts.as_slice() {
            [text] => text.clone(),
            texts => {
                let texts: Vec<_> = texts.iter().map(|it| format!("pg_catalog.to_json({it})")).collect();
                format!(
                    "pg_catalog.concat('[', pg_catalog.concat_ws(',', {}), ']')",
                    texts.join(", ")
                )
            }
        }
    }
}

/// A text for SQL, of a value that is JSON, in ASCII: the database may have another encoding.
fn literal(value: &serde_json::Value) -> String {
    let mut literal = String::from("'");
    for character in value.to_string().chars() {
        match character {
            '\'' => literal.push_str("''"),
            _ if character.is_ascii() => literal.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    literal += &format!("\\u{unit:04x}");
                }
            }
        }
    }
    literal.push('\'');
    literal
}
