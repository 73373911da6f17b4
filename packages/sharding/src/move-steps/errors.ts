/** The request can't be done in the present state; nothing was changed. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
}

/** The move does not exist. */
export class MoveUnknown extends MoveRefused {
  constructor(id: string) {
    super(`There is no move ${id}`);
  }
}

/** Another mover works on this move. */
export class MoveBusy extends Error {
  override readonly name = 'MoveBusy';
  constructor(id: string) {
    super(`Another mover works on move ${id}`);
  }
}

/** Another mover has resumed the move: this one must stop, and has changed nothing more. */
export class StaleMover extends Error {
  override readonly name = 'StaleMover';
  constructor(id: string, cause?: unknown) {
    super(`Another mover has resumed move ${id}`, { cause });
  }
}

/** The move makes no progress; it can be resumed once the cause is removed. */
export class MoveStalled extends Error {
  override readonly name: string = 'MoveStalled';
}

/** The copy can't be finished and must begin again. */
export class CopyLost extends MoveStalled {
  override readonly name = 'CopyLost';
}

/** An operator paused the move: it goes on once it is resumed. */
export class MovePaused extends Error {
  override readonly name = 'MovePaused';
  constructor(id: string) {
    super(`Move ${id} is paused: resume it to go on`);
  }
}

/** Both sides differ after the switch. Nothing is purged until a person accepts the difference. */
export class RowsDiffer extends Error {
  override readonly name = 'RowsDiffer';
}

/** Writers, queues or replication did not drain in time under the fence, which is lifted and tried again. */
export class FenceTimeout extends Error {
  override readonly name = 'FenceTimeout';
}
