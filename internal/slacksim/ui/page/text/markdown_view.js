import { Component, html, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { Emoji, Link, Token } from './entity.js';
import { parseInline } from './inline.js';
import { parseMarkdown } from './markdown.js';

const caret = () => html`<span class="caret" aria-hidden="true"></span>`;

// Markdown draws a Markdown text. While it grows (live), only its last block is drawn
// again, and a caret stands at its end.
export function Markdown({ text, live = false }) {
  const blocks = useMemo(() => parseMarkdown(text, live), [text, live]);
  if (blocks.length === 0) return live ? html`<div class="md"><p>${caret()}</p></div>` : null;
  const last = blocks.length - 1;
  return html`<div class="md">${blocks.map((b, i) => html`<${Block} key=${i} block=${b} live=${live && i === last} />`)}</div>`;
}

class Block extends Component {
  shouldComponentUpdate(next) {
    return next.block.src !== this.props.block.src || next.block.type !== this.props.block.type || next.live !== this.props.live;
  }
  render({ block, live }) { return draw(block, live); }
}

function draw(b, live) {
  const tail = live ? caret() : null;
  switch (b.type) {
    case 'heading': return html`<${'h' + Math.min(b.level + 2, 6)} class=${'h h' + b.level}>${inline(b.text, live)}${tail}<//>`;
    case 'rule': return html`<hr />`;
    case 'code': return html`<${Code} lang=${b.lang} text=${b.text} tail=${tail} />`;
    case 'quote': return html`<blockquote>${children(b.blocks, live)}</blockquote>`;
    case 'list': return drawList(b, live);
    case 'table': return drawTable(b, live);
    default: return html`<p>${inline(b.text, live)}${tail}</p>`;
  }
}

function children(blocks, live) {
  if (blocks.length === 0 && live) return caret();
  return blocks.map((b, i) => draw(b, live && i === blocks.length - 1));
}

function drawList(b, live) {
  const items = b.items.map((item, i) => {
    const box = item.checked === undefined ? null
      : html`<span class=${'box' + (item.checked ? ' on' : '')} role="img" aria-label=${item.checked ? 'done' : 'to do'}></span>`;
    const body = tight(item.blocks, live && i === b.items.length - 1, b.loose);
    return html`<li class=${box ? 'task' : ''}>${box}${body}</li>`;
  });
  return b.ordered ? html`<ol start=${b.start}>${items}</ol>` : html`<ul>${items}</ul>`;
}

// In a tight list the first paragraph of an item stands without a paragraph's margins.
function tight(blocks, live, loose) {
  if (loose || blocks[0]?.type !== 'para') return children(blocks, live);
  const only = blocks.length === 1;
  return [inline(blocks[0].text, live && only), live && only ? caret() : null, ...children(blocks.slice(1), live && !only) ?? []];
}

function drawTable(b, live) {
  const cell = (tag, text, i, last) => html`<${tag} class=${b.align[i] || ''}>${inline(text, last)}${last ? caret() : null}<//>`;
  const end = b.rows.length - 1;
  return html`<div class="tablewrap" tabindex="0" role="region" aria-label="Table"><table>
    <thead><tr>${b.head.map((c, i) => cell('th', c, i, live && end < 0 && i === b.head.length - 1))}</tr></thead>
    <tbody>${b.rows.map((row, r) => html`<tr>${row.map((c, i) => cell('td', c, i, live && r === end && i === lastFilled(row)))}</tr>`)}</tbody>
  </table></div>`;
}

function lastFilled(row) {
  let i = row.length - 1;
  while (i > 0 && !row[i]) i--;
  return i;
}

export function Code({ lang, text, tail }) {
  const [copied, setCopied] = useState(false);
  const latest = useRef(text);
  latest.current = text;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(latest.current);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch { /* a browser may refuse; the text can still be selected */ }
  };
  return html`<figure class=${'code' + (lang ? '' : ' bare')}>
    <figcaption><span class="lang">${lang}</span><button type="button" class="copy" onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button></figcaption>
    <pre tabindex="0"><code>${text}${tail}</code></pre>
  </figure>`;
}

export const inline = (text, live) => nodes(parseInline(text, live), 0);

function nodes(list, depth) {
  return list.map((n) => {
    switch (n.t) {
      case 'text': return n.v;
      case 'br': return html`<br />`;
      case 'code': return html`<code>${n.v}</code>`;
      case 'emoji': return html`<${Emoji} name=${n.v} />`;
      case 'slack': return html`<${Token} value=${n.v} />`;
    }
    // Thousands of nested stars must not exhaust the stack.
    const inside = depth > 20 ? flat(n.c) : nodes(n.c, depth + 1);
    switch (n.t) {
      case 'strong': return html`<strong>${inside}</strong>`;
      case 'em': return html`<em>${inside}</em>`;
      case 'del': return html`<del>${inside}</del>`;
      case 'link': return html`<${Link} href=${n.href}>${inside}<//>`;
    }
    return null;
  });
}

function flat(list) {
  const stack = [...list].reverse();
  let out = '';
  while (stack.length) {
    const n = stack.pop();
    if (n.c) stack.push(...[...n.c].reverse());
    else out += n.t === 'br' ? '\n' : n.v;
  }
  return out;
}
