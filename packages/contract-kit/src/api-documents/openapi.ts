import type { ContractDocument } from '../document/contract-document.js';
import { headers, parameters, problemSchema, securitySchemes } from './openapi-components.js';
import type { Json } from './openapi-errors.js';
import { openApiOperation, type Shared } from './openapi-operation.js';
import { SchemaPool } from './schema-pool.js';

/** Settings of the OpenAPI document. */
export interface OpenApiOptions {
  /** Where the API is; `/` (where the document came from) if not given. */
  readonly serverUrl?: string;
  /** Of the document; the contracts' versions put together if not given. */
  readonly version?: string;
  /** Further path items, of what no contract declares. */
  readonly gatewayPaths?: Readonly<Record<string, Json>>;
}

/** Grows with every contract: `3` for contracts of the versions 1 and 2. */
const versionOf = (documents: readonly ContractDocument[]): string =>
  String(documents.reduce((sum, { version }) => sum + version, 0));

function pathsOf(documents: readonly ContractDocument[], shared: Shared): Record<string, Json> {
  const paths: Record<string, Json> = {};
  for (const document of documents) {
    for (const [name, { http }] of Object.entries(document.operations)) {
      if (!http) continue;
      const item = (paths[http.path] ??= {});
      item[http.method.toLowerCase()] = openApiOperation(document, name, shared);
    }
  }
  return paths;
}

/** Only what is pointed to: the rest would be noise to readers. */
function used(document: Json, section: string, all: Readonly<Record<string, Json>>): Record<string, Json> {
  const text = JSON.stringify(document);
  return Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`"#/components/${section}/${name}"`)));
}

/** The operations that have a route, as OpenAPI 3.1. */
export function toOpenApi(
  documents: readonly ContractDocument[],
  { serverUrl = '/', version = versionOf(documents), gatewayPaths = {} }: OpenApiOptions = {},
): Json {
  const shared: Shared = { pool: new SchemaPool(), responses: {} };
  const paths = { ...gatewayPaths, ...pathsOf(documents, shared) };
  const withRoutes = documents.filter(({ operations }) => Object.values(operations).some(({ http }) => http));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Stoa',
      version,
      description:
        'An open e-commerce backend. Errors are RFC 9457 problem details; money is in minor units; times are UTC.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    tags: withRoutes.map(({ service, title, description }) => ({ name: service, 'x-displayName': title, description })),
    paths: Object.fromEntries(Object.entries(paths).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes,
      parameters: used(paths, 'parameters', parameters),
      headers: used({ paths, responses: shared.responses }, 'headers', headers),
      responses: shared.responses,
      schemas: { Problem: problemSchema, ...shared.pool.schemas },
    },
  };
}
