/**
 * The business limits of products, each written once. Inputs and the service's rules import them; outputs and events
 * carry none, so that a limit can be changed (README, "Change a limit"). Lengths are in characters.
 */

export const MAX_VARIANTS = 2_000;
/** Of a product. */
export const MAX_IMAGES = 250;
/** Of a product. */
export const MAX_TAGS = 250;
/** Of a product; its variants differ in them, such as size and colour. */
export const MAX_OPTIONS = 3;

/** Of titles, categories, tags and options. */
export const MAX_NAME_LENGTH = 255;
/** Of a variant's title, which its options make up. */
export const MAX_VARIANT_TITLE_LENGTH = 500;
/** Of vendors, alternative texts and titles for search engines. */
export const MAX_TEXT_LENGTH = 500;
/** Of a description, which is HTML, also once it is sanitised. */
export const MAX_DESCRIPTION_LENGTH = 100_000;
/** Of a description for search engines. */
export const MAX_SEO_DESCRIPTION_LENGTH = 5_000;
/** Of a picture. */
export const MAX_URL_LENGTH = 2_000;
/** Of a variant. */
export const MAX_BARCODE_LENGTH = 100;

/** Of a variant. */
export const MAX_STOCK = 1_000_000_000;
/** Of a variant that is sold when there is none. Outputs carry this lower bound, so it may rise and never fall. */
export const MIN_STOCK = -1_000_000_000;
/** Added or taken by one adjustment. */
export const MAX_STOCK_ADJUSTMENT = 1_000_000;
/** Of a variant. */
export const MAX_GRAMS = 1_000_000_000;

/** Lines of an order's hold. */
export const MAX_HELD_LINES = 200;
/** Of one line of a hold. */
export const MAX_HELD_QUANTITY = 1_000_000;
/** How long stock is held at most unless the hold is confirmed: orders that wait for a transfer. */
export const MAX_HOLD_SECONDS = 31 * 24 * 60 * 60;
