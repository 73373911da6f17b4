import { command, OperationError, query, service } from '@stoa/contract-kit';
import { bindOperations, createBackground, ensureTopics } from '@stoa/messaging/testing';
import { type BatchHandler, type Handler, newId, StoaClient, StoaServer } from '@stoa/messaging';
import { type KafkaPort, openKafka } from '@stoa/kafka';
import { createLogger, messagingOptions } from '@stoa/service';
import { eventually, testKafkaBrokers, uniqueName } from '@stoa/testing';
import { z } from 'zod';
import type { KeyspaceDatabase } from '../src/open-keyspace.js';

const Note = z.object({ owner: z.string(), note: z.string() });
const declared = { caller: 'anyone', output: Note } as const;

export const notes = service(
  'notes',
  { version: 1, title: 'Notes', description: 'For tests' },
  {
    put: command({ summary: 'By itself', key: 'input.owner', input: Note, ...declared }),
    putTogether: command({ summary: 'Shares transactions', key: 'input.owner', input: Note, ...declared }),
    get: query({ summary: 'Reads', input: z.object({ owner: z.string() }), ...declared }),
  },
);

const PUT = `INSERT INTO notes (bucket, owner, note)
  SELECT bucket, owner, note FROM json_to_recordset($1::json) AS r(bucket smallint, owner text, note text)
  ON CONFLICT (bucket, owner) DO UPDATE SET note = excluded.note`;

const put: Handler<typeof notes.put>['handle'] = async (input, { tx, bucket }) => {
  await tx.query(PUT, [JSON.stringify([{ bucket, ...input }])]);
  return input;
};

const putTogether: BatchHandler<typeof notes.putTogether>['decide'] = async (input, context) => {
  context.write(PUT, { bucket: context.bucket, ...input });
  return input;
};

const reader =
  (database: KeyspaceDatabase): Handler<typeof notes.get>['handle'] =>
  async ({ owner }) => {
    const bucket = database.bucketOf(owner);
    const text = 'SELECT owner, note FROM notes WHERE bucket = $1 AND owner = $2';
    const [row] = await database.read<z.output<typeof Note>>(bucket, { text, values: [bucket, owner] });
    return row ?? { owner, note: '' };
  };

export type Outcome = 'ok' | { readonly code: string; readonly retryAfterSeconds: number | undefined };

/** One clone of a service that keeps notes, and a client that asks it. */
export class NotesService {
  private constructor(
    private readonly port: KafkaPort,
    private readonly prefix: string,
    private readonly server: StoaServer,
    private readonly client: StoaClient,
  ) {}

  static async start(database: KeyspaceDatabase): Promise<NotesService> {
    const logger = createLogger({ service: 'notes', clone: 'notes-1', level: 'silent' });
    const prefix = `${uniqueName('notes')}.`;
    const config = {
      KAFKA_BROKERS: [testKafkaBrokers()],
      KAFKA_CLIENT: 'platformatic',
      KAFKA_TOPIC_PREFIX: prefix,
      KAFKA_REPLICATION_FACTOR: 1,
      KAFKA_PARTITIONS: 3,
      STOA_CLONE: 'notes-1',
    };
    const options = messagingOptions('notes', config as never, logger, () => undefined);
    const port = await openKafka({ ...options, clientId: 'notes-1' });
    const bind = async () => {
      const background = createBackground({ port, options, database, contract: notes, subscriptions: [] });
      const handlers = new Map<string, object>([
        ['put', { handle: put }],
        ['putTogether', { decide: putTogether }],
        ['get', { handle: reader(database) }],
      ]);
      const isTransient = (error: unknown): boolean => database.isTransient(error);
      const operations = bindOperations(notes, handlers);
      return { binding: { contract: notes, operations, executor: background.executor, isTransient }, background };
    };
    await ensureTopics(port, options, notes);
    const server = new StoaServer({ port, messaging: options, bind });
    await new Promise<void>((resolve, reject) => {
      void server.listen((error) => (error ? reject(error as Error) : resolve()));
    });
    // The tests are about the service's bounds: the client's must not come first.
    const bound = { start: 4_096, min: 4_096, max: 4_096, targetWaitMs: 60_000 };
    const client = new StoaClient(port, { ...options, service: 'gateway', clone: 'gateway-1' }, bound);
    await client.connect();
    await eventually(() => {
      if (!server.isReady()) throw new Error('not ready');
    });
    return new NotesService(port, prefix, server, client);
  }

  async ask(operation: 'put' | 'putTogether' | 'get', owner: string, budgetMs = 30_000): Promise<Outcome> {
    const isQuery = operation === 'get';
    try {
      const { ok, body } = await this.client.request({
        service: 'notes',
        operation,
        kind: isQuery ? 'query' : 'command',
        key: isQuery ? null : owner,
        id: newId(),
        caller: { kind: 'guest', customerId: newId() },
        budgetMs,
        contractVersion: 1,
        body: JSON.stringify(isQuery ? { owner } : { owner, note: `of ${owner}` }),
      });
      return ok ? 'ok' : (JSON.parse(body.toString()) as Exclude<Outcome, 'ok'>);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { code: error.code, retryAfterSeconds: error.retryAfterSeconds };
    }
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.client.close();
    const topics = await this.port.admin.listTopics();
    await this.port.admin.deleteTopics(topics.filter((topic) => topic.startsWith(this.prefix)));
    await this.port.close();
  }
}
