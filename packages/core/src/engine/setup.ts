/** What a program may need before the engine is loaded, or to get it: nothing here imports the native library or tfjs. */

export { ConfigError, EngineError, SSLError } from '../errors.ts';
export { didYouMean, nearest } from '../nearest.ts';
export { duration, type ProgressBar, progressBar } from '../progress-bar.ts';
export { type DoctorProblem, type DoctorReport, diagnose } from './doctor.ts';
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
