import { z } from 'zod';
import type { Command, Declaration, Operation, Query, State } from './declaration.js';
import { commonErrors } from './errors.js';
import { placeholdersOf } from './placeholders.js';

/** The fields of a JSON Schema object and of the branches it is made of. */
function fieldsOf(schema: z.ZodType): Set<string> {
  const fields = new Set<string>();
  const collect = (node: z.core.JSONSchema.BaseSchema): void => {
    for (const field of Object.keys(node.properties ?? {})) fields.add(field);
    for (const branch of [...(node.allOf ?? []), ...(node.anyOf ?? []), ...(node.oneOf ?? [])]) {
      if (typeof branch === 'object') collect(branch);
    }
  };
  collect(z.toJSONSchema(schema, { io: 'input' }));
  return fields;
}

function requireFields(where: string, names: readonly string[], fields: ReadonlySet<string>, whose: string): void {
  for (const name of names) {
    if (!fields.has(name)) throw new Error(`${where} names '${name}', which is not a field of its ${whose}`);
  }
}

function checkOperation(where: string, operation: Operation): void {
  const input = fieldsOf(operation.input);
  requireFields(`${where}: its path`, placeholdersOf(operation.http ?? ''), input, 'input');
  for (const code of Object.keys(operation.errors)) {
    if (code in commonErrors) throw new Error(`${where}: ${code} is a common error: every operation has it already`);
  }
  if (operation.caller.startsWith('service:')) checkServiceRule(where, operation);
  if (operation.etag) requireFields(`${where}: etag`, [operation.etag], fieldsOf(operation.output), 'output');
  if (operation.kind === 'query') {
    const tags = (operation.cache?.tags ?? []).flatMap(placeholdersOf);
    requireFields(`${where}: cache tag`, tags, input, 'input');
    if (operation.personalData) checkPersonalData(where, operation, input);
    return;
  }
  if (operation.key.startsWith('input.')) requireFields(`${where}: key`, [operation.key.slice(6)], input, 'input');
  if (operation.upload) requireFields(`${where}: upload`, ['upload'], input, 'input');
  if (operation.rawBody) checkRawBody(where, operation, input);
  if (operation.durable) checkDurable(where, operation);
  requireFields(`${where}: location`, placeholdersOf(operation.location ?? ''), fieldsOf(operation.output), 'output');
}

const refuse = (where: string, wrong: readonly (readonly [boolean, string])[], why: string): void => {
  const found = wrong.filter(([is]) => is).map(([, what]) => what);
  if (found.length > 0) throw new Error(`${where} ${found.join(', ')}: ${why}`);
};

const SERVICE_RULE = /^service:[a-z][a-z0-9-]*$/;

function checkServiceRule(where: string, operation: Operation): void {
  const { caller, http, kind, rateLimit, freshSeconds } = operation;
  const wrong = [
    [!SERVICE_RULE.test(caller), `names no service by '${caller}'`],
    [kind === 'query', 'is a query'],
    [http !== undefined, 'has a route'],
    [rateLimit !== undefined || freshSeconds !== undefined, 'has a limit for persons'],
    [kind === 'command' && operation.key === 'caller.customerId', "is keyed by the caller's customer"],
  ] as const;
  refuse(where, wrong, 'a service sends commands over Kafka, by no route, and is no customer');
}

function checkRawBody(where: string, operation: Command, input: ReadonlySet<string>): void {
  const { rawBody, http, caller, key, upload, durable } = operation;
  const method = http?.split(' ')[0] ?? '';
  const wrong = [
    [[...input].toSorted().join() !== 'body,headers', 'has another input than { body, headers }'],
    [!['POST', 'PUT'].includes(method), 'has no route with POST or PUT'],
    [placeholdersOf(http ?? '').length > 0, 'has fields in its path'],
    [caller !== 'anyone', 'is not for anyone'],
    [key !== 'command.id', 'is not keyed by command.id'],
    [upload !== undefined || durable === true, 'is an upload, or durable'],
    [!((rawBody?.maxBytes ?? 0) > 0), 'takes no bytes'],
    [rawBody?.headers.some((name) => name !== name.toLowerCase()) === true, 'names headers in upper case'],
  ] as const;
  refuse(`${where}: rawBody`, wrong, 'the gateway passes on what came, and knows nothing of it');
}

function checkDurable(where: string, { secretReply, upload, ifMatch, input }: Command): void {
  const { properties = {} } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' });
  const hasSecrets = Object.values(properties).some((field) => typeof field === 'object' && field.writeOnly === true);
  const wrong = [
    [secretReply === true || hasSecrets, 'has secrets'],
    [upload !== undefined, 'is an upload'],
    [ifMatch === true, 'honours If-Match'],
  ] as const;
  refuse(`${where}: durable, but it`, wrong, 'its request and its reply are kept as they are');
}

/** The gateway runs it as the customer, without any input, and must never show it to another one. */
function checkPersonalData(where: string, { caller, cache, download }: Query, input: ReadonlySet<string>): void {
  const wrong = [
    ...(caller === 'operator' ? ['is for operators'] : []),
    ...(input.size > 0 ? ['takes an input'] : []),
    ...(cache || download ? ['is cached, or a download'] : []),
  ];
  if (wrong.length > 0)
    throw new Error(`${where}: personalData ${wrong.join(', ')}: the gateway runs it as a customer`);
}

/** @throws Error naming the declaration and what is at odds in it. */
export function checkDeclaration(declaration: Declaration): void {
  const where = `${declaration.service}.${declaration.name}`;
  if (declaration.kind === 'command' || declaration.kind === 'query') {
    checkOperation(where, declaration);
    return;
  }
  const data = fieldsOf(declaration.data);
  requireFields(`${where}: key`, [declaration.key], data, 'data');
  if (declaration.kind === 'event') {
    requireFields(`${where}: invalidates`, (declaration.invalidates ?? []).flatMap(placeholdersOf), data, 'data');
  }
}

const STATE_TOPIC = /^[a-z][a-z0-9-]*$/;

/**
 * A compacted topic keeps the last record of a key, whatever its type: of two states with equal keys, one would lose
 * the other's last word. Whether keys can be equal is seen in no schema, and records that are kept for good can't be
 * given other keys later.
 * @throws Error when a service declares two states on one topic, or a topic whose name is none
 */
export function checkStates(service: string, declarations: readonly Declaration[]): void {
  const byTopic = new Map<string, State>();
  for (const state of declarations.filter((each): each is State => each.kind === 'state')) {
    const { name, topic } = state;
    if (topic !== undefined && !STATE_TOPIC.test(topic)) {
      throw new Error(`${service}.${name}: topic '${topic}' must be lower case letters, digits and hyphens`);
    }
    const full = `${service}.states${topic === undefined ? '' : `.${topic}`}`;
    const first = byTopic.get(full);
    if (first) {
      throw new Error(
        `${service}: the states ${first.name} and ${name} would share the keys of ${full}, and overwrite each other: ` +
          "give one a topic of its own (topic: '…')",
      );
    }
    byTopic.set(full, state);
  }
}
