import {
  addPartitionsToTxnV3,
  findErrorBy,
  kGetApi,
  kGetBootstrapConnection,
  NetworkError,
  ResponseError,
  UserError,
  type API,
  type Base,
  type Connection,
} from '@stoa/kafka/client';

type Callback = (error: Error | null, response?: unknown) => void;
type AnyApi = API<unknown[], unknown>;
type Call = (connection: Connection, given: unknown[], callback: Callback) => void;

/** A broker that takes longer to say who leads what is passed over for the next one. */
const METADATA_WITHIN_MS = 3_000;

/** True when a response is good but for single Kafka partitions, which say so themselves. */
const isOfPartitions = (error: Error): error is ResponseError & { readonly response: unknown } =>
  error instanceof ResponseError &&
  error.errors.every((one: { readonly path?: string }) => one.path?.includes('/partitions/'));

/**
 * The library drops a topic's metadata when one Kafka partition has no leader, and with it the group's heartbeats and
 * commits, which look at metadata before. Here such a partition has the leader −1, and the others stay as they are.
 */
function metadata(api: AnyApi, onFailed: () => void): Call {
  return (connection, given, callback) => {
    let isCalled = false;
    const settle: Callback = (error, response) => {
      if (isCalled) return;
      isCalled = true;
      clearTimeout(timer);
      if (error && isOfPartitions(error)) return callback(null, error.response);
      if (error) onFailed();
      callback(error, response);
    };
    const timer = setTimeout(() => settle(new NetworkError('no metadata in time')), METADATA_WITHIN_MS);
    api(connection, ...given, settle);
  };
}

/** Names the topic behind a topic's name at the moment, by its id; undefined if it is not known. */
export type TopicIds = (topic: string, partition: number) => string | undefined;

interface TopicOf<Partition> {
  readonly name: string;
  readonly partitions: Partition[];
}
type Committing = TopicOf<{ readonly partitionIndex: number; committedMetadata: string | null }>;
type Committed = TopicOf<{
  readonly partitionIndex: number;
  readonly metadata: string | null;
  committedOffset: bigint;
}>;

/**
 * Writes the topic's id beside each offset, because Kafka keeps offsets by the topic's name, also those that come late,
 * after the topic was made anew.
 *
 * The library tries a commit that the coordinator refused for want of a member once more, with a void member id, and a
 * broker closes the connection then. Here that is never sent, and the caller gets the error.
 */
function offsetCommit(api: AnyApi, idOf: TopicIds): Call {
  return (connection, given, callback) => {
    const [, epoch, memberId, , topics] = given as [unknown, number, unknown, unknown, Committing[]];
    if (typeof memberId !== 'string' || memberId === '' || epoch <= 0) {
      callback(new UserError('a commit by who is no member of the group (any more)'));
      return;
    }
    for (const { name, partitions } of topics)
      for (const one of partitions) one.committedMetadata = idOf(name, one.partitionIndex) ?? null;
    api(connection, ...given, (error: Error | null, response?: unknown) => {
      if (error && findErrorBy(error, 'needsRejoin', true)) callback(new UserError(error.message, { cause: error }));
      else callback(error, response);
    });
  };
}

/** Leaves out the offsets of a former topic of the name. */
function offsetFetch(api: AnyApi, currentIdOf: TopicIds): Call {
  return (connection, given, callback) =>
    api(connection, ...given, (error: Error | null, response?: unknown) => {
      const { groups = [] } = (response ?? {}) as { readonly groups?: { readonly topics: Committed[] }[] };
      for (const { name, partitions } of groups.flatMap(({ topics }) => topics)) {
        for (const one of partitions) {
          const [written, current] = [one.metadata, currentIdOf(name, one.partitionIndex)];
          if (written && current && written !== current) one.committedOffset = -1n;
        }
      }
      callback(error, response);
    });
}

/**
 * Later versions are for brokers among each other, who may do anything in the cluster; the library takes the latest.
 */
const addPartitionsToTxn: Call = (connection, given, callback) =>
  addPartitionsToTxnV3.api(connection, ...(given as Parameters<typeof addPartitionsToTxnV3.createRequest>), callback);

const asApi = (call: Call, { async, key, version }: AnyApi): AnyApi =>
  Object.assign(
    (connection: Connection, ...given: unknown[]): void => call(connection, given, given.pop() as Callback),
    { async, key, version },
  ) as AnyApi;

/**
 * A client of the library that takes one Kafka partition's or broker's fault for that one's. Changes the client itself.
 * @param idOf the id of the topic that the records of a Kafka partition came from
 */
export function lenient<Client extends Base>(client: Client, idOf: TopicIds = () => undefined): Client {
  let failures = 0;
  const currentIdOf: TopicIds = (topic) => client.currentMetadata?.topics.get(topic)?.id;
  const around: Readonly<Record<string, (api: AnyApi) => Call>> = {
    Metadata: (api) => metadata(api, () => (failures += 1)),
    AddPartitionsToTxn: () => addPartitionsToTxn,
    OffsetCommit: (api) => offsetCommit(api, idOf),
    OffsetFetch: (api) => offsetFetch(api, currentIdOf),
  };
  const getApi = client[kGetApi].bind(client) as (name: string, callback: Callback) => void;
  client[kGetApi] = ((name: string, callback: Callback): void => {
    const wrap = around[name];
    if (!wrap) return getApi(name, callback);
    getApi(name, (error, api) => (api ? callback(null, asApi(wrap(api as AnyApi), api as AnyApi)) : callback(error)));
  }) as Client[typeof kGetApi];
  // The library begins with the same broker each time.
  const getBootstrapConnection = client[kGetBootstrapConnection].bind(client);
  client[kGetBootstrapConnection] = (callback, attempt = 0) => getBootstrapConnection(callback, attempt + failures);
  return client;
}
