import { takeDown } from './own-stack.mjs';

export default () => takeDown();
