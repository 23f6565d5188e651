// What went over the wire, as the scenarios and the tests left it in HOLDFAST_WIRE.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// From the assistant's scenarios come its requests; from both come the simulators' answers.
export const sources = ['assistant', 'clients'];

/** The lines of the files of one kind (model or slack), each with its source. */
export function* lines(kind) {
  const folder = process.env.HOLDFAST_WIRE;
  if (!folder) throw new Error('HOLDFAST_WIRE names no folder with a corpus: run "make conformance"');
  for (const source of sources) {
    const dir = join(folder, source);
    if (!existsSync(dir)) continue;
    for (const file of readdirSync(dir).filter((f) => f.startsWith(`${kind}-`))) {
      for (const line of readFileSync(join(dir, file), 'utf8').split('\n')) if (line) yield { source, ...JSON.parse(line) };
    }
  }
}

/** Exchanges with the model. Each answer that was made wrong on purpose has wrong: true. */
export function* exchanges() {
  // Malformed, cut or in a shape of other servers: see modelsim's list of faults and dialects.
  const wrong = new Set(['F9', 'F14', 'F15']);
  for (const x of lines('model')) yield { ...x, wrong: wrong.has(x.fault) || x.dialect?.length > 0 || endsOddly(x) };
}

// F13 and F16 are told how to end: with a code that the API sends and the document does not list, with one that nobody
// has heard of, or in a way that no response ends.
const codes = ['server_error', 'rate_limit_exceeded', 'invalid_prompt', 'vector_store_timeout'];
const endsOddly = (x) => ['F13', 'F16'].includes(x.fault) && x.events.length > 0 && !codes.includes(x.events.at(-1).response?.error?.code);

/** Counts the same finding once, with its first example. */
export class Findings {
  #found = new Map();

  add(what, example) {
    const known = this.#found.get(what);
    if (known) known.times += 1;
    else this.#found.set(what, { times: 1, example });
  }

  get size() {
    return this.#found.size;
  }

  toString() {
    return [...this.#found].map(([what, { times, example }]) => `${what} (${times}×)\n    ${short(example)}`).join('\n');
  }
}

const short = (x) => {
  const s = JSON.stringify(x) ?? '';
  return s.length > 300 ? `${s.slice(0, 300)}…` : s;
};
