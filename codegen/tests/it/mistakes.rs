//! A mistake in the document stops the build with a message that names the file, the line, the place and what is wrong.

use serde_json::{Value, json};

use vitec_connect_codegen::{Mistake, describe, generate};

use crate::{DOCUMENT, FILE};

/// A mistake to make: its name, texts of the document and what they are replaced by, and the message after the line.
/// `# HERE` marks the line that the message must name; without a mark the line is 1.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const BANK: &str = "        bank:\n";
const BANK_TYPE: &str = "bank:\n          type: string\n";
const BANK_XML: &str = "          xml:\n            name: Bank\n";
const ANSWER: &str = "    Answer:\n";
const OPERATION: &str = "    post:\n      operationId: createLoanPromise\n";
const PARAMETERS: &str = "      parameters:\n        - name: customerId\n";
const CUSTOMER: &str = "          schema:\n            $ref: \"#/components/schemas/CustomerId\"\n";
const CONTACT_SCHEMA: &str = "    ContactId:\n      type: string\n";
const ESTATE_TYPE: &str =
    "        estateType:\n          allOf:\n            - $ref: \"#/components/schemas/LoanPromiseEstateType\"\n";
const ESTATE_NAMES: &str = "      enum:\n        - Apartment\n        - Cottage\n        - House\n";
const ESTATE_NUMBERS: &str = "      x-enum-numbers:\n        Apartment: 1\n        Cottage: 2\n        House: 3\n";
const BODY: &str = "      requestBody:\n";
const JSON_BODY: &str =
    "          application/json:\n            schema:\n              $ref: \"#/components/schemas/LoanPromise\"\n";
const OK: &str = "        \"200\":\n";

#[rustfmt::skip]
const MISTAKES: &[Row] = &[
    // The document as a whole.
    ("no YAML", &[("openapi: 3.0.3", "openapi: [3.0.3"), ("info:\n", "info: # HERE\n")], "not YAML: illegal placement of ':' indicator"),
    ("an indentation too many", &[("      operationId:", "       operationId:"), ("x-deliver: true #", "x-deliver: true # HERE")], "not YAML: while parsing a block mapping, did not find expected key"),
    ("a tab", &[("      operationId:", "\toperationId:"), ("createLoanPromise", "createLoanPromise # HERE")], "not YAML: tabs disallowed within this context (block indentation)"),
    ("a key given twice", &[(BANK, "        bank:\n          type: integer\n        bank: # HERE\n")], "not YAML: duplicated key in mapping"),
    ("an anchor that is not there", &[("*httpErrorJson", "*nowhere # HERE")], "not YAML: while parsing node, found unknown anchor"),
    ("two documents in one file", &[("paths:\n", "---\npaths:\n")], "one YAML document is expected, and 2 found"),
    ("a list as a key", &[(BANK, "        [bank]: # HERE\n")], "components.schemas.LoanPromise.properties: a key is text, not a list or mapping"),
    ("a number that JSON has not", &[("maxLength: 40", "maxLength: .inf # HERE")], "components.schemas.CustomerId.maxLength: a whole number, not below 0, is expected here"),
    ("Swagger 2.0", &[("openapi: 3.0.3", "swagger: \"2.0\" # HERE")], "swagger: `swagger` is refused: an OpenAPI document of version 3.0.x is expected (`openapi: 3.0.3`)"),
    ("OpenAPI 3.1", &[("openapi: 3.0.3", "openapi: 3.1.0 # HERE")], "an OpenAPI document of version 3.0.x is expected (`openapi: 3.0.3`)"),
    ("a version that is a number", &[("openapi: 3.0.3", "openapi: 3.0 # HERE")], "openapi: text is expected here"),
    ("no server", &[("servers:\n", "x-servers:\n"), ("openapi: 3.0.3", "openapi: 3.0.3 # HERE")], "`servers` is missing"),
    ("a server without a URL", &[("  - url: https://connect.maklare.vitec.net\n", "  -\n"), ("    description: Production", "    description: Production # HERE")], "servers.0: `url` is missing"),
    ("a server with a variable", &[("  - url: https://connect", "  - url: https://{host} # HERE")], "servers.0.url: a whole URL is expected, `https://…`, without variables, query and fragment"),
    ("a title that is no text", &[("title: Vitec Connect", "title: 1 # HERE")], "info.title: text is expected here"),
    ("a version of its own that is a number", &[("version: \"1.0\"", "version: 1.0 # HERE")], "info.version: text is expected here"),
    ("no info", &[("info:\n", "x-info:\n"), ("openapi: 3.0.3", "openapi: 3.0.3 # HERE")], "`info` is missing"),
    ("no paths", &[("paths:\n", "x-paths:\n"), ("openapi: 3.0.3", "openapi: 3.0.3 # HERE")], "`paths` is missing"),

    // References.
    ("a member that refers to nothing", &[(ESTATE_TYPE, "        estateType:\n          allOf:\n            - $ref: \"#/components/schemas/Nothing\" # HERE\n")], "components.schemas.LoanPromise.properties.estateType.allOf.0.$ref: `$ref` to \"#/components/schemas/Nothing\", and nothing stands there"),
    ("a parameter that refers to nothing", &[(PARAMETERS, "      parameters:\n        - $ref: \"#/components/parameters/Nothing\" # HERE\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.$ref: `$ref` to \"#/components/parameters/Nothing\", and nothing stands there"),
    ("a parameter's schema that refers to nothing", &[("#/components/schemas/CustomerId\"", "#/components/schemas/Nothing\" # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.schema.$ref: `$ref` to \"#/components/schemas/Nothing\", and nothing stands there"),
    ("a body that refers to nothing", &[("#/components/schemas/LoanPromise\"", "#/components/schemas/Nothing\" # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json.schema.$ref: `$ref` to \"#/components/schemas/Nothing\", and nothing stands there"),
    ("an answer that refers to nothing", &[("#/components/schemas/Answer\"", "#/components/schemas/Nothing\" # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.responses.200.content.application/json.schema.$ref: `$ref` to \"#/components/schemas/Nothing\", and nothing stands there"),
    ("a response that refers to nothing", &[("#/components/responses/BadRequest\"", "#/components/responses/Nothing\" # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.responses.400.$ref: `$ref` to \"#/components/responses/Nothing\", and nothing stands there"),
    ("an example that refers to nothing", &[("#/components/examples/LoanPromiseXml\"", "#/components/examples/Nothing\" # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/xml.examples.helpPage.$ref: `$ref` to \"#/components/examples/Nothing\", and nothing stands there"),
    ("an error that refers to nothing", &[("    - $ref: \"#/components/schemas/HttpError\"", "    - $ref: \"#/components/schemas/Nothing\" # HERE")], "components.schemas.HttpError.properties.innerException.allOf.0.$ref: `$ref` to \"#/components/schemas/Nothing\", and nothing stands there"),
    ("items that refer to nothing", &[(BANK_TYPE, "bank:\n          type: array\n          items:\n            $ref: \"#/components/schemas/Nothing\" # HERE\n")], "components.schemas.LoanPromise.properties.bank.items.$ref: `$ref` to \"#/components/schemas/Nothing\", and nothing stands there"),
    ("a reference to another file", &[("#/components/schemas/LoanPromise\"", "models.yaml#/LoanPromise\" # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json.schema.$ref: `$ref` to \"models.yaml#/LoanPromise\": only places of this document, `#/…`, are known"),
    ("a reference that is no text", &[("$ref: \"#/components/schemas/LoanPromise\"", "$ref: 1 # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json.schema.$ref: text is expected here"),
    ("a reference with something beside it", &[(ESTATE_TYPE, "        estateType: # HERE\n          $ref: \"#/components/schemas/LoanPromiseEstateType\"\n")], "components.schemas.LoanPromise.properties.estateType: what stands beside a `$ref` is ignored in OpenAPI 3.0; write `allOf: [{$ref: …}]` and the rest beside it"),
    ("a schema that is itself", &[(ANSWER, "    Circle: # HERE\n      $ref: \"#/components/schemas/Circle\"\n    Answer:\n")], "components.schemas.Circle: the `$ref` leads in a circle"),
    ("a schema that is all of itself", &[(ANSWER, "    Circle: # HERE\n      allOf:\n        - $ref: \"#/components/schemas/Circle\"\n    Answer:\n")], "components.schemas.Circle: the `$ref` leads in a circle"),
    ("a list that holds itself", &[(ANSWER, "    Circle:\n      type: array\n      items: # HERE\n        $ref: \"#/components/schemas/Circle\"\n    Answer:\n")], "components.schemas.Circle.items: the list holds itself"),
    ("a response that is itself", &[("    BadRequest:\n", "    BadRequest: # HERE\n      $ref: \"#/components/responses/BadRequest\"\n    Old:\n")], "components.responses.BadRequest: the `$ref` leads in a circle"),

    // Operations.
    ("an operation without operationId", &[(OPERATION, "    post: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post: the operation has no operationId, and the client's method is named after it"),
    ("an operationId given twice", &[("paths:\n", "paths:\n  /first:\n    get:\n      operationId: create_loan_promise\n      responses: {\"204\": {description: d}}\n"), ("operationId: createLoanPromise", "operationId: createLoanPromise # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationId: operationId \"createLoanPromise\" is taken already, by paths./first.get"),
    ("an operationId that names no method", &[(OPERATION, "    post:\n      operationId: \"1\" # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationId: operationId \"1\" gives no name of its own for a method"),
    ("an operationId that the generated client has", &[(OPERATION, "    post:\n      operationId: newWithClient # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationId: operationId \"newWithClient\" gives no name of its own for a method"),
    ("an operationId that is a keyword", &[(OPERATION, "    post:\n      operationId: move # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationId: operationId \"move\" gives no name of its own for a method"),
    ("an operation without responses", &[("      responses:\n", "      x-responses:\n"), ("    post:\n", "    post: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post: `responses` is missing"),
    ("an operation without a successful response", &[(OK, "        default:\n"), ("      responses:\n", "      responses: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.responses: no response with a status 2xx says what comes back"),
    ("a summary that is no text", &[("      summary: Register", "      summary: [] # HERE\n      x-summary: Register")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.summary: text is expected here"),
    ("a path without a slash", &[("  /CRM/Buyer", "  CRM/Buyer"), ("/LoanPromise:\n", "/LoanPromise: # HERE\n")], "paths.CRM/Buyer/{customerId}/{contactId}/LoanPromise: a path begins with `/`, has no query and no fragment, and closes each brace"),
    ("a path with a brace left open", &[("{contactId}/LoanPromise:\n", "{contactId/LoanPromise: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId/LoanPromise: a path begins with `/`, has no query and no fragment, and closes each brace"),
    ("a path with a query", &[("/LoanPromise:\n", "/LoanPromise?x=1: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise?x=1: a path begins with `/`, has no query and no fragment, and closes each brace"),

    // Parameters.
    ("a parameter missing for the path", &[("        - name: customerId\n          in: path\n", "        - name: customerId\n          in: query\n"), ("    post:\n", "    post: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post: the path has {customerId}, and no parameter describes it"),
    ("a parameter that the path has not", &[("/{customerId}/{contactId}/LoanPromise:", "/{customerId}/contactId/LoanPromise:"), ("    post:\n", "    post: # HERE\n")], "paths./CRM/Buyer/{customerId}/contactId/LoanPromise.post: the path has no {contactId}, which is a parameter in it"),
    ("a parameter in the path that may be left out", &[("        - name: customerId\n          in: path\n          required: true\n", "        - name: customerId # HERE\n          in: path\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0: a parameter in the path is `required: true`"),
    ("a parameter in a cookie", &[(PARAMETERS, "      parameters:\n        - name: c\n          in: cookie # HERE\n          schema: {type: string}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.in: a parameter in \"cookie\": only path, query and header are known"),
    ("a parameter without a name", &[(PARAMETERS, "      parameters:\n        - in: query # HERE\n          schema: {type: string}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0: `name` is missing"),
    ("a parameter without a place", &[(PARAMETERS, "      parameters:\n        - name: c # HERE\n          schema: {type: string}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0: `in` is missing"),
    ("a parameter without a schema", &[(PARAMETERS, "      parameters:\n        - name: c # HERE\n          in: query\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0: `schema` is missing"),
    ("a parameter that is an object", &[(PARAMETERS, "      parameters:\n        - name: c\n          in: query\n          schema: # HERE\n            $ref: \"#/components/schemas/LoanPromise\"\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.schema: an object cannot stand in a parameter"),
    ("a list in the path", &[(CUSTOMER, "          schema: # HERE\n            {type: array, items: {type: string}}\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.schema: a list stands in the query only"),
    ("a list in a header", &[(PARAMETERS, "      parameters:\n        - name: X-C\n          in: header\n          schema: # HERE\n            {type: array, items: {type: string}}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.schema: a list stands in the query only"),
    ("a header that is no parameter", &[(PARAMETERS, "      parameters:\n        - name: authorization # HERE\n          in: header\n          schema: {type: string}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0: the client sets the header \"authorization\" itself"),
    ("a parameter in a style of its own", &[(PARAMETERS, "      parameters:\n        - name: c\n          in: query\n          style: pipeDelimited # HERE\n          schema: {type: array, items: {type: string}}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.style: `style` is refused: it is not supported: a list is sent as `name=a&name=b`"),
    ("a parameter with a name of progenitor's", &[(PARAMETERS, "      parameters:\n        - name: headerMap # HERE\n          in: query\n          schema: {type: string}\n        - name: customerId\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0: progenitor has another use for the name \"header_map\": no argument can be called so"),
    ("two parameters with the same name in Rust", &[(PARAMETERS, "      parameters:\n        - name: customer_id\n          in: query\n          schema: {type: string}\n        - name: customerId # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.1: the method has an argument \"customer_id\" already: parameters differ in more than their case"),
    ("a length that is no number", &[("      maxLength: 40\n", "      maxLength: many # HERE\n")], "components.schemas.CustomerId.maxLength: a whole number, not below 0, is expected here"),
    ("a length below the least", &[("      maxLength: 40\n", "      maxLength: 0 # HERE\n")], "components.schemas.CustomerId.maxLength: at most 0 characters, and at least 1: no text is that"),
    ("an id that is another one elsewhere", &[("paths:\n", "paths:\n  /first/{customerId}:\n    get:\n      operationId: first\n      parameters:\n        - name: customerId\n          in: path\n          required: true\n          schema: {type: string, maxLength: 7}\n      responses: {\"204\": {description: d}}\n"), (CUSTOMER, "          schema: # HERE\n            $ref: \"#/components/schemas/CustomerId\"\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.parameters.0.schema: the parameter \"customerId\" of /CRM/Buyer/{customerId}/{contactId}/LoanPromise and paths./first/{customerId}.get.parameters.0.schema are both called CustomerId, and differ: give this one a schema of its own under components/schemas"),
    ("two ids in place that differ", &[("paths:\n", "paths:\n  /first/{noteKey}:\n    get:\n      operationId: first\n      parameters:\n        - {name: noteKey, in: path, required: true, schema: {type: string, maxLength: 7}}\n      responses: {\"204\": {description: d}}\n  /second/{noteKey}:\n    get:\n      operationId: second\n      parameters:\n        - {name: noteKey, in: path, required: true, schema: {type: string}} # HERE\n      responses: {\"204\": {description: d}}\n")], "paths./second/{noteKey}.get.parameters.0.schema: the parameter \"noteKey\" of /second/{noteKey} and paths./first/{noteKey}.get.parameters.0.schema are both called NoteKey, and differ: give this one a schema of its own under components/schemas"),

    // Bodies and answers.
    ("an unknown media type", &[("          text/json:\n", "          text/jsn: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.text/jsn: \"text/jsn\" is no media type that is known: did you mean text/json?"),
    ("a media type without a schema", &[(JSON_BODY, "          application/json: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json: `schema` is missing"),
    ("media types with different schemas", &[("          text/json:\n            schema:\n              $ref: \"#/components/schemas/LoanPromise\"\n", "          text/json:\n            schema: # HERE\n              $ref: \"#/components/schemas/Answer\"\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.text/json.schema: the schema is not that of the other media types beside it"),
    ("a body without content", &[(BODY, "      requestBody: # HERE\n        required: true\n      x-body:\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody: `content` is missing"),
    ("an answer with a wrong root", &[("    Answer:\n      type: string\n", "    Answer: # HERE\n      type: string\n"), ("        name: string\n", "        name: String\n")], "components.schemas.Answer: DataContractSerializer calls this root element \"string\" in the namespace \"http://schemas.microsoft.com/2003/10/Serialization/\""),
    ("an answer in a wrong namespace", &[("    Answer:\n      type: string\n", "    Answer: # HERE\n      type: string\n"), ("        name: string\n        namespace: http://schemas.microsoft.com/2003/10/Serialization/\n", "        name: string\n        namespace: http://schemas.microsoft.com/2003/10/Serialization/Arrays\n")], "components.schemas.Answer: DataContractSerializer calls this root element \"string\" in the namespace \"http://schemas.microsoft.com/2003/10/Serialization/\""),
    ("a list as a body with a wrong root", &[(BODY, "      requestBody:\n        content:\n          application/json: &list\n            schema: # HERE\n              type: array\n              items: {type: string}\n              xml: {name: Names}\n          application/xml: *list\n      x-body:\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json.schema: DataContractSerializer calls this root element \"ArrayOfstring\" in the namespace \"http://schemas.microsoft.com/2003/10/Serialization/Arrays\""),
    ("a list as a body with item names of its own", &[(BODY, "      requestBody:\n        content:\n          application/json: &list\n            schema: # HERE\n              type: array\n              items: {type: string, xml: {name: Name}}\n          application/xml: *list\n      x-body:\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json.schema: item names of one's own (\"Name\") are known in a list that is a member, and nowhere else"),
    ("a model as a body under another name", &[(BODY, "      requestBody:\n        content:\n          application/json: &list\n            schema: # HERE\n              allOf: [{$ref: \"#/components/schemas/LoanPromise\"}]\n              xml: {name: Promise}\n          application/xml: *list\n      x-body:\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.requestBody.content.application/json.schema: DataContractSerializer calls this root element \"LoanPromise\" in the namespace \"http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\""),

    // Schemas.
    ("a schema without a namespace", &[("        name: LoanPromise\n        namespace: http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\n", "        name: LoanPromise\n"), ("    LoanPromise:\n", "    LoanPromise: # HERE\n")], "components.schemas.LoanPromise: the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type"),
    ("a schema without an xml object", &[(ANSWER, "    Person: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n    Answer:\n")], "components.schemas.Person: the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type"),
    ("a schema with an empty namespace", &[(ANSWER, "    Person: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {namespace: \"\"}\n    Answer:\n")], "components.schemas.Person: the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type"),
    ("a schema's XML name given twice", &[(ANSWER, "    Person: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {name: LoanPromise, namespace: http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer}\n    Answer:\n")], "components.schemas.Person: the name \"LoanPromise\" in XML is given twice in its namespace; the other place is components.schemas.LoanPromise"),
    ("a schema's Rust name given twice", &[(ANSWER, "    loan_promise: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {name: Other, namespace: urn:x}\n    Answer:\n")], "components.schemas.loan_promise: a second type would be called LoanPromise in Rust; the other place is components.schemas.LoanPromise"),
    ("a schema called like the builder of another one", &[(ANSWER, "    LoanPromiseBuilder: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {namespace: urn:x}\n    Answer:\n")], "components.schemas.LoanPromiseBuilder: LoanPromiseBuilder is what the builder of another schema is called"),
    ("a schema called DateTime", &[(ANSWER, "    DateTime: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {namespace: urn:x}\n    Answer:\n")], "components.schemas.DateTime: \"DateTime\" cannot name a Rust type"),
    ("a schema whose name is none in Rust", &[(ANSWER, "    2nd: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {name: Second, namespace: urn:x}\n    Answer:\n")], "components.schemas.2nd: \"2nd\" cannot name a Rust type"),
    ("a schema with a bad XML name", &[(ANSWER, "    Person: # HERE\n      type: object\n      properties: {name: {type: string, xml: {name: Name}}}\n      xml: {name: a b, namespace: urn:x}\n    Answer:\n")], "components.schemas.Person: \"a b\" is no name of an element in XML"),
    ("a schema without a type", &[(ANSWER, "    Person: # HERE\n      description: Nothing.\n    Answer:\n")], "components.schemas.Person: `type` is missing"),
    ("an unknown type", &[(BANK_TYPE, "bank:\n          type: text # HERE\n")], "components.schemas.LoanPromise.properties.bank.type: `type: text` is none of OpenAPI 3.0: one of string, boolean, integer, number, array, object"),
    ("a type that is no text", &[(BANK_TYPE, "bank:\n          type: [string, \"null\"] # HERE\n")], "components.schemas.LoanPromise.properties.bank.type: text is expected here"),
    ("a format that is not known", &[(BANK_TYPE, "bank:\n          type: number\n          format: money # HERE\n")], "components.schemas.LoanPromise.properties.bank.format: the format \"money\" is not supported here, only float, double"),
    ("an integer format that is not known", &[(BANK_TYPE, "bank:\n          type: integer\n          format: uint64 # HERE\n")], "components.schemas.LoanPromise.properties.bank.format: the format \"uint64\" is not known: did you mean \"int64\"?"),
    ("a schema of several", &[(ESTATE_TYPE, "        estateType:\n          allOf:\n            - $ref: \"#/components/schemas/LoanPromiseEstateType\" # HERE\n            - type: string\n")], "components.schemas.LoanPromise.properties.estateType.allOf.0: `allOf` with several entries, or with `properties` beside it, is a derived class: its entries are objects"),
    ("a schema of none", &[(ESTATE_TYPE, "        estateType:\n          allOf: [] # HERE\n")], "components.schemas.LoanPromise.properties.estateType.allOf: `allOf` has no entry"),
    ("one of several", &[(BANK_TYPE, "bank:\n          oneOf: [{type: string}, {type: integer}] # HERE\n")], "components.schemas.LoanPromise.properties.bank.oneOf: `oneOf` is refused: it has no counterpart in a .NET data contract"),
    ("any of several", &[(BANK_TYPE, "bank:\n          anyOf: [{type: string}, {type: integer}] # HERE\n")], "components.schemas.LoanPromise.properties.bank.anyOf: `anyOf` is refused: it has no counterpart in a .NET data contract"),
    ("what it is not", &[(BANK_TYPE, "bank:\n          type: string\n          not: {enum: [a]} # HERE\n")], "components.schemas.LoanPromise.properties.bank.not: `not` is refused: it has no counterpart in a .NET data contract"),
    ("a list without items", &[(BANK_TYPE, "bank: # HERE\n          type: array\n")], "components.schemas.LoanPromise.properties.bank: `items` is missing"),
    ("a list that is not wrapped", &[(BANK_TYPE, "bank:\n          type: array\n          items: {type: string}\n"), (BANK_XML, "          xml:\n            name: Bank\n            wrapped: false # HERE\n")], "components.schemas.LoanPromise.properties.bank.xml.wrapped: DataContractSerializer puts a list into an element of its own: `wrapped: true`"),
    ("a list of lists with item names of its own", &[(BANK_TYPE, "bank:\n          type: array\n          items: # HERE\n            type: array\n            items: {type: string, xml: {name: Name}}\n")], "components.schemas.LoanPromise.properties.bank.items: item names of one's own (\"Name\") are known in a list that is a member, and nowhere else"),
    ("a list of an enumeration without a namespace", &[(BANK_TYPE, "bank:\n          type: array\n          items: {type: string, enum: [A]} # HERE\n")], "components.schemas.LoanPromise.properties.bank.items: the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type"),

    // Members.
    ("a member without an XML name", &[(BANK_XML, ""), (BANK, "        bank: # HERE\n")], "components.schemas.LoanPromise.properties.bank: the member has no name in XML, where a wrongly cased one is lost without an error; add `xml: {name: Bank}`, its name in .NET"),
    ("a member's XML name given twice", &[("        estateId:\n", "        estateId: # HERE\n"), ("            name: EstateId\n", "            name: Bank\n")], "components.schemas.LoanPromise.properties.estateId: the name \"Bank\" in XML is given twice in this schema"),
    ("a member with a bad XML name", &[(BANK, "        bank: # HERE\n"), ("            name: Bank\n", "            name: 1st\n")], "components.schemas.LoanPromise.properties.bank: \"1st\" is no name of an element in XML"),
    ("a member that is an attribute", &[(BANK, "        bank: # HERE\n"), (BANK_XML, "          xml:\n            name: Bank\n            attribute: true\n")], "components.schemas.LoanPromise.properties.bank: DataContractSerializer writes no member as an attribute"),
    ("a member's XML name that is no text", &[("            name: Bank\n", "            name: 1 # HERE\n")], "components.schemas.LoanPromise.properties.bank.xml.name: text is expected here"),
    ("two members with the same name in Rust", &[("        estateId:\n", "        Bank: # HERE\n")], "components.schemas.LoanPromise.properties.Bank: the name \"Bank\" gives no field of its own in Rust"),
    ("a member whose name is none in Rust", &[(BANK, "        \"\": # HERE\n")], "components.schemas.LoanPromise.properties.: the name \"\" gives no field of its own in Rust"),
    ("a required member that is not there", &[("      description: A loan promise (lånelöfte). No member is marked as required.\n", "      required: [bank, broker] # HERE\n")], "components.schemas.LoanPromise.required: `required` names \"broker\", which is no member"),
    ("required that is no list", &[("      description: A loan promise (lånelöfte). No member is marked as required.\n", "      required: true # HERE\n")], "components.schemas.LoanPromise.required: a list of names is expected"),
    ("an object in place without a namespace", &[(BANK_TYPE, "bank: # HERE\n          type: object\n          properties: {name: {type: string, xml: {name: Name}}}\n")], "components.schemas.LoanPromise.properties.bank: the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type"),
    ("a description that is no text", &[("          description: The bank's name (namn på bank)\n", "          description: 1 # HERE\n")], "components.schemas.LoanPromise.properties.bank.description: text is expected here"),

    // Enumerations.
    ("a name given twice", &[("        - Cottage\n", "        - Apartment # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: \"Apartment\" stands twice in the enumeration, or differs in case only"),
    ("a name in two cases", &[("        - Cottage\n", "        - APARTMENT # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: \"APARTMENT\" stands twice in the enumeration, or differs in case only"),
    ("a name that is a number", &[("        - Cottage\n", "        - 2 # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: a name is text; in YAML, a number as a name stands in quotes"),
    ("a name that is null", &[("        - Cottage\n", "        - # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: `null` stands in an enumeration that is `nullable: true`; as a name, it stands in quotes"),
    ("a name that is none in Rust", &[("        - Cottage\n", "        - 2nd # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: \"2nd\" cannot name a variant of a Rust enumeration"),
    ("a name with a comma", &[("        - Cottage\n", "        - Sommar,stuga # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: \"Sommar,stuga\" has a comma, or space around it: .NET would read other names in it"),
    ("a name with space around it", &[("        - Cottage\n", "        - \" Cottage\" # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: \" Cottage\" has a comma, or space around it: .NET would read other names in it"),
    ("the name of what is not listed", &[("        - Cottage\n", "        - Unlisted # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.1: \"Unlisted\" cannot name a variant of a Rust enumeration"),
    ("no names", &[(ESTATE_NAMES, "      enum: [] # HERE\n")], "components.schemas.LoanPromiseEstateType.enum: the enumeration lists no name"),
    ("names that are no list", &[(ESTATE_NAMES, "      enum: Apartment # HERE\n")], "components.schemas.LoanPromiseEstateType.enum: a list of names is expected"),
    ("a number given twice", &[("        Cottage: 2\n", "        Cottage: 1 # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enum-numbers.Cottage: the number 1 is given twice"),
    ("a number that is none", &[("        Cottage: 2\n", "        Cottage: two # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enum-numbers.Cottage: the number of a name is a whole number of 32 bits"),
    ("a number that is too large", &[("        Cottage: 2\n", "        Cottage: 2147483648 # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enum-numbers.Cottage: the number of a name is a whole number of 32 bits"),
    ("a number of a name that is not listed", &[("        Cottage: 2\n", "        Cabin: 2 # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enum-numbers.Cabin: `x-enum-numbers` speaks of \"Cabin\", which `enum` does not list"),
    ("numbers that are a list", &[(ESTATE_NUMBERS, "      x-enum-numbers: [1, 2, 3] # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enum-numbers: a value for each name is expected, `Name: value`"),
    ("a description of a name that is not listed", &[("        Cottage: Fritidshus\n", "        Cabin: Fritidshus # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enumDescriptions.Cabin: `x-enumDescriptions` speaks of \"Cabin\", which `enum` does not list"),
    ("an enumeration of numbers", &[(BANK_TYPE, "bank: # HERE\n          type: integer\n          enum: [1, 2]\n")], "components.schemas.LoanPromise.properties.bank: the width is missing: say `format: int32` or `format: int64`"),
    ("an id that is an object", &[(CONTACT_SCHEMA, "    ContactId: # HERE\n      type: object\n")], "components.schemas.ContactId: the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type"),

    // What would be dropped without a word.
    ("a misspelt keyword", &[("          description: The bank's name", "          descripton: The bank's name"), ("(namn på bank)", "(namn på bank) # HERE")], "components.schemas.LoanPromise.properties.bank.descripton: a schema has no keyword \"descripton\": did you mean `description`?"),
    ("a keyword in another case", &[("      minLength: 1\n      maxLength: 40\n", "      minLength: 1\n      maxlength: 40 # HERE\n")], "components.schemas.CustomerId.maxlength: a schema has no keyword \"maxlength\": did you mean `maxLength`?"),
    ("a keyword of another version", &[(BANK_TYPE, "bank:\n          type: string\n          const: SBAB # HERE\n")], "components.schemas.LoanPromise.properties.bank.const: a schema has no keyword \"const\": it would be dropped; an extension of OpenAPI begins with `x-`"),
    ("yes for true", &[(BANK_TYPE, "bank:\n          type: string\n          nullable: yes # HERE\n")], "components.schemas.LoanPromise.properties.bank.nullable: `true` or `false` is expected here; `yes` and `no` are texts in YAML 1.2"),
    ("a misspelt word in xml", &[("            name: Bank\n", "            name: Bank\n            namespce: urn:x # HERE\n")], "components.schemas.LoanPromise.properties.bank.xml.namespce: `xml` has no keyword \"namespce\": did you mean `namespace`?"),
    ("a misspelt name in xml", &[("            name: Bank\n", "            nam: Bank # HERE\n")], "components.schemas.LoanPromise.properties.bank.xml.nam: `xml` has no keyword \"nam\": did you mean `name`?"),
    ("a misspelt extension", &[("      x-enum-numbers:\n", "      x-enum-number: # HERE\n")], "components.schemas.LoanPromiseEstateType.x-enum-number: the extension \"x-enum-number\" is not known: did you mean `x-enum-numbers`?"),
    ("an extension in another place", &[(BANK_TYPE, "bank:\n          type: string\n          x-deliver: true # HERE\n")], "components.schemas.LoanPromise.properties.bank.x-deliver: `x-deliver` stands in an operation"),
    ("a misspelt operationId", &[(OPERATION, "    post:\n      operationID: createLoanPromise # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationID: an operation has no keyword \"operationID\": did you mean `operationId`?"),
    ("an unknown method", &[("    post:\n", "    pots: # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.pots: a path has no keyword \"pots\": did you mean `post`?"),
    ("a server of an operation's own", &[(OPERATION, "    post:\n      servers: [{url: https://other.example.com}] # HERE\n      operationId: createLoanPromise\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.servers: `servers` is refused: all calls go to the document's first server"),
    ("security of an operation's own", &[(OPERATION, "    post:\n      security: [] # HERE\n      operationId: createLoanPromise\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.security: `security` is refused: all calls carry the credentials of a customer, as the document's `security` says"),
    ("a path that stands elsewhere", &[("    post:\n", "    $ref: \"#/x-path\" # HERE\n    post:\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.$ref: `$ref` is refused: a `$ref` in the place of a path is not followed: write its operations here"),
    ("a merge key", &[(OPERATION, "    post:\n      <<: {deprecated: true} # HERE\n      operationId: createLoanPromise\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post: YAML 1.2 has no merge keys, and OpenAPI neither: `<<` is not followed; write out what it stands for"),
    ("a no-break space in front of a key", &[(BANK, "         bank: # HERE\n")], "components.schemas.LoanPromise.properties: the key \"\\u{a0}bank\" has a character that is not seen, U+00A0: type it again, with plain spaces"),
    ("a name in XML in lower case", &[(BANK, "        bank: # HERE\n"), ("            name: Bank\n", "            name: bank\n")], "components.schemas.LoanPromise.properties.bank: the name \"bank\" in XML begins in lower case: .NET's is probably `Bank`; where it really is so, add `x-lower-case: true` beside it"),
    ("a discriminator", &[("      description: A loan promise (lånelöfte). No member is marked as required.\n", "      discriminator: {propertyName: bank} # HERE\n")], "components.schemas.LoanPromise.discriminator: `discriminator` is refused: which type stands in a value cannot be told apart: name the one that does"),
    ("an unknown format", &[("          format: date-time\n", "          format: datetime # HERE\n")], "components.schemas.LoanPromise.properties.validUntil.format: the format \"datetime\" is not known: did you mean \"date-time\"?"),
    ("a format that is not carried", &[(BANK_TYPE, "bank:\n          type: string\n          format: duration # HERE\n")], "components.schemas.LoanPromise.properties.bank.format: the format \"duration\" (a `TimeSpan` in .NET) is not carried yet: as a plain text, its values would be lost"),
    ("bytes that are no body", &[(BANK_TYPE, "bank:\n          type: string\n          format: binary # HERE\n")], "components.schemas.LoanPromise.properties.bank.format: bytes in JSON and XML are base64: `format: byte`; `binary` is a whole body"),
    ("a number without a format", &[(BANK_TYPE, "bank: # HERE\n          type: number\n")], "components.schemas.LoanPromise.properties.bank: the kind is missing: say `format: double`, or `format: decimal`"),
    ("an integer without a format", &[(BANK_TYPE, "bank: # HERE\n          type: integer\n")], "components.schemas.LoanPromise.properties.bank: the width is missing: say `format: int32` or `format: int64`"),
    ("two operations to deliver", &[("paths:\n", "paths:\n  /first:\n    get:\n      operationId: first\n      x-deliver: true\n      responses: {\"204\": {description: d}}\n"), ("      x-deliver: true # What an outbox delivers.", "      x-deliver: true # HERE")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.x-deliver: an outbox delivers one operation, and paths./first.get is it already"),
    ("what expires is no date", &[(BANK_TYPE, "bank:\n          type: string\n          x-expires: true # HERE\n")], "components.schemas.LoanPromise.properties.bank.x-expires: what says when an object expires is a date: `format: date-time`"),
    ("two dates of expiry", &[("    LoanPromise:\n", "    LoanPromise: # HERE\n"), (BANK_TYPE, "bank:\n          type: string\n          format: date\n          x-expires: true\n")], "components.schemas.LoanPromise: `x-expires` stands at \"bank\" and at \"validUntil\": an object expires once"),
    ("a customer who is a number", &[("paths:\n", "paths:\n  /first:\n    get:\n      operationId: first\n      parameters:\n        - name: customerId\n          in: query\n          schema: # HERE\n            type: integer\n            format: int32\n      responses: {\"204\": {description: d}}\n")], "paths./first.get.parameters.0.schema: the parameter says whose password the call takes, and is a CustomerId: `type: string`, or a `$ref` to the schema of that name; `x-credentials-key: false` says that it is none"),
    ("a verb of our own", &[(OPERATION, "    post:\n      operationId: addLoanPromise # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationId: its command would be `loan-promise add`, which the command line has for itself: choose another operationId"),
    ("a command of our own", &[(OPERATION, "    post:\n      operationId: createSandbox # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationId: its command would be `sandbox create`, which the command line has for itself: choose another operationId"),
    ("another scheme than Basic", &[("      scheme: basic\n", "      scheme: bearer # HERE\n")], "components.securitySchemes.basic.scheme: only HTTP Basic is known: `type: http`, `scheme: basic`"),
    ("security by no scheme", &[("  - basic: []\n", "  - basik: [] # HERE\n")], "security.0.basik: \"basik\" is no scheme of `components.securitySchemes`"),
    ("members and a dictionary", &[("    LoanPromise:\n      type: object\n", "    LoanPromise:\n      type: object\n      additionalProperties: {type: string} # HERE\n")], "components.schemas.LoanPromise.additionalProperties: an object has members or is a dictionary: `properties` or `additionalProperties`, not both"),
    ("a null that may not stand there", &[("        - Cottage\n", "        - Cottage\n        - null # HERE\n")], "components.schemas.LoanPromiseEstateType.enum.2: `null` stands in an enumeration that is `nullable: true`; as a name, it stands in quotes"),
    ("a status that is none", &[("        \"400\":\n", "        \"4000\": # HERE\n")], "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.responses.4000: \"4000\" is no status: `\"200\"`, or `default` for all others"),
];

fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(DOCUMENT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the document has no {from:?}");
        text.replacen(from, to, 1)
    })
}

/// Nothing that is read: the library decodes errors itself.
#[test]
fn a_response_that_holds_itself_ends() {
    let response =
        "    BadRequest:\n      content: {text/plain: {schema: {$ref: \"#/components/responses/BadRequest\"}}}\n";
    generate(
        FILE,
        &edited(&[("    BadRequest:\n", &format!("{response}    Old:\n"))]),
    )
    .unwrap();
}

#[test]
fn each_is_named_with_its_line_and_place() {
    let mut wrong = Vec::new();
    for (name, edits, says) in MISTAKES {
        let text = edited(edits);
        let line = 1 + text.lines().position(|line| line.contains("# HERE")).unwrap_or(0);
        let expected = format!("{FILE}:{line}: {says}");
        let message = match describe(FILE, &text) {
            Ok(_) => "no mistake was found".to_owned(),
            Err(mistakes) => mistakes
                .iter()
                .map(Mistake::to_string)
                .collect::<Vec<_>>()
                .join("\n            "),
        };
        if message != expected {
            wrong.push(format!("{name}\n  expected: {expected}\n  found:    {message}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Five mistakes of five kinds are one build, not five; what is not there because it is misspelt is not told of twice.
#[test]
fn all_are_told_at_once_in_the_order_of_their_lines() {
    let text = edited(&[
        ("    description: Production", "    descripton: Production # HERE"),
        (OPERATION, "    post:\n      operationID: createLoanPromise # HERE\n"),
        (CONTACT_SCHEMA, "    ContactId:\n      tpye: string # HERE\n"),
        (BANK, "        bank: # HERE\n"),
        (BANK_XML, ""),
        ("        - Cottage\n", "        - Apartment # HERE\n"),
    ]);
    let mistakes = describe(FILE, &text).unwrap_err();
    let messages: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    let places = [
        "servers.0.descripton: ",
        "paths./CRM/Buyer/{customerId}/{contactId}/LoanPromise.post.operationID: ",
        "components.schemas.ContactId.tpye: ",
        "components.schemas.LoanPromise.properties.bank: the member has",
        "components.schemas.LoanPromiseEstateType.enum.1: ",
    ];
    let lines = text.lines().enumerate().filter(|(_, line)| line.contains("# HERE"));
    let expected: Vec<String> = lines
        .zip(places)
        .map(|((line, _), place)| format!("{FILE}:{}: {place}", line + 1))
        .collect();
    assert_eq!(messages.len(), expected.len(), "{messages:#?}");
    for (message, begin) in messages.iter().zip(&expected) {
        assert!(message.starts_with(begin), "{message}\n{begin}");
    }
}

/// Whatever is wrong: generated code, or a message that names the file and the line, and nobody's panic.
#[test]
fn random_edits_end_in_code_or_a_message() {
    let document: Value = serde_json::from_str(&generate(FILE, DOCUMENT).unwrap().json).unwrap();
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut edited = document.clone();
        for _ in 0..random.usize(1..=3) {
            edit_somewhere(&mut edited, &mut random);
        }
        let text = edited.to_string(); // JSON is YAML.
        for mistake in generate(FILE, &text).err().iter().flatten() {
            let message = mistake.to_string();
            let named = message.strip_prefix(&format!("{FILE}:1: "));
            // What only progenitor finds would have no place.
            let is_ours =
                named.is_some_and(|it| !it.is_empty() && !it.contains("progenitor") && !it.contains("typify"));
            assert!(is_ours, "seed {seed}: {message}\n{text}");
        }
    }
}

fn edit_somewhere(document: &mut Value, random: &mut fastrand::Rng) {
    let mut places = Vec::new();
    collect_places(document, String::new(), &mut places);
    let (parent, key) = places[random.usize(..places.len())].clone();
    let other = {
        let (parent, key) = &places[random.usize(..places.len())];
        child(document.pointer_mut(parent).unwrap(), key).clone()
    };
    let anything = [
        Value::Null,
        Value::Bool(true),
        (-1).into(),
        1.5.into(),
        u64::MAX.into(),
        "".into(),
        "ö {x} / $ref".into(),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": {}}),
        json!({"$ref": "#/components"}),
        json!({"type": "array", "items": {"type": "string"}}),
        other.clone(),
        other,
    ];
    let value = random.choice(anything).unwrap();
    let parent = document.pointer_mut(&parent).unwrap();
    match (random.u8(..4), parent) {
        (0, Value::Object(members)) => drop(members.shift_remove(&key)),
        (0, Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        (1, Value::Object(members)) => {
            let names = [
                "", "1", "ö", "$ref", "type", "allOf", "a b", "a/b~c", "{", "self", "index",
            ];
            let value = members.shift_remove(&key).unwrap();
            members.insert(random.choice(names).unwrap().to_owned(), value);
        }
        (1, Value::Array(items)) => items.push(value),
        (_, parent) => *child(parent, &key) = value,
    }
}

fn child<'a>(parent: &'a mut Value, key: &str) -> &'a mut Value {
    match parent {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        object => &mut object[key],
    }
}

/// Every place but the root: its parent's JSON pointer, and its own name in there.
fn collect_places(value: &Value, pointer: String, places: &mut Vec<(String, String)>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => return,
    };
    for (key, value) in children {
        let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        places.push((pointer.clone(), key));
        collect_places(value, below, places);
    }
}
