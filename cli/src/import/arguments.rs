//! How the import is asked for on the command line, beside what `create` has too.

use clap::Arg;
use vitec_connect_outbox::Delivered;

use crate::deliver;

/// The columns that a row cannot do without.
fn needed() -> String {
    let delivered = Delivered::operation();
    let columns = delivered.map(|it| [vec![it.customer()], it.parameters()].concat());
    columns.unwrap_or_default().join(", ")
}

pub(crate) fn arguments() -> Vec<Arg> {
    let mut arguments = vec![
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .help(format!("CSV or NDJSON with the columns {}, the members of the body, and perhaps reference; `-` is stdin", needed())),
        crate::outbox::place_argument(),
        Arg::new("report")
            .long("report")
            .value_name("FILE")
            .help("What became of each row of the file, as CSV, written when the run ends; `-` is stdout, and the summary goes to stderr"),
    ];
    arguments.extend(deliver::pace());
    arguments
}
