import 'reflect-metadata';
import { Global, Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import type { InputOf, ServiceContract } from '@stoa/contract-kit';
import {
  type Caller,
  type CommandContext,
  DATABASE,
  type Handler,
  MESSAGING_OPTIONS,
  messagingMigrations,
  MessagingModule,
  type MessagingOptions,
  newId,
  type QueryContext,
  StoaServer,
  stoaTransport,
} from '@stoa/messaging';
import { createLogger } from '@stoa/service';
import { PgDatabase } from '@stoa/postgres';
import { eventually, testDatabase, testKafkaBrokers } from '@stoa/testing';
import { operations, things } from './things-contract.js';

type Op<Name extends keyof typeof operations> = (typeof things)[Name];

interface Thing {
  readonly id: string;
  readonly version: number;
  readonly text: string;
}

interface Person {
  readonly customerId: string;
  readonly role: 'customer' | 'operator';
  readonly password: string;
  version: number;
}

/** The service's data, in memory, where tests can read it. */
@Injectable()
export class ThingsState {
  readonly things = new Map<string, Thing>();
  readonly notes = new Map<string, string[]>();
  readonly uploads = new Map<string, { bytes: number; sum: number; frames: number; sequences: number[]; id: string }>();
  readonly adoptions = new Set<string>();
  /** Ids of the commands whose note was taken. */
  readonly noted = new Set<string>();
  /** Command id → the thing that it set. */
  readonly sets = new Map<string, Thing>();
  readonly people = new Map<string, Person>();
  readonly queries: string[] = [];
  readonly signIns: { email: string; from: InputOf<Op<'checkCredentials'>>['from'] }[] = [];
  noteRuns = 0;
  canAdopt = true;
  uploadEnds = Infinity;
  /** Queries that wait for `letGo`. */
  waiting = 0;
  readonly letGo = Promise.withResolvers<void>();

  person(
    email: string,
    role: 'customer' | 'operator' = 'customer',
  ): { email: string; password: string; customerId: string } {
    const person = { customerId: newId(), role, password: 'correct horse', version: 1 };
    this.people.set(email, person);
    return { email, password: person.password, customerId: person.customerId };
  }

  set(id: string, text: string): Thing {
    const thing = { id, text, version: (this.things.get(id)?.version ?? 0) + 1 };
    this.things.set(id, thing);
    return thing;
  }
}

const idOf = (caller: Caller): string => ('customerId' in caller ? caller.customerId : '');

@Injectable()
class GetThing implements Handler<Op<'getThing'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async ({ id }: InputOf<Op<'getThing'>>, { fail }: QueryContext<Op<'getThing'>>) => {
    this.state.queries.push(id);
    return this.state.things.get(id) ?? fail('NOT_FOUND', `There is no thing ${id}`);
  };
}

@Injectable()
class ListThings implements Handler<Op<'listThings'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async ({ limit }: InputOf<Op<'listThings'>>) => ({
    items: [...this.state.things.values()].slice(0, limit),
  });
}

@Injectable()
class SetThing implements Handler<Op<'setThing'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async (
    { id, text, quiet }: InputOf<Op<'setThing'>>,
    { commandId, fail, publish, expectedVersion }: CommandContext<Op<'setThing'>>,
  ) => {
    if (text === text.toUpperCase()) fail('TOO_LOUD');
    const before = this.state.things.get(id)?.version ?? 0;
    // As below: a run that is tried again finds what the first one left in memory.
    const known = this.state.sets.get(commandId);
    if (!known && expectedVersion !== undefined && expectedVersion !== before)
      fail('STALE_VERSION', `It is at version ${before}`);
    const thing = known ?? this.state.set(id, text);
    this.state.sets.set(commandId, thing);
    if (!quiet) await publish(things.thingChanged, thing.version, { id });
    return thing;
  };
}

@Injectable()
class AddNote implements Handler<Op<'addNote'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async (
    { text }: InputOf<Op<'addNote'>>,
    { caller, commandId, fail }: CommandContext<Op<'addNote'>>,
  ) => {
    const notes = this.state.notes.get(idOf(caller)) ?? [];
    // Of a second delivery all is rolled back, but not what is in memory.
    if (this.state.noted.has(commandId)) return { notes, runs: this.state.noteRuns };
    if (notes.length > 9) fail('NO_MORE');
    this.state.noted.add(commandId);
    this.state.notes.set(idOf(caller), [...notes, text]);
    return { notes: [...notes, text], runs: ++this.state.noteRuns };
  };
}

@Injectable()
class GetNotes implements Handler<Op<'getNotes'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async (_input: InputOf<Op<'getNotes'>>, { caller }: QueryContext<Op<'getNotes'>>) => ({
    customerId: idOf(caller),
    notes: this.state.notes.get(idOf(caller)) ?? [],
  });
}

class GetPrivate implements Handler<Op<'getPrivate'>> {
  readonly handle = async (_input: InputOf<Op<'getPrivate'>>, { caller }: QueryContext<Op<'getPrivate'>>) => ({
    customerId: idOf(caller),
  });
}

class Nothing implements Handler<Op<'nothing'>> {
  readonly handle = async () => ({});
}

class Hook implements Handler<Op<'hook'>> {
  readonly handle = async (input: InputOf<Op<'hook'>>, { caller }: CommandContext<Op<'hook'>>) => ({
    ...input,
    caller: `${caller.kind} ${idOf(caller)}`,
  });
}

class Sleep implements Handler<Op<'sleep'>> {
  readonly handle = async ({ ms }: InputOf<Op<'sleep'>>) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { slept: ms };
  };
}

@Injectable()
class Wait implements Handler<Op<'wait'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async () => {
    this.state.waiting++;
    await this.state.letGo.promise;
    return { waited: true };
  };
}

@Injectable()
class Upload implements Handler<Op<'upload'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async ({ name, upload }: InputOf<Op<'upload'>>, { fail }: CommandContext<Op<'upload'>>) => {
    const before = this.state.uploads.get(name) ?? { bytes: 0, sum: 0, frames: 0, sequences: [], id: upload.id };
    const { contentType } = upload;
    // The data are in memory, where a transaction that is rolled back and tried again leaves its traces.
    if (before.sequences.includes(upload.sequence)) {
      return { bytes: before.bytes, sum: before.sum, frames: before.frames, contentType };
    }
    const bytes = Buffer.from(upload.data, 'base64');
    let { sum } = before;
    for (const byte of bytes) sum = (sum + byte) % 1_000_003;
    const after = {
      bytes: before.bytes + bytes.length,
      sum,
      frames: before.frames + 1,
      id: upload.id,
      sequences: [...before.sequences, upload.sequence],
    };
    if (after.bytes > this.state.uploadEnds) fail('ENOUGH', 'That is enough');
    this.state.uploads.set(name, after);
    return { bytes: after.bytes, sum, frames: after.frames, contentType };
  };
}

class Download implements Handler<Op<'download'>> {
  readonly handle = async ({ parts, cursor }: InputOf<Op<'download'>>, { fail }: QueryContext<Op<'download'>>) => {
    if (parts > 1_000) fail('TOO_MANY');
    const part = Number(cursor ?? 0);
    const next = part + 1 < parts ? String(part + 1) : null;
    return { contentType: 'text/csv; charset=utf-8', chunk: `${String(part).padStart(9, '0')}\n`.repeat(10_000), next };
  };
}

@Injectable()
class CheckCredentials implements Handler<Op<'checkCredentials'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async (
    { email, password, from }: InputOf<Op<'checkCredentials'>>,
    { fail }: CommandContext<Op<'checkCredentials'>>,
  ) => {
    const person = this.state.people.get(email.toLowerCase());
    this.state.signIns.push({ email, from });
    if (email.startsWith('locked')) fail('LOCKED_OUT', 'Too many failures', { retryAfterSeconds: 41.2 });
    if (person?.password !== password) return fail('WRONG_CREDENTIALS', 'E-mail address or password is wrong');
    return { customerId: person.customerId, role: person.role, version: person.version, displayName: email };
  };
}

@Injectable()
class ProvePassword implements Handler<Op<'provePassword'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async (
    { password }: InputOf<Op<'provePassword'>>,
    { caller, fail }: CommandContext<Op<'provePassword'>>,
  ) => {
    const person = [...this.state.people.values()].find(({ customerId }) => customerId === idOf(caller));
    return person?.password === password ? {} : fail('WRONG_CREDENTIALS', 'The current password is wrong');
  };
}

class ChangeSecret implements Handler<Op<'changeSecret'>> {
  readonly handle = async ({ ok }: InputOf<Op<'changeSecret'>>, { fail }: CommandContext<Op<'changeSecret'>>) =>
    ok ? {} : fail('NO');
}

class Sensitive implements Handler<Op<'sensitive'>> {
  readonly handle = async () => ({});
}

@Injectable()
class AdoptGuest implements Handler<Op<'adoptGuest'>> {
  constructor(@Inject(ThingsState) private readonly state: ThingsState) {}
  readonly handle = async (
    { guestId }: InputOf<Op<'adoptGuest'>>,
    { caller, commandId }: CommandContext<Op<'adoptGuest'>>,
  ) => {
    if (!this.state.canAdopt) {
      await eventually(() => expect(this.state.canAdopt).toBe(true));
      throw new Error('nobody waits for this any more');
    }
    // Memory isn't rolled back with the transaction: a run that is tried again must not count twice.
    if (this.state.adoptions.has(commandId)) return {};
    this.state.adoptions.add(commandId);
    const taken = guestId ? (this.state.notes.get(guestId) ?? []) : [];
    this.state.notes.set(idOf(caller), [...(this.state.notes.get(idOf(caller)) ?? []), ...taken]);
    return {};
  };
}

class GetColor {
  readonly handle = async () => ({ color: 'blue' });
}

const handlers = {
  getThing: GetThing,
  listThings: ListThings,
  setThing: SetThing,
  addNote: AddNote,
  getNotes: GetNotes,
  getPrivate: GetPrivate,
  nothing: Nothing,
  hook: Hook,
  sleep: Sleep,
  wait: Wait,
  upload: Upload,
  download: Download,
  checkCredentials: CheckCredentials,
  provePassword: ProvePassword,
  changeSecret: ChangeSecret,
  sensitive: Sensitive,
  adoptGuest: AdoptGuest,
};

@Global()
@Module({})
class Dependencies {}

@Module({})
class ThingsModule {}

/** A running clone of the service, in this process. */
export interface ThingsService {
  stop(): Promise<void>;
}

/** Everything that clones of the service share: Kafka's topics, the database, and its data. */
export class ThingsHost {
  readonly state = new ThingsState();
  private readonly database: PgDatabase;

  private constructor(
    readonly prefix: string,
    private readonly own: { url: string; drop(): Promise<void> },
  ) {
    this.database = new PgDatabase({ name: 'things', urls: [own.url], clone: 'things-1' });
  }

  static async create(prefix: string): Promise<ThingsHost> {
    const database = await testDatabase({ migrations: messagingMigrations });
    return new ThingsHost(prefix, database);
  }

  /** Starts a clone that publishes and serves a contract. */
  async start(contract: ServiceContract = things, clone = 'things-1'): Promise<ThingsService> {
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(this.root(contract, clone), {
      ...stoaTransport,
      logger: ['error', 'warn', 'fatal'],
    });
    await app.listen();
    await eventually(() => expect(app.get(StoaServer).isReady()).toBe(true));
    return { stop: () => app.close() };
  }

  async drop(): Promise<void> {
    await this.database.close();
    await this.own.drop();
  }

  private root(contract: ServiceContract, clone: string): DynamicModule {
    const logger = createLogger({ service: 'things', clone, level: 'warn' });
    const options: MessagingOptions = {
      brokers: [testKafkaBrokers()],
      client: 'platformatic',
      topicPrefix: this.prefix,
      service: 'things',
      clone,
      replicationFactor: 1,
      partitions: 3,
      logger,
    };
    const providers = [
      { provide: MESSAGING_OPTIONS, useValue: options },
      { provide: DATABASE, useValue: this.database },
      { provide: ThingsState, useValue: this.state },
    ];
    const dependencies = { module: Dependencies, providers, exports: [MESSAGING_OPTIONS, DATABASE, ThingsState] };
    const served = { ...handlers, ...('getColor' in contract && { getColor: GetColor }) };
    return { module: ThingsModule, imports: [dependencies, MessagingModule.serve(contract as typeof things, served)] };
  }
}
