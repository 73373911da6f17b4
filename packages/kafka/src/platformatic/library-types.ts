import type { consumerGroupDescribeV0, FetchOptions, fetchV17, produceV9, Producer } from '@stoa/kafka/client';

// Types that the library uses but does not export by name.
export type FetchResponse = ReturnType<typeof fetchV17.parseResponse>;
export type FetchResponsePartition = FetchResponse['responses'][number]['partitions'][number];
export type FetchRequestTopic = FetchOptions<Buffer, Buffer, Buffer, Buffer>['topics'][number];
export type FetchRequestPartition = FetchRequestTopic['partitions'][number];
export type ProduceResponse = ReturnType<typeof produceV9.parseResponse>;
export type LibraryTransaction = NonNullable<Producer['transaction']>;
export type GroupMember = ReturnType<typeof consumerGroupDescribeV0.parseResponse>['groups'][number]['members'][number];
