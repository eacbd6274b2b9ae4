#!/usr/bin/env node
import { availableParallelism } from 'node:os';

// Reading and decoding run on Node's own pool of 4 threads, whose size is fixed by whatever uses it first: loading modules, say. A core each, and
// some that wait for a disk or for the engine.
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(64, availableParallelism() + 4));

const { run } = await import('./run.ts');
process.exitCode = await run(process.argv.slice(2));
