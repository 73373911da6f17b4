export { checkAddress } from './check-address.js';
export { isCountry } from './countries.js';
