/** The one eager context of the process: devices, threads, registered functions. Made at the first use. */
import { configProto } from './config-proto.ts';
import { checkStatus, loadNative, type Native, type Pointer } from './ffi.ts';
import { threadCount } from './threads.ts';

export interface Device {
  readonly name: string;
  /** `CPU`, `GPU`, … */
  readonly type: string;
  readonly memoryBytes: number;
}

export interface Context {
  readonly native: Native;
  readonly pointer: Pointer;
  readonly threads: number;
  readonly devices: readonly Device[];
}

let context: Context | undefined;

/** Throws `EngineError` when there is no usable library. */
export function engineContext(): Context {
  context ??= createContext();
  return context;
}

/** True once an op has run or the context was asked for. */
export function engineStarted(): boolean {
  return context !== undefined;
}

function createContext(): Context {
  const native = loadNative();
  const { c, status } = native;
  const threads = threadCount();
  const options = c.TFE_NewContextOptions!();
  const proto = configProto({ threads });
  c.TFE_ContextOptionsSetConfig!(options, proto, proto.length, status);
  checkStatus(native, () => 'engine: the configuration was refused');
  const pointer = c.TFE_NewContext!(options, status);
  checkStatus(native, () => 'engine: no context could be made');
  c.TFE_DeleteContextOptions!(options);
  return { native, pointer, threads, devices: listDevices(native, pointer) };
}

function listDevices(native: Native, context: Pointer): Device[] {
  const { c, status } = native;
  const list = c.TFE_ContextListDevices!(context, status);
  checkStatus(native, () => 'engine: the devices cannot be listed');
  const devices = Array.from({ length: c.TF_DeviceListCount!(list) }, (_, i) => ({
    name: c.TF_DeviceListName!(list, i, status) as string,
    type: c.TF_DeviceListType!(list, i, status) as string,
    memoryBytes: Number(c.TF_DeviceListMemoryBytes!(list, i, status)),
  }));
  c.TF_DeleteDeviceList!(list);
  return devices;
}
