import { ShapeError } from '../errors.ts';
import type { DecodedImage } from './decode-options.ts';

/** matplotlib's viridis at eighths: dark blue, green, yellow; as bright as the value is great, for people with any colour vision. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
];

/**
 * A map of numbers as a picture: the least value dark blue, the greatest yellow; all alike, all dark.
 * @param values row by row
 * @throws ShapeError when there are not width · height of them
 */
export function heatMap(values: ArrayLike<number>, width: number, height: number): DecodedImage {
  if (values.length !== width * height || values.length === 0) {
    throw new ShapeError(`heatMap: needs width · height values; got ${values.length} for ${width} x ${height}`);
  }
  const all = Array.from(values);
  const least = all.reduce((a, b) => Math.min(a, b));
  const range = all.reduce((a, b) => Math.max(a, b)) - least;
  const data = new Uint8Array(3 * all.length);
  for (const [i, value] of all.entries()) data.set(colourOf(range > 0 ? (value - least) / range : 0), 3 * i);
  return { data, width, height, channels: 3 };
}

function colourOf(share: number): number[] {
  const place = share * (COLOURS.length - 1);
  const from = Math.min(Math.floor(place), COLOURS.length - 2);
  return COLOURS[from]!.map((value, c) => Math.round(value + (place - from) * (COLOURS[from + 1]![c]! - value)));
}
