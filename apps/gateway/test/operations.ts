import { service, toDocument, type Operation as Declared } from '@stoa/contract-kit';
import { Operation } from '../src/services/operation.js';
import { SchemaCompiler } from '../src/services/schema-compiler.js';

/** An operation as the gateway knows it, of a service called `test`. */
export function operationOf(declared: Declared, name = 'run'): Operation {
  const document = toDocument(service('test', { version: 1, title: 'Test', description: '' }, { [name]: declared }));
  return new Operation('test', name, document.operations[name]!, new SchemaCompiler());
}
