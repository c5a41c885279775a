//! The real DataContractSerializer, on whatever .NET there is, beside this library.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use vitec_connect::datacontract::to_vec;

use crate::Result;
use crate::codec::{PAYLOADS, promise};

/// Runs `dotnet.cs`, from the top of the checkout, on Mono, and on the .NET Core whose `dotnet` the environment variable `DOTNET` names.
pub(crate) fn report(ours: &[(String, f64)]) -> Result<()> {
    let folder = Path::new("target/bench-dotnet");
    fs::create_dir_all(folder)?;
    for payload in PAYLOADS {
        fs::write(folder.join(format!("{payload}.xml")), to_vec(&promise(payload)?)?)?;
    }
    let program = folder.join("bench.exe");
    let compiled = Command::new("mcs")
        .args(["-optimize+", "-r:System.Runtime.Serialization.dll", "-r:System.Xml.dll"])
        .arg(format!("-out:{}", program.display()))
        .args(["benches/dotnet.cs", "benches/loan_promise.cs"])
        .status();
    match compiled {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("mcs: {status}").into()),
        Err(error) => {
            println!("\nNo .NET beside it: mcs does not start ({error}).");
            return Ok(());
        }
    }
    fs::write(
        folder.join("bench.runtimeconfig.json"),
        r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"3.1.0"},
            "configProperties":{"System.Globalization.Invariant":true}}}"#,
    )?;
    let core = env::var("DOTNET").ok();
    let runtimes = [("Mono", Some("mono")), (".NET Core", core.as_deref())];
    println!("\n| operation | payload | by | µs | that / vitec-connect |");
    println!("|---|---|---|--:|--:|");
    for (name, runtime) in runtimes {
        let Some(runtime) = runtime else {
            println!("\nNot measured on {name}: DOTNET names no program.");
            continue;
        };
        let output = Command::new(runtime).arg(&program).arg(folder).output()?;
        if !output.status.success() {
            return Err(format!("{runtime}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            let [operation, payload, nanoseconds] = line.split(' ').collect::<Vec<_>>()[..] else {
                return Err(format!("{runtime} printed {line:?}").into());
            };
            let nanoseconds: f64 = nanoseconds.parse()?;
            let key = format!("{operation}/{payload}");
            let (_, own) = ours.iter().find(|(it, _)| *it == key).ok_or("an operation too many")?;
            println!(
                "| {operation} | {payload} | DataContractSerializer on {name} | {:.2} | {:.1} |",
                nanoseconds / 1000.0,
                nanoseconds / own
            );
        }
    }
    Ok(())
}
