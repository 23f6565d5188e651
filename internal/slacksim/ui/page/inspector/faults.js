import { html, useEffect, useMemo, useState } from '../vendor/htm-preact.js';
import { useDoing } from '../dialog.js';
import { useApp, useTopic } from '../hooks.js';
import { Icon } from '../icons.js';
import { count } from '../names.js';
import { addFault, clearFaults, faults } from './control_api.js';

const KINDS = {
  delay: 'late, but done', hang: 'no answer', 429: 'rate limited', 500: 'HTTP 500', html: 'an HTML error page', error: 'ok: false with an error',
  reset_before: 'connection reset, nothing done', reset_after: 'connection reset, yet done', lost: 'done, answer lost', hang_after: 'done, no answer', internal_after: 'done, yet internal_error',
};
const METHODS = ['*', 'link', 'chat.postMessage', 'chat.update', 'chat.startStream', 'chat.appendStream', 'chat.stopStream', 'agents.sessions.setStatus', 'conversations.replies', 'files.getUploadURLExternal', 'views.open', 'views.publish', 'apps.connections.open'];

// Faults arms and lists what goes wrong with the Web API.
export function Faults() {
  const { store } = useApp();
  useTopic(store, 'journal');      // a call may have used up a fault
  const { busy, problem, run } = useDoing();
  const [list, setList] = useState([]);
  const [f, setF] = useState({ method: 'chat.postMessage', kind: '500', times: 1, ms: 2000, retry_after: 5, error: 'internal_error', skip: 0 });
  const look = () => run(async () => setList(await faults()));
  const last = store.journal.calls.at(-1)?.n || 0;
  useEffect(() => { look(); }, [last]);
  const methods = useMemo(() => [...new Set([...METHODS, ...store.journal.calls.map((c) => c.method)])], [last]);
  const set = (part) => setF({ ...f, ...part });
  const arm = (e) => {
    e.preventDefault();
    const extra = { delay: { ms: f.ms }, hang: { ms: f.ms }, hang_after: { ms: f.ms }, 429: { retry_after: f.retry_after }, error: { error: f.error } }[f.kind] || {};
    return run(async () => { await addFault({ method: f.method.trim(), kind: f.kind, times: f.times, ...(f.skip > 0 && { skip: f.skip }), ...extra }); setList(await faults()); });
  };
  const number = (name, label, unit) => html`<label class="row-field"><span>${label}</span><span class="with-unit"><input type="number" min="0" name=${name} value=${f[name]} onInput=${(e) => set({ [name]: Math.max(0, Number(e.target.value) || 0) })} /><small>${unit}</small></span></label>`;
  return html`<form class="form tight" onSubmit=${arm}>
      <label class="row-field wide"><span>Method</span><input type="text" name="method" list="methods" value=${f.method} onInput=${(e) => set({ method: e.target.value })} /></label>
      <datalist id="methods">${methods.map((m) => html`<option key=${m} value=${m} />`)}</datalist>
      <label class="row-field wide"><span>Goes wrong</span><select name="kind" value=${f.kind} onChange=${(e) => set({ kind: e.target.value })}>${Object.entries(KINDS).map(([k, what]) => html`<option key=${k} value=${k}>${k}: ${what}</option>`)}</select></label>
      ${['delay', 'hang', 'hang_after'].includes(f.kind) ? number('ms', f.kind !== 'delay' ? 'For (0: until the caller leaves)' : 'By', 'ms') : null}
      ${f.kind === '429' ? number('retry_after', 'Retry after', 's') : null}
      ${f.kind === 'error' ? html`<label class="row-field wide"><span>Error</span><input type="text" name="error" value=${f.error} onInput=${(e) => set({ error: e.target.value })} /></label>` : null}
      ${number('times', 'Times', f.times === 0 ? 'always' : '')}
      ${number('skip', 'After this many good calls', '')}
      <button type="submit" class="button main" disabled=${busy || !f.method.trim()}>Arm the fault</button>
      ${problem}
    </form>
    <ul class="armed" aria-label="Armed faults">${list.map((x) => html`<li key=${x.id}><span><code>${x.method}</code> ${x.kind}${x.ms ? ` ${x.ms} ms` : ''}${x.error ? ' ' + x.error : ''}</span>
      <small>${x.times ? `${count(x.times - x.struck, 'time')} to go` : `always, struck ${x.struck}`}</small>
      <button type="button" class="tool" title="Disarm" aria-label=${`Disarm ${x.kind} of ${x.method}`} onClick=${() => run(async () => { await clearFaults(x.id).catch((err) => { if (err.status !== 404) throw err; }); setList(await faults()); })}><${Icon} name="close" /></button></li>`)}</ul>
    ${list.length ? html`<button type="button" class="quietbutton" onClick=${() => run(async () => { await clearFaults(''); setList([]); })}>Disarm all</button>` : html`<p class="quiet">Nothing is armed: all calls go through.</p>`}`;
}
