import { createRequire } from 'node:module';
import type { JsonSchema, Problem } from '@stoa/contract-kit';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { describeErrors } from './describe-errors.js';

/** The problems of an input of that many bytes; empty when it is valid. */
export type Validate = (input: unknown, bytes: number) => readonly Problem[];

const require = createRequire(import.meta.url);

/** Patterns are for Unicode, as JSON Schema demands; a few (older ones, of other languages) only compile without it. */
function regExp(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    // oxlint-disable-next-line require-unicode-regexp
    return new RegExp(pattern);
  }
}
// Names this function in the code that Ajv generates; 'new RegExp' would mean the built-in one.
regExp.code = 'unicodeRegExp';

function newAjv(allErrors: boolean): Ajv2020 {
  // Loaded at the first request that is validated: a clone that serves only from its cache never needs it.
  const { Ajv2020: Ajv } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  const addFormats = (require('ajv-formats') as { default: (ajv: Ajv2020) => void }).default;
  const ajv = new Ajv({ allErrors, strict: false, verbose: true, unicodeRegExp: false, code: { regExp } });
  addFormats(ajv);
  return ajv;
}

/** Above this many bytes of input only the first error is reported: there could be a million. */
const LARGE = 64 * 1024;
const MOST_PROBLEMS = 50;

/** SchemaCompiler compiles the JSON Schemas (2020-12) of one set of contracts, each at its first use. */
export class SchemaCompiler {
  private quick: Ajv2020 | undefined;
  private thorough: Ajv2020 | undefined;

  /** The first error ends the check; only an invalid input is checked again for all of its errors. */
  compile(schema: JsonSchema): Validate {
    let isValid: ValidateFunction | undefined;
    let all: ValidateFunction | undefined;
    return (input, bytes) => {
      isValid ??= (this.quick ??= newAjv(false)).compile(schema);
      if (isValid(input)) return [];
      if (bytes > LARGE) return describeErrors(isValid.errors ?? []);
      all ??= (this.thorough ??= newAjv(true)).compile(schema);
      all(input);
      return describeErrors(all.errors ?? isValid.errors ?? []).slice(0, MOST_PROBLEMS);
    };
  }
}
