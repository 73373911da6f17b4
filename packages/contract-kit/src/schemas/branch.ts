import type { JsonSchema } from '../document/contract-document.js';

/**
 * One way for a value to be right: of one type, without alternatives inside. A schema is right for a value when one of
 * its branches is.
 */
export interface Branch {
  /** A JSON type; `any` for no restriction. */
  readonly type: string;
  /** The only values allowed, where there is an enum or a const. */
  readonly values?: readonly unknown[];
  /** Every pattern must match (several come from an allOf). */
  readonly patterns: readonly string[];
  /** The other keywords. */
  readonly rules: JsonSchema;
}

/** The narrowest JSON type of a value. */
export const jsonType = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

/** Whether a value is of a JSON type (an integer is a number too). */
export function isOfType(value: unknown, type: string): boolean {
  const own = jsonType(value);
  return type === 'any' || own === type || (type === 'number' && own === 'integer');
}

/** A schema, also where JSON Schema allows `true` or `false` for one. */
export const asSchema = (value: unknown): JsonSchema => {
  if (value === false) return { enum: [] };
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {};
};

/** The value if it is a list, else an empty one. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
