// The block part of Markdown (CommonMark in spirit, with tables, task lists and strike),
// as a list of blocks, each with the source lines it came from. It never fails: what is
// not understood is a paragraph. With live set the text is still growing, and a table or
// fence that has only begun is taken for one.

const DEPTH = 10;            // deeper nesting is drawn as plain text

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/;
const RULE = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])(?:\s+(.*)|)$/;
const DELIMITER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

export function parseMarkdown(source, live = false) {
  return blocks(String(source).replace(/\r\n?/g, '\n').replace(/\t/g, '    ').split('\n'), 0, live);
}

function blocks(lines, depth, live) {
  const out = [];
  let i = 0;
  while (i < lines.length) {
    if (!lines[i].trim()) { i++; continue; }
    const [block, next] = block1(lines, i, depth, live);
    block.src = lines.slice(i, next).join('\n');
    out.push(block);
    i = next;
  }
  return out;
}

function block1(lines, i, depth, live) {
  const line = lines[i];
  let m;
  if ((m = FENCE.exec(line))) return fence(lines, i, m);
  if ((m = HEADING.exec(line))) return [{ type: 'heading', level: m[1].length, text: m[2] || '' }, i + 1];
  if (RULE.test(line)) return [{ type: 'rule' }, i + 1];
  if (depth < DEPTH && QUOTE.test(line)) return quote(lines, i, depth, live);
  if (depth < DEPTH && ITEM.test(line)) return list(lines, i, depth, live);
  if (startsTable(lines, i, live)) return table(lines, i);
  return paragraph(lines, i);
}

function fence(lines, i, m) {
  const indent = /^ */.exec(lines[i])[0].length;
  const close = new RegExp('^ {0,3}' + (m[1][0] === '`' ? '`' : '~') + '{' + m[1].length + ',}\\s*$');
  const text = [];
  for (let k = i + 1; k < lines.length; k++) {
    if (close.test(lines[k])) return [{ type: 'code', lang: word(m[2]), text: text.join('\n') }, k + 1];
    text.push(indent ? lines[k].replace(new RegExp('^ {0,' + indent + '}'), '') : lines[k]);
  }
  // A closing fence that is just being written ("``") must not flash as code.
  if (text.length && /^ {0,3}(`{1,2}|~{1,2})$/.test(text.at(-1))) text.pop();
  return [{ type: 'code', lang: word(m[2]), text: text.join('\n'), open: true }, lines.length];
}

const word = (s) => (s || '').trim().split(/\s+/)[0];

function quote(lines, i, depth, live) {
  const inner = [];
  let k = i;
  for (; k < lines.length; k++) {
    if (QUOTE.test(lines[k])) inner.push(lines[k].replace(QUOTE, ''));
    else if (lines[k].trim() && inner.at(-1)?.trim() && !startsBlock(lines[k])) inner.push(lines[k]);
    else break;
  }
  return [{ type: 'quote', blocks: blocks(inner, depth + 1, live) }, k];
}

function list(lines, i, depth, live) {
  const first = ITEM.exec(lines[i]);
  const margin = first[1].length;
  const ordered = /\d/.test(first[2]);
  const block = { type: 'list', ordered, start: ordered ? parseInt(first[2], 10) : 1, loose: false, items: [] };
  let k = i;
  while (k < lines.length) {
    const m = ITEM.exec(lines[k]);
    if (!m || m[1].length > margin + 1 || m[1].length < margin || /\d/.test(m[2]) !== ordered || RULE.test(lines[k])) break;
    const inner = [m[3] || ''];
    const content = margin + m[2].length + 1;
    k++;
    for (; k < lines.length; k++) {
      const line = lines[k];
      const indent = /^ */.exec(line)[0].length;
      if (!line.trim()) {
        const rest = nextFilled(lines, k);
        if (rest < 0 || /^ */.exec(lines[rest])[0].length < margin + 2) break;
        inner.push('');
        block.loose ||= !ITEM.test(lines[rest]);
      } else if (indent >= margin + 2) inner.push(line.slice(Math.min(indent, content)));
      else if (inner.at(-1).trim() && !startsBlock(line) && !ITEM.test(line)) inner.push(line.trim());   // a lazy line
      else break;
    }
    const task = /^\[([ xX])\]\s+/.exec(inner[0]);
    if (task) inner[0] = inner[0].slice(task[0].length);
    block.items.push({ checked: task ? task[1] !== ' ' : undefined, blocks: blocks(inner, depth + 1, live) });
    const rest = nextFilled(lines, k);
    if (rest > k) {
      const next = ITEM.exec(lines[rest]);
      if (!next || next[1].length < margin || next[1].length > margin + 1 || /\d/.test(next[2]) !== ordered) break;
      block.loose = true;
      k = rest;
    }
  }
  return [block, Math.max(k, i + 1)];
}

function nextFilled(lines, k) {
  while (k < lines.length && !lines[k].trim()) k++;
  return k < lines.length ? k : -1;
}

function startsTable(lines, i, live) {
  if (!lines[i].includes('|')) return false;
  const next = lines[i + 1];
  if (next !== undefined && next.includes('-') && DELIMITER.test(next) && (next.includes('|') || cells(lines[i]).length === 1)) return true;
  const growing = live && /^\s*\|/.test(lines[i]);
  return growing && (i + 1 === lines.length || (i + 2 === lines.length && /^[\s|:-]*$/.test(next)));
}

function table(lines, i) {
  const head = cells(lines[i]);
  const align = cells(lines[i + 1] || '').map((c) => (/^:-*:$/.test(c) ? 'center' : /^-+:$/.test(c) ? 'right' : ''));
  const rows = [];
  let k = i + 2;
  for (; k < lines.length && lines[k].trim() && (lines[k].includes('|') || !startsBlock(lines[k])); k++) {
    const row = cells(lines[k]).slice(0, head.length);
    while (row.length < head.length) row.push('');
    rows.push(row);
  }
  return [{ type: 'table', align, head, rows }, Math.min(k, lines.length)];
}

// cells splits a table row at its bars, but not at \| and not within code.
function cells(line) {
  const out = [];
  let cell = '', code = false;
  const s = line.trim().replace(/^\|/, '');
  for (let i = 0; i < s.length; i++) {
    if (s[i] === '\\' && s[i + 1] === '|') { cell += '|'; i++; }
    else if (s[i] === '`') { code = !code && s.indexOf('`', i + 1) > 0; cell += '`'; }
    else if (s[i] === '|' && !code) { out.push(cell.trim()); cell = ''; }
    else cell += s[i];
  }
  if (cell.trim() || out.length === 0) out.push(cell.trim());
  return out;
}

function startsBlock(line) {
  const item = ITEM.exec(line);
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line)
    || (!!item && item[3] !== undefined && (!/\d/.test(item[2]) || parseInt(item[2], 10) === 1));
}

function paragraph(lines, i) {
  const text = [lines[i].trim()];
  let k = i + 1;
  for (; k < lines.length && lines[k].trim() && !startsBlock(lines[k]) && !startsTable(lines, k, false); k++) text.push(lines[k].trimStart());
  return [{ type: 'para', text: text.join('\n').trimEnd() }, k];
}
