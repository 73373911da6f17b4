export { causesOf, codeOf, ConnectionLost, type Fault } from './errors/errors.js';
export { faultOf, isOfTheWork, isTransient, isTransientState, isUnavailable, stateOf } from './errors/faults.js';
