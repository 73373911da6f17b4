import { z } from 'zod';
import { withoutLimits } from './without-limits.js';

const Item = z.object({
  sku: z.string().trim().min(1).max(9).regex(/^\S+$/).describe('Stock keeping unit'),
  email: z.email().max(20).nullable().default(null),
  tags: z.array(z.string().max(3)).min(1).max(2).default(['a']),
  range: z.union([z.int().min(0).max(9), z.tuple([z.number().lt(3), z.number()])]).optional(),
});

/** As a contract document has it. */
const schemaOf = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: 'input' });

it('leaves types, formats, patterns, lower bounds, defaults and descriptions', () => {
  expect(schemaOf(withoutLimits(Item))).toEqual(
    schemaOf(
      z.object({
        sku: z.string().trim().min(1).regex(/^\S+$/).describe('Stock keeping unit'),
        email: z.email().nullable().default(null),
        tags: z.array(z.string()).min(1).default(['a']),
        range: z.union([z.int().min(0), z.tuple([z.number(), z.number()])]).optional(),
      }),
    ),
  );
});

it('leaves the schema itself as it is', () => {
  const before = schemaOf(Item);
  withoutLimits(Item);
  expect(schemaOf(Item)).toEqual(before);
});

it('takes what passes a limit, and nothing of another type', () => {
  const open = withoutLimits(Item);
  expect(open.parse({ sku: ' 0123456789 ', tags: ['long', 'b', 'c'], range: 10 })).toEqual({
    sku: '0123456789',
    email: null,
    tags: ['long', 'b', 'c'],
    range: 10,
  });
  expect(open.safeParse({ sku: '', tags: [] }).error?.issues).toHaveLength(3);
  expect(open.safeParse({ sku: 'a', range: 1.5 }).success).toBe(false);
  expect(open.extend({ more: z.int() }).parse({ sku: 'a', more: 1 })).toEqual({
    sku: 'a',
    email: null,
    tags: ['a'],
    more: 1,
  });
});
