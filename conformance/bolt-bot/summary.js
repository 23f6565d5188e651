// Makes the tables of docs/performance.md out of the reports of compare.sh.
//   node summary.js FOLDER           prints them
//   node summary.js FOLDER FILE.md   puts them between the two marks in the file
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, page] = process.argv.slice(2);
const scenarios = {
  calm: "A quiet day: a message every 4 s, within Slack's rate limits, which are on",
  busy: "A busy hour: 2 messages a second, which is more than Slack's rate limits let through",
  hung: "50 messages at once, 15 of them to a model that hangs; Slack's rate limits on",
  'free-busy': '200 messages at 10 a second, with no rate limits',
  'free-hung': '50 messages at once, 15 of them to a model that hangs; no rate limits',
};

const median = (list) => {
  const v = list.filter((n) => n != null).sort((a, b) => a - b);
  return v.length ? (v[(v.length - 1) >> 1] + v[v.length >> 1]) / 2 : null;
};
const round = (v) => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v >= 0.1 ? v.toFixed(2) : v.toPrecision(1));
const time = (ms) => (ms >= 1000 ? `${round(ms / 1000)} s` : `${round(ms)} ms`);
const plain = (v) => round(v);
const mebi = (v) => `${round(v / 2 ** 20)} MiB`;
const spread = (key) => ['p50', 'p95', 'max'].map((p) => (r) => (r[key].count ? r[key][p] : null));

// name, what to show of a run (several: with slashes between them), how, and whether it is a sum over the runs
const rows = [
  ['answered', [(r) => r.answered], String, true],
  ['… together with a later one', [(r) => r.merged], String, true],
  ['twice, failed or not at all', [(r) => r.doubled + r.failed + r.unanswered], String, true],
  ['ack', spread('ack_ms'), time],
  ['first sign', spread('sign_ms'), time],
  ['first text', spread('first_text_ms'), time],
  ['final text', spread('final_text_ms'), time],
  ['messages a second', [(r) => r.messages_per_second], plain],
  ['CPU a message', [(r) => r.cpu_ms_per_message], time],
  ['memory, idle / peak', [(r) => r.idle_rss_bytes, (r) => r.peak_rss_bytes], mebi],
  ['Web API calls a message', [(r) => r.all_calls_per_message], plain],
  ['calls rate-limited', [(r) => r.rate_limited], String, true],
];

function table(name) {
  const { options: o, machine: m, started, runs } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const of = (bot) => runs.filter((r) => r.bot === bot.name);
  const lines = [
    `**${scenarios[name]}** (${o.messages} messages, ${o.threads} threads; ${o.repeat === 1 ? 'one run' : `${o.repeat} runs`} each, ${started.slice(0, 10)}, holdfast ${m.version})`,
    '', '| p50 / p95 / max | Holdfast | Bolt | ÷ |', '|---|---:|---:|---:|',
  ];
  for (const [label, pick, show, sum] of rows) {
    const values = o.bots.map((bot) => pick.map((f) => {
      const all = of(bot).map(f);
      return sum ? all.reduce((a, b) => a + b, 0) : median(all);
    }));
    const [ours, bolt] = values;
    const cells = values.map((list) => list.map((v) => (v == null ? '–' : show(v))).join(' / '));
    const ratio = sum ? '' : bolt.map((v, i) => (v == null || !ours[i] ? '–' : round(v / ours[i]))).join(' / ');
    lines.push(`| ${label} | ${cells.join(' | ')} | ${ratio} |`);
  }
  return lines.join('\n');
}

const tables = Object.keys(scenarios).filter((name) => existsSync(join(folder, `${name}.json`))).map(table).join('\n\n');
if (!page) {
  console.log(tables);
} else {
  const marks = /(<!-- figures -->)[^]*(<!-- end of figures -->)/;
  const before = readFileSync(page, 'utf8');
  if (!marks.test(before)) throw new Error(`${page} has no marks "<!-- figures -->" and "<!-- end of figures -->"`);
  writeFileSync(page, before.replace(marks, (_, open, close) => `${open}\n\n${tables}\n\n${close}`));
}
