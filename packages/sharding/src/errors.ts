/** What an operator asked for can't be done as things are. Its message is one line; nothing was changed. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
}

/** Another plan of one of its keyspaces is carried out, or whoever did so died a moment ago. */
export class PlanBusy extends OperationRefused {}
