import { z } from 'zod';
import type { Declaration, Operation, Query, State } from './declaration.js';
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
  if (operation.etag) requireFields(`${where}: etag`, [operation.etag], fieldsOf(operation.output), 'output');
  if (operation.kind === 'query') {
    const tags = (operation.cache?.tags ?? []).flatMap(placeholdersOf);
    requireFields(`${where}: cache tag`, tags, input, 'input');
    if (operation.personalData) checkPersonalData(where, operation, input);
    return;
  }
  if (operation.key.startsWith('input.')) requireFields(`${where}: key`, [operation.key.slice(6)], input, 'input');
  if (operation.upload) requireFields(`${where}: upload`, ['upload'], input, 'input');
  requireFields(`${where}: location`, placeholdersOf(operation.location ?? ''), fieldsOf(operation.output), 'output');
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
