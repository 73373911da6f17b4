/** An operator's request can't be done in the present state. The message is one line; nothing was changed. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
}

/** Another plan of one of its keyspaces is being executed, or its process died a moment ago. */
export class PlanBusy extends OperationRefused {}
