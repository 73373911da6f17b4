import { testKafkaBrokers } from '@stoa/testing';
import { describePort } from './port.suite.js';

describePort('kafkajs', testKafkaBrokers, { cooperative: false, sessionTimeoutMs: 6_000 });
