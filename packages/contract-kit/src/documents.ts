/** Descriptions of the API that follow from contracts as data: nothing here loads zod. */
export { toAsyncApi, type AsyncApiOptions } from './api-documents/asyncapi.js';
export { toOpenApi, type OpenApiOptions } from './api-documents/openapi.js';
export { describeChange, type ContractChange, type Effect } from './compatibility/contract-change.js';
export { compareContracts, findBreakingChanges } from './compatibility/compare-contracts.js';
export { findOutputLimits } from './compatibility/output-limits.js';
export { findRouteConflicts } from './compatibility/route-conflicts.js';
export type { ContractDocument, JsonSchema, MessageDocument, OperationDocument } from './document/contract-document.js';
