import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { post } from '../api.js';
import { useDoing } from '../dialog.js';
import { useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import { sockets } from '../inspector/control_api.js';
import { time } from '../inspector/times.js';
import { count } from '../names.js';
import { load, save } from '../prefs.js';
import { Account, wait } from './account.js';
import { CONNECTION, groupOf, MODEL, SLACK, titleOf } from './faults.js';
import { assistant, disarm, disarmFault, disarmRule, usePanel } from './panel_api.js';
import { armModelFault, armSlackFault, PRESETS } from './presets.js';

// FaultPanel lets anyone try to lose a message: an account on top, and buttons that break
// the model, Slack, the connection and the assistant itself. Nothing in it may move a button
// while somebody presses it: the account has one height, and what comes and goes lies over
// the foot of the list.

const TIMES = [[1, 'once'], [3, '3 times'], [15, '15 times']];
const BACK = [[0, 'at once'], [3000, 'in 3 s'], [10_000, 'in 10 s'], [-1, 'never']];

export function FaultPanel() {
  const { store, me } = useApp();
  useTopic(store, 'around', 'people');
  const { account, model, slack, rules, history, error, look } = usePanel();
  const { run, problem } = useDoing();
  const [times, setTimes] = useState(() => load('panel.times', 1));
  const [after, setAfter] = useState(() => load('panel.after', 0));
  const [running, setRunning] = useState('');
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  const sandbox = store.around.sandbox, resident = store.around.assistant;
  const scripted = !!sandbox?.scripted;
  const choose = (name, set) => (value) => { save('panel.' + name, value); set(value); };
  const act = (what) => run(async () => { await what(); look(); });
  const preset = (p) => act(async () => {
    setRunning(p.id);
    try { await p.run({ store, me, after, alive: () => alive.current }); } finally { setRunning(''); }
  });
  const arm = (f) => act(() => (f.rule ? armModelFault(f, times) : f.fault ? armSlackFault(f, times) : post('/sim/sockets', f.socket)));
  const deadlines = model || { first_event_ms: 120_000, idle_ms: 120_000 };

  return html`<div class="fp">
    ${sandbox ? html`<${Account} account=${account} history=${history} />` : html`<p class="fp-verdict">The account needs the whole sandbox: holdfast sandbox.</p>`}
    <div class="inspector-list fp-groups" tabindex="0" role="region" aria-label="Faults">
      <p class="fp-lead">Try to lose a message. Each button breaks something; the small print says what ${store.app.name || 'the assistant'} does about it.</p>
      <${Group} title="All at once">${PRESETS.map((p) => html`<${Fault} key=${p.id} id=${p.id} title=${p.title} what=${p.what} then=${p.then} busy=${running === p.id}
        off=${!!running || (p.scripted && !scripted) || (p.kills && !resident)} on=${() => preset(p)} />`)}<//>
      ${resident ? html`<${Resident} it=${resident} after=${after} setAfter=${choose('after', setAfter)} act=${act} />` : null}
      <${Choice} label="How often" name="times" options=${TIMES} value=${times} set=${choose('times', setTimes)} />
      <${Group} title="Model" note=${scripted ? '' : sandbox ? 'A real model answers here, and cannot be broken from this page. Without OPENAI_API_KEY and OPENAI_BASE_URL the scripted one does.' : 'Only the sandbox has a model to break.'}>
        ${MODEL.map((f) => html`<${Fault} key=${f.id} ...${f} then=${f.then(deadlines)} off=${!scripted} on=${() => arm(f)} />`)}<//>
      <${Group} title="Slack">${SLACK.map((f) => html`<${Fault} key=${f.id} ...${f} then=${f.then()} on=${() => arm(f)} />`)}<//>
      <${Group} title="Connection">${CONNECTION.map((f) => html`<${Fault} key=${f.id} ...${f} then=${f.then()} on=${() => arm(f)} />`)}<//>
      <p class="quiet fp-foot">More of each kind: Controls, in this drawer, and directives in a message (say <code>help</code> to the demo model).</p>
    </div>
    <div class="fp-over">${error ? html`<p class="problem" role="alert">${error}</p>` : null}${problem}<${Chips} slack=${slack} rules=${rules} act=${act} scripted=${scripted} /></div>
  </div>`;
}

const Group = ({ title, note, children }) => html`<section class="fp-group" aria-label=${title}><h2>${title}</h2>${note ? html`<p class="quiet">${note}</p>` : null}<div class="fp-buttons">${children}</div></section>`;

const Fault = ({ id, title, what, then, off, busy, on }) => html`<button type="button" class="fp-fault" data-fault=${id} disabled=${off} aria-busy=${!!busy} aria-describedby=${'fp-' + id} onClick=${on}>
  <b>${title}</b><span id=${'fp-' + id}>${what}<em>${then}</em></span></button>`;

const Choice = ({ label, name, options, value, set }) => html`<div class="fp-choice" role="group" aria-label=${label}><span>${label}</span><div class="tabs">${options.map(([v, text]) => html`<button type="button" key=${v} data-choice=${name + v} aria-pressed=${v === value} onClick=${() => set(v)}>${text}</button>`)}</div></div>`;

const PHASES = { running: ['running', 'ok'], stopping: ['ending', 'warn'], waiting: ['down, comes back', 'bad'], down: ['down', 'bad'] };

// Resident is the assistant's process (or another bot's).
function Resident({ it, after, setAfter, act }) {
  const [word, tone] = PHASES[it.phase] || [it.phase, 'plain'];
  const lives = it.phase === 'running' || it.phase === 'stopping';
  const last = it.log?.findLast((h) => h.bad);
  return html`<section class="fp-group fp-resident" aria-label="The assistant"><h2>${it.name === 'the bot' ? 'The bot' : 'The assistant'} <span class=${'tag ' + tone} data-phase=${it.phase}>${word}</span></h2>
    <p class="quiet fp-process">${it.pid ? `Process ${it.pid}. ` : ''}${count(it.starts, 'start')}, ${count(it.kills, 'kill')}, ${it.crashes ? count(it.crashes, 'crash', 'crashes') : 'no crash'}.</p>
    <div class="buttons">
      <button type="button" class="button danger" data-act="kill" disabled=${!lives} title="SIGKILL: no goodbye, no saving" onClick=${() => act(() => assistant('kill', after))}><${Icon} name="bolt" /> Kill (kill -9)</button>
      <button type="button" class="button" data-act="stop" disabled=${it.phase !== 'running'} title="SIGTERM: it ends what it can, and gives back the rest" onClick=${() => act(() => assistant('stop', after))}>Stop politely</button>
      <button type="button" class="button" data-act="start" disabled=${it.phase === 'running'} onClick=${() => act(() => assistant('start'))}>Start</button>
    </div>
    <${Choice} label="Comes back" name="after" options=${BACK} value=${after} set=${setAfter} />
    <p class="quiet fp-last">${last ? `At ${time(last.at)} ${last.text}. Its last words are in the terminal of the sandbox.` : 'What it had taken in is on its disk. It goes on with each answer in the same message, and fetches what was written while it was down.'}</p>
  </section>`;
}

// Chips are what is armed now, and what is down.
function Chips({ slack, rules, act, scripted }) {
  const { store } = useApp();
  const stalled = [...store.sockets.values()].filter((s) => s.state === 'stalled');
  const it = store.around.assistant;
  const chips = [
    ...rules.map((r) => {
      const id = r.rule.id.split('~')[0], name = titleOf(id);
      return { key: r.rule.id, label: name ? 'Model: ' + name : 'Model: ' + (r.rule.fault?.kind || r.rule.id), left: r.ends_ms ? wait(r.ends_ms) : r.rule.first ? `${r.rule.first - r.acted} left` : 'always', clear: () => disarmRule(r.rule.id) };
    }),
    ...slack.map((f) => ({ key: f.id, label: titleOf(f.note) ? groupOf(f.note) + ': ' + titleOf(f.note) : `${f.method} ${f.kind}`, left: f.times ? `${f.times - f.struck} left` : 'always', clear: () => disarmFault(f.id) })),
    ...(stalled.length ? [{ key: 'stalled', label: count(stalled.length, 'socket') + ' stalled', left: 'silent', clear: () => sockets('resume') }] : []),
  ];
  const down = it && it.phase !== 'running' && it.phase !== 'stopping';
  if (!chips.length && !down) return null;
  return html`<div class="fp-chips"><ul aria-label="Armed now">
      ${down ? html`<li key="down" class="fp-chip down"><span>${it.name} is down</span>${it.phase === 'waiting' ? html`<small><${Countdown} until=${it.until} /></small>` : null}<button type="button" class="quietbutton" onClick=${() => act(() => assistant('start'))}>Start</button></li>` : null}
      ${chips.map((c) => html`<li key=${c.key} class="fp-chip"><span>${c.label}</span><small>${c.left}</small><button type="button" aria-label=${'Disarm ' + c.label} title="Disarm" onClick=${() => act(c.clear)}><${Icon} name="close" /></button></li>`)}
      ${chips.length ? html`<li key="all"><button type="button" class="quietbutton" onClick=${() => act(async () => { await disarm(scripted); if (stalled.length) await sockets('resume'); })}>Clear all</button></li>` : null}
    </ul></div>`;
}

// Countdown counts the seconds until a time of this computer.
export function Countdown({ until }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 200);
    return () => clearInterval(timer);
  }, []);
  return wait(Math.max(Date.parse(until) - Date.now(), 0));
}
