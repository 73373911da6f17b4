import { canonical } from '../schemas/meaning.js';
import type { JsonSchema } from '../document/contract-document.js';

/** Rewrites a schema's references to itself so that they hold where the schema is now. */
function rebase(node: unknown, base: string): unknown {
  if (Array.isArray(node)) return node.map((item) => rebase(item, base));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string' && value.startsWith('#')
        ? base + value.slice(1)
        : rebase(value, base),
    ]),
  );
}

const refersToItself = (schema: JsonSchema): boolean => JSON.stringify(schema).includes('"$ref":"#');

/**
 * Collects schemas as components: equal ones are there once, under the name that came first, and the documents point to
 * it.
 */
export class SchemaPool {
  readonly schemas: Record<string, JsonSchema> = {};
  private readonly names = new Map<string, string>();

  /** A reference to the schema among the components. */
  refer(name: string, schema: JsonSchema): JsonSchema {
    const text = canonical(schema);
    const known = this.names.get(text);
    if (known !== undefined) return { $ref: `#/components/schemas/${known}` };
    this.names.set(text, name);
    this.schemas[name] = rebase(schema, `#/components/schemas/${name}`) as JsonSchema;
    return { $ref: `#/components/schemas/${name}` };
  }

  /** A part of a schema: in its place, unless it points to another part of the whole. */
  part(name: string, whole: JsonSchema, part: JsonSchema): JsonSchema {
    if (!refersToItself(part)) return part;
    const { $ref } = this.refer(name, whole) as { $ref: string };
    return rebase(part, $ref) as JsonSchema;
  }
}
