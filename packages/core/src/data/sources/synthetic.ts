import { ConfigError } from '../../errors.ts';
import { checkIndex, type Dataset, digest } from '../dataset.ts';
import { checkSeed, hostRng } from '../host-rng.ts';
import { checkKeys, checkWhole } from '../views/check.ts';

export interface SyntheticOptions {
  /** Pictures. */
  readonly size: number;
  /** Pixels. Default 32; the height is that of the width. */
  readonly width?: number;
  readonly height?: number;
  /** 1 to 16. Default 3. */
  readonly channels?: number;
  /** Default 10. Picture `i` is of class `i mod classes`. */
  readonly classes?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** `u` and `v` run from −1 to 1 over the shape's square. */
type Shape = (u: number, v: number) => boolean;

const SHAPES: Readonly<Record<string, Shape>> = {
  disk: (u, v) => u * u + v * v < 1,
  square: (u, v) => Math.max(Math.abs(u), Math.abs(v)) < 0.85,
  diamond: (u, v) => Math.abs(u) + Math.abs(v) < 1.1,
  cross: (u, v) => Math.min(Math.abs(u), Math.abs(v)) < 0.35 && Math.max(Math.abs(u), Math.abs(v)) < 1,
};
const SHAPE_NAMES = Object.keys(SHAPES);
/** Stripes across a shape. */
const STRIPES = 3;

/**
 * Pictures that are computed, not stored: for tests, benchmarks and dry runs. A class is a shape (disk, square, diamond, cross) with stripes
 * at one angle; place, size and colors are drawn anew for each picture from `(seed, index)`, so that a class shows in the form alone and
 * there is something to learn. The same pictures on every machine, a few tens of microseconds each at 32 pixels.
 * @throws ConfigError when an option is unknown or out of range.
 */
export function syntheticDataset(options: SyntheticOptions): Dataset {
  const filled = checked(options);
  const { size, channels, classes, seed } = filled;
  const names = Array.from({ length: classes }, (_, number) => nameOf(number, classes));
  const name = `synthetic (${size} pictures, seed ${seed})`;
  return {
    name,
    size,
    channels,
    fingerprint: digest(`synthetic 1 ${JSON.stringify(filled)}`), // another number where the drawing changes
    classes: names,
    labels: Int32Array.from({ length: size }, (_, index) => index % classes),
    describe: index => `synthetic picture ${index}`,
    image: async index => {
      checkIndex(name, index, size);
      return { data: draw(filled, index), width: filled.width, height: filled.height, channels };
    },
  };
}

type Filled = Required<SyntheticOptions>;

function checked(options: SyntheticOptions): Filled {
  const who = 'syntheticDataset';
  checkKeys(who, options, ['size', 'width', 'height', 'channels', 'classes', 'seed']);
  const { size, width = 32, height = width, channels = 3, classes = 10, seed = 0 } = options;
  checkWhole(who, 'size', size, [1, 2 ** 32 - 1]);
  checkWhole(who, 'width', width, [1, 16_384]);
  checkWhole(who, 'height', height, [1, 16_384]);
  checkWhole(who, 'channels', channels, [1, 16]);
  checkWhole(who, 'classes', classes, [1, 1_000]);
  checkSeed(who, seed);
  if (classes > size) throw new ConfigError(`${who}: classes must be at most size, ${size}; got ${classes}`);
  return { size, width, height, channels, classes, seed };
}

/** Class `number` has shape `number mod 4`; the angles of the stripes are spread over half a turn. */
function angleOf(number: number, classes: number): number {
  const angles = Math.ceil(classes / SHAPE_NAMES.length);
  return (Math.PI * Math.floor(number / SHAPE_NAMES.length)) / angles;
}

function nameOf(number: number, classes: number): string {
  const degrees = Math.round((angleOf(number, classes) * 180) / Math.PI);
  return `${SHAPE_NAMES[number % SHAPE_NAMES.length]} ${degrees}`;
}

/** `[height, width, channels]` */
function draw({ width, height, channels, classes, seed }: Filled, index: number): Uint8Array {
  const rng = hostRng(seed, 0, index);
  const number = index % classes;
  const inside = SHAPES[SHAPE_NAMES[number % SHAPE_NAMES.length]!]!;
  const angle = angleOf(number, classes);
  const [across, down] = [Math.cos(angle), Math.sin(angle)];
  const radius = rng.uniform(0.25, 0.4) * Math.min(width, height);
  const [x0, y0] = [rng.uniform(radius, width - radius), rng.uniform(radius, height - radius)];
  const color = (): number[] => Array.from({ length: channels }, () => rng.uniform(0, 255));
  const [first, second, left, right] = [color(), color(), color(), color()] as [number[], number[], number[], number[]];
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, at = 0; y < height; y++) {
    const v = (y + 0.5 - y0) / radius;
    for (let x = 0; x < width; x++) {
      const u = (x + 0.5 - x0) / radius;
      const stripe = Math.floor(((u * across + v * down + 2) * STRIPES) / 2) % 2 === 0 ? first : second;
      const shade = x / width; // the ground goes from one color to another
      const shown = inside(u, v) ? stripe : undefined;
      for (let c = 0; c < channels; c++) data[at++] = shown ? shown[c]! : left[c]! + shade * (right[c]! - left[c]!);
    }
  }
  return data;
}
