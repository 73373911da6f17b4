import { existsSync, readFileSync } from 'node:fs';
import { parseForm, type Param } from '../http/form.js';
import type { Exchange } from '../provider.js';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly maxLength?: number;
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Stripe's published description of its API, or a part of it: STRIPE_OPENAPI names the file. */
export class OpenApi {
  private constructor(private readonly document: Document) {}

  /** @returns undefined where the file is not there */
  static open(file = process.env['STRIPE_OPENAPI']): OpenApi | undefined {
    if (!file || !existsSync(file)) return undefined;
    return new OpenApi(JSON.parse(readFileSync(file, 'utf8')) as Document);
  }

  /** Lists where a request or its response does not fit the description; undefined: it describes no such path. */
  misfits({ method, path, query, body, status, response }: Exchange): string[] | undefined {
    const operation = this.operationOf(method, path);
    if (!operation) return undefined;
    const form = operation.requestBody?.content?.['application/x-www-form-urlencoded']?.schema;
    const asked =
      method === 'GET' ? this.queryMisfits(operation, query) : form ? this.check(form, parseForm(body), '') : [];
    const reply = (operation.responses[String(status)] ?? operation.responses['default'])?.content;
    const wanted = reply?.['application/json']?.schema;
    return [
      ...asked.map((each) => `request ${each}`),
      ...(wanted ? this.check(wanted, response, '').map((each) => `response ${each}`) : []),
    ];
  }

  /** Lists where an object does not fit a schema. */
  objectMisfits(name: string, value: unknown): string[] {
    return this.check({ $ref: `#/components/schemas/${name}` }, value, '');
  }

  private operationOf(method: string, path: string): Operation | undefined {
    const parts = path.split('/');
    const fits = Object.keys(this.document.paths)
      .filter((template) => {
        const names = template.split('/');
        return names.length === parts.length && names.every((name, n) => name.startsWith('{') || name === parts[n]);
      })
      .toSorted((a, b) => a.split('{').length - b.split('{').length);
    return this.document.paths[fits[0] ?? '']?.[method.toLowerCase()];
  }

  private queryMisfits({ parameters = [] }: Operation, query: string): string[] {
    const byName = Object.fromEntries(
      parameters.filter((each) => each.in === 'query').map((each) => [each.name, each.schema]),
    );
    return this.check({ type: 'object', properties: byName, additionalProperties: false }, parseForm(query), '');
  }

  private check(schema: Schema, value: unknown, at: string): string[] {
    if (schema.$ref) {
      const name = schema.$ref.split('/').at(-1) ?? '';
      const found = this.document.components.schemas[name];
      return found ? this.check(found, value, at) : [];
    }
    if (value === null) return schema.nullable ? [] : [`${at}: null`];
    if (schema.anyOf) {
      const tries = schema.anyOf.map((each) => this.check(each, value, at));
      return tries.toSorted((a, b) => a.length - b.length)[0] ?? [];
    }
    if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${String(value)} is none of its values`];
    return this.checkType(schema, value, at);
  }

  private checkType(schema: Schema, value: unknown, at: string): string[] {
    if (schema.type === 'object' || schema.properties) return this.checkObject(schema, value, at);
    if (schema.type === 'array') {
      if (!Array.isArray(value)) return [`${at}: no array`];
      return value.flatMap((each, n) => this.check(schema.items ?? {}, each, `${at}/${n}`));
    }
    // A form's values are text.
    const text = String(value as Param);
    if (schema.type === 'integer' || schema.type === 'number') return /^-?\d+$/.test(text) ? [] : [`${at}: no number`];
    if (schema.type === 'boolean') return /^(true|false)$/.test(text) ? [] : [`${at}: no boolean`];
    if (schema.type === 'string') {
      if (typeof value !== 'string') return [`${at}: no string`];
      if (value.length > (schema.maxLength ?? Infinity)) return [`${at}: too long`];
    }
    return [];
  }

  private checkObject(schema: Schema, value: unknown, at: string): string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: no object`];
    const { properties = {}, required = [], additionalProperties: more } = schema;
    const given = value as Record<string, unknown>;
    const missing = required.filter((name) => given[name] === undefined).map((name) => `${at}/${name}: missing`);
    const wrong = Object.entries(given).flatMap(([name, each]) => {
      const known = properties[name];
      if (known) return this.check(known, each, `${at}/${name}`);
      if (more === false) return [`${at}/${name}: unknown`];
      return typeof more === 'object' ? this.check(more, each, `${at}/${name}`) : [];
    });
    return [...missing, ...wrong];
  }
}
