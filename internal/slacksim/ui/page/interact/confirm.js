import { html } from '../vendor/htm-preact.js';
import { Dialog } from '../dialog.js';
import { textOf } from '../text/textobject.js';

// Confirm is Slack's question before an action.
export function Confirm({ confirm: c, answer }) {
  const style = c.style === 'danger' ? 'danger full' : 'main';
  return html`<${Dialog} title=${c.title?.text || 'Are you sure?'} close=${() => answer(false)} kind="small asking" foot=${html`
      <button type="button" class="button" onClick=${() => answer(false)}>${c.deny?.text || 'Cancel'}</button>
      <button type="button" class=${'button ' + style} data-first onClick=${() => answer(true)}>${c.confirm?.text || 'Yes'}</button>`}>
    ${textOf(c.text)}<//>`;
}
