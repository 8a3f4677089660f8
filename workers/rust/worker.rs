//! A worker in one file, for Rust 1.63 and later, with serde_json. Copy it with its Cargo.toml and
//! replace the part at its end. Build it: `cargo build --release`. Prove it:
//! `spread-jobs-conform --codec json -- target/release/worker`.
//! Comments cite the requirements of spec/1.0.

use serde_json::{from_slice, from_str, from_value, json, to_string, value::RawValue, Value};
use std::io::{self, BufRead, Write};
use std::os::unix::io::{AsFd, AsRawFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::{collections::HashMap, error::Error, fs::File, process, thread::sleep, time::Duration};

// ---- the wire: leave this part as it is ---------------------------------------------------------

extern "C" {
    fn dup2(from: i32, to: i32) -> i32; // of the C library, on which std stands anyway
}

/// Moves the two pipes out of reach (WIRE-4): from now on standard input is empty and standard
/// output is the error stream, so no print and no child process can harm the conversation.
fn move_pipes() -> io::Result<(impl BufRead, impl Write)> {
    let requests = File::from(io::stdin().as_fd().try_clone_to_owned()?); // no child inherits it
    let answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let null = File::open("/dev/null")?;
    if unsafe { dup2(null.as_raw_fd(), 0) < 0 || dup2(2, 1) < 0 } {
        return Err(io::Error::last_os_error());
    }
    Ok((io::BufReader::new(requests), answers))
}

/// Gives the next line, or None at the end of input (SHUT-2). JSON-1: LF alone ends a line.
fn read(requests: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    match requests.read_until(b'\n', &mut line) {
        Ok(0) => None,
        Ok(_) if line.ends_with(b"\n") => Some(line),
        _ => panic!("input ended inside a message"), // SHUT-6
    }
}

/// The value, lines of out, lines of err, each with its end (OUT-2). Mind: json!(NaN) is null.
type Answer = (Value, Vec<String>, Vec<String>);

/// Why there is no answer. The operator `?` makes a Failure of any error.
enum Failure {
    TooBusy(f64), // not now; leave this worker alone for so many seconds (BUSY-1)
    Exception(String, String), // the type's name, the message (ERR-1)
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Exception(std::any::type_name::<E>().into(), error.to_string())
    }
}

/// Finds integers beyond 2**53-1 (JSON-4). Floats are no danger: serde_json writes 1e17 as `1e17`.
fn valid(value: &Value) -> bool {
    match value {
        Value::Number(n) => n.is_f64() || n.as_i64().map_or(false, |n| n.unsigned_abs() < 1 << 53),
        Value::Array(items) => items.iter().all(valid),
        Value::Object(map) => map.values().all(valid),
        _ => true,
    }
}

/// Does a task and gives its whole response (RUN-4), a failure where there is no answer (ERR-4).
fn respond(id: &RawValue, payload: &RawValue, state: &mut State) -> serde_json::Result<String> {
    let attempt = catch_unwind(AssertUnwindSafe(|| task(from_str(payload.get())?, state)));
    let (kind, message) = match attempt {
        Ok(Ok((value, out, err))) if valid(&value) => return to_string(&((id, value), out, err)),
        Ok(Err(Failure::TooBusy(delay))) if delay >= 0.0 && delay.is_finite() => {
            return to_string(&(("TooBusy", id, delay), (), ()));
        }
        Ok(Err(Failure::Exception(kind, message))) => (kind, message),
        Ok(_) => ("ValueError".into(), "great integer or bad delay".into()),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
            let text = text.or_else(|| panic.downcast_ref().cloned());
            ("panic".into(), text.unwrap_or_default())
        }
    };
    to_string(&(("RemoteException", id, kind, message, ""), (), ()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut requests, mut answers) = move_pipes()?;
    let mut lines = std::iter::from_fn(|| read(&mut requests));
    let item = |line: Vec<u8>| from_slice(&line).expect("a message");
    let mut state = prepare(&mut lines.by_ref().map(item));
    for line in lines {
        let (id, payload): (&RawValue, &RawValue) = from_slice(&line)?;
        let response = respond(id, payload, &mut state)? + "\n";
        if answers.write_all(response.as_bytes()).is_err() {
            break; // the master has gone
        }
    }
    Ok(())
}

// ---- conformance payloads (spec 1.0, section 14): delete when you are done testing --------------

fn conformance(payload: &Value, state: &mut State) -> Result<Answer, Failure> {
    let text = |key: &str| payload[key].as_str().unwrap_or_default().to_string();
    let number = |key: &str| payload[key].as_f64().unwrap_or_default();
    let lines = |key: &str| from_value(payload[key].clone());
    let value = match text("op").as_str() {
        "echo" => payload["value"].clone(),
        "raise" => return Err(Failure::Exception(text("type"), text("message"))),
        "busy" => {
            let count = state.refused.entry(text("key")).or_insert(0.0);
            *count += 1.0;
            if *count <= number("times") {
                return Err(Failure::TooBusy(number("delay_s")));
            }
            json!("done")
        }
        "print" => return Ok((Value::Null, lines("out")?, lines("err")?)),
        "sleep" => json!(sleep(Duration::from_secs_f64(number("seconds")))),
        "exit" => process::exit(number("status") as i32),
        "prepared" => json!(state.prepared),
        op => panic!("no such op: {op}"),
    };
    Ok((value, vec![], vec![]))
}

// ---- your part ----------------------------------------------------------------------------------

/// What task() needs besides its payload: what prepare() made, and what lasts from task to task.
#[derive(Default)]
struct State {
    prepared: Vec<Value>,
    refused: HashMap<String, f64>,
}

/// Takes the items of main(stdin=...), up to a null (PREP-4). Without any: take none.
fn prepare(items: &mut dyn Iterator<Item = Value>) -> State {
    let mut state = State::default();
    let items = items.take_while(|item| !item.is_null());
    state.prepared.extend(items);
    state
}

/// Does one task. An error or a panic is a RemoteException for the caller of main().
fn task(payload: Value, state: &mut State) -> Result<Answer, Failure> {
    if payload.get("op").is_some() {
        return conformance(&payload, state); // keep this line while you test
    }
    let text: String = from_value(payload)?;
    Ok((json!(text.split_whitespace().count()), vec![], vec![]))
}
