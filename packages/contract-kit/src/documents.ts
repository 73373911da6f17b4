/** Descriptions of the API that follow from contracts as data: nothing here loads zod. */
export { toAsyncApi, type AsyncApiOptions } from './api-documents/asyncapi.js';
export { toOpenApi, type OpenApiOptions } from './api-documents/openapi.js';
export { describeChange, type BreakingChange } from './compatibility/contract-change.js';
export { findBreakingChanges } from './compatibility/find-breaking-changes.js';
export { findRouteConflicts } from './compatibility/route-conflicts.js';
export type { ContractDocument, FactDocument, JsonSchema, OperationDocument } from './document/to-document.js';
