import { html } from '../vendor/htm-preact.js';
import { Picture } from '../text/picture.js';
import { textOf } from '../text/textobject.js';
import { ActionButton, Feedback, IconButton, Overflow, WorkflowButton } from './buttons.js';
import { Checkboxes, Radio } from './choices.js';
import { DatePicker, DateTimePicker, TimePicker } from './dates.js';
import { TextInput } from './fields.js';
import { FileInput } from './fileinput.js';
import { Select } from './select.js';
import { useSurface } from './surface.js';

const VIEWS = {
  button: ActionButton, workflow_button: WorkflowButton, icon_button: IconButton, feedback_buttons: Feedback, overflow: Overflow,
  radio_buttons: Radio, checkboxes: Checkboxes,
  datepicker: DatePicker, timepicker: TimePicker, datetimepicker: DateTimePicker,
  plain_text_input: TextInput, email_text_input: TextInput, url_text_input: TextInput, number_input: TextInput, rich_text_input: TextInput,
  file_input: FileInput,
};

// Element draws one interactive element of a block, whichever it is.
export function Element({ block, element: e }) {
  if (e?.type === 'image') return html`<${Picture} e=${e} small />`;
  const View = Object.hasOwn(VIEWS, e?.type) ? VIEWS[e.type] : /^(multi_)?(static|external|users|conversations|channels)_select$/.test(e?.type || '') ? Select : null;
  if (!View) return html`<span class="bk-unknown">An element of type “${String(e?.type)}”</span>`;
  return html`<${View} key=${e.type} block=${block} e=${e} />`;
}

// InputBlock is a labelled element with its hint and what is wrong with it.
export function InputBlock({ block: b }) {
  const surface = useSurface();
  const id = (b.block_id || '') + '-label';
  const error = surface?.errors[b.block_id];
  return html`<div class=${'bk-input' + (error ? ' wrong' : '')} data-block=${b.block_id} role="group" aria-labelledby=${id} aria-describedby=${error ? id + '-error' : b.hint ? id + '-hint' : null}>
    <div class="bk-label" id=${id}>${textOf(b.label)}${b.optional ? html`<span class="quiet"> (optional)</span>` : null}</div>
    <${Element} block=${b} element=${b.element} />
    ${error ? html`<div class="bk-error" id=${id + '-error'} role="alert">${error}</div>` : null}
    ${b.hint ? html`<div class="bk-hint quiet" id=${id + '-hint'}>${textOf(b.hint)}</div>` : null}
  </div>`;
}
