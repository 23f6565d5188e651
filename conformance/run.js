// Everything that "make conformance" does. See docs/conformance.md.
//
//   node run.js                  all of it
//   node run.js slack/files      one file of tests; nothing is checked after it
//   node run.js slack/files -t canvas    those of its tests that match
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..');
const wire = join(here, '.cache', 'wire');
const binary = join(here, '.cache', 'holdfast');
const [only, flag, pattern] = process.argv.slice(2);

const children = new Set();
const results = [];
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.once('exit', () => children.forEach((child) => end(child, 'SIGTERM')));

/** Ends a step with all that it started: each leads a process group of its own. */
function end(child, signal) {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch { /* nothing of it runs any more */ }
}

/** Runs a command as a step of the summary. */
function step(name, command, args, options = {}) {
  const began = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: here, stdio: 'inherit', detached: true, ...options, env: { ...process.env, HOLDFAST_BIN: binary, ...options.env },
    });
    children.add(child);
    const late = setTimeout(() => end(child, 'SIGKILL'), 2_700_000);
    const done = (ok, why) => {
      clearTimeout(late);
      end(child, 'SIGKILL'); // whatever it left behind
      children.delete(child);
      results.push({ name, ok, why, seconds: (Date.now() - began) / 1000 });
      resolve(ok);
    };
    child.once('error', (err) => done(false, err.code === 'ENOENT' ? `there is no ${command} here: install it first` : err.message));
    child.once('exit', (code, signal) => done(code === 0, code === 0 ? '' : `ended with ${code ?? signal}`));
  });
}

const tests = (folder) => readdirSync(join(here, folder)).filter((f) => f.endsWith('.test.js')).map((f) => `${folder}/${f}`);
const nodeTests = (files, more = []) => ['--test', '--test-concurrency=2', '--test-reporter=spec', ...more, ...files];

async function prepared() {
  return await step('clients of npm', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']) && built();
}

function built() {
  return step('holdfast, built', 'go', ['build', '-o', binary, './cmd/holdfast'], { cwd: root, env: { CGO_ENABLED: '0' } });
}

async function everything() {
  rmSync(wire, { recursive: true, force: true });
  for (const source of ['assistant', 'clients']) mkdirSync(join(wire, source), { recursive: true });
  if (!await prepared()) return;
  const document = step("OpenAI's document", process.execPath, ['-e', "import('./lib/spec.js').then((m) => m.fetchSpec()).catch((err) => { console.error(err.message); process.exit(1); })"]);
  // One after the other: scenarios and clients both have deadlines, and two cores are soon busy.
  const played = await step('scenarios of the assistant', 'go', ['test', '-count=1', '-timeout=40m', '-run', '^TestScripts$', '.'], { cwd: root, env: { HOLDFAST_WIRE: join(wire, 'assistant') } });
  await step('Slack clients on slacksim', process.execPath, nodeTests(tests('slack')), { env: { HOLDFAST_WIRE: join(wire, 'clients') } });
  await step('openai client on modelsim', process.execPath, nodeTests(tests('openai')), { env: { HOLDFAST_WIRE: join(wire, 'clients') } });
  if (await document && played) await step('the wire against schema and types', process.execPath, nodeTests(tests('check')), { env: { HOLDFAST_WIRE: wire } });
  else results.push({ name: 'the wire against schema and types', ok: false, why: 'not run, as a step before it failed', seconds: 0 });
}

async function one() {
  const file = `${only.replace(/(\.test)?\.js$/, '')}.test.js`;
  if (!await (existsSync(join(here, 'node_modules')) ? built() : prepared())) return;
  await step(file, process.execPath, nodeTests([file], flag === '-t' ? [`--test-name-pattern=${pattern}`] : []), {
    env: /^check\//.test(file) ? { HOLDFAST_WIRE: wire } : {},
  });
}

await (only ? one() : everything());
console.log('\nconformance:');
for (const { name, ok, why, seconds } of results) console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(36)} ${seconds.toFixed(1).padStart(6)} s  ${why ?? ''}`);
const failed = results.filter((r) => !r.ok).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
