/**
 * Every error this project throws on purpose is an `SSLError`. Its message reads `who: rule; got value; what to do`.
 * `SSLError.isInstance` works across two installed copies of core, where `instanceof` does not.
 */
const MARK = Symbol.for('@ssl/core/error');

export class SSLError extends Error {
  override readonly name: string = 'SSLError';

  static {
    Object.defineProperty(SSLError.prototype, MARK, { value: true });
  }

  static isInstance(value: unknown): value is SSLError {
    return typeof value === 'object' && value !== null && MARK in value;
  }
}

/** A tensor, or a list of them, has a shape that the called function does not take. */
export class ShapeError extends SSLError {
  override readonly name = 'ShapeError';
}

/** A setting is unknown, missing or out of range. Thrown before any work starts. */
export class ConfigError extends SSLError {
  override readonly name = 'ConfigError';
}

/** The native library is missing or broken, or one of its ops failed. */
export class EngineError extends SSLError {
  override readonly name = 'EngineError';
}

/** Images, labels or an archive of them cannot be used. */
export class DataError extends SSLError {
  override readonly name = 'DataError';
}

/** A checkpoint or weight file is broken or belongs to another model. */
export class CheckpointError extends SSLError {
  override readonly name = 'CheckpointError';
}

/** Training cannot go on: the loss is not finite, or the features have collapsed. */
export class TrainingError extends SSLError {
  override readonly name = 'TrainingError';
}
