import { bringUp } from './own-stack.mjs';

export default () => bringUp();
