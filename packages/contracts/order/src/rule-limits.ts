/** The most that the shop's rules hold: all of them are one document, which every shard has and every price reads. */

/** Of taxes, and of shipping. */
export const MAX_ZONES = 100;
/** Of a zone. */
export const MAX_AREAS = 300;
export const MAX_RATES = 500;
export const MAX_EXEMPTIONS = 500;
export const MAX_METHODS = 200;
/** Of a shipping method. */
export const MAX_STEPS = 50;
export const MAX_PROMOTIONS = 300;
/** Products, SKUs, categories or tags that a promotion names. */
export const MAX_PROMOTION_TARGETS = 200;
/** Of names and reasons, in characters. */
export const MAX_RULE_TEXT = 200;
/** Of the whole document, in bytes: what one record carries, and a price reads in a moment. */
export const MAX_RULES_BYTES = 400_000;
