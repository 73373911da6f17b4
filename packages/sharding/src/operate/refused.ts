/** What an operator asked for can't be done as things are. Its message is one line; nothing was changed. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
}
