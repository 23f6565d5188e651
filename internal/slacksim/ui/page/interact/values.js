// What an input element holds, in the shapes of Slack's view.state.

// type -> [field of the state, field of the element with the value to begin with, empty value]
const SHAPES = {
  plain_text_input: ['value', 'initial_value', null],
  email_text_input: ['value', 'initial_value', null],
  url_text_input: ['value', 'initial_value', null],
  number_input: ['value', 'initial_value', null],
  rich_text_input: ['rich_text_value', 'initial_value', null],
  static_select: ['selected_option', 'initial_option', null],
  external_select: ['selected_option', 'initial_option', null],
  radio_buttons: ['selected_option', 'initial_option', null],
  checkboxes: ['selected_options', 'initial_options', []],
  multi_static_select: ['selected_options', 'initial_options', []],
  multi_external_select: ['selected_options', 'initial_options', []],
  users_select: ['selected_user', 'initial_user', null],
  multi_users_select: ['selected_users', 'initial_users', []],
  channels_select: ['selected_channel', 'initial_channel', null],
  multi_channels_select: ['selected_channels', 'initial_channels', []],
  conversations_select: ['selected_conversation', 'initial_conversation', null],
  multi_conversations_select: ['selected_conversations', 'initial_conversations', []],
  datepicker: ['selected_date', 'initial_date', null],
  timepicker: ['selected_time', 'initial_time', null],
  datetimepicker: ['selected_date_time', 'initial_date_time', null],
  file_input: ['files', '', []],
};

export const arr = (x) => (Array.isArray(x) ? x : []);

// holds says whether an element of this type has a value at all; buttons have none.
export const holds = (element) => element?.type in SHAPES;

export const isMulti = (element) => /^multi_/.test(element?.type || '') || element?.type === 'checkboxes';

// initial is the value that an element shows before anybody touched it.
export function initial(element, here = '') {
  const [, field, empty] = SHAPES[element?.type] || ['', '', null];
  const given = element?.[field];
  if (given !== undefined && given !== null) return given;
  if (element?.default_to_current_conversation && here) return isMulti(element) ? [here] : here;
  return empty;
}

// input is a value as the control API takes it.
export function input(element, value) {
  const [field] = SHAPES[element.type];
  if (field === 'selected_option') return { [field]: value && option(element, value) };
  if (field === 'selected_options') return { [field]: arr(value).map((o) => option(element, o)) };
  return { [field]: value };
}

// The server knows the options of a static menu; those of an external one came past it.
const option = (element, o) => (/external/.test(element.type) ? o : { value: o.value });

export const isEmpty = (value) => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

// elementsOf walks every interactive element of a list of blocks, with the block it is in.
export function* elementsOf(blocks) {
  for (const b of arr(blocks)) {
    switch (b?.type) {
      case 'input': if (b.element) yield [b, b.element]; break;
      case 'section': if (b.accessory) yield [b, b.accessory]; break;
      case 'actions': case 'context_actions': for (const e of arr(b.elements)) yield [b, e]; break;
      case 'card': for (const e of arr(b.actions)) yield [b, e]; break;
      case 'carousel': for (const c of arr(b.elements || b.cards)) for (const e of arr(c?.actions)) yield [{ ...c, block_id: c?.block_id || b.block_id }, e]; break;
      case 'container': yield* elementsOf(b.child_blocks); break;
    }
  }
}

// keyOf names an element within its message or view.
export const keyOf = (block, element) => (block?.block_id || '') + '\n' + (element?.action_id || element?.type || '');

// plainText takes the text out of a rich_text block, line by line.
export function plainText(rich) {
  const inside = (list) => arr(list).map((e) => e?.text ?? e?.url ?? (e?.name ? `:${e.name}:` : '') ?? '').join('');
  return arr(rich?.elements).map((part) => (part?.type === 'rich_text_list' ? arr(part.elements).map((x) => '- ' + inside(x?.elements)).join('\n') : inside(part?.elements))).join('\n');
}

// richText makes the rich_text block of a plain text.
export const richText = (text) => (text ? { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }] } : null);
