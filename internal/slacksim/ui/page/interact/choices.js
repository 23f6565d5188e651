import { html } from '../vendor/htm-preact.js';
import { textOf } from '../text/textobject.js';
import { Spinner, useElement } from './surface.js';
import { arr } from './values.js';

// Radio buttons and checkboxes: the browser's own, so that keys work as people expect.

export function Radio({ block, e }) {
  const el = useElement(block, e);
  return html`<${Group} el=${el} kind="radio" options=${e.options} on=${(o) => el.value?.value === o.value} pick=${(o) => el.choose(o)} role="radiogroup" />`;
}

export function Checkboxes({ block, e }) {
  const el = useElement(block, e);
  const has = (o) => arr(el.value).some((x) => x?.value === o.value);
  const pick = (o) => el.choose(has(o) ? arr(el.value).filter((x) => x?.value !== o.value) : arr(e.options).filter((x) => x.value === o.value || has(x)));
  return html`<${Group} el=${el} kind="checkbox" options=${e.options} on=${has} pick=${pick} role="group" />`;
}

function Group({ el, kind, options, on, pick, role }) {
  return html`<div class="el choices" role=${role} aria-labelledby=${el.labelled} aria-busy=${el.busy}>
    ${arr(options).map((o, i) => html`<label class="choice" key=${o?.value ?? i}>
      <input type=${kind} name=${el.id} checked=${on(o)} disabled=${el.rests} onChange=${() => pick(o)} />
      <span>${textOf(o?.text)}${o?.description ? html`<small class="quiet">${textOf(o.description)}</small>` : null}</span></label>`)}
    ${el.busy ? html`<${Spinner} />` : null}${el.after}</div>`;
}
