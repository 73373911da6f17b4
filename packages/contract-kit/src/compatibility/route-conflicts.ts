import type { ContractDocument } from '../document/contract-document.js';

/** Paths that differ only in the names of their fields are the same to a router. */
const shapeOf = (path: string): string => path.replaceAll(/\{[^}]+\}/g, '{}');

/** Routes that several operations claim, a line each; empty when the documents fit together. */
export function findRouteConflicts(documents: readonly ContractDocument[]): string[] {
  const claims = new Map<string, string[]>();
  for (const { service, operations } of documents) {
    for (const [name, { http }] of Object.entries(operations)) {
      if (!http) continue;
      const route = `${http.method} ${shapeOf(http.path)}`;
      claims.set(route, [...(claims.get(route) ?? []), `${service}.${name} (${http.method} ${http.path})`]);
    }
  }
  return [...claims.values()]
    .filter((operations) => operations.length > 1)
    .map((operations) => `${operations.join(' and ')} have the same route`);
}
