/** The names in braces: `/v1/products/{handle}` gives `handle`. */
export const placeholdersOf = (template: string): string[] =>
  [...template.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
