import { OperationError } from '@stoa/contract-kit';
import { KafkaError } from '@stoa/kafka';
import { ConnectionLost } from '@stoa/postgres';
import { BeforeFailed, isServerUnavailable } from './record-faults.js';

const lost = new ConnectionLost(undefined, 'No connection');

describe('whether the server of an event is unavailable', () => {
  it('follows from the state of the server, also where it refuses work', () => {
    const refused = Object.assign(new OperationError('UNAVAILABLE', 'Later'), { cause: lost });
    expect([lost, refused, Object.assign(new Error('full'), { code: '53100' })].map(isServerUnavailable)).not.toContain(
      false,
    );
  });

  it('does not follow from Kafka, other services, or the servers of other buckets', () => {
    const ofKafka = new KafkaError('UNREACHABLE', 'unavailable', {
      cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
    });
    const others = [ofKafka, new OperationError('UNAVAILABLE', 'Later'), new BeforeFailed(lost)];
    expect(others.map(isServerUnavailable)).not.toContain(true);
  });
});
