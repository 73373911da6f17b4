import { z } from 'zod';

/** Money in integer minor units (cents for EUR, whole yen for JPY) with an ISO 4217 code. */
export const Money = z.object({
  amount: z.int().describe('Minor units of the currency, e.g. cents'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR'),
});
export type Money = z.infer<typeof Money>;

/** The dearest price, in minor units: what people count in a shop stays an exact number (below 10^12). */
export const MAX_AMOUNT = 999_999_999_999;

/** A price: money that is not negative and fits the shop's arithmetic. */
export const Price = Money.extend({ amount: z.int().min(0).max(MAX_AMOUNT) });
export type Price = z.infer<typeof Price>;

/** In characters. */
export const MAX_SKU_LENGTH = 120;

/** Stock keeping unit: what is sold, one per variant. Printable, no white space at the ends. */
export const Sku = z
  .string()
  .min(1)
  .max(MAX_SKU_LENGTH)
  .regex(/^[^\s/](?:[^/]*[^\s/])?$/, 'without a slash, and without white space at its ends');

/** In characters. */
export const MAX_HANDLE_LENGTH = 255;

/** A product's name in URLs: lower case letters, digits and dashes. */
export const Handle = z
  .string()
  .min(1)
  .max(MAX_HANDLE_LENGTH)
  .regex(/^[\p{Ll}\p{Lo}\p{N}]+(?:[-_][\p{Ll}\p{Lo}\p{N}]+)*$/u, 'lower case letters, digits and dashes');

/** Customer id, of guests too: a UUIDv7. */
export const CustomerId = z.uuid();

/** A country as ISO 3166-1 writes it in two letters. Whether there is such a one, @stoa/addresses knows. */
export const Country = z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166-1 code such as DE');

/** One line, for labels and forms: no control characters. */
const addressText = (longest: number) =>
  z
    .string()
    .trim()
    .max(longest)
    .regex(/^\P{Cc}+$/u, 'without control characters');

/** Where something is sent. Which of its fields a country needs, @stoa/addresses knows. */
export const PostalAddress = z.object({
  name: addressText(100).describe('Who receives it'),
  company: addressText(100).optional(),
  lines: z.array(addressText(100)).min(1).max(3).describe('Street and number, or whatever a place has instead'),
  city: addressText(100).optional(),
  region: addressText(60).optional().describe('As ISO 3166-2 has it behind the dash, such as CA for California'),
  postalCode: addressText(20).optional(),
  country: Country,
  phone: z
    .string()
    .regex(/^\+[1-9]\d{4,14}$/, 'E.164, such as +41446681800')
    .optional(),
});
export type PostalAddress = z.infer<typeof PostalAddress>;

/** An opaque place in a list, as a page's `next` gave it. */
export const Cursor = z.string().min(1).max(2000);

/** ISO 8601 in UTC. */
export const Timestamp = z.iso.datetime();

const YEAR = [/^2\d{3}-/, 'from the year 2000 on'] as const;
/** A day that is asked for, in UTC. Databases lack some years that ISO 8601 has, such as 0. */
export const Day = z.iso.date().regex(...YEAR);
/** A moment that is asked for. */
export const Moment = Timestamp.regex(...YEAR);

/** Page size: 1 to `max`, 20 if not given. */
export const pageLimit = (max = 100) => z.int().min(1).max(max).default(20);

/** One page of a list: its items and the cursor of the next page, null at the end. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

/** One page of a list that can be read in both directions: the cursors of the pages behind and before it. */
export const pageBothWays = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null at the end'),
    previous: z.string().nullable().describe('Cursor of the page before; null at the beginning'),
  });

/**
 * A sum as exact decimal text, because it may be larger than the numbers that JSON's readers keep exactly (2^53).
 */
export const WholeNumber = z.string().regex(/^(?:0|[1-9]\d*)$/, 'a whole number in decimal digits');

/** A frame of a streamed upload, as the gateway cuts it (see `command({ upload })`). */
export const UploadFrame = z.object({
  id: z.string().describe('The same for all frames of one upload'),
  sequence: z.int().min(0).describe('0, 1, 2 …'),
  last: z.boolean(),
  contentType: z.string(),
  data: z.string().describe('The bytes in base64'),
});
export type UploadFrame = z.infer<typeof UploadFrame>;

/** The output of a download query, part by part (see `query({ download })`). */
export const DownloadPart = z.object({
  contentType: z.string(),
  chunk: z.string(),
  next: z.string().nullable().describe('Cursor of the next part, null after the last'),
});
export type DownloadPart = z.infer<typeof DownloadPart>;
