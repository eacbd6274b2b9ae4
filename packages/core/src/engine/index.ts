/** The native library: finding, installing and looking into it. Ops run through `@ssl/core`. */
export { type Device, engineStarted } from './context.ts';
export { type DoctorProblem, type DoctorReport, diagnose } from './doctor.ts';
export type { EngineProbe } from './install/probe-process.ts';
export { removeEngine } from './install/remove.ts';
export { ENGINE_VERSION } from './install/wheels.ts';
export { type EngineInstallation, type InstallOptions, type InstallProgress, installEngine } from './install.ts';
export {
  type EngineLibrary,
  engineCacheDirectory,
  findLibrary,
  INSTALL_COMMAND,
  type InstalledEngine,
  installedEngines,
} from './library.ts';
export { probeEngine } from './probe.ts';
export { threadCount } from './threads.ts';
export { xlaAvailable } from './xla.ts';
