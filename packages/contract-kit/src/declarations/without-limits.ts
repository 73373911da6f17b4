import { z } from 'zod';

/** Zod's checks that set an upper limit: to a number, to the length of a text or list, to a size. */
const UPPER_LIMITS = new Set(['less_than', 'max_length', 'max_size']);

const isSchema = (value: unknown): value is z.ZodType => value instanceof z.ZodType;

function stripped(name: string, value: unknown): unknown {
  if (name === 'checks') {
    return (value as readonly z.core.$ZodCheck[]).filter((check) => !UPPER_LIMITS.has(check._zod.def.check));
  }
  if (isSchema(value)) return withoutLimits(value);
  if (Array.isArray(value)) return value.map((item) => (isSchema(item) ? withoutLimits(item) : (item as unknown)));
  return name === 'shape' ? shapeWithoutLimits(value as z.ZodRawShape) : value;
}

const shapeWithoutLimits = (shape: z.ZodRawShape): z.ZodRawShape =>
  Object.fromEntries(Object.entries(shape).map(([field, schema]) => [field, withoutLimits(schema as z.ZodType)]));

/**
 * The same schema without its upper limits, at any depth: types, formats, patterns and lower bounds stay. Outputs,
 * events and states are declared with it where they share fields with an input: a limit that they carried could never
 * be changed. Schemas that contain themselves are not supported.
 */
export function withoutLimits<Schema extends z.ZodType>(schema: Schema): Schema {
  const { def } = schema._zod;
  const names = Object.keys(def).filter((name) => name !== 'defaultValue');
  const values = names.map((name) => [name, stripped(name, Reflect.get(def, name))]);
  // `defaultValue` is a getter, which makes a new value each time.
  const own = Object.getOwnPropertyDescriptor(def, 'defaultValue');
  const definition: object = Object.fromEntries(values);
  if (own) Object.defineProperty(definition, 'defaultValue', own);
  const copy = z.core.clone(schema, definition as Schema['_zod']['def']);
  const annotations = z.globalRegistry.get(schema);
  if (annotations) z.globalRegistry.add(copy, annotations);
  return copy;
}
