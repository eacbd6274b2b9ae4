import type { Options } from 'tsup';
import { library } from '../../tsup.base.ts';

// The kernels are bundled because installing their package would download and compile the native half that our engine replaces.
const config: Options = library({
  bundle: [/^@tensorflow\/tfjs-node-gpu/, 'google-protobuf'],
  replace: { '@tensorflow/tfjs-core': '@tensorflow/tfjs' },
});

export default config;
