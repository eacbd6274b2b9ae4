import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The project's folder for what can be made or fetched again (`XDG_CACHE_HOME`, or the system's place for caches), or a folder in it. */
export function cacheFolder(...parts: readonly string[]): string {
  return join(userCache(), 'ssl', ...parts);
}

function userCache(): string {
  // The XDG specification has relative paths ignored.
  const xdg = process.env.XDG_CACHE_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  return join(homedir(), '.cache');
}
