import { html } from '../vendor/htm-preact.js';
import { Link, withEmoji } from './entity.js';
import { inline, Markdown } from './markdown_view.js';
import { Mrkdwn } from './mrkdwn.js';
import { inlines, RichText } from './richtext.js';
import { Tasks } from './tasks.js';

// Block Kit as messages show it. What can be clicked in Slack is drawn but rests: the
// interaction API of the simulator is not there yet.

const LATER = 'This will work in the next version of the sandbox';

export function Blocks({ blocks }) {
  if (!Array.isArray(blocks) || blocks.length === 0) return null;
  return html`<div class="blocks">${blocks.map((b, i) => html`<${BlockView} key=${b?.block_id || i} block=${b} />`)}</div>`;
}

function BlockView({ block: b }) {
  switch (b?.type) {
    case 'rich_text': return html`<${RichText} elements=${b.elements} />`;
    case 'section': return section(b);
    case 'header': return html`<h3 class=${'bk-header l' + (b.level || 1)}>${text(b.text)}</h3>`;
    case 'context': return html`<div class="bk-context">${arr(b.elements).map(contextElement)}</div>`;
    case 'divider': return html`<hr />`;
    case 'markdown': return html`<${Markdown} text=${b.text || ''} />`;
    case 'table': return table(b.rows, b.column_settings);
    case 'data_table': return table(b.rows, b.column_settings, text(b.caption));
    case 'actions': case 'context_actions': return html`<div class=${'bk-actions ' + b.type}>${arr(b.elements).map(element)}</div>`;
    case 'image': return picture(b);
    case 'alert': return html`<div class=${'bk-alert ' + String(b.level || 'default')} role="note">${text(b.text)}</div>`;
    case 'card': return card(b);
    case 'carousel': return html`<div class="bk-carousel">${arr(b.elements || b.cards).map(card)}</div>`;
    case 'container': return html`<div class="bk-container">${b.title ? html`<div class="bk-title">${text(b.title)}</div>` : null}<${Blocks} blocks=${b.child_blocks} /></div>`;
    case 'task_card': return html`<${Tasks} tasks=${[{ ...b, id: b.task_id }]} />`;
    case 'plan': return html`<${Tasks} mode="plan" plan=${b.title} tasks=${arr(b.tasks).map((t) => ({ ...t, id: t.task_id }))} />`;
    case 'video': return html`<${Link} href=${b.title_url || b.video_url}>▶ ${text(b.title) || 'Video'}<//>`;
    case 'file': return html`<div class="bk-unknown">A file</div>`;
  }
  return html`<div class="bk-unknown">A block of type “${String(b?.type)}”, which this page does not draw yet</div>`;
}

const arr = (x) => (Array.isArray(x) ? x : []);

// text draws a text object (or a bare string, as some blocks have).
function text(t) {
  if (t === undefined || t === null) return null;
  if (typeof t === 'string') return t;
  if (t.type === 'mrkdwn') return html`<${Mrkdwn} text=${t.text} />`;
  if (t.type === 'rich_text') return html`<${RichText} elements=${t.elements} />`;
  return html`<span class="plain">${t.emoji === false ? String(t.text ?? '') : withEmoji(String(t.text ?? ''))}</span>`;
}

function section(b) {
  return html`<div class="bk-section">
    <div class="bk-body">
      ${b.text ? text(b.text) : null}
      ${arr(b.fields).length ? html`<div class="bk-fields">${b.fields.map((f) => html`<div>${text(f)}</div>`)}</div>` : null}
    </div>
    ${b.accessory ? html`<div class="bk-accessory">${element(b.accessory)}</div>` : null}
  </div>`;
}

function contextElement(e) {
  if (e?.type === 'image') return html`<${Link} href=${e.image_url}>${e.alt_text || 'picture'}<//>`;
  return text(e);
}

function picture(b) {
  const url = b.image_url || b.slack_file?.url;
  return html`<div class="bk-image">
    ${b.title ? html`<div class="bk-title">${text(b.title)}</div>` : null}
    <${Link} href=${url}>🖼 ${b.alt_text || url || 'Picture'}<//>
  </div>`;
}

function card(c) {
  return html`<div class="bk-card">
    ${c?.title ? html`<strong>${text(c.title)}</strong>` : null}
    ${c?.subtitle ? html`<div class="quiet">${text(c.subtitle)}</div>` : null}
    ${c?.body ? html`<div>${text(c.body)}</div>` : null}
  </div>`;
}

function table(rows, settings, caption) {
  const align = (i) => arr(settings)[i]?.align || '';
  const all = arr(rows).map(arr);
  const [head, ...body] = all;
  if (!head) return null;
  return html`<div class="tablewrap" tabindex="0" role="region" aria-label="Table"><table>
    ${caption ? html`<caption>${caption}</caption>` : null}
    <thead><tr>${head.map((c, i) => html`<th class=${align(i)}>${cell(c)}</th>`)}</tr></thead>
    <tbody>${body.map((r) => html`<tr>${r.map((c, i) => html`<td class=${align(i)}>${cell(c)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function cell(c) {
  if (c?.type === 'rich_text') return arr(c.elements).map((e) => inlines(e?.elements));
  if (c?.type === 'markdown') return inline(String(c.text ?? ''), false);
  return c?.text !== undefined ? String(c.text) : c?.value !== undefined ? String(c.value) : '';
}

// element draws one interactive element.
function element(e) {
  switch (e?.type) {
    case 'button': {
      const style = e.style === 'primary' || e.style === 'danger' ? ' ' + e.style : '';
      return e.url ? html`<span class=${'bk-button' + style}><${Link} href=${e.url}>${text(e.text)}<//></span>` : resting(text(e.text), style, e.accessibility_label);
    }
    case 'image': return html`<${Link} href=${e.image_url}>🖼 ${e.alt_text || 'picture'}<//>`;
    case 'feedback_buttons': return [resting('👍', ' icon', text(e.positive_button?.text) && e.positive_button.text.text), resting('👎', ' icon', e.negative_button?.text?.text)];
    case 'icon_button': return resting(e.icon === 'trash' ? '🗑' : '•', ' icon', e.text?.text);
    case 'overflow': return resting('⋯', ' icon', 'More');
    case 'radio_buttons': case 'checkboxes':
      return html`<div class="bk-choices">${arr(e.options).map((o) => resting(text(o.text), ' choice'))}</div>`;
    case 'plain_text_input': case 'datepicker': case 'timepicker': case 'datetimepicker':
      return resting(text(e.placeholder) || 'Input', ' field');
  }
  if (/_select$/.test(e?.type || '')) return resting([text(e.placeholder) || 'Choose', ' ▾'], ' field');
  return resting(String(e?.type || 'element'), '');
}

const resting = (label, style, name) =>
  html`<button type="button" class=${'bk-button resting' + style} aria-disabled="true" aria-label=${name || null} title=${name ? name + '. ' + LATER : LATER}>${label}</button>`;
