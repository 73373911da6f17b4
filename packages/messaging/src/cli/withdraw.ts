// `npm run contracts -- withdraw SERVICE`: says to gateways that a service is gone for good.
import { kafkaAccess, openKafka, type Logger } from '@stoa/kafka';
import { withdrawContract } from '../contracts/publish-contract.js';

const nothing = (): void => undefined;
const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** @throws KafkaError; an Error that says which setting is missing */
async function withdraw(service: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: topicPrefix = '' } = env;
  if (!brokers) throw new Error('nothing runs here: start the stack, or set KAFKA_BROKERS to the broker (host:port)');
  const port = await openKafka({
    brokers: brokers.split(','),
    client: 'platformatic',
    access: kafkaAccess(env),
    clientId: 'withdraw',
    logger,
  });
  try {
    await withdrawContract(port, { topicPrefix, logger }, service);
  } finally {
    await port.close();
  }
}

const [service = '', ...more] = process.argv.slice(2);
if (!/^[A-Za-z][\w-]*$/.test(service) || more.length > 0) {
  process.stderr.write('usage: npm run contracts -- withdraw SERVICE\n');
  process.exitCode = 2;
} else {
  try {
    await withdraw(service, process.env);
    process.stdout.write(
      `${service} is withdrawn: gateways drop its routes. A clone of it that starts publishes it again\n`,
    );
  } catch (error) {
    process.stderr.write(
      `${service} could not be withdrawn: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
