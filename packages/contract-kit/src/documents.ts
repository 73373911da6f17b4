/** Descriptions of the API that follow from contracts as data, and comparing contracts: nothing here loads zod. */
export { toAsyncApi } from './api-documents/asyncapi.js';
export { toOpenApi } from './api-documents/openapi.js';
export { describeChange } from './compatibility/contract-change.js';
export { findBreakingChanges } from './compatibility/compare-contracts.js';
export { findRouteConflicts } from './compatibility/route-conflicts.js';
export type { ContractDocument, JsonSchema, OperationDocument } from './document/contract-document.js';
