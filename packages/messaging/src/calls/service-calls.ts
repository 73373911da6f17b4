import type { Command, ServiceContract } from '@stoa/contract-kit';
import type { KafkaPort } from '@stoa/kafka';
import { OperationError } from '@stoa/contract-kit';
import { backoff, pause } from '@stoa/timing';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import type { MessagingOptions } from '../api/options.js';
import type { ErrorBody } from '../api/requests.js';
import { StoaClient } from '../client/stoa-client.js';
import { TRANSIENT_ERRORS } from '../protocol/business-errors.js';

const RETRY_FIRST_MS = 20;
const RETRY_MOST_MS = 500;
const DEFAULT_BUDGET_MS = 5_000;

/**
 * ServiceCalls exists to let a service's flows send commands to other services; it works by a StoaClient of the
 * service's own, which proves that this service calls. A call that gets no answer is sent again with the same id, as
 * long as its flow has budget left: the other service does it once.
 */
export class ServiceCalls {
  private readonly client: StoaClient;
  private readonly services: ReadonlySet<string>;

  /** @param called the contracts of the services that are called */
  constructor(
    port: KafkaPort,
    private readonly options: MessagingOptions,
    called: readonly ServiceContract[],
  ) {
    this.client = new StoaClient(port, options);
    this.services = new Set(called.map(({ $about }) => $about.name));
  }

  /** @throws KafkaError */
  open(): Promise<void> {
    return this.client.connect();
  }

  isReady(): boolean {
    return this.client.isReady();
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /**
   * @returns the reply: the output, or an error that the command's contract declares
   * @throws OperationError UNAVAILABLE when there is none within the budget; Error when the other service says that the
   *   call is wrong, which no other try mends
   */
  async call(command: Command, request: CommandRequest): Promise<CommandReply> {
    const name = `${command.service}.${command.name}`;
    if (!this.services.has(command.service)) {
      throw new Error(`${name} is called by a service whose module does not name ${command.service} in \`calls\``);
    }
    for (let failures = 1; ; failures += 1) {
      const reply = await this.attempt(command, request);
      if (reply.ok) return reply;
      const { code, detail } = JSON.parse(reply.body) as ErrorBody;
      if (code in command.errors) return reply;
      if (!TRANSIENT_ERRORS.has(code)) throw new Error(`${name} takes no such call: ${code}: ${detail}`);
      const pauseMs = backoff(failures, RETRY_FIRST_MS, RETRY_MOST_MS) * (0.5 + Math.random());
      if (request.budgetLeft() <= pauseMs) {
        throw new OperationError('UNAVAILABLE', `${name} was not answered within the budget: ${code}: ${detail}`);
      }
      this.options.logger.debug({ operation: name, messageId: request.id, code, detail }, 'a call is sent again');
      await pause(pauseMs);
    }
  }

  private async attempt(command: Command, request: CommandRequest): Promise<CommandReply> {
    const { service, name, budgetMs = DEFAULT_BUDGET_MS, since = 1 } = command;
    const { id, key, bodyText, caller, traceparent } = request;
    try {
      const { ok, body } = await this.client.request({
        service,
        operation: name,
        kind: 'command',
        key,
        body: bodyText,
        id,
        caller,
        budgetMs: Math.max(1, Math.min(budgetMs, request.budgetLeft())),
        contractVersion: since,
        ...(traceparent !== undefined && { traceparent }),
      });
      return { ok, body: body.toString() };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { ok: false, body: JSON.stringify({ code: error.code, detail: error.message }) };
    }
  }
}
