/** What was asked can't be done as things are; nothing was changed. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
}

/** There is no such move. */
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

/** Another mover has taken the move up since: this one must stop, and has changed nothing more. */
export class StaleMover extends Error {
  override readonly name = 'StaleMover';
  constructor(id: string, cause?: unknown) {
    super(`Another mover has taken up move ${id}`, { cause });
  }
}

/** The move makes no progress; it can be resumed once the reason is gone. */
export class MoveStalled extends Error {
  override readonly name: string = 'MoveStalled';
}

/** What was copied so far is no good: the copy must begin anew. */
export class CopyLost extends MoveStalled {
  override readonly name = 'CopyLost';
}

/** An operator holds the move: it goes on once it is resumed. */
export class MovePaused extends Error {
  override readonly name = 'MovePaused';
  constructor(id: string) {
    super(`Move ${id} is paused: resume it to go on`);
  }
}

/** Both sides differ after the switch. Nothing is purged: a person must look. */
export class RowsDiffer extends Error {
  override readonly name = 'RowsDiffer';
}

/** Writers, queues or replication did not drain in time under the fence. It is lifted, then tried again. */
export class FenceTimeout extends Error {
  override readonly name = 'FenceTimeout';
}
