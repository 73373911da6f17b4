import { OperationError } from '@stoa/contract-kit';
import { KafkaError } from '@stoa/kafka';
import { ConnectionLost } from '@stoa/postgres';
import { BeforeFailed, isServerUnavailable } from './record-faults.js';

const lost = new ConnectionLost(undefined, 'No connection');

describe('whether the server of an event is away', () => {
  it('is said by what the server is, also where work is refused for it', () => {
    const refused = Object.assign(new OperationError('UNAVAILABLE', 'Later'), { cause: lost });
    expect([lost, refused, Object.assign(new Error('full'), { code: '53100' })].map(isServerUnavailable)).not.toContain(
      false,
    );
  });

  it('is not said by Kafka, by other services, or by the servers of other buckets', () => {
    const ofKafka = new KafkaError('UNREACHABLE', 'away', {
      cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
    });
    const others = [ofKafka, new OperationError('UNAVAILABLE', 'Later'), new BeforeFailed(lost)];
    expect(others.map(isServerUnavailable)).not.toContain(true);
  });
});
