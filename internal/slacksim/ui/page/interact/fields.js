import { html, useLayoutEffect, useRef, useState } from '../vendor/htm-preact.js';
import { bare } from '../text/textobject.js';
import { Spinner, useElement } from './surface.js';
import { plainText, richText } from './values.js';

// TextInput is every field that is typed into. The app hears of it at Enter, or at each
// character, where it asked for that.

const MODES = { number_input: 'decimal', email_text_input: 'email', url_text_input: 'url' };

export function TextInput({ block, e }) {
  const el = useElement(block, e);
  const field = useRef(null);
  const rich = e.type === 'rich_text_input';
  const tall = rich || !!e.multiline;
  // What was typed stays as typed, also where rich text is made of it.
  const [typed, setTyped] = useState(null);
  const text = rich ? typed ?? plainText(el.value) : String(el.value ?? '');
  const when = e.dispatch_action_config?.trigger_actions_on || ['on_enter_pressed'];
  const most = Number(e.max_length) || 0, least = Number(e.min_length) || 0;
  const count = [...text].length;
  const enters = el.dispatches && when.includes('on_enter_pressed');

  const type = (event) => {
    const next = event.target.value;
    setTyped(next);
    const value = rich ? richText(next) : next === '' ? null : next;
    el.set(value);
    if (el.dispatches && when.includes('on_character_entered')) el.send(value);
  };
  const onKeyDown = (event) => {
    if (event.key !== 'Enter' || event.isComposing || event.shiftKey) return;
    if (enters && (!rich || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();   // not also the modal's submit
      el.send(el.value);
    }
  };
  useLayoutEffect(() => {
    if (!tall) return;
    field.current.style.height = 'auto';
    field.current.style.height = Math.min(field.current.scrollHeight + 2, 320) + 'px';
  }, [text]);

  const shared = {
    ref: field, value: text, disabled: el.rests, placeholder: bare(e.placeholder), id: el.id, 'aria-labelledby': el.labelled, 'aria-label': el.labelled ? null : bare(e.placeholder) || 'Text',
    'aria-invalid': !!el.error, onInput: type, onKeyDown, ...(e.focus_on_load && { 'data-first': '' }),
  };
  return html`<div class="el textfield" aria-busy=${el.busy}>
    ${tall ? html`<textarea class="input" rows=${rich ? Math.min(Number(e.min_lines) || 3, 12) : 3} ...${shared}></textarea>`
      : html`<input class="input" type="text" inputmode=${MODES[e.type] || 'text'} autocomplete="off" ...${shared} />`}
    ${el.busy ? html`<${Spinner} />` : null}
    ${enters && !el.rests ? html`<span class="enterhint quiet">${rich ? 'Ctrl + Enter' : 'Enter'} sends it</span>` : null}
    ${most || least ? html`<span class=${'counter' + ((most && count > most) || (count > 0 && count < least) ? ' over' : '')} aria-live="polite">${most ? `${count} / ${most}` : count < least ? `${count} of at least ${least}` : ''}</span>` : null}${el.after}
  </div>`;
}
