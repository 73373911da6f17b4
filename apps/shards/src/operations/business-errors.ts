import { MoveRefused, MoveUnknown, OperationRefused } from '@stoa/sharding';
import { SessionLost } from '@stoa/postgres';

type Fail<Code extends string> = (code: Code, detail?: string) => never;

/** Turns the library's refused operations, and unavailable servers, into REFUSED with the reason. */
export async function orBusinessError<T>(fail: Fail<'REFUSED'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperationRefused || error instanceof MoveRefused || error instanceof SessionLost) {
      return fail('REFUSED', error.message);
    }
    throw error;
  }
}

/** Does the same for operations on a move, which may not exist: NOT_FOUND. */
export async function orNotFound<T>(fail: Fail<'NOT_FOUND' | 'REFUSED'>, work: () => Promise<T>): Promise<T> {
  return orBusinessError(fail, async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MoveUnknown) return fail('NOT_FOUND', error.message);
      throw error;
    }
  });
}
