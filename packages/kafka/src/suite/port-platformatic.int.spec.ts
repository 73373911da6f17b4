import { testKafkaBrokers } from '@stoa/testing';
import { describePort } from './port.suite.js';

describePort('platformatic', testKafkaBrokers, { cooperative: true, sessionTimeoutMs: 1_500 });
