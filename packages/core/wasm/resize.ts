/**
 * AssemblyScript: the inner loops of `src/data/resize.ts` with SIMD. `pnpm wasm` compiles it into `src/data/resize-kernel.gen.ts`.
 *
 * A line of pixels lies interleaved, `[columns, channels]`. Nothing is allocated: places are addresses that the caller lays out. Values are
 * worked on in blocks, so up to 15 more may be read behind each input, and up to 3 be written behind the output, whatever they are.
 */

/** `line` = the sum of `reach` lines of bytes that follow each other, each times its weight. @param length values in a line */
export function downBytes(from: usize, length: i32, weights: usize, reach: i32, line: usize): void {
  for (let i = 0; i < length; i += 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let at = from + i;
    for (let k = 0; k < reach; k++, at += length) {
      const weight = v128.load32_splat(weights + 4 * k);
      const bytes = v128.load(at);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      a = f32x4.add(a, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low))));
      b = f32x4.add(b, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low))));
      c = f32x4.add(c, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high))));
      d = f32x4.add(d, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high))));
    }
    const to = line + 4 * i;
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

/** The same for lines of floats. */
export function downFloats(from: usize, length: i32, weights: usize, reach: i32, line: usize): void {
  for (let i = 0; i < length; i += 4) {
    let sum = f32x4.splat(0);
    let at = from + 4 * i;
    for (let k = 0; k < reach; k++, at += 4 * length) {
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + 4 * k), v128.load(at)));
    }
    v128.store(line + 4 * i, sum);
  }
}

/**
 * Resamples a line of floats to `columns` pixels: of bytes, rounded, or of floats, up to 255, which rounding would exceed by its last digit.
 * @param first `[columns]` @param weights `[columns, reach]`
 */
export function across(
  line: usize,
  channels: i32,
  first: usize,
  weights: usize,
  reach: i32,
  columns: i32,
  to: usize,
  bytes: bool,
): void {
  for (let x = 0; x < columns; x++) {
    const from = line + 4 * channels * load<i32>(first + 4 * x);
    for (let band = 0; band < channels; band += 4) {
      const sum = sumOf(from + 4 * band, channels, weights + 4 * x * reach, reach);
      const place = x * channels + band;
      // Four bands are written, of which the next pixel writes those beyond this one again.
      if (bytes) v128.store32_lane(to + place, rounded(sum), 0);
      else v128.store(to + 4 * place, f32x4.min(sum, f32x4.splat(255)));
    }
  }
}

/** As bytes, four times over. */
function rounded(values: v128): v128 {
  const words = i32x4.trunc_sat_f32x4_u(f32x4.add(values, f32x4.splat(0.5)));
  const halves = i16x8.narrow_i32x4_u(words, words);
  return i8x16.narrow_i16x8_u(halves, halves);
}

/** Four bands of `reach` pixels that follow each other, each times its weight. */
function sumOf(from: usize, channels: i32, weights: usize, reach: i32): v128 {
  let sum = f32x4.splat(0);
  for (let k = 0; k < reach; k++) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + 4 * k), v128.load(from + 4 * k * channels)));
  }
  return sum;
}
