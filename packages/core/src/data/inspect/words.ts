/** `12,345` */
export function number(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 picture`, `2 pictures` */
export function some(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** `1.2 MB` */
export function bytesInWords(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
