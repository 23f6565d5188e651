import { html, useErrorBoundary, useState } from '../vendor/htm-preact.js';
import { Element, InputBlock } from '../interact/elements.js';
import { Card, Carousel, Container, Video } from './cards.js';
import { Chart } from './chart.js';
import { Markdown } from './markdown_view.js';
import { Picture } from './picture.js';
import { RichText } from './richtext.js';
import { DataTable, Table } from './tables.js';
import { Tasks } from './tasks.js';
import { bare, textOf } from './textobject.js';

// Block Kit, as messages, modals and the Home tab show it. What can be clicked or typed in
// is in interact/; it works where a Surface stands around the blocks.

export function Blocks({ blocks }) {
  if (!Array.isArray(blocks) || blocks.length === 0) return null;
  return html`<div class="blocks">${blocks.map((b, i) => html`<${Whole} key=${b?.block_id || i} block=${b} />`)}</div>`;
}

// Whole keeps one bad block from taking the others with it.
function Whole({ block }) {
  const [failed] = useErrorBoundary();
  return failed ? html`<div class="bk-unknown">A block of type “${String(block?.type)}” that could not be drawn</div>` : html`<${BlockView} block=${block} />`;
}

function BlockView({ block: b }) {
  switch (b?.type) {
    case 'rich_text': return html`<${RichText} elements=${b.elements} />`;
    case 'section': return html`<${Section} b=${b} />`;
    case 'header': return html`<h3 class=${'bk-header l' + (b.level || 1)}>${textOf(b.text)}</h3>`;
    case 'context': return html`<div class="bk-context">${arr(b.elements).map((e) => (e?.type === 'image' ? html`<${Picture} e=${e} small />` : textOf(e)))}</div>`;
    case 'divider': return html`<hr />`;
    case 'markdown': return html`<${Markdown} text=${b.text || ''} />`;
    case 'table': return html`<${Table} b=${b} />`;
    case 'data_table': return html`<${DataTable} b=${b} />`;
    case 'data_visualization': return html`<${Chart} b=${b} />`;
    case 'actions': case 'context_actions': return html`<div class=${'bk-actions ' + b.type}>${arr(b.elements).map((e, i) => html`<${Element} key=${e?.action_id || i} block=${b} element=${e} />`)}</div>`;
    case 'input': return html`<${InputBlock} block=${b} />`;
    case 'image': return html`<figure class="bk-image">${b.title ? html`<figcaption class="quiet small">${textOf(b.title)}</figcaption>` : null}<${Picture} e=${b} /></figure>`;
    case 'alert': return html`<div class=${'bk-alert ' + level(b.level)} role="note">${textOf(b.text)}</div>`;
    case 'card': return html`<${Card} c=${b} />`;
    case 'carousel': return html`<${Carousel} b=${b} />`;
    case 'container': return html`<${Container} b=${b} draw=${(list) => html`<${Blocks} blocks=${list} />`} />`;
    case 'task_card': return html`<${Tasks} tasks=${[{ ...b, id: b.task_id }]} />`;
    case 'plan': return html`<${Tasks} mode="plan" plan=${bare(b.title)} tasks=${arr(b.tasks).map((t) => ({ ...t, id: t?.task_id }))} />`;
    case 'video': return html`<${Video} b=${b} />`;
    case 'file': return html`<div class="bk-unknown">A file from elsewhere${b.external_id ? `: ${String(b.external_id)}` : ''}</div>`;
  }
  return html`<div class="bk-unknown">A block of type “${String(b?.type)}”, which this page does not draw yet</div>`;
}

const arr = (x) => (Array.isArray(x) ? x : []);
const level = (l) => (['info', 'warning', 'error', 'success'].includes(l) ? l : 'default');

const TALL = 12;             // lines; Slack folds a longer section unless it says expand

function Section({ b }) {
  const long = !b.expand && bare(b.text).split('\n').length > TALL;
  const [open, setOpen] = useState(false);
  const text = long && !open ? { ...b.text, text: bare(b.text).split('\n').slice(0, TALL - 2).join('\n') } : b.text;
  return html`<div class=${'bk-section' + (b.accessory?.type === 'image' || b.accessory?.type === 'button' || b.accessory?.type === 'overflow' ? ' beside' : '')}>
    <div class="bk-body">
      ${b.text ? textOf(text) : null}
      ${long ? html`<button type="button" class="quietbutton" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? 'See less' : 'See more'}</button>` : null}
      ${arr(b.fields).length ? html`<div class="bk-fields">${b.fields.map((f) => html`<div>${textOf(f)}</div>`)}</div>` : null}
    </div>
    ${b.accessory ? html`<div class="bk-accessory">${b.accessory.type === 'image' ? html`<${Picture} e=${b.accessory} small />` : html`<${Element} block=${b} element=${b.accessory} />`}</div>` : null}
  </div>`;
}
