export { causesOf, codeOf, ConnectionLost, type Fault } from './errors.js';
export { faultOf, isOfTheWork, isTransient, isTransientState, isUnavailable, stateOf } from './faults.js';
