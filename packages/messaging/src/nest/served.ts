import type { Type } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { ServiceContract } from '@stoa/contract-kit';
import type { Class } from '../api/handlers.js';
import type { Subscription } from '../api/subscriptions.js';

/** The arguments of `MessagingModule.serve`. */
export interface Served {
  readonly contract: ServiceContract;
  /** Handler classes by operation. */
  readonly handlers: Readonly<Record<string, Class<object>>>;
  readonly subscriptions: readonly Subscription[];
  readonly calls: readonly ServiceContract[];
}

/** Injection token of Served. */
export const SERVED = Symbol('stoa.served');

/**
 * Makes an object of a class with the dependencies that the module has which called `serve`: handlers are written as
 * its providers, though it is the messaging module that makes them.
 */
export type Maker = <T extends object>(type: Class<T>) => Promise<T>;

export function makerOf(modules: ModulesContainer, own: ModuleRef): Maker {
  const all = [...modules.values()];
  const serving = all.find((module) => module.providers.has(SERVED));
  const host = all.find((module) => serving !== undefined && [...module.imports].includes(serving));
  const ref = (host?.providers.get(ModuleRef)?.instance as ModuleRef | undefined) ?? own;
  const made = new Map<Class<object>, Promise<object>>();
  return <T extends object>(type: Class<T>): Promise<T> => {
    let object = made.get(type);
    if (!object) {
      object = ref.create(type as Type<T>);
      made.set(type, object);
    }
    return object as Promise<T>;
  };
}
