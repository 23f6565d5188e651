// Asks the official TypeScript types whether values fit: writes them as typed constants and runs tsc on them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cache } from '../lib/spec.js';

const perFile = 150;

/**
 * Values of many types; check() says which do not fit. imports are the lines above the constants. allowed is a list of
 * {at(object, field, type), why}: such fields are left out.
 */
export class TypedValues {
  #name;
  #imports;
  #allowed;
  #used = new Set();
  #kept = new Map();
  count = 0;

  constructor(name, imports, allowed) {
    this.#name = name;
    this.#imports = imports;
    this.#allowed = allowed;
  }

  /** Values alike but for their words and numbers are looked at once. */
  add(type, value) {
    this.count += 1;
    const key = `${type} ${outline(value)}`;
    if (!this.#kept.has(key)) this.#kept.set(key, { type, value: this.#less(value, type) });
  }

  #less(value, type) {
    if (Array.isArray(value)) return value.map((v) => this.#less(v, type));
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(([field]) => {
      const rule = this.#allowed.find((a) => a.at(value, field, type));
      if (rule) this.#used.add(rule);
      return !rule;
    });
    return Object.fromEntries(kept.map(([field, v]) => [field, this.#less(v, type)]));
  }

  /** Why what nothing needed is allowed. */
  unused() {
    return this.#allowed.filter((a) => !this.#used.has(a)).map((a) => a.why);
  }

  /** A list of {type, say, value}. */
  check() {
    const dir = join(cache, 'types', this.#name);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    const values = [...this.#kept.values()];
    const head = this.#imports.length;
    for (let from = 0; from < values.length; from += perFile) {
      const part = values.slice(from, from + perFile);
      const lines = part.map(({ type, value }, i) => `export const v${from + i}: ${type} = ${shorten(value)};`);
      writeFileSync(join(dir, `part${from / perFile}.ts`), [...this.#imports, ...lines, ''].join('\n'));
    }
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({
      compilerOptions: {
        strict: true, noEmit: true, skipLibCheck: true, target: 'es2022', module: 'nodenext', noErrorTruncation: false, types: ['node'],
      },
      include: ['*.ts'],
    }));
    const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
    const run = spawnSync(process.execPath, [tsc, '-p', dir, '--pretty', 'false'], { encoding: 'utf8', maxBuffer: 256 << 20, timeout: 120_000 });
    if (run.error || run.status === null) throw new Error(`tsc: ${run.error ?? run.signal}`);
    const found = [];
    for (const text of run.stdout.split(/\n(?=\S)/)) {
      const [, part, line, say] = text.match(/part(\d+)\.ts\((\d+),\d+\): error TS\d+: ([^]*)$/) ?? [];
      const at = part * perFile + (line - head - 1);
      // The first line names the place; literal types are long and differ from value to value.
      if (say && values[at]) found.push({ ...values[at], say: say.trim().split('\n').at(-1).replaceAll(/'\{[^']*\}?\.*'/g, '{…}') });
      else if (text.trim()) throw new Error(`tsc: ${text}`);
    }
    return found;
  }
}

/** A value with only what a type can tell apart: names, kinds, and short words such as a type or a status. */
export function outline(value) {
  return JSON.stringify(value, (key, v) => {
    if (typeof v === 'number') return Math.sign(v) + (Number.isInteger(v) ? 0 : 0.5);
    if (typeof v === 'string' && !/^[a-z_.-]{1,40}$/.test(v)) return v === '' ? '' : '…';
    return v;
  });
}

/** JSON that TypeScript reads as a literal; what long strings say makes no difference to it. */
function shorten(value) {
  return JSON.stringify(value, (key, v) => (typeof v === 'string' && v.length > 200 ? v.slice(0, 200) : v));
}
