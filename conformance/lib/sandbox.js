// Starts `holdfast sandbox --bot none`: the simulated Slack and the scripted model, with no assistant between them.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../.cache/holdfast', import.meta.url));
const needed = ['SLACK_API_URL', 'SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET', 'OPENAI_BASE_URL', 'OPENAI_API_KEY'];

/** Returns the NAME=value lines that the sandbox printed, and stop(). */
export async function startSandbox() {
  const binary = process.env.HOLDFAST_BIN ?? built;
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-conformance-'));
  const child = spawn(binary, ['sandbox', '--bot', 'none', '--addr', '127.0.0.1:0', '--dir', dir], {
    cwd: dir, // no .env of a developer
    env: sandboxEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  child.stderr.on('data', (b) => { log += b; });
  const env = {};
  const ready = new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (b) => {
      out += b;
      for (const [, name, value] of out.matchAll(/^([A-Z_]+)=(.*)\n/gm)) env[name] = value;
      if (needed.every((name) => name in env)) resolve();
    });
    child.once('error', (err) => reject(new Error(`cannot start ${binary}: run "make conformance", or set HOLDFAST_BIN (${err.message})`)));
    child.once('exit', (code) => reject(new Error(`${binary} ended with code ${code} before it was ready\n${out}${log}`)));
  });
  const late = setTimeout(kill, 60_000);
  try {
    await ready;
  } finally {
    clearTimeout(late);
  }
  return {
    env,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(kill, 30_000);
      const [code, signal] = await ended;
      clearTimeout(late);
      process.removeListener('exit', kill);
      await rm(dir, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the sandbox ended with ${code ?? signal}\n${log}`);
    },
  };
}

/** The environment without what would point the sandbox at a real Slack or model. */
function sandboxEnv() {
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(SLACK_|OPENAI_|DATABASE_URL|HOLDFAST_)/.test(name) || name === 'HOLDFAST_WIRE') env[name] = value;
  }
  return env;
}
