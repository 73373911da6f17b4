import { Provider } from './provider.js';
import { readSettings } from './settings.js';

const settings = readSettings(process.env);
const provider = new Provider(settings);
await provider.start();
console.log(JSON.stringify({ msg: 'the local payment provider listens; no real money moves', port: settings.port }));

const stop = (): void => void provider.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
