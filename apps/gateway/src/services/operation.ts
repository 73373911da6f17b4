import type { JsonSchema, OperationDocument } from '@stoa/contract-kit';
import type { SchemaCompiler, Validate } from './schema-compiler.js';

/** The flat input of an operation. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields in braces: `/v1/products/{handle}` gives `handle`. */
const fieldsIn = (template: string): string[] => [...template.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');

/** `product:{handle}` with the fields of `values`; undefined when one of them is missing. */
export function fillIn(template: string, values: Fields): string | undefined {
  let complete = true;
  const filled = template.replaceAll(/\{([^}]+)\}/g, (_match, field: string) => {
    const value = values[field];
    if (typeof value !== 'string' && typeof value !== 'number') complete = false;
    return String(value);
  });
  return complete ? filled : undefined;
}

/** One operation of a contract in force, with everything that follows from its document computed once. */
export class Operation {
  /** `cart.addItem`: names it in metrics, logs and command ids. */
  readonly id: string;
  readonly isCommand: boolean;
  /** Its fields come from the query string; else from a JSON body. */
  readonly takesQueryString: boolean;
  readonly pathFields: readonly string[];
  readonly properties: Readonly<Record<string, JsonSchema>>;
  /** Its output may be cached: it is the same for all callers. */
  readonly isCached: boolean;
  /** Fields that only the service may read. */
  readonly secretFields: readonly string[];
  readonly validate: Validate;

  constructor(
    readonly service: string,
    readonly name: string,
    readonly document: OperationDocument,
    compiler: SchemaCompiler,
  ) {
    this.id = `${service}.${name}`;
    this.isCommand = document.kind === 'command';
    const method = document.http?.method;
    this.takesQueryString = method === 'GET' || method === 'DELETE' || document.upload !== undefined;
    this.pathFields = fieldsIn(document.http?.path ?? '');
    this.properties = (document.input['properties'] as Record<string, JsonSchema> | undefined) ?? {};
    this.secretFields = Object.entries(this.properties).flatMap(([field, schema]) =>
      schema['writeOnly'] === true ? [field] : [],
    );
    this.isCached = !this.isCommand && document.cache !== undefined && document.caller === 'anyone';
    this.validate = compiler.compile(document.input);
  }
}
