//! Generates from a document, prints the code, and says on stderr what is wrong or how much came of it:
//! `cargo run -p vitec-connect-codegen --example generate spec/vitec-connect.yaml`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("the path of a document is expected")?;
    let text = std::fs::read_to_string(&file)?;
    match vitec_connect_codegen::generate(&file, &text) {
        Ok(generated) => {
            print!("{}", generated.rust);
            let description = vitec_connect_codegen::describe(&file, &text).map_err(|_| "read once only")?;
            eprintln!(
                "{} operations, {} schemas, {} lines",
                description.operations.len(),
                description.schemas.len(),
                generated.rust.lines().count()
            );
            Ok(())
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                eprintln!("{mistake}");
            }
            Err(format!("{} mistakes", mistakes.len()).into())
        }
    }
}
