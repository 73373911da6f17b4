import type { IncomingReply, OutgoingRequest } from '@stoa/messaging';

/** Requests to services over Kafka, as the gateway needs them of messaging. */
export interface RequestPort {
  /** @throws OperationError OVERLOADED, UNAVAILABLE or DEADLINE_EXCEEDED when there is no reply */
  request(outgoing: OutgoingRequest): Promise<IncomingReply>;
  /** False while a request to the service would be refused as OVERLOADED. */
  hasRoom(service: string): boolean;
}

/** Injection token of RequestPort. */
export const REQUESTS = Symbol('stoa.gateway.requests');
