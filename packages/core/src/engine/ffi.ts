/** Binds the C API through koffi. Nothing above this file knows about pointers, and nothing below it exists. */
import koffi from 'koffi';
import { EngineError } from '../errors.ts';
import { type EngineLibrary, findLibrary } from './library.ts';
import { eagerSymbols, graphSymbols } from './symbols.ts';

/** A native address. */
export type Pointer = bigint;

/** One output of one operation of a graph under construction. */
export interface GraphOutput {
  readonly oper: Pointer;
  readonly index: number;
}

// biome-ignore lint/suspicious/noExplicitAny: the prototypes in symbols.ts are the types; koffi checks each call against them
type NativeFunction = ((...args: any[]) => any) & { async: (...args: any[]) => void };

export interface Native {
  readonly library: EngineLibrary;
  readonly version: string;
  /** Symbols of `graphSymbols` that this library lacks; non-empty means that only eager execution works. */
  readonly missing: readonly string[];
  /** The bound functions by C name. */
  readonly c: Readonly<Record<string, NativeFunction>>;
  /** C's `memcpy`, where it can be found: copies into memory that is there, while {@link copyFromNative} makes new memory each time. */
  readonly copy: NativeFunction | undefined;
  /** A status object that synchronous calls share; asynchronous ones make their own. */
  readonly status: Pointer;
}

/** koffi runs native code on stacks of its own; graph optimisation recurses deeply, and 2 MiB is not enough for a large network. */
const STACK_BYTES = 16 * 2 ** 20;

let native: Native | undefined;

/** The bound library; finds and loads it at the first call. Throws `EngineError` when there is none or it is broken. */
export function loadNative(): Native {
  native ??= bind(findLibrary());
  return native;
}

let structsDefined = false;

function bind(library: EngineLibrary): Native {
  // The library logs its start-up at length; the variable has to be set before it is loaded.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  growStacks();
  const files = [library.framework, library.core].filter(file => file !== undefined);
  const handles = files.map(file => open(file)).reverse();
  if (!structsDefined) {
    koffi.struct('TF_Output', { oper: 'void*', index: 'int' });
    koffi.struct('TF_Buffer', { data: 'void*', length: 'size_t', deallocator: 'void*' });
  }
  structsDefined = true; // koffi keeps them, and this may be the second try
  const lookUp = (prototype: string): NativeFunction | undefined => {
    for (const handle of handles) {
      try {
        return handle.func(prototype) as NativeFunction;
      } catch {
        // This file of the library does not export it; the other may.
      }
    }
    return undefined;
  };
  const c: Record<string, NativeFunction> = {};
  const missing: string[] = [];
  for (const [name, prototype] of Object.entries({ ...eagerSymbols, ...graphSymbols })) {
    const bound = lookUp(prototype);
    if (bound) c[name] = bound;
    else missing.push(name);
  }
  const fatal = missing.filter(name => name in eagerSymbols);
  if (fatal.length > 0) {
    throw new EngineError(
      `engine: ${library.core} must export the TensorFlow C API; it lacks ${fatal.slice(0, 4).join(', ')}${fatal.length > 4 ? `, … (${fatal.length})` : ''}; ` +
        'install another version: npx @ssl/cli engine install --force',
    );
  }
  quiet(lookUp);
  const copy = lookUp('void* memcpy(void* to, const void* from, size_t n)');
  return { library, version: c.TF_Version!(), missing, c, copy, status: c.TF_NewStatus!() };
}

function growStacks(): void {
  try {
    koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  } catch (error) {
    // Only possible before the first library is loaded: fine if that was our own, at an earlier try.
    if ((koffi.config().async_stack_size ?? 0) >= STACK_BYTES) return;
    throw new EngineError(
      `engine: must set up koffi before any other library is loaded through it; got '${(error as Error).message}'; run an op of this library first`,
    );
  }
}

/** Releases of the logging library inside TensorFlow 2.17 and later; its symbols carry them. */
const LOG_RELEASES = ['20230802', '20240116', '20240722', '20250127', '20250512', '20250814'];
const ERRORS_ONLY = 2;

/** Newer versions log some lines whatever `TF_CPP_MIN_LOG_LEVEL` says. */
function quiet(lookUp: (prototype: string) => NativeFunction | undefined): void {
  if (Number(process.env.TF_CPP_MIN_LOG_LEVEL) < ERRORS_ONLY) return; // the user wants to see them
  for (const release of LOG_RELEASES) {
    lookUp(`void _ZN4absl12lts_${release}14SetMinLogLevelENS0_18LogSeverityAtLeastE(int level)`)?.(ERRORS_ONLY);
  }
}

function open(file: string): ReturnType<typeof koffi.load> {
  try {
    // Global, because the two files of the library look for each other's symbols.
    return koffi.load(file, { global: true });
  } catch (error) {
    throw new EngineError(
      `engine: ${file} cannot be loaded; ${(error as Error).message}; install it again: npx @ssl/cli engine install --force`,
    );
  }
}

/** Throws `EngineError` when the status of the last call is an error. `describe` is only called then. */
export function checkStatus({ c, status }: Native, describe: () => string, of: Pointer = status): void {
  if (c.TF_GetCode!(of) === 0) return;
  const message = c.TF_Message!(of); // first: `describe` may use the same status
  throw new EngineError(`${describe()}: ${message}`);
}

/** koffi copies lengths of 32 bits; what is longer goes through a view, which takes longer and counts as memory of the program's own. */
const LONGEST_COPY = 2 ** 30;

/** Copies `bytes` bytes from a native address into a new buffer. */
export function copyFromNative(address: Pointer, bytes: number): ArrayBuffer {
  if (bytes === 0) return new ArrayBuffer(0);
  if (bytes > LONGEST_COPY) return koffi.view(address, bytes).slice(0);
  return (koffi.decode(address, 'uint8_t', bytes) as Uint8Array<ArrayBuffer>).buffer;
}

/** Copies `into.length` bytes from a native address into memory that is there. */
export function copyInto({ copy }: Native, address: Pointer, into: Uint8Array): void {
  if (copy) copy(into, address, into.length);
  else into.set(new Uint8Array(copyFromNative(address, into.length)));
}

/** Copies a typed array to a native address. */
export function copyToNative(address: Pointer, data: ArrayBufferView): void {
  if (data.byteLength === 0) return;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length <= LONGEST_COPY) koffi.encode(address, 'uint8_t', bytes, bytes.length);
  else new Uint8Array(koffi.view(address, bytes.length)).set(bytes);
}
