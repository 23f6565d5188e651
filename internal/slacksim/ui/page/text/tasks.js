import { html, useState } from '../vendor/htm-preact.js';
import { Icon } from '../icons.js';
import { iconOf } from './cards.js';
import { Link } from './entity.js';
import { Markdown } from './markdown_view.js';
import { RichText } from './richtext.js';

// The tasks of an answer (its tool calls): one below the other along a line (timeline), as
// one card with a title that folds (plan), or as a single line that unfolds (dense).

const STATE = { pending: 'waiting', in_progress: 'running', complete: 'done', error: 'failed' };

export function Tasks({ tasks = [], mode = 'timeline', plan = '' }) {
  const [choice, setChoice] = useState(null);   // what the reader chose, over what is usual
  if (tasks.length === 0 && !plan) return null;
  const done = tasks.filter((t) => t.status === 'complete').length;
  const kind = mode === 'plan' || mode === 'dense' ? mode : plan ? 'plan' : 'timeline';
  const list = html`<ol aria-label="Steps">${tasks.map((t) => html`<${Task} key=${t.id} task=${t} />`)}</ol>`;
  if (kind === 'timeline') return html`<div class="tasks timeline">${list}</div>`;
  const open = choice ?? kind === 'plan';
  const now = tasks.find((t) => t.status === 'in_progress') || tasks.findLast((t) => t.status === 'error') || tasks.at(-1);
  const all = tasks.length > 0 && done === tasks.length ? 'done' : STATE[now?.status] || 'waiting';
  const title = kind === 'dense' ? (all === 'done' ? plan || (tasks.length === 1 ? now.title : 'All steps done') : now?.title || plan) : plan || 'Plan';
  return html`<div class=${'tasks ' + kind}>
    <button type="button" class=${'plan ' + all} aria-expanded=${open} onClick=${() => setChoice(!open)}><span class="dot" aria-hidden="true"></span><span class="plan-title">${title}</span><span class="quiet">${done} of ${tasks.length}</span><${Icon} name="chevron" /></button>
    ${open ? list : null}
  </div>`;
}

function Task({ task: t }) {
  const state = STATE[t.status] || 'waiting';
  return html`<li class=${'task-item ' + state}>
    ${t.icon ? html`<span class="task-icon">${iconOf(t.icon)}</span>` : html`<span class="dot" aria-hidden="true"></span>`}
    <div class="task-body">
      ${t.hide_title ? html`<span class="sr">${t.title || t.id}, ${state}</span>` : html`<div class="task-title">${t.title || t.id}<span class="sr">, ${state}</span></div>`}
      ${detail(t.details, 'task-details')}
      ${detail(t.output, 'task-output')}
      ${sources(t.sources)}
    </div>
  </li>`;
}

function detail(value, name) {
  if (!value) return null;
  return html`<div class=${name}>${value.elements ? html`<${RichText} elements=${value.elements} />` : html`<${Markdown} text=${String(value)} />`}</div>`;
}

function sources(list) {
  if (!Array.isArray(list) || list.length === 0) return null;
  return html`<div class="sources" role="group" aria-label="Sources">${list.map((s) => html`<${Link} href=${s?.url}>${s?.text || host(s?.url)}<//>`)}</div>`;
}

function host(url) {
  try { return new URL(url).hostname; } catch { return 'source'; }
}
