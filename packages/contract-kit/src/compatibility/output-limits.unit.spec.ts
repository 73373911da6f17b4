import { z } from 'zod';
import { command, event, service, state } from '../declarations/declare.js';
import { withoutLimits } from '../declarations/without-limits.js';
import { toDocument } from '../document/to-document.js';
import { findOutputLimits } from './output-limits.js';

const Line = z.object({ sku: z.string().min(1).max(120), quantity: z.int().min(1).max(999) });
const Cart = z.object({
  maximum: z.int(),
  lines: z.array(Line.nullable()).max(100),
  byShop: z.record(z.string(), z.number().lt(5)),
});
const documentOf = (output: z.ZodType, data: z.ZodType) =>
  toDocument(
    service(
      'cart',
      { version: 1, title: 'Cart', description: 'Carts' },
      {
        add: command({ summary: 'Add', caller: 'anyone', key: 'command.id', input: Line, output }),
        changed: event({ summary: 'It', key: 'sku', data }),
        line: state({ summary: 'It', key: 'sku', data }),
      },
    ),
  );
const way = 'could never be changed: declare it withoutLimits(…), and keep the limit in inputs and in the domain';

it('finds upper limits in outputs, events and states, by their fields', () => {
  expect(findOutputLimits(documentOf(Cart, Line))).toEqual([
    `cart.add output /lines: maxItems 100 ${way}`,
    `cart.add output /lines/*/sku: maxLength 120 ${way}`,
    `cart.add output /lines/*/quantity: maximum 999 ${way}`,
    `cart.add output /byShop/*: exclusiveMaximum 5 ${way}`,
    `cart.changed data /sku: maxLength 120 ${way}`,
    `cart.changed data /quantity: maximum 999 ${way}`,
    `cart.line data /sku: maxLength 120 ${way}`,
    `cart.line data /quantity: maximum 999 ${way}`,
  ]);
});

it('lets types, lower bounds and the limits of inputs be', () => {
  expect(findOutputLimits(documentOf(withoutLimits(Cart), withoutLimits(Line)))).toEqual([]);
});
