// A worker in one file, for Node 18 or later, with nothing to install. Copy it and replace the part
// at its end. Comments cite the requirements of spec/1.0. It is no ES module, since what a module
// imports is run, and may print, before the module's own first line.
//   node worker.cjs                                         run it; a master does
//   spread-jobs-conform --codec json -- node worker.cjs     prove it
'use strict';
const fs = require('node:fs');
const { inspect } = require('node:util');

// ---- the wire: leave this part as it is ---------------------------------------------------------
// WIRE-4: first of all, move the two pipes out of reach. From now on standard input is empty and
// standard output is the error stream, so no print and no child process can harm the conversation.
// Node has no dup(), but a pipe can be opened again, and an open file gets the lowest free number.
const REQUESTS = fs.openSync('/dev/fd/0', 'r');
const ANSWERS = fs.openSync('/dev/fd/1', 'a');
for (const [fd, path, flags] of [[0, '/dev/null', 'r'], [1, '/dev/fd/2', 'a']]) {
  fs.closeSync(fd);
  if (fs.openSync(path, flags) !== fd) throw new Error(`descriptor ${fd} was taken meanwhile`);
}

/** Throw it in task() to refuse the task; this worker is left alone for that many seconds. */
class TooBusy extends Error {
  constructor(seconds) {
    super(`for ${seconds} s`);
    if (!(Number.isFinite(seconds) && seconds >= 0)) throw new RangeError(`TooBusy(${seconds})`);
    this.seconds = seconds;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const CHUNK = Buffer.alloc(65536);
let unread = CHUNK.subarray(0, 0);

/** Returns the next message. The end of the input ends the worker (PREP-5, SHUT-2, SHUT-5). */
function read() {
  const parts = [];
  let end;
  while ((end = unread.indexOf('\n')) < 0) { // JSON-1: a line ends at LF alone
    if (unread.length > 0) parts.push(Buffer.from(unread));
    const size = fs.readSync(REQUESTS, CHUNK);
    if (size === 0) process.exit(parts.length === 0 ? 0 : 1); // SHUT-6: no LF, no message
    unread = CHUNK.subarray(0, size);
  }
  const line = Buffer.concat([...parts, unread.subarray(0, end)]);
  unread = unread.subarray(end + 1);
  return JSON.parse(UTF8.decode(line));
}

/** Makes JSON, or throws where JSON.stringify() would write another value (JSON-4, ERR-4). */
function encode(value) {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string' && !/\p{Surrogate}/u.test(value)) return JSON.stringify(value);
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  if (Number.isInteger(value)) return value.toExponential(); // 1e17, which is no integer in JSON
  if (Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return `[${Array.from(value, encode).join(',')}]`;
  const prototype = typeof value === 'object' && Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) {
    const members = Object.entries(value).map(([key, item]) => `${encode(key)}:${encode(item)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`JSON cannot carry ${inspect(value, { depth: 0, maxArrayLength: 3 })}`);
}

/** Returns a text without lone surrogates; the code of what was thrown may throw, too. */
function text(make) {
  try {
    return String(make() ?? '').replace(/\p{Surrogate}/gu, '\ufffd');
  } catch {
    return '<no text>';
  }
}

// Outside of a task, an error ends the worker. During one, those of its callbacks, and rejections
// that nobody handles, make it fail; so does the wait for a promise that nothing can settle.
const fatal = (error) => { console.error(error); process.exit(1); };
let giveUp = fatal;
process.on('uncaughtException', (error) => giveUp(error));
process.on('beforeExit', () => { // the event loop is empty; setImmediate() keeps it alive
  setImmediate(giveUp, new Error('it waits for a promise that nothing can settle'));
});

/** Does one task and returns its whole response, encoded (RUN-4): first, out, err. */
async function respond(id, payload) {
  const out = [], err = [];
  const lines = (list) => list.map((line) => text(() => line));
  const response = (...first) => encode([first, lines(out), lines(err)]);
  try {
    const givenUp = new Promise((_, reject) => { giveUp = reject; });
    const answer = await Promise.race([givenUp, task(payload, { out, err })]);
    return response(id, answer ?? null); // RUN-5
  } catch (error) { // ERR-4: whatever task() or encode() threw
    if (error instanceof TooBusy) return response('TooBusy', id, error.seconds); // BUSY-1
    return response('RemoteException', id, text(() => error?.name ?? typeof error), // ERR-1, ERR-3
      text(() => error?.message ?? error), text(() => error?.stack));
  } finally {
    giveUp = fatal;
  }
}

/** Answers every request, in order (RUN-3, RUN-6), until read() ends the process. */
async function main() {
  await prepare();
  for (;;) {
    const [id, payload] = read();
    const response = await respond(id, payload);
    try {
      fs.writeFileSync(ANSWERS, `${response}\n`); // WIRE-3: whole, and at once
    } catch {
      process.exit(1); // the master has gone
    }
  }
}

setImmediate(() => main().catch(fatal)); // when the rest of this file has been run

// ---- conformance payloads (spec 1.0, section 14): delete when you are done testing --------------
const refusals = new Map();

async function conformance(payload, lines) {
  switch (payload.op) {
    case 'echo': return payload.value;
    case 'raise': throw Object.assign(new Error(payload.message), { name: payload.type });
    case 'busy':
      refusals.set(payload.key, (refusals.get(payload.key) ?? 0) + 1);
      if (refusals.get(payload.key) <= payload.times) throw new TooBusy(payload.delay_s);
      return 'done';
    case 'print': lines.out.push(...payload.out); lines.err.push(...payload.err); return null;
    case 'sleep': // one more, since a timer may come a part of a millisecond early
      return new Promise((wake) => setTimeout(wake, Math.ceil(payload.seconds * 1000) + 1));
    case 'exit': return process.exit(payload.status);
    case 'prepared': return prepared;
    default: throw new Error(`unknown op: ${payload.op}`);
  }
}

// ---- your part: replace what follows ------------------------------------------------------------
const prepared = [];

/** Takes the preparation items, those of main(stdin=...), up to a null (PREP-4, OPS-8). */
async function prepare() {
  for (let item = read(); item !== null; item = read()) prepared.push(item);
}

/** Does one task and returns its answer. Throw anything to fail, TooBusy(seconds) to refuse. */
async function task(payload, lines) {
  if (payload?.op !== undefined) return conformance(payload, lines); // keep this while you test
  return payload.match(/\S+/g)?.length ?? 0; // the number of words
}
