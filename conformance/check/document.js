// Reads an OpenAPI document as JSON Schema, and asks two things of a value: does it fit, and has it fields that the
// document does not know.
import Ajv from 'ajv/dist/2020.js';

export class Document {
  #doc;
  #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false });
  #compiled = new WeakMap();

  /** Takes over doc and changes it. */
  constructor(doc) {
    this.#doc = doc;
    tidy(this.#doc.components);
    tidy(this.#doc.paths);
    this.#ajv.addSchema({ $id: 'doc', components: this.#doc.components });
  }

  /** The document's operation for a request, with what goes in and out, or undefined. */
  operation(method, path) {
    const parts = path.replace(/^\/v1/, '').split('/');
    for (const [template, item] of Object.entries(this.#doc.paths)) {
      const want = template.split('/');
      if (want.length !== parts.length || !item[method.toLowerCase()]) continue;
      if (!want.every((w, i) => w === parts[i] || w.startsWith('{'))) continue;
      const { requestBody, responses } = item[method.toLowerCase()];
      const ok = responses['200'] ?? responses['201'] ?? {};
      return {
        name: `${method} ${template}`,
        request: requestBody?.content?.['application/json']?.schema,
        answer: ok.content?.['application/json']?.schema,
        event: ok.content?.['text/event-stream']?.schema ?? (/^\/responses/.test(template) ? this.schema('ResponseStreamEvent') : undefined),
      };
    }
    return undefined;
  }

  schema(name) {
    return { $ref: `doc#/components/schemas/${name}` };
  }

  /** What is wrong with value: a list of {kind: null, missing or wrong, path, say}, empty when it fits. */
  misfits(schema, value) {
    const validate = this.#validator(schema);
    if (validate(value)) return [];
    return this.#explain(schema, value, '');
  }

  #validator(schema) {
    let v = this.#compiled.get(schema);
    if (!v) {
      v = this.#ajv.compile(schema.$ref || !('$id' in schema) ? { ...schema } : schema);
      this.#compiled.set(schema, v);
    }
    return v;
  }

  #fits(schema, value) {
    return this.#validator(schema)(value);
  }

  #resolve(schema) {
    let s = schema;
    while (s?.$ref) s = s.$ref.split('/').slice(1).reduce((at, key) => at[decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')], this.#doc);
    return s;
  }

  // ajv names every branch of a union that did not fit. People want to hear of the one that was meant.
  #explain(schema, value, at) {
    const s = this.#resolve(schema);
    const out = [];
    for (const part of s.allOf ?? []) if (!this.#fits(part, value)) out.push(...this.#explain(part, value, at));
    if (s.anyOf && !s.anyOf.some((part) => this.#fits(part, value))) {
      const meant = s.anyOf.filter((part) => this.#mayBe(part, value));
      if (meant.length === 1) out.push(...this.#explain(meant[0], value, at));
      else out.push(misfit(at, value, `fits none of ${s.anyOf.length} kinds, ${meant.length ? `${meant.length} have its type` : `none has its type ${value?.type ?? typeof value}`}`));
    }
    if (s.properties && isObject(value)) {
      for (const key of s.required ?? []) if (!(key in value)) out.push({ kind: 'missing', path: `${at}${kindOf(value)}/${key}`, say: 'is missing' });
      for (const [key, sub] of Object.entries(s.properties)) {
        if (key in value && !this.#fits(sub, value[key])) out.push(...this.#explain(sub, value[key], `${at}/${key}`));
      }
    }
    if (s.items && Array.isArray(value)) {
      for (const item of value) if (!this.#fits(s.items, item)) out.push(...this.#explain(s.items, item, `${at}/*`));
    }
    if (out.length === 0) {
      const validate = this.#validator(schema);
      validate(value);
      for (const e of validate.errors ?? []) {
        const { allowedValues } = e.params;
        out.push(misfit(at + e.instancePath, value, allowedValues ? `must be one of ${allowedValues.join(', ')}` : e.message));
      }
    }
    return out;
  }

  // Whether value has the type that part asks for, judged by the field "type" of objects.
  #mayBe(part, value) {
    const s = this.#resolve(part);
    if (s.anyOf) return s.anyOf.some((p) => this.#mayBe(p, value));
    const type = s.properties?.type ?? s.allOf?.map((p) => this.#resolve(p).properties?.type).find(Boolean);
    if (isObject(value) && 'type' in value && type) return this.#fits(type, value.type);
    if (isObject(value)) return s.type === 'object' || !!s.properties || !!s.allOf;
    return s.type ? this.#ajv.validate({ type: s.type }, value) : true;
  }

  /** The fields of value, at any depth, that the document does not know. */
  unknown(schema, value) {
    const out = new Set();
    this.#unknown([schema], value, '', out);
    return [...out].map((path) => ({ kind: 'unknown', path, say: 'is not in the document' }));
  }

  #unknown(schemas, value, at, out) {
    const leaves = schemas.flatMap((s) => this.#leaves(s, value));
    if (leaves.some(isOpen)) return;
    if (Array.isArray(value)) {
      const items = leaves.map((s) => s.items).filter(Boolean);
      if (items.length) for (const item of value) this.#unknown(items, item, `${at}/*`, out);
      return;
    }
    if (!isObject(value)) return;
    for (const [key, sub] of Object.entries(value)) {
      const known = leaves.flatMap((s) => {
        if (s.properties && key in s.properties) return [s.properties[key]];
        return isObject(s.additionalProperties) ? [s.additionalProperties] : s.additionalProperties === true ? [{}] : [];
      });
      if (known.length) this.#unknown(known, sub, `${at}/${key}`, out);
      else out.add(`${at}${kindOf(value)}/${key}`);
    }
  }

  // The branches of a union that value fits, or else those that it was meant for.
  #chosen(parts, value) {
    const fitting = parts.filter((p) => this.#fits(p, value));
    return fitting.length ? fitting : parts.filter((p) => this.#mayBe(p, value));
  }

  // The schemas without unions that describe value.
  #leaves(schema, value) {
    const s = this.#resolve(schema);
    const own = s.properties || s.items || s.additionalProperties || !(s.allOf || s.anyOf) ? [s] : [];
    const parts = [...(s.allOf ?? []), ...this.#chosen(s.anyOf ?? [], value)];
    return [...own, ...parts.flatMap((p) => this.#leaves(p, value))];
  }
}

// Which kind of object it is, where it says so.
const kindOf = (value) => (typeof value?.type === 'string' ? `<${value.type}>` : '');

const misfit = (path, value, say) => ({ kind: value === null ? 'null' : 'wrong', path: path + kindOf(value), say: `${say}, is ${value === null ? 'null' : `a ${Array.isArray(value) ? 'list' : typeof value}`}` });

const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);

// A schema that says nothing about what is inside.
const isOpen = (s) => !s.properties && !s.items && !s.additionalProperties && (s.type === undefined || s.type === 'object' || s.type === 'array');

/**
 * OpenAPI's habits that JSON Schema does not know, or knows otherwise: nullable; oneOf with branches that overlap
 * (read as anyOf); discriminators (which the branches' own enums repeat); references without the document's id.
 */
function tidy(node) {
  if (Array.isArray(node)) {
    node.forEach(tidy);
    return;
  }
  if (!isObject(node)) return;
  if (typeof node.$ref === 'string' && node.$ref.startsWith('#/')) node.$ref = `doc${node.$ref}`;
  if (node.$recursiveRef === '#') {
    delete node.$recursiveRef;
    node.$ref = 'doc#/components/schemas/CompoundFilter'; // the only place that uses it
  }
  delete node.$recursiveAnchor;
  if (isObject(node.discriminator) && node.discriminator.propertyName) delete node.discriminator;
  if (Array.isArray(node.oneOf)) {
    if (node.anyOf) node.allOf = [...(node.allOf ?? []), { anyOf: node.oneOf }];
    else node.anyOf = node.oneOf;
    delete node.oneOf;
  }
  Object.values(node).forEach(tidy);
  if (node.nullable === true) {
    const { nullable, ...rest } = node;
    for (const key of Object.keys(node)) delete node[key];
    node.anyOf = [rest, { type: 'null' }];
  }
}
