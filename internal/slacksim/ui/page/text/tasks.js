import { html } from '../vendor/htm-preact.js';
import { Link } from './entity.js';
import { Markdown } from './markdown_view.js';
import { RichText } from './richtext.js';

// The tasks of an answer (its tool calls) as a small timeline; a plan has a title above.

const STATE = { pending: 'waiting', in_progress: 'running', complete: 'done', error: 'failed' };

export function Tasks({ tasks = [], mode = 'timeline', plan = '' }) {
  if (tasks.length === 0 && !plan) return null;
  const done = tasks.filter((t) => t.status === 'complete').length;
  return html`<div class=${'tasks ' + mode}>
    ${plan ? html`<div class="plan"><span>${plan}</span><span class="quiet">${done} of ${tasks.length}</span></div>` : null}
    <ol aria-label="Steps">${tasks.map((t) => html`<${Task} key=${t.id} task=${t} />`)}</ol>
  </div>`;
}

function Task({ task: t }) {
  const state = STATE[t.status] || 'waiting';
  return html`<li class=${'task-item ' + state}>
    <span class="dot" aria-hidden="true"></span>
    <div class="task-body">
      <div class="task-title">${t.title || t.id}<span class="sr">, ${state}</span></div>
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
  return html`<div class="sources">${list.map((s) => html`<${Link} href=${s?.url}>${s?.text || host(s?.url)}<//>`)}</div>`;
}

function host(url) {
  try { return new URL(url).hostname; } catch { return 'source'; }
}
